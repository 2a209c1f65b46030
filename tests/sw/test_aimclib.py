# SPDX-License-Identifier: Apache-2.0
"""AIMClib's calls: what they move, what they cost, what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_inputs import examples

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System
from alpine_sw.graph import arithmetic
from alpine_sw.graph.arithmetic import dequantise, quantise
from alpine_sw.library.aimclib import Aimc, Tile, section
from alpine_sw.library.timed_ports import timed_ports
from alpine_sw.library.workloads import Software

TILE_PERIOD_FS = 1_000_000


def system_with(*tiles: Tile) -> System:
    """A system whose core 0 owns programmed tiles."""
    ports = timed_ports({0: [tile.plan for tile in tiles]}, tile_period_fs=TILE_PERIOD_FS)
    return System(HIGH_POWER, tile_ports=ports, check_reads=True)


def codes(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-128, 128, shape).astype(np.int8)


@settings(max_examples=examples(20))
@given(
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    place=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    software=st.sampled_from(Software),
    seed=st.integers(0, 99),
)
def test_a_matrix_anywhere_on_a_tile_multiplies_what_is_queued_at_its_rows(
    shape: tuple[int, int], place: tuple[int, int], software: Software, seed: int
):
    (outputs, inputs), (row, column) = shape, place
    rng = np.random.default_rng(seed)
    weights, vector = codes(rng, outputs, inputs), codes(rng, inputs)
    tile = Tile(TileConfig(rows=inputs + row, columns=outputs + column))
    matrix = tile.map_matrix(weights, row=row, column=column, lsb=40.0)
    system = system_with(tile)
    x, y = system.memory.place("x", vector), system.memory.allocate("y", outputs)
    aimc = Aimc(system.memory, software=software)

    def program() -> Program:
        yield from aimc.queue_vector(x, index=matrix.row)
        yield from aimc.process()
        yield from aimc.dequeue_vector(y, index=matrix.column)

    system.run({0: program()})
    expected = arithmetic.dense(vector[np.newaxis], weights, np.full(outputs, 40.0, np.float32))
    assert np.array_equal(y.data, expected[0])


@pytest.mark.parametrize("software", Software)
def test_floats_are_scaled_on_their_way_in_and_out(software: Software):
    rng = np.random.default_rng(1)
    weights = codes(rng, 7, 21)
    tile = Tile(TileConfig(rows=21, columns=7))
    tile.map_matrix(weights, lsb=50.0)
    system = system_with(tile)
    values = rng.uniform(-1.5, 1.5, 21).astype(np.float32)
    x = system.memory.place("x", values)
    y = system.memory.allocate("y", 7, np.float32)
    aimc = Aimc(system.memory, software=software)

    def program() -> Program:
        yield from aimc.queue_vector(x, scale=100.0)
        yield from aimc.process()
        yield from aimc.dequeue_vector(y, scale=0.25)

    system.run({0: program()})
    sent = quantise(values, 100.0)[np.newaxis]
    result = arithmetic.dense(sent, weights, np.full(7, 50.0, np.float32))[0]
    assert np.array_equal(y.data, dequantise(result, 0.25))


def moving_floats(software: Software) -> SystemResult:
    tile = Tile(TileConfig(rows=1024, columns=1024))
    system = system_with(tile)
    x = system.memory.place("x", np.zeros(1024, np.float32))
    aimc = Aimc(system.memory, software=software)

    def program() -> Program:
        yield from section("queue", aimc.queue_vector(x, scale=127.0))
        yield from section("process", aimc.process())
        yield from section("dequeue", aimc.dequeue_vector(x, scale=0.01))

    system.run({0: program()})  # warms the caches
    return system.run({0: program()})


def test_tuned_floats_cost_a_vector_conversion_and_a_word_loop():
    """The cycles per element are the reference's: README, CM instructions, and rows of mb_act."""
    period = HIGH_POWER.core.period_fs
    sections = {
        software: {
            name: time / period / 1024
            for name, time in moving_floats(software).cores[0].sections_fs.items()
        }
        for software in Software
    }
    released, tuned = sections[Software.RELEASED], sections[Software.TUNED]
    assert released["queue"] == pytest.approx(21.5, rel=0.05)
    assert released["dequeue"] == pytest.approx(18.8, rel=0.05)
    # mb_act:f32i8_vec and i8f32_vec take 2.29 and 2.04 cycles per element, word loops 6.5 and 6.1
    # per four.
    assert tuned["queue"] == pytest.approx(2.29 + 6.5 / 4, rel=0.12)
    assert tuned["dequeue"] == pytest.approx(2.04 + 6.1 / 4, rel=0.12)


def test_several_tiles_of_a_core_are_told_apart():
    tiles = [Tile(TileConfig(rows=4, columns=4)) for _ in range(2)]
    for number, tile in enumerate(tiles, start=1):
        tile.map_matrix(number * np.eye(4, dtype=np.int8))
    system = system_with(*tiles)
    x = system.memory.place("x", np.arange(4, dtype=np.int8))
    y = system.memory.allocate("y", 4)
    aimc = Aimc(system.memory)

    def program() -> Program:
        for tile in range(2):
            yield from aimc.queue_vector(x, tile=tile)
            yield from aimc.process(tile=tile)
        yield from aimc.dequeue_vector(y, tile=1)

    system.run({0: program()})
    assert list(y.data) == [0, 2, 4, 6]


def test_a_matrix_that_does_not_fit_is_refused_with_sizes():
    tile = Tile(TileConfig(rows=16, columns=8))
    with pytest.raises(AlpineError, match=r"matrix w of 8 .* 1 to 16 .* 16 x 8: use"):
        tile.map_matrix(np.ones((8, 16), np.int8), row=1, name="w")


def test_matrices_that_overlap_are_refused_with_both_places():
    tile = Tile(TileConfig(rows=16, columns=8))
    tile.map_matrix(np.ones((4, 8), np.int8), name="first")
    tile.map_matrix(np.ones((4, 8), np.int8), row=8, column=4, name="second")
    with pytest.raises(AlpineError, match=r"matrix third .* overlaps matrix second") as caught:
        tile.map_matrix(np.ones((1, 9), np.int8), row=7, column=7, name="third")
    assert "word lines 8 to 15 and bit lines 4 to 7" in str(caught.value)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, None), (np.int8, 2.0)])
def test_floats_need_a_scale_and_codes_refuse_one(dtype: type, scale: float | None):
    system = system_with(Tile(TileConfig(rows=4, columns=4)))
    vector = system.memory.allocate("v", 4, dtype)
    aimc = Aimc(system.memory)
    for call in (aimc.queue_vector, aimc.dequeue_vector):
        with pytest.raises(AlpineError, match="vector v holds"):
            next(call(vector, scale=scale))
