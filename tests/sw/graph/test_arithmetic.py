# SPDX-License-Identifier: Apache-2.0
import ast
import inspect
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine_sw.graph import arithmetic


def exact_code(dot: int, lsb: float) -> int:
    # Python rounds a Fraction exactly, halves to even.
    return max(-128, min(127, round(Fraction(dot) / Fraction(lsb))))


def test_dense_equals_exact_rational_arithmetic():
    rng = np.random.default_rng(1)
    inputs = rng.integers(-128, 128, (5, 7), np.int8)
    weights = rng.integers(-128, 128, (3, 7), np.int8)
    lsb = np.array([1.0, 300.7, 77.25], np.float32)
    expected = [
        [
            exact_code(sum(int(inputs[n, i]) * int(weights[o, i]) for i in range(7)), float(lsb[o]))
            for o in range(3)
        ]
        for n in range(5)
    ]
    codes = arithmetic.dense(inputs, weights, lsb)
    assert codes.dtype == np.int8
    assert codes.tolist() == expected


def test_weights_are_output_major():
    # Output 0 sees 2 * 10 + 3 * 20 = 80, output 1 sees 5 * 20 = 100, output 2 sees -10.
    inputs = np.array([[10, 20]], np.int8)
    weights = np.array([[2, 3], [0, 5], [-1, 0]], np.int8)
    assert arithmetic.dot(inputs, weights).tolist() == [[80, 100, -10]]


def test_dot_is_exact_where_float32_is_not():
    # 1024 * 2^14 + 1 = 2^24 + 1 is the first integer that float32 cannot hold.
    inputs = np.full((1, 1025), -128, np.int8)
    weights = np.full((1, 1025), -128, np.int8)
    inputs[0, -1] = weights[0, -1] = 1
    dots = arithmetic.dot(inputs, weights)
    assert dots.dtype == np.int32
    assert dots.tolist() == [[(1 << 24) + 1]]


def test_the_most_inputs_still_fit_32_bits():
    extreme = np.full((1, arithmetic.MAX_INPUTS), -128, np.int8)
    assert arithmetic.dot(extreme, extreme).tolist() == [[arithmetic.MAX_INPUTS << 14]]
    assert arithmetic.MAX_INPUTS << 14 <= (1 << 31) - 1 < (arithmetic.MAX_INPUTS + 1) << 14


@pytest.mark.parametrize(
    ("dot", "code"),
    [
        (5, 0),  # 0.5
        (15, 2),  # 1.5
        (25, 2),  # 2.5
        (-5, 0),  # -0.5
        (-15, -2),  # -1.5
        (14, 1),
        (1264, 126),
        (1265, 126),  # 126.5
        (1266, 127),
        (1275, 127),  # 127.5 rounds to 128 and is clamped
        (1 << 30, 127),
        (-1284, -128),
        (-1296, -128),
        (-(1 << 30), -128),
    ],
)
def test_digitise_rounds_halves_to_even_and_clamps(dot: int, code: int):
    dots = np.array([[dot]], np.int32)
    assert arithmetic.digitise(dots, np.array([10], np.float32)).tolist() == [[code]]


def test_an_lsb_of_one_only_clamps():
    dots = np.array([[-129, -128, 0, 127, 128]], np.int32)
    assert arithmetic.digitise(dots, np.ones(5, np.float32)).tolist() == [[-128, -128, 0, 127, 127]]


@given(
    code=st.integers(-140, 140),
    lsb=st.floats(min_value=2**-10, max_value=2**22, width=32),
    offset=st.integers(-2, 2),
)
def test_digitise_is_exact_next_to_every_half(code: int, lsb: float, offset: int):
    dot = round((code + Fraction(1, 2)) * Fraction(lsb)) + offset
    dots = np.array([[dot]], np.int32)
    expected = exact_code(dot, lsb)
    assert arithmetic.digitise(dots, np.array([lsb], np.float32)).tolist() == [[expected]]


