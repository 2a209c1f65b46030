# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportUntypedFunctionDecorator=false
# Numba carries no types; everything that crosses this module's border is annotated.
"""Programming error, drift and 1/f noise of one device, compiled, with reproducible bits.

=================  ====================================================================
programmed         g_T + sigma_p(g_T) N, not below 0; sigma_p = sum c_i (g_T/g_max)^i uS
drift exponent     nu = |mu_nu(g_T/g_max) + sigma_nu(g_T/g_max) N|
drifted            g_p ((t + t0) / t0)^-nu, t since programming
read               g_d (1 + sigma_r N), not below 0;
                   sigma_r = Q(g_p/g_max) sqrt(ln((t + t0 + t_read) / (2 t_read)))
=================  ====================================================================

The readings' mean and deviation below are those of the last line *with* its bound at 0, in closed
form, so that a column's noise may be drawn as one normal number and still have the published first
two moments.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpine_models.compiling import compiled

from .constants import LogThenPolynomial, PcmConstants, PowerLaw
from .exact import exp, log, normal_cdf, normal_density

__all__ = [
    "Coefficients",
    "coefficients",
    "drift_factor",
    "drift_moments",
    "logarithm",
    "programming_deviation",
    "read_amplitude",
    "read_moments",
    "read_spread",
]

SMALLEST_G = 1e-7
"""Logarithms are taken of at least this, as in the source."""


class Coefficients(NamedTuple):
    """A constant set as compiled code takes it; conductances in units of g_max.

    Members
    -------
    programming : float64 [4].
    drift_mean, drift_spread : float64 [9]: slope, offset, low, high, border, c_0 to c_3.
    read_noise : float64 [9], the same; or [4]: coefficient, exponent, floor, high.
    """

    programming: NDArray[np.float64]
    drift_mean: NDArray[np.float64]
    drift_spread: NDArray[np.float64]
    read_noise: NDArray[np.float64]


def coefficients(constants: PcmConstants) -> Coefficients:
    """Return a constant set as arrays."""
    return Coefficients(
        np.array(constants.programming_us) / constants.g_max_us,
        _flat(constants.drift_mean),
        _flat(constants.drift_spread),
        _flat(constants.read_noise),
    )


def _flat(formula: LogThenPolynomial | PowerLaw) -> NDArray[np.float64]:
    if isinstance(formula, PowerLaw):
        return np.array([formula.coefficient, formula.exponent, formula.floor, formula.high])
    logarithmic = [formula.slope, formula.offset, formula.low, formula.high, formula.border]
    return np.array([*logarithmic, *formula.polynomial])


@compiled()
def _log_then_polynomial(f, g):
    if g < f[4]:
        return min(max(f[0] * log(max(g, SMALLEST_G)) + f[1], f[2]), f[3])
    return ((f[8] * g + f[7]) * g + f[6]) * g + f[5]


@compiled()
def programming_deviation(c: Coefficients, g: float) -> float:
    """Standard deviation of the programming error at target g, both in units of g_max."""
    p = c.programming
    return ((p[3] * g + p[2]) * g + p[1]) * g + p[0]


@compiled()
def drift_moments(c: Coefficients, g: float) -> tuple[float, float]:
    """Mean and deviation of the drift exponent nu, before its sign is dropped, at target g."""
    return _log_then_polynomial(c.drift_mean, g), _log_then_polynomial(c.drift_spread, g)


@compiled()
def drift_factor(log_time_ratio: float, nu: float) -> float:
    """((t + t0) / t0)^-nu, given the logarithm of the ratio."""
    return exp(-nu * log_time_ratio)


@compiled()
def read_amplitude(c: Coefficients, g: float) -> float:
    """1/f amplitude Q, relative to the conductance, of a device programmed to g."""
    f = c.read_noise
    if len(f) == 4:
        return min(f[0] / max(exp(f[1] * log(max(g, SMALLEST_G))), f[2]), f[3])
    return _log_then_polynomial(f, g)


@compiled()
def read_moments(sigma: float) -> tuple[float, float]:
    """Mean and variance of max(1 + sigma N, 0), for sigma > 0.

    With a = 1/sigma: mean = Phi(a) + sigma phi(a), mean square = (1 + sigma^2) Phi(a) +
    sigma phi(a). Below sigma = 1/8 the bound is beyond eight deviations and left out.
    """
    if sigma < 0.125:
        return 1.0, sigma * sigma
    a = 1.0 / sigma
    density = normal_density(a)
    cdf = normal_cdf(a, density)
    mean = cdf + sigma * density
    return mean, (1.0 + sigma * sigma) * cdf + sigma * density - mean * mean


@compiled()
def read_spread(time_from_start_s: float, t_read_s: float) -> float:
    """sqrt(ln((t + t_read) / (2 t_read))), t from the first read's t0 on."""
    return math.sqrt(log((time_from_start_s + t_read_s) / (2.0 * t_read_s)))


def logarithm(x: float) -> float:
    """Natural logarithm with reproducible bits."""
    return log(x)
