# SPDX-License-Identifier: Apache-2.0
"""Convolution, pooling and normalisation against plain loops over exact numbers."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    AveragePool,
    BatchNormalisation,
    Convolution,
    GlobalAveragePool,
    LocalResponseNormalisation,
    MaxPool,
    SlidingWindow,
    square,
)
from alpine_sw.graph.tensors import int8

Codes = np.ndarray


def codes(rng: np.random.Generator, *shape: int) -> Codes:
    return rng.integers(-128, 128, shape).astype(np.int8)


def plain_convolution(
    image: Codes, weights: Codes, window: SlidingWindow, groups: int
) -> list[int]:
    """Every sum from its definition, with Python's integers."""
    rows, columns, channels = image.shape
    outputs, *size, part = weights.shape
    top, left, bottom, right = window.pads
    spans = [(side - 1) * step + 1 for side, step in zip(size, window.dilation, strict=True)]
    out: list[int] = []
    for r, c, o in product(
        range((rows + top + bottom - spans[0]) // window.strides[0] + 1),
        range((columns + left + right - spans[1]) // window.strides[1] + 1),
        range(outputs),
    ):
        first = o // (outputs // groups) * (channels // groups)
        total = 0
        for i, j, k in product(range(size[0]), range(size[1]), range(part)):
            y = r * window.strides[0] + i * window.dilation[0] - top
            x = c * window.strides[1] + j * window.dilation[1] - left
            if 0 <= y < rows and 0 <= x < columns:
                total += int(image[y, x, first + k]) * int(weights[o, i, j, k])
        out.append(total)
    return out


pair = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(
    seed=st.integers(0, 1000),
    side=st.tuples(st.integers(5, 8), st.integers(5, 8)),
    size=pair,
    strides=pair,
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    groups=st.sampled_from([(1, 1, 2), (1, 3, 2), (2, 2, 1), (3, 1, 2)]),
)
def test_convolution_is_its_definition(
    *,
    seed: int,
    side: tuple[int, int],
    size: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int],
    pads: tuple[int, int, int, int],
    groups: tuple[int, int, int],
):
    # (groups, channels of a group, outputs of a group); three groups of one channel: depthwise.
    number, channels, outputs = groups
    rng = np.random.default_rng(seed)
    images = codes(rng, 2, *side, number * channels)
    weights = codes(rng, number * outputs, *size, channels)
    window = SlidingWindow(size=size, strides=strides, dilation=dilation, pads=pads)
    convolution = Convolution(weights=weights, window=window, groups=number)
    found = convolution.evaluate(images)
    assert found.dtype == np.int32
    assert str(convolution.infer(int8(*images.shape[1:]))) == f"int32 {list(found.shape[1:])}"
    for image, sums in zip(images, found, strict=True):
        assert sums.reshape(-1).tolist() == plain_convolution(image, weights, window, number)


def test_real_weights_make_rounded_sums():
    image = np.array([[[0.5], [2.0]]], np.float32)
    weights = np.array([[[[3.0], [1 / 3]]]], np.float32)
    convolution = Convolution(weights=weights, window=SlidingWindow(size=(1, 2)))
    # 1.5 + 2 * float32(1/3), added exactly and rounded once.
    expected = float(np.float32(1.5 + 2 * float(np.float32(1 / 3))))
    assert convolution.evaluate(image[np.newaxis]).tolist() == [[[[expected]]]]


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "ceil", "out"),
    [
        (5, 2, 2, False, 2),
        (5, 2, 2, True, 3),
        (9, 3, 3, False, 3),
        (6, 3, 2, True, 3),
        (7, 3, 2, False, 3),
        (2, 3, 2, True, 1),
    ],
)
def test_pooling_takes_what_lies_inside(side: int, kernel: int, stride: int, ceil: bool, out: int):
    image = codes(np.random.default_rng(1), side, side, 2)
    pool = MaxPool(window=square(kernel, stride=stride, ceil=ceil))
    inferred = pool.infer(int8(side, side, 2))
    found = pool.evaluate(image[np.newaxis])[0]
    assert found.shape == inferred.shape == (out, out, 2)
    for r, c, k in product(range(out), range(out), range(2)):
        inside = [
            int(image[y, x, k])
            for y in range(r * stride, min(r * stride + kernel, side))
            for x in range(c * stride, min(c * stride + kernel, side))
        ]
        assert found[r, c, k] == max(inside)


