# SPDX-License-Identifier: Apache-2.0
"""Elementary functions whose bits are the same on every machine and in every language.

A C library's logarithm may differ in its last bit from another's, and numpy's from both, because
each picks its own instructions. These use only +, -, *, / and the splitting of a number into
mantissa and exponent, all of which IEEE 754 fixes to the bit, in one written order. Numba does not
fuse multiplications and additions unless `fastmath` asks for it; a C++ copy must be compiled with
`-ffp-contract=off`. A test compares the compiled functions with the same source run by Python.
"""

import math

from alpine_models.compiling import compiled

__all__ = ["exp", "log", "normal_cdf", "normal_density"]

LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
"""ln 2 in two parts; the first has 20 trailing zero bits, so that its small multiples are exact
(the split of fdlibm's e_exp.c)."""

INVERSE_LN2 = 1.4426950408889634
SQRT_HALF = 0.7071067811865476
INVERSE_SQRT_TAU = 0.3989422804014327
LARGEST_EXPONENT = 700.0
INVERSE_FACTORIALS = tuple(1.0 / math.factorial(n) for n in range(15))


@compiled()
def log(x: float) -> float:
    """Natural logarithm of a positive, normal number, to about 2e-16 of its size.

    ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)) with x = m 2^e and m within sqrt(2) of 1.
    """
    mantissa, exponent = math.frexp(x)
    if mantissa < SQRT_HALF:
        mantissa = mantissa * 2.0
        exponent = exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    s2 = s * s
    series = 1.0 / 25.0
    for k in range(23, 0, -2):
        series = series * s2 + 1.0 / k
    return exponent * LN2_HIGH + (exponent * LN2_LOW + 2.0 * s * series)


@compiled()
def exp(x: float) -> float:
    """Exponential of a number of magnitude up to 700 (beyond, as at 700), to about 2e-16."""
    x = min(max(x, -LARGEST_EXPONENT), LARGEST_EXPONENT)
    k = math.floor(x * INVERSE_LN2 + 0.5)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series = INVERSE_FACTORIALS[14]
    for n in range(13, -1, -1):
        series = series * r + INVERSE_FACTORIALS[n]
    return math.ldexp(series, int(k))


@compiled()
def normal_density(x: float) -> float:
    """Density of the standard normal distribution."""
    return INVERSE_SQRT_TAU * exp(-0.5 * x * x)


@compiled()
def normal_cdf(x: float, density: float) -> float:
    """Distribution function of the standard normal distribution for x >= 0, to 7.5e-8.

    `density` is `normal_density(x)`. Source: Abramowitz and Stegun, Handbook of Mathematical
    Functions, 26.2.17.
    """
    t = 1.0 / (1.0 + 0.2316419 * x)
    series = 1.330274429
    series = series * t - 1.821255978
    series = series * t + 1.781477937
    series = series * t - 0.356563782
    series = series * t + 0.319381530
    return 1.0 - density * series * t
