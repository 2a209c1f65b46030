# SPDX-License-Identifier: Apache-2.0
"""Convolution kernels that work on a whole row of output positions, channels last.

A row is one nest of loops, repeated for every position, so that the host's work per position stays
in compiled code. Simulated, it is the sequence of the kernels for single positions (`copy`,
`relu8`, `rescale`): their bodies, with the cost of each call as a body of its own. Buffers of other
elements than the parameters name are refused with an `AlpineError`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alpine_platform.cores.operations import Compute, Program, RunLoop
from alpine_platform.cores.pipeline import Phase
from alpine_platform.memory.address_space import Buffer
from alpine_sw.quantisation.operands import check_buffers, check_steps

from .bodies import BODIES, LoopBody, body, numbered, pool_neon, tail
from .copy import Span, copy_phases
from .elementwise import RELU_CALL
from .mvm import CALL as MVM_CALL
from .mvm import product_loops
from .streams import CALL, over, phase

__all__ = [
    "copy_row",
    "im2col_row",
    "max_pool_row",
    "mvm_row",
    "normalise_row",
    "relu_row",
    "rescale_row",
    "rescale_signed",
]

Codes = NDArray[np.int8]

LANES = 16


def call_body(name: str, call: Compute) -> LoopBody:
    """A call as a body: so many dependent instructions, and the cycles beyond one for each."""
    BODIES[name] = LoopBody(
        name=name,
        text="\n".join(["alu a <- a"] * call.instructions),
        extra_cycles=float(max(call.cycles - call.instructions, 0)),
    )
    return BODIES[name]


call_body("call", CALL)
call_body("relu_call", RELU_CALL)

body(
    "lrn8",
    "load q <- p             @codes",
    numbered("load n% <- p            @neighbours%", 4),
    "fp a0 <- q q\nfp b0 <- q q",  # squares, 16 bits
    numbered("fp c% <- n% n%\nfp d% <- n% n%", 4),
    "fp a1 <- a0\nfp a0 <- a0\nfp b1 <- b0\nfp b0 <- b0",  # widened to 32 bits
    numbered("fp a0 <- a0 c%\nfp a1 <- a1 c%\nfp b0 <- b0 d%\nfp b1 <- b1 d%", 4),  # added up
    "fp h <- q\nfp l <- q\nfp v0 <- h\nfp v1 <- h\nfp v2 <- l\nfp v3 <- l",  # codes to 32 bits
    "fp s0 <- a0\nfp s1 <- a1\nfp s2 <- b0\nfp s3 <- b1",  # sums to float32
    numbered("fp v% <- v%", 4),  # codes to float32
    numbered("fp s% <- s% alpha", 4),
    numbered("fp s% <- s% bias", 4),
    numbered("fp s% <- s%", 4),  # square root
    numbered("fp r% <- s%", 4),  # square root
    numbered("fp s% <- s% r%", 4),
    numbered("fp v% <- v% gain", 4),
    numbered("fp v% <- v% s%", 4),  # divide
    numbered("fp v% <- v%", 4),  # round to integers
    "fp v0 <- v0\nfp v0 <- v1 v0\nfp v2 <- v2\nfp v2 <- v3 v2",  # narrow with saturation
    "fp v0 <- v0\nfp v0 <- v2 v0",
    "store16_post <- v0 d     @outputs",
    "alu p <- p",
    tail("d"),
)
"""Local response normalisation of 16 int8 channels in float32, as the graph's operator has it
(`alpine_sw.graph.normalisation`): separate multiplications and additions, no fused ones. Written
for this project; no reference run calibrates it."""

body(
    "rescale_signed",
    "\n".join(
        line for line in BODIES["rescale"].text.splitlines() if line.strip() != "fp h <- h zero"
    ),
)
"""`rescale` without its ReLU."""


def im2col_row(
    lines: Sequence[Buffer],
    window: Buffer,
    *,
    positions: int,
    stride: int,
    channels: int,
) -> Program:
    """Gather the windows of a row of positions, one after another, into one vector.

    Parameters
    ----------
    lines : int8, the input rows that the windows cover, padded already; a window is as wide as
        there are lines.
    window : int8, at least lines * lines * channels; holds the last window afterwards.
    positions, stride : how many windows, and pixels from one to the next.
    channels : of a pixel.

    Returns
    -------
    int8 [positions, lines * lines * channels], every window.

    Raises
    ------
    ValueError
        A line ends before the last window does.
    """
    check_buffers(np.int8, *lines, window)
    kernel = len(lines)
    length = kernel * channels
    needed = ((positions - 1) * stride + kernel) * channels
    for line in lines:
        if len(line.data) < needed:
            raise ValueError(f"line {line.name} has {len(line.data)} elements, not {needed}")
    phases: list[Phase] = []
    for number, line in enumerate(lines):
        source = Span(buffer=line, repeat_stride=stride * channels)
        destination = Span(buffer=window, offset=number * length)
        phases += [phase("im2col_line", 1, {}), *copy_phases(length, source, destination)]
    yield RunLoop(phases=phases, repeats=positions)
    stacked = np.stack([line.data[:needed] for line in lines])
    views = sliding_window_view(stacked, length, axis=1)[:, :: stride * channels]
    windows = views.transpose(1, 0, 2).reshape(positions, kernel * length)
    window.data[: kernel * length] = windows[-1]
    return windows


def relu_row(codes: Codes, vector: Buffer) -> Program:
    """Replace negative codes by 0, position by position, in one vector.

    Parameters
    ----------
    codes : int8 [positions, channels], changed in place.
    vector : int8 [channels], where every position's codes stand; holds the last afterwards.
    """
    check_buffers(np.int8, vector)
    streams = {"codes": over(vector, LANES)}
    groups = -(-len(vector.data) // LANES)
    yield RunLoop(
        phases=[phase("relu_call", 1, {}), phase("relu8_neon", groups, streams)],
        repeats=len(codes),
    )
    np.maximum(codes, 0, out=codes)
    vector.data[:] = codes[-1]


def copy_row(codes: Codes, vector: Buffer, target: Buffer) -> Program:
    """Copy every position's codes from one vector to its place in a row.

    Parameters
    ----------
    codes : int8 [positions, channels]
    vector : int8 [channels], where they stood one after another.
    target : int8 [positions * channels]
    """
    check_buffers(np.int8, vector, target)
    length = len(vector.data)
    phases = copy_phases(length, Span(buffer=vector), Span(buffer=target, repeat_stride=length))
    yield RunLoop(phases=phases, repeats=len(codes))
    target.data[:] = codes.reshape(-1)


def mvm_row(
    weights: Buffer,
    exact: NDArray[np.float64],
    windows: Codes,
    window: Buffer,
    sums: Buffer,
    *,
    style: str,
) -> Program:
    """Multiply W[OUT][IN] with every window of a row, one product after another.

    Parameters
    ----------
    weights : int8 [outputs, padded inputs]
    exact : float64 [outputs, inputs], the same without padding, for the host's arithmetic.
    windows : int8 [positions, inputs]
    window : int8 [padded inputs], where every window stands.
    sums : int32 [outputs], where every position's sums stand; holds the last afterwards.
    style : one of `MVM_STYLES` that need no scratch memory.

    Returns
    -------
    int32 [positions, outputs]
    """
    check_buffers(np.int8, weights, dimensions=2)
    check_buffers(np.int8, window)
    check_buffers(np.int32, sums)
    loops = list(product_loops(style, weights, window, sums))
    for _ in range(len(windows)):
        yield MVM_CALL
        yield from loops
    products = (windows.astype(np.float64) @ exact.T).astype(np.int32)
    sums.data[:] = products[-1]
    return products


def rescale_row(
    products: NDArray[np.int32],
    sums: Buffer,
    steps: Buffer,
    vector: Buffer,
    *,
    relu: bool = True,
) -> Program:
    """Turn every position's sums into codes, as `rescale` or without a ReLU `rescale_signed` does.

    Parameters
    ----------
    products : int32 [positions, channels]
    sums : int32 [channels], where they stand one position after another.
    steps : float32 [channels], positive.
    vector : int8 [channels], where the codes go; holds the last afterwards.
    relu : whether negative sums become 0.

    Returns
    -------
    int8 [positions, channels]
    """
    check_buffers(np.int32, sums)
    check_steps(steps)
    check_buffers(np.int8, vector)
    streams = {"sums": over(sums, 64), "steps": over(steps, 64), "codes": over(vector, LANES)}
    groups = -(-len(vector.data) // LANES)
    conversion = phase("rescale" if relu else "rescale_signed", groups, streams)
    yield RunLoop(phases=[phase("call", 1, {}), conversion], repeats=len(products))
    quotients = products / steps.data.astype(np.float64)
    codes = np.clip(np.rint(quotients), 0 if relu else -128, 127).astype(np.int8)
    vector.data[:] = codes[-1]
    return codes


def rescale_signed(sums: Buffer, steps: Buffer, codes: Buffer) -> Program:
    """Turn int32 sums into int8 codes: clamp(rint(sum / step), -128, 127), halves to even.

    Parameters
    ----------
    sums : int32. steps : float32, positive. codes : int8; all of one length.
    """
    check_buffers(np.int32, sums)
    check_steps(steps)
    check_buffers(np.int8, codes)
    streams = {"sums": over(sums, 64), "steps": over(steps, 64), "codes": over(codes, LANES)}
    yield CALL
    yield RunLoop(phases=[phase("rescale_signed", -(-len(codes.data) // LANES), streams)])
    quotients = sums.data.astype(np.float64) / steps.data.astype(np.float64)
    codes.data[:] = np.clip(np.rint(quotients), -128, 127).astype(np.int8)


def max_pool_row(
    lines: Sequence[Buffer], outputs: Buffer, *, stride: int, channels: int
) -> Program:
    """Maximum over the windows of one row of pooled positions, per channel.

    Parameters
    ----------
    lines : int8, the rows that the windows cover, as many as a window is wide.
    outputs : int8 [positions * channels]
    stride : pixels from one window to the next.
    channels : of a pixel.

    Raises
    ------
    ValueError
        A line ends before the last window does.
    """
    check_buffers(np.int8, *lines, outputs)
    kernel = len(lines)
    positions = len(outputs.data) // channels
    needed = ((positions - 1) * stride + kernel) * channels
    streams = {"outputs": over(outputs, LANES, repeat_stride=channels)}
    for row, line in enumerate(lines):
        if len(line.data) < needed:
            raise ValueError(f"line {line.name} has {len(line.data)} elements, not {needed}")
        for column in range(kernel):
            streams[f"taps{row * kernel + column}"] = over(
                line, LANES, repeat_stride=stride * channels, offset=column * channels
            )
    pool = pool_neon(kernel * kernel)
    yield CALL
    yield RunLoop(phases=[phase(pool.name, -(-channels // LANES), streams)], repeats=positions)
    stacked = np.stack([line.data[:needed] for line in lines]).max(axis=0)
    views = sliding_window_view(stacked.reshape(-1, channels), kernel, axis=0)[::stride]
    outputs.data[:] = views.max(axis=-1).reshape(-1)


def normalise_row(inputs: Buffer, outputs: Buffer, *, channels: int) -> Program:
    """Local response normalisation over five channels, as the graph's operator defines it.

    Parameters
    ----------
    inputs, outputs : int8 [positions * channels]
    channels : of a pixel.
    """
    check_buffers(np.int8, inputs, outputs)
    streams = {"codes": over(inputs, LANES), "outputs": over(outputs, LANES)}
    # A pixel's first and last group have no neighbours beyond; loads there stay in the row.
    for number in range(4):
        streams[f"neighbours{number}"] = over(inputs, LANES)
    yield CALL
    yield RunLoop(phases=[phase("lrn8", -(-len(inputs.data) // LANES), streams)])
    codes = inputs.data.reshape(-1, channels)
    squares = codes.astype(np.int32) ** 2
    sums = squares.copy()
    for distance in (1, 2):
        sums[:, distance:] += squares[:, :-distance]
        sums[:, :-distance] += squares[:, distance:]
    scale = np.float32(1e-4) * sums.astype(np.float32)
    scale += np.float32(2)
    root = np.sqrt(scale)
    scale = root * np.sqrt(root)
    quotients = codes.astype(np.float32) * np.float32(2) / scale
    outputs.data[:] = np.clip(np.rint(quotients), -128, 127).astype(np.int8).reshape(-1)