def test_normalisation_is_the_published_formula_to_a_code():
    # Krizhevsky et al. 2012, Sec. 3.3, with k = 2, n = 5, alpha = 1e-4, beta = 0.75; times 2.
    image = codes(np.random.default_rng(2), 4, 4, 9)
    found = LocalResponseNormalisation().evaluate(image[np.newaxis])[0]
    for r, c, k in product(range(4), range(4), range(9)):
        near = [int(image[r, c, n]) for n in range(max(0, k - 2), min(9, k + 3))]
        exact = 2 * int(image[r, c, k]) / (2 + 1e-4 * sum(q * q for q in near)) ** 0.75
        assert abs(int(found[r, c, k]) - exact) <= 0.5 + 1e-4


def test_normalisation_rounds_every_step_to_binary32():
    # Code 127 among zeros: S = 16129. Each step by hand, rounded through float32.
    single = np.zeros((1, 1, 5), np.int8)
    single[0, 0, 2] = 127

    def f32(value: float) -> float:
        return float(np.float32(value))

    scale = f32(2 + f32(f32(1e-4) * 16129))
    root = f32(sqrt(scale))
    expected = f32(254 / f32(root * f32(sqrt(root))))
    assert LocalResponseNormalisation().evaluate(single[np.newaxis])[0, 0, 0, 2] == round(expected)


