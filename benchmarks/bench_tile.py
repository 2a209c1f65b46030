# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of the 1024 x 1024 tile at each layer of the stack, in one run.

Run with `make bench`. Every benchmark adds its rate to ``extra_info``; `conftest.py` prints the
rates and their ratios at the end.
"""

import numpy as np
import pytest

from alpine_cosim.hardware.native_macro import NativeMacro
from alpine_cosim.hardware.rtl_tile import RtlTile
from alpine_models import isa
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import CmBatch, empty_batch

SIDE = 1024
TILE_PERIOD_FS = 1_000_000
CORE_PERIOD_FS = 434_783
CYCLES = 1_000_000
VECTORS = 200


@pytest.fixture(scope="module")
def tile() -> RtlTile:
    tile = RtlTile(config=TileConfig(rows=SIDE, columns=SIDE), tile_period_fs=TILE_PERIOD_FS)
    tile.macro.weights[:] = np.random.default_rng(1).integers(-128, 128, (SIDE, SIDE))
    return tile


def vectors(count: int) -> CmBatch:
    """Back-to-back products: a full vector in, one process, a full vector out."""
    groups = SIDE // 4
    one = empty_batch(2 * groups + 1)
    one["word"][:groups], one["rm"][:groups] = isa.queue(), 0x0123_4567
    one["word"][groups] = isa.process()
    one["word"][groups + 1 :], one["rm"][groups + 1 :] = isa.dequeue(), 4
    return np.tile(one, count)


def record(benchmark, name: str, unit: str, amount: float) -> None:
    benchmark.extra_info.update(rate=amount / benchmark.stats["min"], unit=unit, layer=name)


def test_raw_loop_without_products(benchmark, tile: RtlTile):
    benchmark.pedantic(tile.saturate, (CYCLES,), {"multiply": False}, rounds=5)
    record(benchmark, "raw native loop, no products", "tile cycles/s", CYCLES)


def test_raw_loop_with_products(benchmark, tile: RtlTile):
    benchmark.pedantic(tile.saturate, (CYCLES,), {"multiply": True}, rounds=5)
    record(benchmark, "raw native loop with products", "tile cycles/s", CYCLES)


def test_batches_from_python(benchmark, tile: RtlTile):
    batch = vectors(VECTORS)
    before = tile.evaluated_cycles
    tile.execute(batch, start_fs=tile.next_edge * TILE_PERIOD_FS, core_period_fs=TILE_PERIOD_FS)
    cycles = tile.evaluated_cycles - before

    def execute() -> None:
        start_fs = tile.next_edge * TILE_PERIOD_FS
        tile.execute(batch, start_fs=start_fs, core_period_fs=TILE_PERIOD_FS)

    benchmark.pedantic(execute, rounds=5)
    record(benchmark, "transactor, batches from Python", "tile cycles/s", cycles)


def test_products(benchmark):
    crossbar = NativeMacro(rows=SIDE, columns=SIDE)
    crossbar.weights[:] = np.random.default_rng(2).integers(-128, 128, (SIDE, SIDE))
    codes = np.random.default_rng(3).integers(-128, 128, SIDE).astype(np.int8)

    def multiply() -> None:
        for _ in range(100):
            crossbar.multiply(codes)

    benchmark.pedantic(multiply, rounds=10)
    record(benchmark, "int8 crossbar product, one thread", "MAC/s", 100 * SIDE * SIDE)
