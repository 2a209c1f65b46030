# SPDX-License-Identifier: Apache-2.0
"""Golden convolution, pooling and normalisation against plain loops over exact numbers."""

from fractions import Fraction
from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine_models import golden_cnn

Codes = np.ndarray


def codes(rng: np.random.Generator, *shape: int) -> Codes:
    return rng.integers(-128, 128, shape).astype(np.int8)


def plain_convolution(
    image: Codes, weights: Codes, lsb: Codes, *, kernel: int, stride: int, pad: int
) -> list[int]:
    """Every code from its definition, with Python's integers and fractions."""
    rows, columns, channels = image.shape
    out: list[int] = []
    for r, c, o in product(
        range((rows + 2 * pad - kernel) // stride + 1),
        range((columns + 2 * pad - kernel) // stride + 1),
        range(len(weights)),
    ):
        total = 0
        for i, j, k in product(range(kernel), range(kernel), range(channels)):
            y, x = r * stride + i - pad, c * stride + j - pad
            if 0 <= y < rows and 0 <= x < columns:
                total += int(image[y, x, k]) * int(weights[o, (i * kernel + j) * channels + k])
        code = round(Fraction(total) / Fraction(float(lsb[o])))  # halves to even
        out.append(min(max(code, -128), 127))
    return out


@given(
    seed=st.integers(0, 1000),
    side=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    channels=st.integers(1, 3),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    pad=st.integers(0, 2),
)
def test_convolution_is_its_definition(
    *, seed: int, side: tuple[int, int], channels: int, kernel: int, stride: int, pad: int
):
    rng = np.random.default_rng(seed)
    image = codes(rng, *side, channels)
    weights = codes(rng, 2, kernel**2 * channels)
    lsb = rng.choice([1.0, 2.0, 64.0, 317.5], 2).astype(np.float32)
    found = golden_cnn.convolution(image, weights, lsb, kernel=kernel, stride=stride, pad=pad)
    assert found.reshape(-1).tolist() == plain_convolution(
        image, weights, lsb, kernel=kernel, stride=stride, pad=pad
    )


def test_window_larger_than_the_image_is_refused():
    with pytest.raises(ValueError, match="a window of 5 leaves the padded image"):
        golden_cnn.windows(np.zeros((2, 2, 1), np.int8), kernel=5, stride=1, pad=1)


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "ceil", "out"),
    [
        (5, 2, 2, False, 2),
        (5, 2, 2, True, 3),
        (9, 3, 3, False, 3),
        (6, 3, 2, True, 3),
        (7, 3, 2, False, 3),
    ],
)
def test_pooling_takes_what_lies_inside(side: int, kernel: int, stride: int, ceil: bool, out: int):
    image = codes(np.random.default_rng(1), side, side, 2)
    found = golden_cnn.max_pool(image, kernel=kernel, stride=stride, ceil=ceil)
    assert found.shape == (out, out, 2)
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
    found = golden_cnn.normalise(image)
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
    assert golden_cnn.normalise(single)[0, 0, 2] == round(expected)
