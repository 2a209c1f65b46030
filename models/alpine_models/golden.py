# SPDX-License-Identifier: Apache-2.0
"""Golden reference: the codes an ideal tile must answer, computed straight from the weights.

Shares no code with any crossbar model, so that agreement with one is evidence and not tautology.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tile import CODE_MAX, CODE_MIN

__all__ = ["PreparedDense", "dense", "digitise", "dot", "relu"]

MAX_INPUTS = (1 << 17) - 1
"""Most inputs whose worst dot product, inputs x (-128) x (-128), still fits 32 bits."""

MAX_FLOAT32_INPUTS = 1 << 10
"""Most inputs whose worst dot product is an integer that float32 holds exactly."""


def dot(inputs: NDArray[np.int8], weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return the exact dot product of every input vector with every output's weights.

    The product runs in float64 because BLAS makes it fast, and it is exact there: each of the at
    most 2^17 addends is an integer of magnitude up to 2^14, so every partial sum, in whatever
    order the library adds, is an integer below 2^53.

    Parameters
    ----------
    inputs : int8 [n, inputs]
        DAC codes, one input vector per row.
    weights : int8 [outputs, inputs]
        `weights[output, input]`: the cell at word line `input` and bit line `output`.

    Returns
    -------
    int32 [n, outputs]

    Raises
    ------
    ValueError
        An array is not a matrix of int8, or their numbers of inputs differ or exceed 131071.
    """
    for name, array in (("inputs", inputs), ("weights", weights)):
        if array.dtype != np.int8 or array.ndim != 2:
            raise ValueError(f"{name} must be a matrix of int8, not {_describe(array)}")
    if inputs.shape[1] != weights.shape[1]:
        raise ValueError(
            f"weights [outputs, inputs] must have the {inputs.shape[1]} columns of inputs, "
            f"not {weights.shape[1]}"
        )
    if inputs.shape[1] > MAX_INPUTS:
        raise ValueError(f"at most {MAX_INPUTS} inputs can be added, not {inputs.shape[1]}")
    return (inputs.astype(np.float64) @ weights.T.astype(np.float64)).astype(np.int32)


def digitise(dots: NDArray[np.int32], lsb: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the ADC codes clamp(rint(dot / lsb), -128, 127), halves to even.

    The quotient is rounded once, to float64. That cannot move a code: a quotient in range is
    either exactly a half or, with 24 bits of `lsb` and 32 of the dot product, at least 2^-33 of
    its own size away from one.

    Parameters
    ----------
    dots : int32 [n, outputs]
        Dot products.
    lsb : float32 [outputs]
        Dot product per ADC step of each column, positive and finite.

    Returns
    -------
    int8 [n, outputs]

    Raises
    ------
    ValueError
        `lsb` is not float32, has not one value per output, or has one that is not positive and
        finite.
    """
    if lsb.dtype != np.float32 or lsb.shape != dots.shape[1:]:
        raise ValueError(
            f"lsb must be float32 with the shape {dots.shape[1:]}, not {_describe(lsb)}"
        )
    if not np.all(np.isfinite(lsb) & (lsb > 0)):
        raise ValueError("lsb must be positive and finite in every column")
    quotients = dots / lsb.astype(np.float64)
    return np.clip(np.rint(quotients), CODE_MIN, CODE_MAX).astype(np.int8)


def dense(
    inputs: NDArray[np.int8], weights: NDArray[np.int8], lsb: NDArray[np.float32]
) -> NDArray[np.int8]:
    """Return the ADC codes of a dense layer without bias: `digitise(dot(inputs, weights), lsb)`.

    Parameters
    ----------
    inputs : int8 [n, inputs]
        DAC codes, one input vector per row.
    weights : int8 [outputs, inputs]
        `weights[output, input]`.
    lsb : float32 [outputs]
        Dot product per ADC step of each column, positive and finite.

    Returns
    -------
    int8 [n, outputs]

    Raises
    ------
    ValueError
        As `dot` and `digitise`.
    """
    return digitise(dot(inputs, weights), lsb)


class PreparedDense:
    """`dense` with fixed weights, many times over: they are converted once instead of every time.

    Up to 1024 inputs the product runs in float32, where it is as exact as `dot` is in float64:
    every partial sum is an integer of magnitude up to 1024 x 2^14 = 2^24.

    Parameters
    ----------
    weights : int8 [outputs, inputs]
        `weights[output, input]`.
    lsb : float32 [outputs]
        Dot product per ADC step of each column, positive and finite.
    """

    def __init__(self, weights: NDArray[np.int8], lsb: NDArray[np.float32]) -> None:
        exact = np.float32 if weights.shape[1] <= MAX_FLOAT32_INPUTS else np.float64
        self._weights: NDArray[np.floating] = np.ascontiguousarray(weights.T, exact)
        self._lsb = lsb

    def codes(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return `dense(inputs, weights, lsb)`.

        Parameters
        ----------
        inputs : int8 [n, inputs]
            DAC codes, one input vector per row.
        """
        dots = inputs.astype(self._weights.dtype) @ self._weights
        return digitise(dots.astype(np.int32), self._lsb)


def relu(codes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the codes with negative ones replaced by 0."""
    return np.maximum(codes, np.int8(0))


def _describe(array: NDArray[Any]) -> str:
    return f"{array.dtype} with the shape {array.shape}"
