# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The checking programs bite: each planted fault is caught by one of them."""

import pytest
from faults import FAULTS, faulty_tile
from programs import random_program
from simulations import run_in_pysim
from tile_bench import Pressure, TileBench

from alpine_models.tile import TileConfig
from alpine_rtl.formal.harness import TileHarness
from alpine_rtl.tile import AimcTile

PRESSURES = {
    "free": Pressure(),
    "held": Pressure(hold=0.7, busy=3, seed=1),
    "paused and held": Pressure(pause=0.4, hold=0.4, busy=2, seed=2),
}
LENGTH = 250

MONITORS_ONLY = {"memory kept over a reset"}
"""Shown by no program, as no command comes before the memories are clear at power-up."""


def config(double_buffer: bool) -> TileConfig:
    return TileConfig(
        rows=6,
        columns=9,
        precharge_cycles=1,
        integrate_cycles=3,
        digitise_cycles=2,
        double_buffer=double_buffer,
    )


def check(tile, name: str) -> None:
    """Run one of the regular programs on a tile; raises `AssertionError` on any difference."""
    seed = list(PRESSURES).index(name)
    program = random_program(tile.config, length=LENGTH, seed=seed)
    run_in_pysim(tile, TileBench(tile.config, program, PRESSURES[name]))


@pytest.mark.parametrize("name", PRESSURES)
@pytest.mark.parametrize("double_buffer", [False, True], ids=["single", "double"])
def test_a_sound_tile_passes(double_buffer, name):
    check(AimcTile(config=config(double_buffer)), name)


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - MONITORS_ONLY))
def test_fault_is_caught(name, tmp_path):
    fault = FAULTS[name]
    for pressure in PRESSURES:
        try:
            check(faulty_tile(fault, config(fault.double_buffer), tmp_path), pressure)
        except AssertionError as error:
            # `pytest -rP` shows the table of what caught which fault.
            print(f"{name}: program '{pressure}': {str(error).splitlines()[0]}")
            return
    pytest.fail(f"{name} went unnoticed")


@pytest.mark.parametrize("double_buffer", [False, True], ids=["single", "double"])
def test_monitors_watch_a_random_program(double_buffer):
    harness = TileHarness(config=config(double_buffer))
    program = random_program(harness.config, length=120, seed=3)
    bench = TileBench(harness.config, program, Pressure(pause=0.3, hold=0.5, busy=3, seed=3))
    run_in_pysim(harness, bench, watch=True)
    assert len(bench.answered) > 120


# What a checker that looks at answers alone finds late or never.
SEEN_BY_MONITORS = {
    "input memory not cleared": "wrong_effect",
    "ADC sampled a cycle early": "wrong_rd",
    "multiplication ended a phase early": "dac_moved",
    "DAC changing during integration": "dac_moved",
    "clock counted while idle": "idle_fixed_point",
    "waiting answers overflow": "in_range",
    "counter advancing by four always": "in_range",
}


@pytest.mark.parametrize("name", SEEN_BY_MONITORS)
def test_monitors_name_the_property(name, tmp_path):
    fault = FAULTS[name]
    tile_config = config(fault.double_buffer)
    harness = TileHarness(config=tile_config, tile=faulty_tile(fault, tile_config, tmp_path))
    program = random_program(tile_config, length=LENGTH, seed=0)
    bench = TileBench(tile_config, program, Pressure(hold=0.6, seed=4))
    with pytest.raises(AssertionError, match=f"violated_{SEEN_BY_MONITORS[name]}"):
        run_in_pysim(harness, bench, watch=True)