@pytest.mark.parametrize(("exponent", "size"), [(0.5, 3), (0.75, 5), (1.0, 1)])
def test_normalisation_of_real_values(exponent: float, size: int):
    values = np.random.default_rng(4).normal(size=(1, 2, 2, 7)).astype(np.float32)
    operator = LocalResponseNormalisation(
        size=size, bias=1.0, alpha=0.5, exponent=exponent, gain=1.0
    )
    found = operator.evaluate(values)
    assert found.dtype == np.float32
    for r, c, k in product(range(2), range(2), range(7)):
        near = [float(values[0, r, c, n]) for n in range(7) if abs(n - k) <= size // 2]
        exact = float(values[0, r, c, k]) / (1 + 0.5 * sum(v * v for v in near)) ** exponent
        assert float(found[0, r, c, k]) == pytest.approx(exact, rel=1e-6)


def test_padding_is_never_a_maximum():
    image = np.full((1, 2, 2, 1), -5, np.int8)
    pool = MaxPool(window=square(2, pad=1))
    assert pool.evaluate(image).tolist() == [[[[-5]] * 3] * 3]
    assert pool.evaluate(image.astype(np.float32)).tolist() == [[[[-5.0]] * 3] * 3]


def test_a_position_in_the_padding_alone_is_dropped():
    # 3 wide, padded by 1 to 5; windows of 2 at 0, 2 and, hanging over, 4: of that one only padding
    # is inside.
    window = square(2, stride=2, pad=1, ceil=True)
    assert window.positions((3, 3)) == (2, 2)
    # 4 wide, padded to 6: at 4 the window still has column 3 of the image.
    assert window.positions((4, 4)) == (3, 3)


@pytest.mark.parametrize("count_padding", [False, True])
@pytest.mark.parametrize("kind", [np.int8, np.float32])
def test_an_average_counts_padding_only_where_asked(*, kind: type, count_padding: bool):
    image = codes(np.random.default_rng(3), 5, 4, 2).astype(kind)
    window = square(3, stride=2, pad=1)
    pool = AveragePool(window=window, count_padding=count_padding)
    found = pool.evaluate(image[np.newaxis])[0]
    assert found.dtype == kind
    assert found.shape == (3, 2, 2)
    for r, c, k in product(range(3), range(2), range(2)):
        inside = [
            int(image[y, x, k])
            for y in range(max(0, 2 * r - 1), min(5, 2 * r + 2))
            for x in range(max(0, 2 * c - 1), min(4, 2 * c + 2))
        ]
        mean = Fraction(sum(inside), 9 if count_padding else len(inside))
        expected = round(mean) if kind is np.int8 else float(np.float32(float(mean)))
        assert found[r, c, k] == expected


def test_means_of_whole_numbers_go_to_the_even_half():
    image = np.array([[1, 2], [1, 2], [-1, -2], [3, 4]], np.int8).reshape(4, 1, 2, 1)
    # 1.5, 1.5, -1.5 and 3.5.
    assert GlobalAveragePool().evaluate(image).reshape(-1).tolist() == [2, 2, -2, 4]


def test_a_global_average_is_over_rows_and_columns():
    image = codes(np.random.default_rng(6), 2, 3, 4, 2).astype(np.float32)
    found = GlobalAveragePool().evaluate(image)
    assert found.shape == (2, 1, 1, 2)
    for n, k in product(range(2), range(2)):
        total = sum(int(image[n, r, c, k]) for r in range(3) for c in range(4))
        assert float(found[n, 0, 0, k]) == float(np.float32(total / 12))


def test_batch_normalisation_is_its_formula():
    rng = np.random.default_rng(7)
    scale, bias, mean = (rng.normal(size=3).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.1, 2, 3).astype(np.float32)
    values = rng.normal(size=(1, 2, 2, 3)).astype(np.float32)
    operator = BatchNormalisation(
        scale=scale, bias=bias, mean=mean, variance=variance, epsilon=0.01
    )
    found = operator.evaluate(values)
    for r, c, k in product(range(2), range(2), range(3)):
        exact = (float(values[0, r, c, k]) - float(mean[k])) / sqrt(float(variance[k]) + 0.01)
        expected = exact * float(scale[k]) + float(bias[k])
        assert float(found[0, r, c, k]) == pytest.approx(expected, rel=1e-5, abs=1e-6)


WIDE = np.zeros((4, 5, 5, 1), np.int8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Convolution(weights=WIDE.astype(np.int16), window=square(5)),
            "weights of a convolution are int16 [4, 5, 5, 1], but expected is int8 or float32 "
            "[outputs, window rows, window columns, channels of a group]",
        ),
        (
            lambda: Convolution(weights=WIDE, window=square(3)),
            "weights of a convolution have a window of [5, 5], but expected is [3, 3]",
        ),
        (
            lambda: Convolution(weights=WIDE, window=square(5), groups=3),
            "groups of a convolution are 3, but expected is a divisor of its 4 outputs",
        ),
        (
            lambda: square(0),
            "size of a window 0 is refused: give a whole number from 1 on",
        ),
        (
            lambda: MaxPool(window=square(2, pad=2)),
            "padding [2, 2, 2, 2] of a pooling window of [2, 2] leaves windows in the padding "
            "alone: pad by less than the window",
        ),
        (
            lambda: AveragePool(window=square(2, ceil=True), count_padding=True),
            "average pooling counts padding and has a window that hangs over the edge: leave one "
            "of them out",
        ),
        (
            lambda: LocalResponseNormalisation(size=4),
            "size of a response normalisation is 4: give an odd one",
        ),
        (
            lambda: LocalResponseNormalisation(exponent=0.7),
            "exponent 0.7 of a response normalisation is refused: give one of 0.5, 0.75, 1.0, "
            "which square roots make",
        ),
        (
            lambda: BatchNormalisation(
                **dict.fromkeys(("scale", "bias", "mean"), np.ones(2, np.float32)),
                variance=np.array([1, -1], np.float32),
            ),
            "variance + epsilon of a batch normalisation must be positive",
        ),
    ],
)
def test_members_that_do_not_fit_are_named(make: Callable[[], object], message: str):
    with pytest.raises(AlpineError) as caught:
        make()
    assert str(caught.value) == message
