# SPDX-License-Identifier: Apache-2.0
import ast
import inspect
import math
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpine_models import activations

FLOAT32 = st.floats(min_value=-80, max_value=80, width=32)


def true_exp(value: float) -> Decimal:
    return Decimal(value).exp()


def true_sigmoid(value: float) -> Decimal:
    return 1 / (1 + (-Decimal(value)).exp())


def true_tanh(value: float) -> Decimal:
    grown = (2 * Decimal(value)).exp()
    return (grown - 1) / (grown + 1)


FUNCTIONS = pytest.mark.parametrize(
    ("function", "truth"),
    [
        (activations.exp, true_exp),
        (activations.sigmoid, true_sigmoid),
        (activations.tanh, true_tanh),
    ],
    ids=["exp", "sigmoid", "tanh"],
)
Function = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def neighbours_of_nearest(result: np.float32) -> tuple[Fraction, Fraction]:
    # The ends of what rounds to this float32, a billionth of a step wider: see the module.
    below, above = (Fraction(float(np.nextafter(result, np.float32(end)))) for end in (-9e9, 9e36))
    exact = Fraction(float(result))
    slack = Fraction(1, 10**9)
    return (
        exact - (exact - below) * (Fraction(1, 2) + slack),
        exact + (above - exact) * (Fraction(1, 2) + slack),
    )


@FUNCTIONS
@given(value=FLOAT32 | st.floats(min_value=-1, max_value=1, width=32))
def test_the_result_is_the_nearest_float32(
    function: Function, truth: Callable[[float], Decimal], value: float
):
    result = function(np.array([value], np.float32))
    assert result.dtype == np.float32
    with localcontext() as context:
        context.prec = 80
        low, high = neighbours_of_nearest(result[0])
        assert low <= Fraction(truth(value)) <= high


@given(value=FLOAT32 | st.floats(min_value=-1, max_value=1, width=32))
def test_before_rounding_fifty_bits_are_right(value: float):
    power, rest = (Decimal(part.item()) for part in activations._powers(np.array([value])))
    with localcontext() as context:
        context.prec = 80
        truth = Decimal(value).exp()
        assert abs(power + rest - truth) <= truth / 2**50
        if value > 0:
            # exp(value) - 1, which tanh is made of, has no less of them.
            assert abs((power - 1) + rest - (truth - 1)) <= (truth - 1) / 2**50


@pytest.mark.parametrize(
    ("function", "library"),
    [
        (activations.exp, math.exp),
        (activations.sigmoid, lambda value: 1 / (1 + math.exp(-value))),
        (activations.tanh, math.tanh),
    ],
    ids=["exp", "sigmoid", "tanh"],
)
def test_many_values_agree_with_the_mathematical_library(
    function: Function, library: Callable[[float], float]
):
    rng = np.random.default_rng(1)
    sizes = 10.0 ** rng.uniform(-12, 1, 50_000)
    values = np.concatenate([rng.uniform(-20, 20, 50_000), rng.normal(size=50_000) * sizes])
    values = values.astype(np.float32)
    expected = np.array([library(value) for value in values.tolist()]).astype(np.float32)
    # The library rounds twice, so it may be the one to miss the nearest now and then.
    assert np.count_nonzero(function(values) != expected) <= 1


def test_values_that_need_no_rounding():
    zero = np.zeros(1, np.float32)
    assert activations.exp(zero).tolist() == [1.0]
    assert activations.sigmoid(zero).tolist() == [0.5]
    assert activations.tanh(zero).tolist() == [0.0]


def test_tanh_is_odd_down_to_the_sign_of_zero():
    values = np.array([0.0, 1e-40, 1e-20, 0.1, 3.0, 50.0], np.float32)
    results = activations.tanh(values)
    assert activations.tanh(-values).tobytes() == (-results).tobytes()
    # Where the cube of a value is lost in its rounding, tanh is the value.
    assert results[:3].tolist() == values[:3].tolist()


@FUNCTIONS
@pytest.mark.parametrize("value", [80.5, 1000.0, 3e38])
def test_far_values_count_as_the_largest_argument(
    function: Function, truth: Callable[[float], Decimal], value: float
):
    del truth
    for sign in (-1, 1):
        far = function(np.array([sign * value], np.float32))
        assert far.tobytes() == function(np.array([sign * 80.0], np.float32)).tobytes()
        assert np.isfinite(far).all()
        assert far[0] != 0


@FUNCTIONS
def test_shape_and_neighbours_do_not_matter(function: Function, truth: object):
    del truth
    values = np.random.default_rng(2).normal(size=(37, 5)).astype(np.float32)
    together = function(values)
    assert together.shape == (37, 5)
    alone = [function(row[index : index + 1]).item() for row in values for index in range(5)]
    assert together.ravel().tolist() == alone


def test_softmax_by_hand():
    # exp(ln 2) : exp(ln 4) : exp(ln 2) = 2 : 4 : 2.
    values = np.log(np.array([[2, 4, 2]])).astype(np.float32)
    assert activations.softmax(values)[0].tolist() == pytest.approx([0.25, 0.5, 0.25], rel=1e-6)


@given(st.lists(FLOAT32, min_size=1, max_size=60))
def test_softmax_adds_from_first_to_last_in_float32(values: list[float]):
    vector = np.array(values, np.float32)
    powers = [activations.exp(np.array([value - vector.max()]))[0] for value in vector]
    total = np.float32(0)
    for power in powers:
        total = np.float32(total + power)
    expected = [np.float32(power / total) for power in powers]
    other = vector[::-1] / np.float32(3)
    result = activations.softmax(np.stack([vector, other]))
    assert result.dtype == np.float32
    assert result[0].tolist() == [float(value) for value in expected]
    assert result[1].tobytes() == activations.softmax(other).tobytes()
    assert np.all(result > 0)
    assert float(result[0].sum()) == pytest.approx(1, abs=1e-5)


def test_only_operations_that_every_machine_rounds_alike():
    # numpy's own exp, tanh and sums differ in the last bits from one processor to the next.
    source = ast.parse(inspect.getsource(activations))
    used = {
        node.attr
        for node in ast.walk(source)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "np"
    }
    types = {"float32", "float64", "int32"}
    exact = {"abs", "clip", "copysign", "ldexp", "ones_like", "rint"}
    assert used <= types | exact | {"add"}
    methods = {
        node.func.attr
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    } - exact
    assert methods == {"accumulate", "astype", "max"}


DIGEST = """
import hashlib
import numpy as np
from alpine_models import activations
values = np.random.default_rng(3).normal(scale=4, size=(3000, 50)).astype(np.float32)
digest = hashlib.sha256()
for name in {names}:
    digest.update(getattr(activations, name)(values).tobytes())
print(digest.hexdigest())
"""


def test_vector_instructions_do_not_matter():
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    environments = ({}, {"NPY_DISABLE_CPU_FEATURES": " ".join(found)})
    script = DIGEST.format(names=["exp", "sigmoid", "tanh", "softmax"])
    digests = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for environment in environments
    ]
    assert len(digests[0]) == 65
    assert digests[0] == digests[1]
