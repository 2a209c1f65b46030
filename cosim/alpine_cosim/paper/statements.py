"""What the paper says about its explorations, statement by statement, and why we differ."""

from collections.abc import Callable

from alpine_models.published import published
from alpine_platform.presets import SYSTEMS

from .findings import Finding, Observation, against, holds
from .observers import (
    HIGH,
    constant_misses,
    energy_follows,
    fetched,
    gains_in_order,
    loose_gain,
    part_of,
    seconds,
    shorter,
    slightly_better,
    slow_product,
    systems,
    tight_gain,
)
from .plans import BASE, CNN_CORES, CNNS, FP32_INPUTS, LINUX_BASE, Variation
from .results import Results, if_run
from .tables import time, times

__all__ = ["FINDINGS"]

MLP_TEXT = published()["mlp_text"]
FIG8 = published()["fig8_mlp_shares_percent"]
FIG10 = published()["fig10_lstm_750"]
FIG11 = published()["fig11_lstm_shares_percent_high_power"]
FIG14 = published()["fig14_cnn_s_high_power"]

MLP_WORKING_SETS = 2 * 1024**2 + 3 * 1024, 3 * 1024
"""Bytes, 2 n^2 + 3 n and 3 n (Sec. VII)."""
LSTM_WORKING_SETS = 2.59e6, 1.65e3
"""Bytes with 750 units, as printed."""


def _why_cores(results: Results) -> str:
    waits = [results.waiting(results.analog("mlp", HIGH, case)) for case in (3, 4)]
    text = (
        f"cases 3 and 4 spread an inference over cores that work at the same time and wait for "
        f"each other {waits[0]:.0%} and {waits[1]:.0%} of it"
    )
    blocked = if_run(lambda: seconds(results, "mlp", 4, LINUX_BASE))
    if blocked is not None:
        plain = results.value(results.analog("mlp", HIGH, 4))
        text += f"; blocking in the kernel takes case 4 from {time(plain)} to {time(blocked)}"
    return text


def _why_case_2(results: Results) -> str:
    process = results[results.analog("mlp", HIGH, 1)]["breakdown"]["analog process"]
    return (
        f"case 2 waits for one product more per inference, {process:.1%} of case 1's time; case 1 "
        f"pays one further step to drain its pipeline"
    )


def _why_product(results: Results) -> str:
    process = results[results.analog("mlp", HIGH, 1)]["breakdown"]["analog process"]
    return (
        f"a product is {process:.1%} of case 1's time with released software (paper, smallest "
        f"slice of Fig. 8: {FIG8['case1'][-1]}%); the faster the software, the more it weighs"
    )


def _why_systems(network: str) -> Callable[[Results], str]:
    def why(results: Results) -> str:
        stalls = [
            sum(core["wait_cycles"] for core in results[plan]["stats"]["cores"].values())
            / sum(
                core["active_cycles"] + core["wait_cycles"]
                for core in results[plan]["stats"]["cores"].values()
            )
            for plan in (
                results.digital(network, system, CNN_CORES if network in CNNS else 1)
                for system in ("high-power", "low-power")
            )
        ]
        return (
            f"the digital reference waits for memory {stalls[0]:.0%} of the high-power and "
            f"{stalls[1]:.0%} of the low-power cores' cycles; memory is equally fast in both"
        )

    return why


def _why_misses(results: Results) -> str:
    counts = [
        results[results.analog("mlp", HIGH, case)]["stats"]["memory"]["l2_misses"]
        for case in (1, 2, 3, 4)
    ]
    return f"misses of ten inferences in cases 1 to 4: {', '.join(map(str, counts))}"


def _why_growth(results: Results) -> str:
    small, large = (results.value(results.analog(n, HIGH, 1)) for n in ("lstm-256", "lstm-750"))
    gates = 750 / 256
    return (
        f"queue, dequeue and activations take a time per unit and {gates:.1f}x as many units, so "
        f"{time(small)} become {time(large)}; the printed growth needs a large part that does not "
        f"grow"
    )


