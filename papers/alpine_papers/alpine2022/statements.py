# SPDX-License-Identifier: Apache-2.0
"""What the paper says about its explorations, statement by statement."""

from alpine_models.published import published

from .explanations import (
    why_case_2,
    why_cores,
    why_dense,
    why_energy,
    why_growth,
    why_input_load,
    why_later,
    why_loose,
    why_lstm_cores,
    why_misses,
    why_product,
    why_small,
    why_spread,
    why_systems,
)
from .findings import Finding
from .plans import CNN_CORES, CNNS
from .statement_checks import (
    HIGH,
    activation_share,
    constant_misses,
    dense_idle,
    energy_follows,
    fetched,
    gains_in_order,
    growth,
    idle_gain,
    input_load,
    ipc_gain,
    later_idle,
    loose_gain,
    part_of,
    shorter,
    slightly_better,
    slow_product,
    small_gain,
    systems,
    tight_gain,
)

__all__ = ["FINDINGS"]

MLP_TEXT = published()["mlp_text"]
FIG8 = published()["fig8_mlp_shares_percent"]
FIG10 = published()["fig10_lstm_750"]

MLP_WORKING_SETS = 2 * 1024**2 + 3 * 1024, 3 * 1024
"""Bytes, 2 n^2 + 3 n and 3 n (Sec. VII)."""
LSTM_WORKING_SETS = 2.59e6, 1.65e3
"""Bytes with 750 units, as printed."""


