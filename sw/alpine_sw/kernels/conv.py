# SPDX-License-Identifier: Apache-2.0
"""Convolution helpers: im2col windows and maximum pooling, channels last."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from alpine_platform.cores.operations import Program, RunLoop
from alpine_platform.memory.address_space import Buffer
from alpine_sw.quantisation.operands import check_buffers

from .bodies import body, lines, pool_neon
from .copy import Span, copy, copy_phases
from .streams import CALL, over, phase

__all__ = ["im2col_window", "max_pool"]

body("im2col_line", lines("alu s <- s stride\nalu d <- d length", *["alu t <- t"] * 5, "jump <- t"))
"""Addresses of one row of a window, by the counts of the `im2col` rows."""


def im2col_window(
    image: Buffer,
    window: Buffer,
    *,
    row: int,
    column: int,
    kernel: int,
    style: Literal["row", "bytes"] = "row",
) -> Program:
    """Gather the kernel x kernel x channels window at a position into one vector.

    Parameters
    ----------
    image : int8 of shape (rows, columns, channels), padded already.
    window : int8, at least kernel * kernel * channels; the rest is left alone.
    row, column : position of the window's first element.
    kernel : side of the window.
    style : ``"row"`` copies kernel contiguous pixels at a time, ``"bytes"`` single bytes.

    Raises
    ------
    AlpineError
        A buffer has another element type or number of dimensions.
    ValueError
        The window does not lie inside the image.
    """
    check_buffers(np.int8, image, dimensions=3)
    check_buffers(np.int8, window)
    rows, columns, channels = image.data.shape
    if not (0 <= row <= rows - kernel and 0 <= column <= columns - kernel):
        raise ValueError(
            f"window {kernel} x {kernel} at ({row}, {column}) leaves the image {rows} x {columns}"
        )
    length = kernel * channels
    flat = Buffer(image.name, image.address, image.data.reshape(-1))
    first = (row * columns + column) * channels
    if style == "row":
        source = Span(buffer=flat, offset=first, repeat_stride=columns * channels)
        destination = Span(buffer=window, repeat_stride=length)
        phases = [phase("im2col_line", 1, {}), *copy_phases(length, source, destination)]
        yield RunLoop(phases=phases, repeats=kernel)
    for line in range(kernel):
        start = first + line * columns * channels
        part = window.part(line * length, (line + 1) * length)
        pixels = flat.part(start, start + length)
        if style == "row":
            part.data[:] = pixels.data
        else:
            yield RunLoop(phases=[phase("im2col_line", 1, {})])
            yield from copy(part, pixels, style=style)


def max_pool(
    image: Buffer,
    outputs: Buffer,
    *,
    kernel: int,
    stride: int,
    style: Literal["neon", "scalar"] = "neon",
) -> Program:
    """Maximum over kernel x kernel windows, per channel, of int8.

    Parameters
    ----------
    image : shape (rows, columns, channels).
    outputs : shape (output rows, output columns, channels).
    kernel, stride : of the window.
    style : ``"neon"`` takes 16 channels at a time, ``"scalar"`` one.

    Raises
    ------
    AlpineError
        A buffer has another element type or number of dimensions.
    ValueError
        The shapes do not fit.
    """
    check_buffers(np.int8, image, outputs, dimensions=3)
    rows, columns, channels = image.data.shape
    shape = ((rows - kernel) // stride + 1, (columns - kernel) // stride + 1, channels)
    if outputs.data.shape != shape:
        raise ValueError(f"pooling {image.data.shape} gives {shape}, not {outputs.data.shape}")
    yield CALL
    if style == "neon":
        yield from pool_neon_loops(image, outputs, kernel, stride)
    else:
        taps = kernel * kernel
        yield RunLoop(
            phases=[
                phase("pool_scalar", taps, {"taps": over(image, channels, repeat_stride=stride)}),
                phase("pool_scalar_end", 1, {"outputs": over(outputs, 0, repeat_stride=1)}),
            ],
            repeats=outputs.data.size,
        )
    windows = np.lib.stride_tricks.sliding_window_view(image.data, (kernel, kernel), axis=(0, 1))
    outputs.data[:] = windows[::stride, ::stride].max(axis=(-2, -1))


def pool_neon_loops(image: Buffer, outputs: Buffer, kernel: int, stride: int) -> Iterator[RunLoop]:
    """Loops over output positions and channel groups, one nest per output row."""
    _, columns, channels = image.data.shape
    out_rows, out_columns, _ = outputs.data.shape
    body = pool_neon(kernel * kernel)
    end = phase("pool_neon_end", 1, {})
    for out_row in range(out_rows):
        place = out_row * out_columns * channels
        streams = {"outputs": over(outputs, 16, repeat_stride=channels, offset=place)}
        for tap in range(kernel * kernel):
            line, column = divmod(tap, kernel)
            offset = ((out_row * stride + line) * columns + column) * channels
            streams[f"taps{tap}"] = over(image, 16, repeat_stride=stride * channels, offset=offset)
        groups = phase(body.name, -(-channels // 16), streams)
        yield RunLoop(phases=[groups, end], repeats=out_columns)