def _why_lstm_cores(results: Results) -> str:
    one, four = (results.value(results.analog("lstm-750", HIGH, case)) for case in (1, 4))
    wait = results.waiting(results.analog("lstm-750", HIGH, 4))
    return (
        f"four cores share the dequeues and activations: {time(one)} become {time(four)}, with "
        f"{wait:.0%} of the cores' time spent waiting"
    )


def _input_load(case: int) -> Callable[[Results, Variation], Observation]:
    def observe(results: Results, variation: Variation) -> Observation:
        shares = [
            results.share(results.analog("mlp", system, case, variation), "input load")
            for system in SYSTEMS
        ]
        ours = sum(shares) / len(shares)
        return against(ours, FIG8[f"case{case}"][0] / 100, f"{ours:.0%}")

    return observe


def _why_input_load(results: Results) -> str:
    codes, values = (
        results.share(results.analog("mlp", HIGH, 1, variation), "input load")
        for variation in (BASE, FP32_INPUTS)
    )
    return (
        f"{codes:.0%} on the high-power system with inputs that are codes, {values:.0%} with fp32 "
        f"values that the program converts one by one"
    )


def _growth(results: Results, variation: Variation) -> Observation:
    small, large = (seconds(results, name, 1, variation) for name in ("lstm-256", "lstm-750"))
    return against(large / small - 1, FIG10["aimc_growth_256_to_750"] - 1, times(large / small))


def _small_gain(results: Results, variation: Variation) -> Observation:
    low, high = FIG10["n_h_256_range"]
    gain = results.gain("lstm-256", HIGH, variation=variation)
    return holds(low <= gain <= high, times(gain))


def _activation_share(results: Results, variation: Variation) -> Observation:
    plan = results.analog("lstm-750", HIGH, 1, variation)
    both = results.share(plan, "cell dequeue", "cell activation")
    ours = results.share(plan, "cell activation") / both
    return against(ours, FIG11["activations_share_of_dequeue_and_activation"], f"{ours:.0%}")


def _idle_gain(results: Results, variation: Variation) -> Observation:
    plans = (
        results.digital("cnn-s", HIGH, CNN_CORES, variation),
        results.analog("cnn-s", HIGH, 1, variation),
    )
    before, after = (results[plan]["cores"] for plan in plans)
    gain = max(before[core]["idle"] / after[core]["idle"] for core in (1, 2))
    cycles = gain * results.value(plans[0]) / results.value(plans[1])
    theirs = FIG14["conv2_conv3_idle_reduction_up_to"]
    return against(gain - 1, theirs - 1, f"share {times(gain)} less, cycles {times(cycles)} fewer")


def _ipc_gain(results: Results, variation: Variation) -> Observation:
    before, after = (
        results[plan]["cores"]
        for plan in (
            results.digital("cnn-s", HIGH, CNN_CORES, variation),
            results.analog("cnn-s", HIGH, 1, variation),
        )
    )
    key = "instructions_per_cycle"
    gain = max(after[core][key] / before[core][key] for core in (1, 2))
    return against(gain - 1, FIG14["ipc_gain_up_to"] - 1, times(gain))


def _later_idle(results: Results, variation: Variation) -> Observation:
    cores = results[results.analog("cnn-s", HIGH, 1, variation)]["cores"]
    early, late = (max(cores[a]["idle"], cores[b]["idle"]) for a, b in ((1, 2), (3, 4)))
    return holds(late > early, f"at most {late:.0%} against {early:.0%}")


def _dense_idle(results: Results, variation: Variation) -> Observation:
    cores = results[results.analog("cnn-s", HIGH, 1, variation)]["cores"]
    dense, others = (min(c["idle"] for c in cores[5:]), max(c["idle"] for c in cores[:5]))
    return holds(dense > others, f"at least {dense:.0%} against at most {others:.0%}")


def _why_dense(results: Results) -> str:
    record = results[results.analog("cnn-s", HIGH, 1)]
    busiest = min(record["cores"], key=lambda core: core["idle"])
    return (
        f"the busiest core of our analog run is core {busiest['core'] + 1}, idle "
        f"{busiest['idle']:.0%}; the first dense layer streams its weights from DRAM for every "
        f"image, so it limits the pipeline once the convolutions are fast"
    )


