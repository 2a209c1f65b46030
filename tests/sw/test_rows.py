# SPDX-License-Identifier: Apache-2.0
"""Row kernels against the kernels for single positions: the same data, nearly the same time."""

import numpy as np
import pytest

from alpine_models.isa import CmOperation, decode
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.memory.address_space import Buffer
from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.graph import LocalResponseNormalisation, MaxPool, square
from alpine_sw.graph.matrices import windows as windows_of
from alpine_sw.kernels import positions, rows

RNG = np.random.default_rng(3)


def codes(*shape: int) -> np.ndarray:
    return RNG.integers(-128, 128, shape).astype(np.int8)


def lines_of(image: Buffer) -> list[Buffer]:
    height, width, channels = image.data.shape
    flat = Buffer(image.name, image.address, image.data.reshape(-1))
    length = width * channels
    return [flat.part(row * length, (row + 1) * length) for row in range(height)]


def cycles(system: System, program) -> tuple[int, object]:
    """Cycles of the second, warm run of what `program` starts, and what it returned."""
    system.run({0: program()})
    result = system.run({0: program()})
    core = result.cores[0]
    return core.active_cycles + core.wait_cycles, result.returned[0]


@pytest.mark.parametrize(("kernel", "channels", "stride"), [(3, 16, 1), (5, 3, 2), (2, 64, 2)])
def test_windows_of_a_row_are_those_of_single_positions(kernel: int, channels: int, stride: int):
    system, count = System(HIGH_POWER), 12
    width = (count - 1) * stride + kernel
    image = system.memory.place("image", codes(kernel, width, channels))
    window = system.memory.allocate("window", kernel * kernel * channels)

    def single():
        for place in range(count):
            yield from kernels.im2col_window(
                image, window, row=0, column=place * stride, kernel=kernel
            )

    def row():
        return (
            yield from rows.im2col_row(
                lines_of(image), window, positions=count, stride=stride, channels=channels
            )
        )

    apart, _ = cycles(system, single)
    together, windows = cycles(system, row)
    expected = windows_of(image.data[np.newaxis], square(kernel, stride=stride))
    assert np.array_equal(windows, expected)
    assert np.array_equal(window.data, expected[-1])
    assert together == pytest.approx(apart, rel=0.15)


def test_row_that_ends_too_early_is_refused():
    system = System(HIGH_POWER)
    image = system.memory.allocate("image", (2, 5, 3))
    window, out = system.memory.allocate("window", 12), system.memory.allocate("out", 9)
    with pytest.raises(ValueError, match="line image has 15 elements, not 18"):
        system.run({0: rows.im2col_row(lines_of(image), window, positions=3, stride=2, channels=3)})
    with pytest.raises(ValueError, match="line image has 15 elements, not 18"):
        system.run({0: rows.max_pool_row(lines_of(image), out, stride=2, channels=3)})


def test_pooled_row_is_golden():
    system = System(HIGH_POWER)
    image = system.memory.place("image", codes(3, 11, 5))
    out = system.memory.allocate("out", 25)
    system.run({0: rows.max_pool_row(lines_of(image), out, stride=2, channels=5)})
    expected = MaxPool(window=square(3, stride=2)).evaluate(image.data[np.newaxis])[0]
    assert np.array_equal(out.data, expected.reshape(-1))


def test_normalised_row_has_the_golden_bits_for_every_code():
    system = System(HIGH_POWER)
    image = np.maximum(codes(4096, 8), 0)
    source = system.memory.place("row", image.reshape(-1))
    out = system.memory.allocate("out", image.size)
    system.run({0: rows.normalise_row(source, out, channels=8)})
    assert np.array_equal(out.data.reshape(-1, 8), LocalResponseNormalisation().evaluate(image))


def test_sums_become_the_codes_of_single_rescaling():
    system = System(HIGH_POWER)
    products = RNG.integers(-9000, 9000, (6, 20)).astype(np.int32)
    steps = system.memory.place("steps", RNG.uniform(20, 60, 20).astype(np.float32))
    sums, vector = system.memory.allocate("sums", 20, np.int32), system.memory.allocate("y", 20)
    found = system.run({0: rows.rescale_row(products, sums, steps, vector)}).returned[0]
    for number, row in enumerate(products):
        sums.data[:] = row
        system.run({0: kernels.rescale(sums, steps, vector)})
        assert np.array_equal(found[number], vector.data)
        system.run({0: rows.rescale_signed(sums, steps, vector)})
        assert np.array_equal(np.maximum(vector.data, 0), found[number])
        assert (vector.data < 0).any()


def test_products_of_a_row_take_as_long_as_single_ones():
    system = System(HIGH_POWER)
    weights = system.memory.place("w", codes(8, 32))
    window, sums = system.memory.allocate("x", 32), system.memory.allocate("s", 8, np.int32)
    windows = codes(5, 30)
    exact = weights.data[:, :30].astype(np.float64)

    def single():
        for _ in windows:
            yield from kernels.mvm(weights, window, sums)

    def row():
        return (yield from rows.mvm_row(weights, exact, windows, window, sums, style="neon4"))

    apart, _ = cycles(system, single)
    together, products = cycles(system, row)
    assert together == apart
    assert np.array_equal(products, windows.astype(int) @ weights.data[:, :30].astype(int).T)


@pytest.mark.parametrize("packing", ["bytes", "word"])
@pytest.mark.parametrize("config", [HIGH_POWER, LOW_POWER], ids=lambda config: config.name)
def test_positions_of_a_row_take_as_long_as_single_kernels(packing, config):
    size, count = TileConfig(rows=45, columns=19), 6
    period = config.tile_clock.period_fs
    tile = TimedTile(config=size, tile_period_fs=period)
    tile.macro.weights[:] = codes(19, 45)
    tile.macro.lsb[:] = 300
    system = System(config, tile_ports={0: TimedTilePort([tile], tile_period_fs=period)})
    windows = codes(count, 45)
    window, vector = system.memory.allocate("x", 45), system.memory.allocate("y", 19)
    expected: list[np.ndarray] = []

    def single():
        expected.clear()
        for row in windows:
            window.data[:] = row
            yield from positions.position(window, vector, packing)
            expected.append(vector.data.copy())

    apart, _ = cycles(system, single)
    instructions = system.run({0: single()}).instructions
    timing = positions.time_position(config, size, inputs=45, outputs=19, packing=packing)
    together, found = cycles(system, lambda: positions.multiply_row(timing, windows))
    assert np.array_equal(found, expected)
    # To the cycle, but for the clocks' phase at the start and what follows the last response.
    assert together == pytest.approx(apart, abs=4 + 4 * count)
    assert system.run({0: positions.multiply_row(timing, windows)}).instructions - instructions in (
        0, count,
    )  # fmt: skip


def test_position_holds_its_instructions_in_order():
    timing = positions.time_position(
        HIGH_POWER, TileConfig(rows=9, columns=5), inputs=9, outputs=5, packing="word"
    )
    kinds = [decode(int(word)).operation for word in timing.batch["word"]]
    assert kinds == [
        *[CmOperation.QUEUE] * 3, CmOperation.PROCESS, *[CmOperation.DEQUEUE] * 2
    ]  # fmt: skip