def test_every_half_goes_to_even_where_the_reciprocal_of_lsb_is_inexact():
    halves = range(-128, 127)
    for lsb in range(2, 400, 2):
        dots = np.array([[(2 * half + 1) * lsb // 2 for half in halves]], np.int32)
        expected = [half + half % 2 for half in halves]
        assert arithmetic.digitise(dots, np.full(255, lsb, np.float32)).tolist() == [expected]


def test_relu_keeps_what_is_not_negative():
    codes = np.array([[-128, -1, 0, 1, 127]], np.int8)
    result = arithmetic.relu(codes)
    assert result.dtype == np.int8
    assert result.tolist() == [[0, 0, 0, 1, 127]]


@pytest.mark.parametrize(
    ("inputs", "weights", "message"),
    [
        (np.zeros((1, 4), np.int16), np.zeros((2, 4), np.int8), "inputs must be a matrix of int8"),
        (np.zeros(4, np.int8), np.zeros((2, 4), np.int8), r"not int8 with the shape \(4,\)"),
        (np.zeros((1, 4), np.int8), np.zeros((2, 4), np.float32), "weights must be a matrix"),
        (np.zeros((1, 4), np.int8), np.zeros((4, 2), np.int8), "the 4 columns of inputs, not 2"),
        (
            np.zeros((1, 1 << 17), np.int8),
            np.zeros((1, 1 << 17), np.int8),
            "at most 131071 inputs can be added, not 131072",
        ),
    ],
)
def test_dot_refuses_arrays_that_do_not_fit(inputs: object, weights: object, message: str):
    with pytest.raises(ValueError, match=message):
        arithmetic.dot(inputs, weights)


@pytest.mark.parametrize(
    ("lsb", "message"),
    [
        (np.ones(3, np.float32), r"lsb must be float32 with the shape \(2,\)"),
        (np.ones(2, np.float64), "not float64"),
        (np.array([1, 0], np.float32), "positive and finite"),
        (np.array([1, -1], np.float32), "positive and finite"),
        (np.array([1, np.inf], np.float32), "positive and finite"),
        (np.array([1, np.nan], np.float32), "positive and finite"),
    ],
)
def test_digitise_refuses_a_bad_lsb(lsb: object, message: str):
    with pytest.raises(ValueError, match=message):
        arithmetic.digitise(np.zeros((1, 2), np.int32), lsb)


def test_the_arithmetic_imports_no_model():
    imported = {
        name
        for node in ast.walk(ast.parse(inspect.getsource(arithmetic)))
        for name in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert imported == {"typing", "numpy", "numpy.typing", "alpine_models.tile"}


@pytest.mark.parametrize(("outputs", "inputs"), [(20, 1), (20, 7), (3, 1024), (5, 2049), (300, 6)])
@pytest.mark.parametrize("held", [1 << 22, 0])
def test_a_product_with_fixed_weights_is_the_sum_of_products(
    outputs: int, inputs: int, held: int, monkeypatch: pytest.MonkeyPatch
):
    # However many weights stay converted: 300 outputs are more than one chunk of 256.
    monkeypatch.setattr(arithmetic, "HELD", held)
    rng = np.random.default_rng(8)
    weights = rng.integers(-128, 128, (outputs, inputs), np.int8)
    vectors = rng.integers(-128, 128, (9, inputs), np.int8)
    sums = arithmetic.ExactProduct(weights)(vectors)
    assert sums.dtype == np.int32
    assert np.array_equal(sums, vectors.astype(np.int64) @ weights.T.astype(np.int64))


@pytest.mark.parametrize("inputs", [1024, 1025, 2048])
def test_sums_are_exact_on_both_sides_of_what_float32_holds(inputs: int):
    # With 1025 inputs the dot product is 2^24 - 1 or 2^24 + 1; float32 does not have the latter.
    vector = np.full((1, inputs), -128, np.int8)
    weights = np.full((1, inputs), -128, np.int8)
    for last in (-1, 1):
        vector[0, -1], weights[0, -1] = 1, last
        assert arithmetic.dot(vector, weights).tolist() == [[((inputs - 1) << 14) + last]]