FINDINGS: dict[str, list[Finding]] = {
    "mlp": [
        Finding(
            name="case 1 against 3",
            says=f"case 1 runs about {MLP_TEXT['case1_vs_case3_runtime']:.0%} shorter than case 3",
            observe=shorter("mlp", 1, 3, MLP_TEXT["case1_vs_case3_runtime"]),
            why=why_cores,
        ),
        Finding(
            name="case 1 against 4",
            says=f"case 1 runs about {MLP_TEXT['case1_vs_case4_runtime']:.0%} shorter than case 4",
            observe=shorter("mlp", 1, 4, MLP_TEXT["case1_vs_case4_runtime"]),
            why=why_cores,
        ),
        Finding(
            name="case 1 against 2",
            says="case 1 is slightly better than case 2",
            observe=slightly_better("mlp", 1, 2),
            why=why_case_2,
        ),
        Finding(
            name="slow product",
            says="CM_PROCESS ten times slower has minimal impact",
            observe=slow_product("mlp", (1, 2, 3, 4)),
            why=why_product,
        ),
        Finding(
            name="constant misses",
            says="LLC misses per instruction are about constant over cases 1 to 4",
            observe=constant_misses("mlp", (1, 2, 3, 4)),
            why=why_misses,
        ),
        Finding(
            name="fewer gains on more cores",
            says="the factor falls from one to two to four cores (12.8x, 5.1x, 3.1x)",
            observe=gains_in_order([("mlp", 1, 1), ("mlp", 3, 2), ("mlp", 4, 4)]),
            why=why_spread("mlp", [(1, 1), (3, 2), (4, 4)]),
        ),
        Finding(
            name="systems",
            says="the high-power system gains more (12.8x against 8.3x)",
            observe=systems("mlp"),
            why=why_systems("mlp"),
        ),
        Finding(
            name="energy",
            says="energy gains what time gains (12.5x beside 12.8x)",
            observe=energy_follows("mlp", 1),
            why=why_energy("mlp", 1),
        ),
        Finding(
            name="products of the reference",
            says=f"products take {FIG8['average_reference']['mvm']:.1f}% of the reference's time",
            observe=part_of(lambda r, v: r.digital("mlp", HIGH, 1, v), ["product"], least=0.9),
        ),
        Finding(
            name="queue and dequeue",
            says="queue, dequeue and activation take most of the analog run's time",
            observe=part_of(
                lambda r, v: r.analog("mlp", HIGH, 1, v),
                ["analog queue", "analog dequeue", "activation"],
                least=0.5,
            ),
        ),
        *(
            Finding(
                name=f"input load, case {case}",
                says=f"input load takes {FIG8[f'case{case}'][0]}% of case {case}'s time, both "
                "systems averaged (Fig. 8, largest slice)",
                observe=input_load(case),
                why=why_input_load,
            )
            for case in (1, 3, 4)
        ),
        Finding(
            name="working sets",
            says="working sets of 2.1 MB digital, 3 kB analog (ours: bytes fetched per inference)",
            observe=fetched("mlp", *MLP_WORKING_SETS),
        ),
        Finding(
            name="loose over digital",
            says=f"loosely coupled: {MLP_TEXT['loose_over_digital']}x over the digital reference",
            observe=loose_gain(MLP_TEXT["loose_over_digital"]),
            why=why_loose,
        ),
        Finding(
            name="tight over loose",
            says=f"tightly coupled: up to {MLP_TEXT['tight_over_loose']}x faster than loosely",
            observe=tight_gain(MLP_TEXT["tight_over_loose"]),
            why=why_loose,
        ),
    ],
    "lstm": [
        Finding(
            name="small network",
            says="256 units gain 1.0x to 1.5x",
            observe=small_gain,
            why=why_small,
        ),
        Finding(
            name="growing gains",
            says="the factor grows with the number of units",
            observe=gains_in_order(
                [(name, 1, 1) for name in ("lstm-256", "lstm-512", "lstm-750")], rising=True
            ),
        ),
        Finding(
            name="growth of time",
            says=f"analog time grows {FIG10['aimc_growth_256_to_750']}x from 256 to 750 units, the "
            "working set 7x",
            observe=growth,
            why=why_growth,
        ),
        Finding(
            name="case 4 against 1",
            says="case 4 on five cores runs 10% faster than case 1",
            observe=shorter("lstm-750", 4, 1, 1 - 1 / FIG10["case4_vs_case1_speedup"]),
            why=why_lstm_cores,
        ),
        Finding(
            name="fewer gains on more cores",
            says="the factor falls from one to two to five cores (9.4x, 5.0x, 2.5x)",
            observe=gains_in_order([("lstm-750", 1, 1), ("lstm-750", 3, 2), ("lstm-750", 4, 5)]),
            why=why_spread("lstm-750", [(1, 1), (3, 2), (4, 5)]),
        ),
        Finding(
            name="systems",
            says="the high-power system gains more (9.4x against 6.1x)",
            observe=systems("lstm-750"),
            why=why_systems("lstm-750"),
        ),
        Finding(
            name="dequeue and activation",
            says="dequeue and activation of the cell take most of the time, up to 81.8%",
            observe=part_of(
                lambda r, v: r.analog("lstm-750", HIGH, 1, v),
                ["cell dequeue", "cell activation"],
                least=0.5,
            ),
        ),
        Finding(
            name="activations",
            says="activations are about 70% of that",
            observe=activation_share,
        ),
        Finding(
            name="products of the reference",
            says="products and cell activations take 87.8% to 97.9% of the reference's time",
            observe=part_of(
                lambda r, v: r.digital("lstm-750", HIGH, 1, v),
                ["cell product", "dense product", "cell activation"],
                least=0.878,
                most=0.979,
            ),
        ),
        Finding(
            name="working sets",
            says="working sets of 2.59 MB digital, 1.65 kB analog with 750 units (ours: bytes "
            "fetched per step)",
            observe=fetched("lstm-750", *LSTM_WORKING_SETS),
        ),
    ],
    "cnn": [
        Finding(
            name="largest gains most",
            says="CNN-S gains most, CNN-F least (7.3x, 12.4x, 20.5x)",
            observe=gains_in_order([(name, 1, CNN_CORES) for name in CNNS], rising=True),
            why=why_dense,
        ),
        Finding(
            name="systems",
            says="CNN-S gains more on the high-power system (20.5x against 17.6x)",
            observe=systems("cnn-s"),
            why=why_systems("cnn-s"),
        ),
        Finding(
            name="energy",
            says="energy gains what time gains (20.8x beside 20.5x)",
            observe=energy_follows("cnn-s", CNN_CORES),
            why=why_energy("cnn-s", CNN_CORES),
        ),
        Finding(
            name="idle cycles",
            says="idle cycles of convolutions 2 and 3 shrink up to 4x",
            observe=idle_gain,
            why=why_dense,
        ),
        Finding(
            name="instructions per cycle",
            says="instructions per cycle of convolutions 2 and 3 grow up to 3x",
            observe=ipc_gain,
            why=why_dense,
        ),
        Finding(
            name="later convolutions",
            says="convolutions 4 and 5 are idler than 2 and 3",
            observe=later_idle,
            why=why_later,
        ),
        Finding(
            name="dense cores",
            says="the dense layers' cores are the idlest",
            observe=dense_idle,
            why=why_dense,
        ),
    ],
}
"""Statements by exploration."""
