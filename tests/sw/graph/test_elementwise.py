# SPDX-License-Identifier: Apache-2.0
"""Functions of single elements, conversions and moves, against plain Python."""

import math
from fractions import Fraction

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    Clip,
    Concatenate,
    Constant,
    Dequantise,
    LeakyRelu,
    Multiply,
    Operator,
    Quantise,
    Relu,
    Requantise,
    Reshape,
    Sigmoid,
    Slice,
    Softmax,
    Subtract,
    Tanh,
    Transpose,
    float32,
    int8,
    int32,
)
from alpine_sw.graph.operator import OperandError
from alpine_sw.graph.tensors import TensorType


def reals(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("operator", "left", "right", "expected"),
    [
        (Add(), 127, 127, 254),
        (Subtract(), -128, 127, -255),
        (Multiply(), -128, -128, 16384),
    ],
)
def test_whole_numbers_become_exact_int32(operator: Operator, left: int, right: int, expected: int):
    operands = np.array([[left]], np.int8), np.array([[right]], np.int8)
    found = operator.evaluate(*operands)
    assert found.dtype == np.int32
    assert found.tolist() == [[expected]]
    assert operator.infer(int8(1), int8(1)) == int32(1)


def test_what_int32_does_not_hold_is_limited():
    most, least = (1 << 31) - 1, -(1 << 31)
    sums = np.array([[most, least, most]], np.int32)
    assert Add().evaluate(sums, sums).tolist() == [[most, least, most]]
    assert Multiply().evaluate(sums, -np.abs(sums // 2)).tolist() == [[least, most, least]]
    assert Subtract().evaluate(sums, np.array([[1, 1, -1]], np.int32)).tolist() == [
        [most - 1, least, most]
    ]


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [((3, 4), (4,), (3, 4)), ((4,), (3, 4), (3, 4)), ((3, 1), (1, 4), (3, 4)), ((2,), (), (2,))],
)
def test_shapes_broadcast_at_the_last_axes(left: tuple, right: tuple, result: tuple):
    a, b = reals(5, *left), reals(5, *right, seed=2)
    assert Add().infer(float32(*left), float32(*right)) == float32(*result)
    found = Add().evaluate(a, b)
    assert found.shape == (5, *result)
    for n in range(5):
        assert np.array_equal(found[n], a[n] + b[n])


def test_real_values_are_rounded_to_float32():
    a, b = np.float32(1 + 2**-12), np.float32(1 + 2**-12)
    # (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 rounds to 1 + 2^-11.
    assert Multiply().evaluate(a.reshape(1, 1), b.reshape(1, 1)).tolist() == [[1 + 2**-11]]


def test_functions_of_single_elements():
    values = np.array([[-2.5, -0.5, 0.0, 0.75, 3.0]], np.float32)
    assert Relu().evaluate(values).tolist() == [[0, 0, 0, 0.75, 3]]
    assert Clip(low=-1, high=0.5).evaluate(values).tolist() == [[-1, -0.5, 0, 0.5, 0.5]]
    slope = float(np.float32(0.1))
    expected = [float(np.float32(v if v > 0 else v * slope)) for v in values[0].tolist()]
    assert LeakyRelu(slope=0.1).evaluate(values).tolist() == [expected]
    for operator, function in (
        (Sigmoid(), lambda v: 1 / (1 + math.exp(-v))),
        (Tanh(), math.tanh),
    ):
        expected = [float(np.float32(function(v))) for v in values[0].tolist()]
        assert operator.evaluate(values).tolist() == [expected]
    powers = [math.exp(v - 3) for v in values[0].tolist()]
    assert Softmax().evaluate(values)[0].tolist() == pytest.approx(
        [power / sum(powers) for power in powers], rel=1e-6
    )


@pytest.mark.parametrize("kind", [np.int8, np.int32])
def test_whole_numbers_keep_their_type(kind: type):
    values = np.array([[-100, -1, 0, 1, 100]], kind)
    for operator, expected in (
        (Relu(), [0, 0, 0, 1, 100]),
        (Clip(low=-2, high=5), [-2, -1, 0, 1, 5]),
    ):
        found = operator.evaluate(values)
        assert found.dtype == kind
        assert found.tolist() == [expected]


def test_requantisation_of_sums_and_of_values():
    lsb = np.array([10, 3, 0.5], np.float32)
    sums = np.array([[25, -8, 70], [1275, -389, -64]], np.int32)
    expected = [
        [
            max(-128, min(127, round(Fraction(s) / Fraction(float(d)))))
            for s, d in zip(row, lsb, strict=True)
        ]
        for row in sums.tolist()
    ]
    assert Requantise(lsb=lsb).evaluate(sums).tolist() == expected
    assert expected[0][0] == 2  # 2.5 goes to the even neighbour
    one = Requantise(lsb=np.float32(0.25))
    assert one.evaluate(np.array([[0.375, -0.7]], np.float32)).tolist() == [[2, -3]]


def test_codes_and_values():
    codes = np.array([[-128, -3, 0, 127]], np.int8)
    values = Dequantise(scale=0.5).evaluate(codes)
    assert values.dtype == np.float32
    assert values.tolist() == [[-64, -1.5, 0, 63.5]]
    # Towards zero, then limited.
    assert Quantise(scale=1.0).evaluate(values).tolist() == [[-64, -1, 0, 63]]
    assert Quantise(scale=4.0).evaluate(values).tolist() == [[-128, -6, 0, 127]]


def test_moves_keep_the_elements():
    values = np.arange(2 * 2 * 3, dtype=np.int8).reshape(2, 2, 3)
    assert Reshape().evaluate(values).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert Reshape(shape=(3, -1)).infer(int8(2, 3)) == int8(3, 2)
    assert Reshape(shape=(3, -1)).evaluate(values)[1].tolist() == [[6, 7], [8, 9], [10, 11]]
    assert Transpose(axes=(1, 0)).infer(int8(2, 3)) == int8(3, 2)
    assert Transpose(axes=(1, 0)).evaluate(values)[0].tolist() == [[0, 3], [1, 4], [2, 5]]
    for axis in (0, -2):
        joined = Concatenate(axis=axis)
        assert joined.infer(int8(2, 3), int8(1, 3)) == int8(3, 3)
        assert joined.evaluate(values, values[:, :1])[0].tolist() == [
            [0, 1, 2],
            [3, 4, 5],
            [0, 1, 2],
        ]
    for axis in (1, -1):
        part = Slice(start=0, stop=3, step=2, axis=axis)
        assert part.infer(int8(2, 3)) == int8(2, 2)
        assert part.evaluate(values)[1].tolist() == [[6, 8], [9, 11]]


INT, REAL = int8(4), float32(4)


@pytest.mark.parametrize(
    ("operator", "operands", "position", "expected"),
    [
        (Add(), (INT, REAL), 1, "int8 or int32 elements"),
        (Add(), (REAL, INT), 1, "float32 elements"),
        (Add(), (REAL, float32(3)), 1, "a shape that broadcasts with [4]"),
        (Sigmoid(), (INT,), 0, "float32 elements"),
        (LeakyRelu(slope=1), (INT,), 0, "float32 elements"),
        (Softmax(), (INT,), 0, "float32 elements"),
        (Softmax(), (float32(),), 0, "one axis or more"),
        (Dequantise(scale=1), (REAL,), 0, "int8 or int32 elements"),
        (Quantise(scale=1), (INT,), 0, "float32 elements"),
        (Requantise(lsb=np.float32(1)), (INT,), 0, "int32 or float32 elements"),
        (Requantise(lsb=np.ones(3, np.float32)), (int32(4),), 0, "[..., 3], one output per step"),
        (Clip(low=0, high=0.5), (INT,), 0, "elements of a type that holds the limit 0.5"),
        (Clip(low=0, high=200), (INT,), 0, "elements of a type that holds the limit 200"),
        (Reshape(shape=(3,)), (INT,), 0, "as many elements as the shape [3] has"),
        (Reshape(shape=(8, -1)), (INT,), 0, "as many elements as the shape [8, -1] has"),
        (Transpose(axes=(1, 0)), (INT,), 0, "2 axes"),
        (Slice(start=1, stop=5), (INT,), 0, "5 elements or more along axis -1"),
        (Slice(start=1, stop=2, axis=1), (INT,), 0, "an axis 1"),
        (Concatenate(), (INT, REAL), 1, "int8 [any]"),
        (Concatenate(axis=0), (int8(2, 3), int8(1, 4)), 1, "int8 [any, 3]"),
        (Concatenate(axis=0), (int8(2, 3), int8(3)), 1, "int8 [any, 3]"),
    ],
)
def test_operands_of_other_types_are_refused(
    operator: Operator, operands: tuple[TensorType, ...], position: int, expected: str
):
    with pytest.raises(OperandError) as caught:
        operator.infer(*operands)
    assert (caught.value.position, caught.value.expected) == (position, expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Requantise(lsb=np.float64(1)), "steps of a requantisation are float64 []"),
        (lambda: Requantise(lsb=np.float32(0)), "steps of a requantisation must be positive and"),
        (lambda: Dequantise(scale=math.inf), "scale of a dequantise must be positive and finite"),
        (lambda: Quantise(scale=-1), "scale of a quantise must be positive and finite, not -1"),
        (lambda: Clip(low=1, high=0), "limits 1.0, 0.0 of a clip are refused"),
        (lambda: Clip(low=math.nan, high=0), "limits nan, 0.0 of a clip are refused"),
        (lambda: LeakyRelu(slope="steep"), "slope of a leaky ReLU 'steep' is refused"),
        (lambda: Constant(values=np.zeros(2)), "values of a constant are float64, but expected"),
        (lambda: Constant(values=np.full(2, np.nan, np.float32)), "values of a constant must be"),
        (lambda: Reshape(shape=(-1, -1)), "shape [-1, -1] of a reshape is refused"),
        (lambda: Reshape(shape=(0,)), "shape [0] of a reshape is refused"),
        (lambda: Transpose(axes=(0, 0)), "axes [0, 0] of a transpose are refused"),
        (lambda: Slice(start=2, stop=2), "stop of a slice 2 is refused"),
        (lambda: Concatenate(axis=0.5), "axis of a concatenation 0.5 is refused"),
        (lambda: int8(0), "size of a tensor's axis 0 is refused"),
    ],
)
def test_members_that_do_not_fit_are_named(make, message: str):
    with pytest.raises(AlpineError) as caught:
        make()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
