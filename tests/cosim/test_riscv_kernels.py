# SPDX-License-Identifier: Apache-2.0
"""Kernels in assembly give what numpy gives, on odd sizes, with every number of cores."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.cosim.riscv_kernel_call import Bytes, KernelCall, finished, random_bytes

from alpine_sw.library.c import INCLUDE
from alpine_sw.riscv import include_folder
from alpine_sw.riscv.c_header import HEADER_NAME, include_header
from alpine_sw.riscv.kernel_calls import kernel_program


def windows(image: Bytes, *, side: int, stride: int, padding: int) -> npt.NDArray[np.int64]:
    """What every output pixel sees of a map [height, width, channels], as [oh, ow, s, s, c]."""
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    return seen[::stride, ::stride].transpose(0, 1, 3, 4, 2).astype(np.int64)


@pytest.mark.parametrize(
    ("cores", "pixels", "channels_in", "channels_out", "low"),
    [(8, 33, 19, 9, -128), (1, 2, 4, 4, 0), (3, 1, 3, 3, 0), (8, 40, 32, 16, -128)],
)
def test_pointwise(cores: int, pixels: int, channels_in: int, channels_out: int, low: int):
    image = random_bytes(1, pixels, channels_in)
    weights = random_bytes(2, channels_out, channels_in)
    call = KernelCall(cores)
    found = call.run(
        "pointwise", (pixels, channels_out), input=call.place(image),
        weights=call.place(weights), pixels=pixels, channels_in=channels_in,
        channels_out=channels_out, shift=7, low=low,
    )  # fmt: skip
    sums = image.astype(np.int64) @ weights.T.astype(np.int64)
    assert (found == finished(sums, shift=7, low=low)).all()


@pytest.mark.parametrize(
    "sizes",  # cores, height, width, channels in and out, stride
    [(8, 7, 5, 3, 6, 1), (2, 6, 9, 11, 4, 2), (1, 3, 3, 8, 1, 1)],
)
def test_convolution(sizes: tuple[int, int, int, int, int, int]):
    cores, height, width, channels_in, channels_out, stride = sizes
    image = random_bytes(3, height, width, channels_in)
    weights = random_bytes(4, channels_out, 3, 3, channels_in)
    seen = windows(image, side=3, stride=stride, padding=1)
    rows, columns = seen.shape[:2]
    call = KernelCall(cores)
    scratch = call.room(cores * (2 * 9 * channels_in + 8))
    found = call.run(
        "convolution", (rows, columns, channels_out), input=call.place(image),
        weights=call.place(weights), pixels=rows * columns, channels_in=channels_in,
        channels_out=channels_out, shift=8, low=0, scratch=scratch, height=height, width=width,
        side=3, stride=stride, padding=1, out_width=columns,
    )  # fmt: skip
    sums = np.einsum("yxijc,oijc->yxo", seen, weights.astype(np.int64))
    assert (found == finished(sums, shift=8, low=0)).all()


@pytest.mark.parametrize(
    ("kernel", "sizes"),  # cores, channels, height, width, side, stride
    [
        ("depthwise_3x3", (8, 11, 6, 9, 3, 1)),
        ("depthwise_3x3", (1, 1, 1, 1, 3, 1)),
        ("depthwise_generic", (8, 5, 7, 5, 3, 2)),
        ("depthwise_generic", (2, 3, 6, 8, 5, 1)),
    ],
)
@pytest.mark.parametrize("hwc", [True, False])
def test_depthwise(kernel: str, sizes: tuple[int, int, int, int, int, int], hwc: bool):
    cores, channels, height, width, side, stride = sizes
    image = random_bytes(5, channels, height, width)
    weights = random_bytes(6, side, side, channels)
    padding = side // 2
    seen = windows(image.transpose(1, 2, 0), side=side, stride=stride, padding=padding)
    rows, columns = seen.shape[:2]
    pitch = -(-(width + 2 * padding) // 4) * 4
    scratch_bytes = (height + 2 * padding) * pitch + 8
    call = KernelCall(cores)
    more = {"side": side, "stride": stride} if kernel == "depthwise_generic" else {}
    shape = (rows, columns, channels) if hwc else (channels, rows, columns)
    found = call.run(
        kernel, shape, input=call.place(image), weights=call.place(weights), channels=channels,
        height=height, width=width, shift=6, low=-128,
        scratch=call.room(cores * scratch_bytes), scratch_bytes=scratch_bytes, pitch=pitch,
        padding=padding, out_height=rows, out_width=columns,
        pixel_stride=channels if hwc else 1, channel_stride=1 if hwc else rows * columns, **more,
    )  # fmt: skip
    sums = np.einsum("yxijc,ijc->yxc", seen, weights.astype(np.int64))
    wanted = finished(sums, shift=6, low=-128)
    assert (found == (wanted if hwc else wanted.transpose(2, 0, 1))).all()


@pytest.mark.parametrize(("cores", "rows", "columns"), [(8, 35, 13), (1, 1, 3), (4, 16, 8)])
def test_transposition(cores: int, rows: int, columns: int):
    matrix = random_bytes(7, rows, columns)
    call = KernelCall(cores)
    found = call.run(
        "transposition", (columns, rows), input=call.place(matrix), rows=rows, columns=columns
    )
    assert (found == matrix.T).all()


@pytest.mark.parametrize(("cores", "elements"), [(8, 101), (8, 3), (1, 1)])
def test_addition(cores: int, elements: int):
    first, second = random_bytes(8, elements), random_bytes(9, elements)
    call = KernelCall(cores)
    found = call.run(
        "addition", (elements,), input=call.place(first), other=call.place(second),
        elements=elements, scale=19, other_scale=-7, shift=4, low=-128,
    )  # fmt: skip
    sums = first.astype(np.int64) * 19 + second.astype(np.int64) * -7
    assert (found == finished(sums, shift=4, low=-128)).all()


@pytest.mark.parametrize(("cores", "elements", "parts"), [(8, 77, 3), (1, 1, 1), (5, 4, 2)])
def test_partial_sums(cores: int, elements: int, parts: int):
    values = random_bytes(10, parts, elements)
    call = KernelCall(cores)
    found = call.run(
        "partial_sums", (elements,), input=call.place(values), elements=elements, parts=parts,
        shift=1, low=0,
    )  # fmt: skip
    assert (found == finished(values.astype(np.int64).sum(0), shift=1, low=0)).all()


@pytest.mark.parametrize("scale", [0, 1337])
def test_pooling(scale: int):
    image = random_bytes(11, 7, 9, 5)
    seen = windows(image, side=3, stride=2, padding=0)
    rows, columns = seen.shape[:2]
    call = KernelCall(8)
    shift = 14 if scale else 0
    found = call.run(
        "pooling", (rows, columns, 5), input=call.place(image), channels=5, width=9, side=3,
        stride=2, out_height=rows, out_width=columns, scale=scale, shift=shift, low=-128,
    )  # fmt: skip
    sums = seen.sum((2, 3)) * scale if scale else seen.max((2, 3))
    assert (found == finished(sums, shift=shift, low=-128)).all()


def test_a_block_takes_what_its_instructions_take():
    """4 channels by 2 pixels: 14 cycles for every 4 inputs, by the facts' instruction count."""
    cycles: list[int] = []
    for channels_in in (64, 128):
        call = KernelCall(1)
        image, weights = random_bytes(1, 2, channels_in), random_bytes(2, 4, channels_in)
        call.run(
            "pointwise", (2, 4), input=call.place(image, aligned=True),
            weights=call.place(weights, aligned=True), pixels=2, channels_in=channels_in,
            channels_out=4, shift=7, low=0,
        )  # fmt: skip
        cycles.append(call.outcome.cycles)
    assert cycles[1] - cycles[0] == 14 * (128 - 64) // 4


DIGESTS = [kernel_program().with_suffix(".sha256")]
DIGESTS += sorted(Path(__file__).parents[1].glob("riscv*/*.sha256"))


@pytest.mark.parametrize("digests", DIGESTS, ids=lambda path: path.stem)
def test_programs_belong_to_their_sources(digests: Path):
    """`make riscv-programs` makes them anew."""
    for line in digests.read_text().splitlines():
        digest, name = line.split()
        folders = (digests.parent, include_folder(), INCLUDE)
        path = next(folder / name for folder in folders if (folder / name).exists())
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, name


def test_the_header_is_that_of_the_tables():
    assert (include_folder() / HEADER_NAME).read_text() == include_header()
