# SPDX-License-Identifier: Apache-2.0
"""Activation functions on float32 that give the same bits on every machine.

The vector mathematics of numpy, of C libraries and of Eigen differ from one another, and from one
processor to the next, in the last bits. A network with feedback carries such a difference on for
ever, so here every function is spelled out in float64 additions, multiplications and divisions,
which IEEE 754 rounds alike everywhere, and rounded to float32 once, at the end. The error before
that rounding is below 2^-50 of the value: but for about one argument in ten million, the result is
the float32 nearest to the true value.

All functions work element by element on finite float32 arrays of any shape and return float32 of
the same shape.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_ARGUMENT", "exp", "sigmoid", "softmax", "tanh"]

Float32 = NDArray[np.float32]

LARGEST_ARGUMENT = 80.0
"""Arguments beyond it, of either sign, count as it, so that no result is 0, subnormal or infinite.

exp(80) is 5.5e34; sigmoid and tanh have long since reached their limits in float32.
"""


def exp(values: Float32) -> Float32:
    """Return e to the power of the values."""
    power, rest = _powers(_clamped(values))
    return (power + rest).astype(np.float32)


def sigmoid(values: Float32) -> Float32:
    """Return 1 / (1 + exp(-value))."""
    power, rest = _powers(-_clamped(values))
    return (1.0 / (1.0 + (power + rest))).astype(np.float32)


def tanh(values: Float32) -> Float32:
    """Return the hyperbolic tangent: m / (m + 2) with m = exp(2 |value|) - 1, and the sign back."""
    argument = _clamped(values)
    power, rest = _powers(2.0 * np.abs(argument))
    less_one = (power - 1.0) + rest
    return np.copysign(less_one / (less_one + 2.0), argument).astype(np.float32)


def softmax(values: Float32) -> Float32:
    """Return exp(value - maximum) / sum of these, along the last axis.

    Every operation is rounded to float32. The sum runs from the first element to the last, so
    that it does not depend on how a library splits it up.

    Parameters
    ----------
    values : float32 [..., k]
        Arguments, finite.
    """
    powers = exp(values - values.max(axis=-1, keepdims=True))
    # Unlike a sum, a running sum has only one order.
    totals = np.add.accumulate(powers, axis=-1, dtype=np.float32)[..., -1:]
    return (powers / totals).astype(np.float32, copy=False)


# ln 2 = _LN2_HIGH + _LN2_LOW. The high part is a multiple of 2^-32: times a whole number of up to
# 20 bits, and subtracted from a float32 near it, it is exact.
_LN2_HIGH = 2977044471 / 2**32
_LN2_LOW = 1.9082149292705877e-10
_LOG2_E = 1.4426950408889634

_TERMS = 13
"""Of the power series of exp(r) - 1 with |r| <= ln(2) / 2: the next one is below 2^-55 r."""


def _clamped(values: Float32) -> NDArray[np.float64]:
    return np.clip(values.astype(np.float64), -LARGEST_ARGUMENT, LARGEST_ARGUMENT)


def _powers(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return p and q with exp(x) = p + q, for |x| up to 2 * LARGEST_ARGUMENT.

    x = n ln 2 + r with a whole n; p = 2^n, q = 2^n (exp(r) - 1). So (p - 1) + q is exp(x) - 1
    without cancellation near 0, where p = 1.
    """
    n = np.rint(x * _LOG2_E)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    # Horner: r (1 + r/2 (1 + r/3 (1 + ...))).
    series = np.ones_like(r)
    for term in range(_TERMS, 1, -1):
        series = 1.0 + series * (r * (1.0 / term))
    power = np.ldexp(1.0, n.astype(np.int32))
    return power, power * (series * r)
