# SPDX-License-Identifier: Apache-2.0
"""Activations on float32: exponential, sigmoid, tanh, logistic, softmax, response normalisation.

Values are those of `alpine_models.activations`, the same bits on every machine; the loop bodies,
and so the times, are Eigen's, four elements at a time (style ``eigen``), or those of the C
library's scalar functions, called for every element (``libm``).
All refuse buffers of other elements than float32 with an `AlpineError`, and those of different
lengths with a ValueError.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from alpine_models import activations
from alpine_models.errors import AlpineError
from alpine_platform.cores.operations import Compute, Program, RunLoop
from alpine_platform.memory.address_space import Buffer
from alpine_sw.quantisation.operands import check_buffers

from .elementwise import same_length
from .streams import CALL, loop_over
from .unrolled import UNROLLED_MOST, unrolled_body

__all__ = [
    "ActivationStyle",
    "exponential",
    "local_response_normalisation",
    "logistic",
    "sigmoid",
    "softmax",
    "tanh",
]

Floats = npt.NDArray[Any]
ActivationStyle = Literal["eigen", "libm"]

SOFTMAX_SET_UP = Compute(cycles=157, instructions=157)
"""Call, constants, unaligned elements and the ends of the reductions: what the reference's counts
at 256 and 1024 elements leave over."""
EXP_SET_UP = Compute(cycles=37, instructions=37)
"""Call and constants of Eigen's exponential, by the counts of exp_eigen at both sizes."""


def exponential(inputs: Buffer, outputs: Buffer, *, style: ActivationStyle = "eigen") -> Program:
    """Exponential of float32."""
    if style == "libm":
        yield from scalar("exp_libm", inputs, outputs, activations.exp)
    else:
        yield from packet("exp_eigen", 37, inputs, outputs, activations.exp)


def sigmoid(inputs: Buffer, outputs: Buffer, *, style: ActivationStyle = "eigen") -> Program:
    """1 / (1 + exp(-x)) of float32, written so."""
    if style == "libm":
        yield from scalar("sigmoid_libm", inputs, outputs, activations.sigmoid)
    else:
        yield from packet("sigmoid_eigen", 77, inputs, outputs, activations.sigmoid)


def logistic(inputs: Buffer, outputs: Buffer) -> Program:
    """The sigmoid in its rational form, which takes fewer instructions."""
    yield from packet("logistic_eigen", 38, inputs, outputs, activations.sigmoid)


def tanh(inputs: Buffer, outputs: Buffer, *, style: ActivationStyle = "eigen") -> Program:
    """Hyperbolic tangent of float32, in a rational form; style ``libm`` returns early for zeros."""
    if style == "libm":
        check_buffers(np.float32, inputs, outputs)
        same_length(inputs, outputs)
        zeros = int(np.count_nonzero(inputs.data == 0))
        first, rest = len(inputs.data) - zeros, zeros
        yield CALL
        # Which elements are zero does not matter to the time, only how many.
        yield from elements("tanh_libm", inputs, outputs, 0, first)
        yield from elements("tanh_libm_of_zero", inputs, outputs, first, first + rest)
        outputs.data[:] = activations.tanh(inputs.data)
    else:
        yield from packet("tanh_eigen", 38, inputs, outputs, activations.tanh)


def scalar(
    body: str, inputs: Buffer, outputs: Buffer, function: Callable[[Floats], Floats]
) -> Program:
    """Apply a function to a vector, one element at a time."""
    check_buffers(np.float32, inputs, outputs)
    same_length(inputs, outputs)
    yield CALL
    yield from elements(body, inputs, outputs, 0, len(inputs.data))
    outputs.data[:] = function(inputs.data)


def elements(body: str, inputs: Buffer, outputs: Buffer, start: int, stop: int) -> Program:
    """Time a scalar function of some elements; its constants lie beside the first one."""
    if start < stop:
        values, results = inputs.part(start, stop), outputs.part(start, stop)
        yield loop_over(
            body, stop - start, inputs=(values, 4), outputs=(results, 4), constants=(values, 0)
        )


