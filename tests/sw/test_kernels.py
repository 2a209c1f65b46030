# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.calibrate.experiment import ReferenceUnits
from alpine_sw.kernels.calibration import calibration_data
from alpine_sw.kernels.timing import KERNELS

RNG = np.random.default_rng(0)


def run(system, program):
    return system.run({0: program})


@pytest.mark.parametrize("style", kernels.MVM_STYLES)
def test_every_style_gives_the_exact_product(style):
    system = System(HIGH_POWER, check_reads=True)
    kind = np.float32 if style == "eigen_f32col" else np.int8
    weights = system.memory.place("w", RNG.integers(-128, 128, (40, 100)).astype(kind))
    inputs = system.memory.place("x", RNG.integers(-128, 128, 100).astype(kind))
    outputs = system.memory.allocate("y", 40, np.int32 if kind is np.int8 else kind)
    scratch = system.memory.allocate("scratch", 100, np.int32)
    result = run(system, kernels.mvm(weights, inputs, outputs, style=style, scratch=scratch))
    exact = weights.data.astype(np.int64) @ inputs.data.astype(np.int64)
    assert (outputs.data == exact).all()
    assert result.time_fs > 0


def test_kernel_that_reads_what_nobody_wrote_is_refused():
    system = System(HIGH_POWER, check_reads=True)
    weights = system.memory.place("w", RNG.integers(-128, 128, (40, 100)).astype(np.int8))
    inputs = system.memory.allocate("x", 100)
    outputs = system.memory.allocate("y", 40, np.int32)
    with pytest.raises(ValueError, match="buffer x: byte 0 is read and was never written"):
        run(system, kernels.mvm(weights, inputs, outputs))


def test_queue_of_what_was_half_written_is_refused():
    system = System(HIGH_POWER, tile_ports={0: ReferenceUnits(HIGH_POWER)}, check_reads=True)
    source = system.memory.place("x", np.zeros(20, np.int8))
    codes = system.memory.allocate("codes", 40)
    run(system, kernels.copy(codes.part(0, 20), source))
    with pytest.raises(ValueError, match="buffer codes: byte 20 is read and was never written"):
        run(system, kernels.queue_vector(codes))


def test_matrix_product_equals_the_vector_products():
    system = System(HIGH_POWER)
    weights = system.memory.place("w", RNG.integers(-128, 128, (8, 32)).astype(np.int8))
    inputs = system.memory.place("x", RNG.integers(-128, 128, (6, 32)).astype(np.int8))
    outputs = system.memory.allocate("y", (6, 8), np.int32)
    run(system, kernels.mm(weights, inputs, outputs))
    assert (outputs.data == inputs.data.astype(int) @ weights.data.astype(int).T).all()


def test_wrong_shapes_and_styles_are_refused():
    system = System(HIGH_POWER)
    weights = system.memory.allocate("w", (4, 8))
    inputs, outputs = system.memory.allocate("x", 8), system.memory.allocate("y", 5, np.int32)
    with pytest.raises(ValueError, match="the shapes do not fit"):
        run(system, kernels.mvm(weights, inputs, outputs))
    with pytest.raises(ValueError, match="unknown style 'fast'; use one of neon1"):
        run(system, kernels.mvm(weights, inputs, outputs, style="fast"))


def test_requantisation_rounds_half_to_even_and_saturates():
    system = System(HIGH_POWER, check_reads=True)
    sums = system.memory.place("sums", np.array([128, 384, -512, 1 << 20], np.int32))
    codes = system.memory.allocate("codes", 4)
    run(system, kernels.requantise(sums, codes, shift=8))
    assert codes.data.tolist() == [0, 2, 0, 127]
    run(system, kernels.requantise(sums, codes, shift=8, relu=False))
    assert codes.data.tolist() == [0, 2, -2, 127]


def test_sums_become_floats():
    system = System(HIGH_POWER, check_reads=True)
    sums = system.memory.place("sums", np.array([3, -5, 70000, 0, 1], np.int32))
    values = system.memory.allocate("values", 5, np.float32)
    run(system, kernels.dequantise_sums(sums, values, scale=0.5))
    assert values.data.tolist() == [1.5, -2.5, 35000, 0, 0.5]


def test_softmax_and_activations_compute():
    system = System(HIGH_POWER, check_reads=True)
    inputs = system.memory.place("x", np.linspace(-4, 4, 50).astype(np.float32))
    outputs = system.memory.allocate("y", 50, np.float32)
    run(system, kernels.softmax(inputs, outputs))
    assert outputs.data.sum() == pytest.approx(1, rel=1e-5)
    run(system, kernels.sigmoid(inputs, outputs))
    assert outputs.data[0] == pytest.approx(1 / (1 + np.exp(4)), rel=1e-5)
    run(system, kernels.tanh(inputs, outputs))
    assert outputs.data == pytest.approx(np.tanh(inputs.data), rel=1e-5)


def test_im2col_and_pooling_compute():
    system = System(HIGH_POWER, check_reads=True)
    image = system.memory.place("i", RNG.integers(-128, 128, (6, 6, 16)).astype(np.int8))
    window = system.memory.allocate("w", 9 * 16)
    run(system, kernels.im2col_window(image, window, row=1, column=2, kernel=3))
    assert (window.data == image.data[1:4, 2:5].reshape(-1)).all()
    outputs = system.memory.allocate("o", (3, 3, 16))
    run(system, kernels.max_pool(image, outputs, kernel=2, stride=2))
    expected = image.data.reshape(3, 2, 3, 2, 16).max(axis=(1, 3))
    assert (outputs.data == expected).all()


