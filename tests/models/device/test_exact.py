# SPDX-License-Identifier: Apache-2.0
import math

import numba
import numpy as np
import pytest
from scipy import special

from alpine_models.device import exact

POSITIVE = np.concatenate([np.geomspace(1e-300, 1e300, 2001), np.linspace(0.5, 2.0, 2001)])
REAL = np.concatenate([np.linspace(-690, 690, 2001), np.linspace(-1, 1, 2001)])


@numba.njit
def cdf(x):
    return exact.normal_cdf(x, exact.normal_density(x))


@pytest.mark.parametrize(
    ("function", "reference", "points"),
    [(exact.log, math.log, POSITIVE), (exact.exp, math.exp, REAL)],
)
def test_functions_are_accurate_to_a_few_last_bits(function, reference, points):
    for x in points:
        assert function(x) == pytest.approx(reference(x), rel=1e-15, abs=1e-300)


@pytest.mark.parametrize(
    ("function", "points"),
    [
        (exact.log, POSITIVE),
        (exact.exp, REAL),
        (cdf, np.linspace(0.0, 9.0, 1001)),
        (exact.normal_density, np.linspace(-9.0, 9.0, 1001)),
    ],
)
def test_compiled_bits_are_those_of_plain_arithmetic(function, points):
    # Python never fuses or reorders operations, so a compiler that did would show here.
    for x in points.tolist():
        assert function(x) == function.py_func(x)


def test_exponential_is_held_at_its_border():
    assert exact.exp(1e6) == exact.exp(700.0)
    assert exact.exp(-1e6) == exact.exp(-700.0) > 0.0


def test_distribution_function_is_as_good_as_the_handbook_says():
    x = np.linspace(0.0, 9.0, 2001)
    error = [cdf(v) - float(special.ndtr(v)) for v in x]
    assert np.abs(error).max() < 7.6e-8


def test_density_integrates_to_one():
    x = np.linspace(-9.0, 9.0, 2001)
    assert np.trapezoid([exact.normal_density(v) for v in x], x) == pytest.approx(1.0, rel=1e-9)