def packet(
    body: str, set_up: int, inputs: Buffer, outputs: Buffer, function: Callable[[Floats], Floats]
) -> Program:
    """Apply a function to a vector, four elements at a time.

    Call and loading of constants take `set_up` instructions: what the reference's counts at 256 and
    1024 elements leave over when the loop's are subtracted.
    """
    check_buffers(np.float32, inputs, outputs)
    same_length(inputs, outputs)
    yield Compute(cycles=set_up, instructions=set_up)
    yield loop_over(body, -(-len(inputs.data) // 4), inputs=(inputs, 16), outputs=(outputs, 16))
    outputs.data[:] = function(inputs.data)


def softmax(inputs: Buffer, outputs: Buffer, *, style: ActivationStyle = "eigen") -> Program:
    """Softmax of float32: maximum, exponentials, sum, division, one pass each.

    Style ``libm`` adds up the exponentials as it computes them. Up to `UNROLLED_MOST` elements
    count as of a constant size: passes without calls then need no loops.
    """
    check_buffers(np.float32, inputs, outputs)
    same_length(inputs, outputs)
    length = len(inputs.data)
    if not length:
        raise AlpineError(f"softmax of {inputs.name}, which has no elements: give one or more")
    unrolled = length <= UNROLLED_MOST
    if style == "libm":
        yield CALL
        yield _pass("max_libm", length, unrolled, inputs=inputs)
        yield from elements("exp_sum_libm", inputs, outputs, 0, length)
        yield _pass("divide_libm", length, unrolled, inputs=outputs, outputs=outputs)
    elif unrolled:
        yield from _softmax_unrolled(inputs, outputs)
    else:
        yield from _softmax_packets(inputs, outputs)
    outputs.data[:] = activations.softmax(inputs.data)


def _pass(body: str, elements: int, unrolled: bool, **buffers: Buffer) -> RunLoop:
    """One pass over vectors, element by element."""
    if unrolled:
        streams = {name: (buffer, 0) for name, buffer in buffers.items()}
        return loop_over(unrolled_body(body, elements), 1, **streams)
    streams = {name: (buffer, 4) for name, buffer in buffers.items()}
    return loop_over(body, elements, **streams)


def _softmax_unrolled(inputs: Buffer, outputs: Buffer) -> Program:
    """Passes over whole packets; Eigen computes what is left over element by element."""
    length = len(inputs.data)
    packets = length // 4 * 4
    yield EXP_SET_UP
    yield loop_over(unrolled_body("softmax_max", length), 1, inputs=(inputs, 0))
    if packets:
        first = inputs.part(0, packets), outputs.part(0, packets)
        yield loop_over("exp_shifted", packets // 4, inputs=(first[0], 16), outputs=(first[1], 16))
    yield from elements("exp_left_over", inputs, outputs, packets, length)
    yield loop_over(unrolled_body("softmax_sum", length), 1, inputs=(outputs, 0))
    yield loop_over(
        unrolled_body("softmax_divide", length), 1, inputs=(outputs, 0), outputs=(outputs, 0)
    )


def _softmax_packets(inputs: Buffer, outputs: Buffer) -> Program:
    groups = -(-len(inputs.data) // 4)
    pairs = -(-groups // 2)
    yield SOFTMAX_SET_UP
    yield loop_over("softmax_max", pairs, inputs=(inputs, 32))
    yield loop_over("exp_shifted", groups, inputs=(inputs, 16), outputs=(outputs, 16))
    yield loop_over("softmax_sum", pairs, inputs=(outputs, 32))
    yield loop_over("softmax_divide", groups, inputs=(outputs, 16), outputs=(outputs, 16))


def local_response_normalisation(
    inputs: Buffer,
    outputs: Buffer,
    *,
    channels: int,
    size: int = 5,
    bias: float = 2.0,
    alpha: float = 1e-4,
    beta: float = 0.75,
) -> Program:
    """Divide by (bias + alpha * sum of squares over neighbouring channels) ** beta, channels last.

    The defaults are AlexNet's (Krizhevsky et al. 2012, Sec. 3.3). No reference run covers it.

    Raises
    ------
    ValueError
        The lengths differ or are no multiple of the channels.
    """
    check_buffers(np.float32, inputs, outputs)
    same_length(inputs, outputs)
    if channels < 1 or len(inputs.data) % channels:
        raise ValueError(f"{len(inputs.data)} elements are no multiple of {channels} channels")
    yield CALL
    yield loop_over(
        "lrn",
        -(-len(inputs.data) // 4),
        inputs=(inputs, 16),
        squares=(inputs, 16),
        outputs=(outputs, 16),
    )
    pixels = inputs.data.reshape(-1, channels)
    padded = np.pad(pixels.astype(np.float64) ** 2, ((0, 0), (size // 2, size // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)
    normalised = pixels / (bias + alpha * windows.sum(axis=-1)) ** beta
    outputs.data[:] = normalised.reshape(-1)