@pytest.mark.parametrize("packing", ["bytes", "word"])
@pytest.mark.parametrize("length", [1, 3, 4, 1023])
def test_queue_packs_lowest_index_first_and_names_a_short_group(packing, length):
    seen = []

    class Recording(ReferenceUnits):
        def execute(self, batch, **rest):
            seen.append(batch.copy())
            return super().execute(batch, **rest)

    system = System(HIGH_POWER, tile_ports={0: Recording(HIGH_POWER)})
    codes = RNG.integers(-128, 128, length).astype(np.int8)
    source = system.memory.place("codes", codes)
    result = run(system, kernels.queue_vector(source, packing=packing))
    batch = np.concatenate(seen)
    assert batch["rm"].astype("<u4").view(np.int8)[:length].tolist() == codes.tolist()
    assert len(batch) == -(-length // 4)
    assert int(batch["ra"][-1]) == length % 4
    assert result.cm_instructions == len(batch)
    assert (batch["gap_fs"] % HIGH_POWER.core.period_fs == 0).all()


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_takes_as_much_for_each_further_block_of_data(name: str):
    names = KERNELS[name].dimensions
    # What grows; every other dimension is 8.
    growing = names.index("CHANNELS") if "CHANNELS" in names else 0
    unit = 512 if len(names) == 1 else 64
    timings = [
        kernels.time_kernel(
            name,
            size=tuple(unit * blocks if at == growing else 8 for at in range(len(names))),
            config=HIGH_POWER,
        )
        for blocks in (1, 2, 3)
    ]
    first, second = np.diff([timing.instructions for timing in timings])
    assert first == pytest.approx(second, rel=0.01)
    # A vector instruction handles 16 bytes at most, and an element has one byte at least.
    assert first >= unit * 8 ** (len(names) - 1) / 16
    cycles = np.diff([timing.cycles for timing in timings])
    assert min(cycles) >= first / HIGH_POWER.core.issue_width


def test_timing_warns_outside_the_checked_range():
    timing = kernels.time_kernel("mvm", size=(16, 16), config=HIGH_POWER)
    assert timing.warning is not None
    entry = calibration_data()["bodies"]["mvm_neon4"]
    low, high = entry["smallest_bytes"], entry["largest_bytes"]
    # The micro-benchmarks multiply 256 x 256 and 1024 x 1024.
    assert low <= 256**2 < 1024**2 <= high
    assert f"of 256 bytes is outside the checked range of {low} to {high} bytes" in timing.warning
    with pytest.raises(ValueError, match="unknown kernel 'gemm'"):
        kernels.time_kernel("gemm", size=(1,), config=HIGH_POWER)


@pytest.mark.parametrize(
    ("size", "instructions"),
    [
        # Reference: 29.5 per 33-byte row of mb_conv:im2col_11x11x3_row, 8 of them for the row.
        (33, 21.5),
        # mlp_ana1_cold_sub:writeback: 163, of which 15 are markers.
        (1024, 148),
        # mb_bw:memcpy_16k: 4170 in four copies.
        (8192, 4170 / 4),
    ],
)
def test_copy_takes_the_instructions_of_its_path(size, instructions):
    system = System(HIGH_POWER)
    source = system.memory.place("source", np.arange(size).astype(np.int8))
    destination = system.memory.allocate("destination", size)
    result = run(system, kernels.copy(destination, source))
    assert np.array_equal(destination.data, source.data)
    assert result.instructions == pytest.approx(instructions, abs=3.5)


@pytest.mark.parametrize("style", ["memcpy", "inline", "bytes"])
@pytest.mark.parametrize("size", [1, 15, 16, 31, 33, 64, 65, 128, 129, 200, 512])
def test_copies_read_and_write_inside_their_buffers_only(style, size):
    system = System(HIGH_POWER, check_reads=True)
    source = system.memory.place("source", np.arange(size).astype(np.int8))
    destination = system.memory.allocate("destination", size)
    run(system, kernels.copy(destination, source, style=style))
    # Everything was written: a second copy may read it.
    run(system, kernels.copy(system.memory.allocate("third", size), destination, style=style))


def test_only_short_copies_are_expanded_in_line():
    system = System(HIGH_POWER)
    source, destination = (system.memory.allocate(name, 513) for name in "ab")
    with pytest.raises(ValueError, match="at most 512 bytes, not 513"):
        run(system, kernels.copy(destination, source, style="inline"))


@pytest.mark.parametrize(
    ("style", "side", "instructions"),
    [
        # Reference runs mb_mvm0 (2 and 4 products) and mb_mvm2 (1 and 4).
        ("eigen_i8col", 1024, 310651 / 2),
        ("eigen_i8col", 256, 42441 / 4),
        ("eigen_f32col", 1024, 675119),
        ("eigen_f32col", 256, 171666 / 4),
    ],
)
def test_column_major_products_count_their_blocks(style, side, instructions):
    timing = kernels.time_kernel("mvm", size=(side, side), style=style, config=HIGH_POWER)
    assert timing.instructions == pytest.approx(instructions, rel=0.005)
