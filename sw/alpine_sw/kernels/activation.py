"""Activations on float32: exponential, sigmoid, tanh, logistic, softmax, response normalisation.

Values are those of `alpine_models.activations`, the same bits on every machine; the loop bodies,
and so the times, are Eigen's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_models import activations
from alpine_platform.address_space import Buffer
from alpine_platform.operations import Program

from .elementwise import same_length
from .streams import CALL, loop_over

__all__ = ["exponential", "local_response_normalisation", "logistic", "sigmoid", "softmax", "tanh"]

Floats = npt.NDArray[Any]


def exponential(inputs: Buffer, outputs: Buffer) -> Program:
    """Exponential of float32, four at a time."""
    yield from packet("exp_eigen", inputs, outputs, activations.exp)


def sigmoid(inputs: Buffer, outputs: Buffer) -> Program:
    """1 / (1 + exp(-x)) of float32, written so."""
    yield from packet("sigmoid_eigen", inputs, outputs, activations.sigmoid)


def logistic(inputs: Buffer, outputs: Buffer) -> Program:
    """The sigmoid in its rational form, which takes fewer instructions."""
    yield from packet("logistic_eigen", inputs, outputs, activations.sigmoid)


def tanh(inputs: Buffer, outputs: Buffer) -> Program:
    """Hyperbolic tangent of float32 in a rational form."""
    yield from packet("tanh_eigen", inputs, outputs, activations.tanh)


def packet(
    body: str, inputs: Buffer, outputs: Buffer, function: Callable[[Floats], Floats]
) -> Program:
    """Apply a function to a vector, four elements at a time."""
    same_length(inputs, outputs)
    yield CALL
    yield loop_over(body, -(-len(inputs.data) // 4), inputs=(inputs, 16), outputs=(outputs, 16))
    outputs.data[:] = function(inputs.data)


def softmax(inputs: Buffer, outputs: Buffer) -> Program:
    """Softmax of float32: maximum, exponentials, sum, division, one pass each."""
    same_length(inputs, outputs)
    groups = -(-len(inputs.data) // 4)
    yield CALL
    yield loop_over("softmax_max", groups, inputs=(inputs, 16))
    yield loop_over("exp_eigen", groups, inputs=(inputs, 16), outputs=(outputs, 16))
    yield loop_over("softmax_sum", groups, inputs=(outputs, 16))
    yield loop_over("softmax_divide", groups, inputs=(outputs, 16), outputs=(outputs, 16))
    outputs.data[:] = activations.softmax(inputs.data)


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
