# SPDX-License-Identifier: Apache-2.0
"""Vectors through a peripheral's windows, and the perceptron on chained tiles."""

import numpy as np
import pytest
from mlp_helpers import network

from alpine_models.registers import ACCELERATOR_REGISTERS, PAGE_WINDOWS, tile_page
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.timed_accelerator import TimedAccelerator
from alpine_platform.cores.operations import RunIo
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.library.accelerator_driver import (
    AcceleratorDriver,
    programming_batches,
)
from alpine_sw.library.hardware_plan import BASE_ADDRESS
from alpine_sw.library.software import Software
from alpine_sw.library.tile_plan import MatrixOnTile
from alpine_sw.mapping.published_mlp import loose_mlp
from alpine_sw.programs.generate import mapped_workload

PERIOD_FS = 1_000_000
INPUT, _ = (window.offset for window in PAGE_WINDOWS)


def machine(rows: int, columns: int, **settings: object) -> tuple[System, TimedAccelerator]:
    tile = TileConfig(rows=rows, columns=columns)
    accelerator = TimedAccelerator([tile], period_fs=PERIOD_FS)
    config = HIGH_POWER.override(settings)
    return System(config, peripherals={BASE_ADDRESS: accelerator}, check_reads=True), accelerator


@pytest.mark.parametrize("packing", ["bytes", "word"])
@pytest.mark.parametrize("access_bytes", [1, 2, 4])
@pytest.mark.parametrize("length", [1, 5, 7, 8])
def test_a_vector_comes_back_through_an_identity_matrix(length, access_bytes, packing):
    system, accelerator = machine(8, 8)
    accelerator.macros[0].weights[:] = np.eye(8, dtype=np.int8)
    codes = np.array([-128, 127, -1, 0, 5, -77, 64, 3], np.int8)[:length]
    source = system.memory.place("source", codes)
    target = system.memory.allocate("target", length)
    driver = AcceleratorDriver(base=BASE_ADDRESS, access_bytes=access_bytes, packing=packing)

    def program():
        yield from driver.send(0, source)
        yield from driver.start(0)
        yield from driver.wait_for_result(0)
        yield from driver.receive(0, target)

    result = system.run({0: program()})
    assert target.data.tolist() == codes.tolist()
    each = -(-length // access_bytes)
    assert result.cores[0].io_writes == each + 1
    assert result.cores[0].io_reads >= each + 1


def test_refused_accesses_and_flags_that_never_come_are_named(monkeypatch):
    system, _ = machine(8, 8)
    driver = AcceleratorDriver(base=BASE_ADDRESS, access_bytes=4, packing="word")
    too_long = system.memory.place("long", np.zeros(12, np.int8))
    with pytest.raises(kernels.IoResponseError, match="store to 0x50008 was answered DECERR"):
        system.run({0: driver.send(0, too_long)})
    with pytest.raises(kernels.IoResponseError, match="store to 0xc was answered SLVERR"):
        system.run({0: driver.start(1)})
    monkeypatch.setattr("alpine_sw.kernels.io.PATIENCE_POLLS", 3)
    flag = ACCELERATOR_REGISTERS["result"].offset
    with pytest.raises(kernels.IoResponseError, match=f"bits 0x1 of {flag:#x} were not set in 3"):
        system.run({0: driver.wait_for_result(0)})
    assert tile_page(0) + INPUT + 8 == 0x50008


def test_programming_reaches_every_cell_of_a_matrix_at_an_offset():
    system, accelerator = machine(9, 7)
    weights = np.random.default_rng(1).integers(-128, 128, (5, 6)).astype(np.int8)
    matrix = MatrixOnTile(name="m", weights=weights, lsb=np.ones(5, np.float32), row=2, column=1)

    def program():
        for batch in programming_batches(0, matrix, columns=2):
            yield RunIo(base=BASE_ADDRESS, batch=batch, wait=True)

    system.run({0: program()})
    want = np.zeros((7, 9), np.int8)
    want[1:6, 2:8] = weights
    np.testing.assert_array_equal(accelerator.macros[0].weights, want)


@pytest.mark.parametrize("software", list(Software))
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("settings", [{}, {"io.posted_stores": True, "io.access_bytes": 1}])
def test_chained_tiles_give_golden_outputs(count, software, settings):
    small = network()
    graph = small.graph()
    workload = mapped_workload(graph, loose_mlp(graph, software=software))
    (plan,) = workload.hardware
    assert plan.base is not None
    accelerator = TimedAccelerator([tile.config for tile in plan.macros], period_fs=PERIOD_FS)
    for tile, macro in zip(plan.macros, accelerator.macros, strict=True):
        macro.lsb[:] = tile.lsb
        for part in tile.placements:
            macro.weights[part.columns, part.rows] = part.weights
    config = HIGH_POWER.override(settings)
    system = System(config, peripherals={plan.base: accelerator}, check_reads=True)
    driver = AcceleratorDriver(base=plan.base, access_bytes=4, packing="word")
    system.run({0: driver.configure(plan.settings)})
    inputs = np.random.default_rng(count).integers(-128, 128, (count, 13)).astype(np.int8)
    steps: list[None] = []
    outputs, programs = workload.programs(system, inputs, lambda: steps.append(None))
    result = system.run(programs)
    np.testing.assert_array_equal(outputs, small.golden(inputs))
    assert len(steps) == count
    assert accelerator.products == [count, count]
    assert result.energy.tile > 0
    # Inputs and outputs, then start and release; no poll has to be repeated once the chain is full.
    width = config.io.access_bytes
    assert result.cores[0].io_writes == count * (-(-13 // width) + 2)
    assert result.cores[0].io_reads >= count * (-(-8 // width) + 2)
