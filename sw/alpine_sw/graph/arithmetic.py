# SPDX-License-Identifier: Apache-2.0
"""Exact sums of products of codes, and the way from sums and values to codes and back.

Shares no code with any crossbar model, so that agreement with one is evidence and not tautology.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.tile import CODE_MAX, CODE_MIN

__all__ = [
    "MAX_INPUTS",
    "ExactProduct",
    "dense",
    "dequantise",
    "digitise",
    "dot",
    "quantise",
    "relu",
]

MAX_INPUTS = (1 << 17) - 1
"""Most inputs whose worst dot product, inputs x (-128) x (-128), still fits 32 bits."""

MAX_FLOAT32_INPUTS = 1 << 10
"""Most inputs whose worst dot product is an integer that float32 holds exactly."""

HELD = 1 << 22
"""Most weights that stay converted between products; of more, some outputs at a time are."""

CHUNK = 256
"""Outputs whose weights are converted at a time."""


class ExactProduct:
    """Exact dot products with fixed weights, many times over.

    The products run in float32 because BLAS makes them fast, and they are exact there: inputs are
    taken 1024 at a time, so that every partial sum, in whatever order the library adds, is an
    integer of magnitude up to 1024 x 2^14 = 2^24.

    Parameters
    ----------
    weights : int8 [outputs, inputs]
        `weights[output, input]`: the cell at word line `input` and bit line `output`.

    Raises
    ------
    ValueError
        The array is no matrix of int8, or has more than 131071 inputs.
    """

    def __init__(self, weights: NDArray[np.int8]) -> None:
        _check_codes("weights", weights)
        if weights.shape[1] > MAX_INPUTS:
            raise ValueError(f"at most {MAX_INPUTS} inputs can be added, not {weights.shape[1]}")
        self._weights = weights
        held = weights.size <= HELD
        self._held = np.ascontiguousarray(weights.T, np.float32) if held else None

    def __call__(self, inputs: NDArray[np.int8]) -> NDArray[np.int32]:
        """Return the dot product of every input vector with every output's weights.

        Parameters
        ----------
        inputs : int8 [n, inputs]
            DAC codes, one input vector per row.

        Returns
        -------
        int32 [n, outputs]

        Raises
        ------
        ValueError
            The array is no matrix of int8, or has another number of inputs than the weights.
        """
        _check_codes("inputs", inputs)
        outputs, width = self._weights.shape
        if inputs.shape[1] != width:
            raise ValueError(
                f"weights [outputs, inputs] must have the {inputs.shape[1]} columns of inputs, "
                f"not {width}"
            )
        exact = inputs.astype(np.float32)
        if self._held is not None:
            return _sums(exact, self._held)
        return np.concatenate(
            [
                _sums(exact, self._weights[start : start + CHUNK].T.astype(np.float32))
                for start in range(0, outputs, CHUNK)
            ],
            axis=1,
        )


def dot(inputs: NDArray[np.int8], weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return the exact dot product of every input vector with every output's weights.

    Parameters
    ----------
    inputs : int8 [n, inputs]
        DAC codes, one input vector per row.
    weights : int8 [outputs, inputs]
        `weights[output, input]`.

    Returns
    -------
    int32 [n, outputs]

    Raises
    ------
    ValueError
        As `ExactProduct`.
    """
    return ExactProduct(weights)(inputs)


def digitise(sums: NDArray[Any], lsb: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the codes clamp(rint(sum / lsb), -128, 127), halves to even.

    The quotient is rounded once, to float64. That cannot move a code: a quotient in range is
    either exactly a half or, with 24 bits of `lsb` and 32 of the sum, at least 2^-33 of its own
    size away from one.

    Parameters
    ----------
    sums : int32 or float32 [..., outputs]
        Dot products, or other finite values.
    lsb : float32, one or [outputs]
        Sum per code, positive and finite.

    Returns
    -------
    int8 [..., outputs]

    Raises
    ------
    ValueError
        `lsb` is not float32, has not one value per output, or has one that is not positive and
        finite.
    """
    if lsb.dtype != np.float32 or lsb.shape not in ((), sums.shape[-1:]):
        raise ValueError(
            f"lsb must be float32 with the shape {sums.shape[-1:]}, not {_describe(lsb)}"
        )
    if not np.all(np.isfinite(lsb) & (lsb > 0)):
        raise ValueError("lsb must be positive and finite in every column")
    quotients = sums / lsb.astype(np.float64)
    return np.clip(np.rint(quotients), CODE_MIN, CODE_MAX).astype(np.int8)


def dense(
    inputs: NDArray[np.int8], weights: NDArray[np.int8], lsb: NDArray[np.float32]
) -> NDArray[np.int8]:
    """Return the codes of an ideal tile: `digitise(dot(inputs, weights), lsb)`."""
    return digitise(dot(inputs, weights), lsb)


def relu(codes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the codes with negative ones replaced by 0."""
    return np.maximum(codes, np.int8(0))


def dequantise(codes: NDArray[Any], scale: float) -> NDArray[np.float32]:
    """Return code * scale in float32, as a scaled dequeue does.

    Parameters
    ----------
    codes : int8, any shape
        ADC codes.
    scale : float
        Value per code; rounded to float32.
    """
    return codes.astype(np.float32) * np.float32(scale)


def quantise(values: NDArray[np.float32], scale: float) -> NDArray[np.int8]:
    """Return clamp(trunc(value * scale), -128, 127), as a scaled queue does.

    The product is rounded to float32. The conversion is that of C and of AArch64's FCVTZS, towards
    0; rounding to nearest instead gains the LSTM of 256 units a thousandth of a bit per character.

    Parameters
    ----------
    values : float32, any shape
        Real values.
    scale : float
        Codes per value; rounded to float32.
    """
    scaled = np.trunc(values * np.float32(scale))
    return np.clip(scaled, CODE_MIN, CODE_MAX).astype(np.int8)


def _sums(inputs: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.int32]:
    """Product of codes [n, inputs] and [inputs, outputs], both held exactly in float32."""
    width = inputs.shape[1]
    if width <= MAX_FLOAT32_INPUTS:
        return (inputs @ weights).astype(np.int32)
    sums = np.zeros((len(inputs), weights.shape[1]), np.int32)
    for start in range(0, width, MAX_FLOAT32_INPUTS):
        part = slice(start, start + MAX_FLOAT32_INPUTS)
        sums += (inputs[:, part] @ weights[part]).astype(np.int32)
    return sums


def _check_codes(name: str, array: NDArray[Any]) -> None:
    if array.dtype != np.int8 or array.ndim != 2:
        raise ValueError(f"{name} must be a matrix of int8, not {_describe(array)}")


def _describe(array: NDArray[Any]) -> str:
    return f"{array.dtype} with the shape {array.shape}"
