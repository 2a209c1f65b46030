# SPDX-License-Identifier: Apache-2.0
"""Mappings of the perceptron: geometry from the paper, errors, and a small network end to end."""

import numpy as np
import pytest
from mlp_helpers import network

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw.library.workloads import InputFormat, Software, Workload
from alpine_sw.networks import load_mlp
from alpine_sw.programs.mlp import DIGITAL_CORES, MLP_CASES, analog_mlp, digital_mlp

TILE_PERIOD_FS = 1_000_000


@pytest.mark.parametrize(
    ("case", "tiles"),
    [
        (1, [(2048, 2048)]),
        (2, [(1024, 2048)]),
        (3, [(1024, 1024)] * 2),
        (4, [(1024, 512)] * 4),
    ],
)
def test_tiles_have_the_published_sizes(case: int, tiles: list[tuple[int, int]]):
    # Klein et al. 2022, Sec. VII: 2k x 2k, 1k x 2k, two 1k x 1k, four 1k x 512.
    plans = analog_mlp(load_mlp(), case=case, software=Software.RELEASED).plans
    found = [
        (plan.config.rows, plan.config.columns) for core in sorted(plans) for plan in plans[core]
    ]
    assert found == tiles


@pytest.mark.parametrize("software", list(Software))
@pytest.mark.parametrize("case", MLP_CASES)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_small_networks_of_odd_sizes_give_golden_outputs(case: int, software: Software, count: int):
    run_and_compare(analog_mlp(network(), case=case, software=software), count)


@pytest.mark.parametrize("cores", DIGITAL_CORES)
@pytest.mark.parametrize("count", [1, 3])
def test_digital_references_give_golden_outputs(cores: int, count: int):
    run_and_compare(digital_mlp(network(), cores=cores), count)


@pytest.mark.parametrize("software", list(Software))
@pytest.mark.parametrize("case", MLP_CASES)
def test_inputs_in_memory_may_be_values(case: int, software: Software):
    fp32 = InputFormat.FP32
    run_and_compare(analog_mlp(network(), case=case, software=software, input_format=fp32), 2)


@pytest.mark.parametrize("cores", DIGITAL_CORES)
def test_digital_inputs_in_memory_may_be_values(cores: int):
    run_and_compare(digital_mlp(network(), cores=cores, input_format=InputFormat.FP32), 2)


def run_and_compare(workload: Workload, count: int):
    """Run on tiles that compute, with every read checked against what was written."""
    small = network()
    ports = {}
    for core, plans in workload.plans.items():
        (plan,) = plans
        tile = TimedTile(config=plan.config, tile_period_fs=TILE_PERIOD_FS)
        tile.crossbar.lsb[:] = plan.lsb
        for placement in plan.placements:
            tile.crossbar.weights[placement.columns, placement.rows] = placement.weights
        ports[core] = TimedTilePort([tile], tile_period_fs=TILE_PERIOD_FS)
    system = System(HIGH_POWER, tile_ports=ports, check_reads=True)
    inputs = np.random.default_rng(count).integers(-128, 128, (count, 13)).astype(np.int8)
    steps: list[None] = []
    outputs, programs = workload.programs(system, inputs, lambda: steps.append(None))
    system.run(programs)
    assert np.array_equal(outputs, small.golden(inputs))
    assert len(steps) == count


def test_tile_that_is_too_small_is_named():
    with pytest.raises(
        AlpineError, match="matrix layer 2 of 8 outputs and 10 inputs needs word lines 13 to 22"
    ):
        analog_mlp(
            network(), case=1, software=Software.TUNED, config=TileConfig(rows=20, columns=30)
        )


def test_layers_that_cannot_be_halved_are_named():
    with pytest.raises(AlpineError, match=r"tiles of case 4 take half of .* layer 1 has 11"):
        analog_mlp(network(hidden=11), case=4, software=Software.TUNED)
