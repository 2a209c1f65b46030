# SPDX-License-Identifier: Apache-2.0
"""Mappings of the perceptron: geometry from the paper, errors, and a small network end to end."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mlp_helpers import network

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw.library.software import InputFormat, Software
from alpine_sw.library.timed_ports import timed_ports
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping import Mapping
from alpine_sw.mapping.published_mlp import (
    MLP_CASES,
    MLP_DIGITAL_CORES,
    analog_mlp,
    digital_mlp,
)
from alpine_sw.networks import MlpNetwork, load_mlp
from alpine_sw.programs.generate import mapped_workload

TILE_PERIOD_FS = 1_000_000


def mapped(perceptron: MlpNetwork, mapping: Callable[..., Mapping], **options: Any) -> Workload:
    graph = perceptron.graph()
    return mapped_workload(graph, mapping(graph, **options))


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
    plans = mapped(load_mlp(), analog_mlp, case=case).plans
    found = [
        (plan.config.rows, plan.config.columns) for core in sorted(plans) for plan in plans[core]
    ]
    assert found == tiles


@pytest.mark.parametrize("software", list(Software))
@pytest.mark.parametrize("case", MLP_CASES)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_small_networks_of_odd_sizes_give_golden_outputs(case: int, software: Software, count: int):
    run_and_compare(mapped(network(), analog_mlp, case=case, software=software), count)


@pytest.mark.parametrize("cores", MLP_DIGITAL_CORES)
@pytest.mark.parametrize("count", [1, 3])
def test_digital_references_give_golden_outputs(cores: int, count: int):
    run_and_compare(mapped(network(), digital_mlp, cores=cores), count)


@pytest.mark.parametrize("software", list(Software))
@pytest.mark.parametrize("case", MLP_CASES)
def test_inputs_in_memory_may_be_values(case: int, software: Software):
    fp32 = InputFormat.FP32
    run_and_compare(mapped(network(), analog_mlp, case=case, software=software, inputs=fp32), 2)


@pytest.mark.parametrize("cores", MLP_DIGITAL_CORES)
def test_digital_inputs_in_memory_may_be_values(cores: int):
    run_and_compare(mapped(network(), digital_mlp, cores=cores, inputs=InputFormat.FP32), 2)


def run_and_compare(workload: Workload, count: int):
    """Run on tiles that compute, with every read checked against what was written."""
    small = network()
    ports = timed_ports(workload.plans, tile_period_fs=TILE_PERIOD_FS)
    system = System(HIGH_POWER, tile_ports=ports, check_reads=True)
    inputs = np.random.default_rng(count).integers(-128, 128, (count, 13)).astype(np.int8)
    steps: list[None] = []
    outputs, programs = workload.programs(system, inputs, lambda: steps.append(None))
    system.run(programs)
    assert np.array_equal(outputs, small.golden(inputs))
    assert len(steps) == count


def test_tile_that_is_too_small_is_named():
    with pytest.raises(
        AlpineError,
        match="tile tile of core 0: matrix layer 2 of 8 outputs and 10 inputs needs word lines 13 "
        "to 22",
    ):
        mapped(network(), analog_mlp, case=1, config=TileConfig(rows=20, columns=30))


def test_layers_that_cannot_be_halved_are_named():
    with pytest.raises(AlpineError, match=r"tiles of case 4 take half of .* layer 1 has 11"):
        mapped(network(hidden=11), analog_mlp, case=4)
