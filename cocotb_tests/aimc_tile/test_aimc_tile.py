# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its list of ports alone.
"""Runs the tile's testbench on several hardware configurations, and on planted faults.

``WAVES=1`` in the environment leaves a waveform of every configuration in ``waves/``.
"""

import os
import re
from pathlib import Path

import pytest
from tests.random_inputs import seed

from alpine_cosim.binding import ports_of
from alpine_cosim.cocotb.building import build_simulator
from alpine_cosim.cocotb.runner_call import CocotbTestError
from alpine_cosim.cocotb.running import CocotbTests, run_simulation
from alpine_cosim.engines.verilated_hardware import trace_format
from alpine_models.tile import TileConfig
from alpine_rtl.tile import AimcTile
from alpine_rtl.verilog import emit

HERE = Path(__file__).parent
WAVES = HERE.parent.parent / "waves"


def config(rows: int, columns: int, *phases: int) -> TileConfig:
    names = ("precharge_cycles", "integrate_cycles", "digitise_cycles")
    return TileConfig(rows=rows, columns=columns, **dict(zip(names, phases, strict=bool(phases))))


CONFIGURATIONS = {
    "5x3": config(5, 3, 2, 6, 1),
    "13x18": config(13, 18, 1, 4, 3),
    "16x16_exactly_full": config(16, 16),
    "1x1": config(1, 1, 2, 2, 2),
    "4x8_shortest_phases": config(4, 8, 1, 1, 1),
}


def run_testbench(
    tile: TileConfig,
    *,
    verilog: str | None = None,
    planted: int = 0,
    waves: str = "",
    test_filter: str | None = None,
):
    component = AimcTile(config=tile)
    recording = waves and os.environ.get("WAVES", "0") not in ("", "0")
    trace = trace_format() if recording else None
    simulator = build_simulator(
        verilog or emit(component, name="aimc_tile"),
        top="aimc_tile",
        ports=ports_of(component),
        trace=trace,
    )
    names = ("rows", "columns", "precharge_cycles", "integrate_cycles", "digitise_cycles")
    return run_simulation(
        simulator,
        CocotbTests(
            module="tb_aimc_tile",
            filter=test_filter,
            seed=seed(1),
            plusargs={
                "planted": str(planted),
                **{name: str(getattr(tile, name)) for name in names},
            },
            python_path=[HERE],
        ),
        timeout_s=200,
        waves=WAVES / f"aimc_tile_{waves}.{trace.value}" if trace else None,
    )


FAULTY = "5x3"
"""The configuration in which faults are planted. Its own run shows that none acts unasked."""

FAULTS = {
    # Fault, as a pattern in the emitted Verilog whose group is the sound expression, the faulty
    # one, and a test that must notice it.
    "input_memory_never_cleared": (
        r"input_memory  input_memory \(\n    \.clear\(([^)]*)\)",
        "1'h0",
        "process_multiplies_clears_inputs_and_restarts_counters",
    ),
    "outputs_sampled_at_the_start": (
        r"(?s)\.codes\(xb_adc\),.*?\.sample\((sample)\)",
        "xb_start",
        "commands_behind_a_process_see_its_effect",
    ),
    "full_array_refused": (
        r"(input_counter >= 3'h5)",
        "input_counter >= 3'h4",
        "streaming_queue_fills_the_array_and_clips_the_last_group",
    ),
    "waiting_response_dropped": (
        r"assign o__valid = (held \| i__valid)",
        "i__valid",
        "one_response_waits_for_the_core_as_it_is",
    ),
    "status_zeroed": (
        r"= (held \? status : [^;]*);",
        "4'h0",
        "bad_counts_are_refused_and_change_nothing",
    ),
}


def with_faults() -> str:
    """Return a tile with all faults in it, of which the one acts whose number is ``+planted=``."""
    verilog = emit(AimcTile(config=CONFIGURATIONS[FAULTY]), name="aimc_tile")
    for number, (sound, faulty, _) in enumerate(FAULTS.values(), start=1):
        (place,) = re.finditer(sound, verilog)
        choice = f"(planted::number == {number} ? ({faulty}) : ({place[1]}))"
        verilog = verilog[: place.start(1)] + choice + verilog[place.end(1) :]
    body = verilog.index("endmodule", verilog.index("module aimc_tile("))
    read = 'initial void\'($value$plusargs("planted=%d", planted::number));\n'
    package = "package planted;\n  int number = 0;\nendpackage\n"
    return package + verilog[:body] + read + verilog[body:]


@pytest.mark.random
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_tile(name: str):
    verilog = with_faults() if name == FAULTY else None
    outcomes = run_testbench(CONFIGURATIONS[name], verilog=verilog, waves=name)
    assert len(outcomes) >= 20
    assert not any(outcome.skipped for outcome in outcomes)


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_found(name: str):
    number, witness = list(FAULTS).index(name) + 1, FAULTS[name][-1]
    with pytest.raises(CocotbTestError, match=rf"cocotb tests failed: .*{witness}"):
        run_testbench(
            CONFIGURATIONS[FAULTY], verilog=with_faults(), planted=number, test_filter=witness
        )