FINDINGS: dict[str, list[Finding]] = {
    "mlp": [
        Finding(
            name="case 1 against 3",
            says=f"case 1 runs about {MLP_TEXT['case1_vs_case3_runtime']:.0%} shorter than case 3",
            observe=shorter("mlp", 1, 3, MLP_TEXT["case1_vs_case3_runtime"]),
            why=_why_cores,
        ),
        Finding(
            name="case 1 against 4",
            says=f"case 1 runs about {MLP_TEXT['case1_vs_case4_runtime']:.0%} shorter than case 4",
            observe=shorter("mlp", 1, 4, MLP_TEXT["case1_vs_case4_runtime"]),
            why=_why_cores,
        ),
        Finding(
            name="case 1 against 2",
            says="case 1 is slightly better than case 2",
            observe=slightly_better("mlp", 1, 2),
            why=_why_case_2,
        ),
        Finding(
            name="slow product",
            says="CM_PROCESS ten times slower has minimal impact",
            observe=slow_product("mlp", (1, 2, 3, 4)),
            why=_why_product,
        ),
        Finding(
            name="constant misses",
            says="LLC misses per instruction are about constant over cases 1 to 4",
            observe=constant_misses("mlp", (1, 2, 3, 4)),
            why=_why_misses,
        ),
        Finding(
            name="fewer gains on more cores",
            says="the factor falls from one to two to four cores (12.8x, 5.1x, 3.1x)",
            observe=gains_in_order([("mlp", 1, 1), ("mlp", 3, 2), ("mlp", 4, 4)]),
        ),
        Finding(
            name="systems",
            says="the high-power system gains more (12.8x against 8.3x)",
            observe=systems("mlp"),
            why=_why_systems("mlp"),
        ),
        Finding(
            name="energy",
            says="energy gains what time gains (12.5x beside 12.8x)",
            observe=energy_follows("mlp", 1),
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
                observe=_input_load(case),
                why=_why_input_load,
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
        ),
        Finding(
            name="tight over loose",
            says=f"tightly coupled: up to {MLP_TEXT['tight_over_loose']}x faster than loosely",
            observe=tight_gain(MLP_TEXT["tight_over_loose"]),
        ),
    ],
    "lstm": [
        Finding(
            name="small network",
            says="256 units gain 1.0x to 1.5x",
            observe=_small_gain,
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
            observe=_growth,
            why=_why_growth,
        ),
        Finding(
            name="case 4 against 1",
            says="case 4 on five cores runs 10% faster than case 1",
            observe=shorter("lstm-750", 4, 1, 1 - 1 / FIG10["case4_vs_case1_speedup"]),
            why=_why_lstm_cores,
        ),
        Finding(
            name="fewer gains on more cores",
            says="the factor falls from one to two to five cores (9.4x, 5.0x, 2.5x)",
            observe=gains_in_order([("lstm-750", 1, 1), ("lstm-750", 3, 2), ("lstm-750", 4, 5)]),
        ),
        Finding(
            name="systems",
            says="the high-power system gains more (9.4x against 6.1x)",
            observe=systems("lstm-750"),
            why=_why_systems("lstm-750"),
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
            observe=_activation_share,
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
            why=_why_dense,
        ),
        Finding(
            name="systems",
            says="CNN-S gains more on the high-power system (20.5x against 17.6x)",
            observe=systems("cnn-s"),
            why=_why_systems("cnn-s"),
        ),
        Finding(
            name="energy",
            says="energy gains what time gains (20.8x beside 20.5x)",
            observe=energy_follows("cnn-s", CNN_CORES),
        ),
        Finding(
            name="idle cycles",
            says="idle cycles of convolutions 2 and 3 shrink up to 4x",
            observe=_idle_gain,
            why=_why_dense,
        ),
        Finding(
            name="instructions per cycle",
            says="instructions per cycle of convolutions 2 and 3 grow up to 3x",
            observe=_ipc_gain,
            why=_why_dense,
        ),
        Finding(
            name="later convolutions",
            says="convolutions 4 and 5 are idler than 2 and 3",
            observe=_later_idle,
        ),
        Finding(
            name="dense cores",
            says="the dense layers' cores are the idlest",
            observe=_dense_idle,
            why=_why_dense,
        ),
    ],
}
"""Statements by exploration."""
