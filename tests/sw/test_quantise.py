# SPDX-License-Identifier: Apache-2.0
from fractions import Fraction

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_sw.graph import arithmetic
from alpine_sw.quantisation.quantise import column_lsb, quantise_dense, quantise_weights


def test_the_largest_weight_of_a_column_becomes_127():
    weights = np.array([[127.0, -254.0, 63.0], [0.25, 0.5, -0.1]])
    codes, scales = quantise_weights(weights)
    assert codes.dtype == np.int8
    # Scales 254 / 127 = 2 and 0.5 / 127; codes 63.5 -> 64, 31.5 -> 32 (halves to even), 63.5 -> 64
    # and -0.1 / 0.5 * 127 = -25.4.
    assert scales.tolist() == [2.0, 0.5 / 127]
    assert codes.tolist() == [[64, -127, 32], [64, 127, -25]]


def test_a_column_of_zeros_stays_zero():
    codes, scales = quantise_weights(np.zeros((1, 3)))
    assert codes.tolist() == [[0, 0, 0]]
    assert scales.tolist() == [1.0]


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_weights_must_be_finite(value: float):
    with pytest.raises(AlpineError, match=r"weights holds .* give finite numbers"):
        quantise_weights(np.array([[1.0, value]]))


def test_lsb_by_hand():
    # 3 / (0.5 * 0.25) = 24 and 3 / (0.5 * 2) = 3.
    lsb = column_lsb(input_scale=0.5, weight_scales=np.array([0.25, 2.0]), output_scale=3.0)
    assert lsb.dtype == np.float32
    assert lsb.tolist() == [24.0, 3.0]


def layer() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    # Columns of very different size, so that a scale per layer would not do.
    weights = rng.normal(size=(40, 64)) * np.geomspace(0.01, 10, 40)[:, np.newaxis]
    return weights, rng.integers(0, 128, (500, 64), np.int8)


def test_codes_stand_for_the_real_outputs():
    weights, inputs = layer()
    layer_ = quantise_dense(weights, inputs=inputs, input_scale=0.5, coverage=1.0)
    codes = arithmetic.dense(inputs, layer_.weights, layer_.lsb)
    real = (inputs.astype(np.float64) * 0.5) @ weights.T
    # Half a step of the ADC, and half a weight code (max|W| / 127 / 2) on every input.
    weight_error = (
        np.abs(weights).max(axis=1) / 254 * 0.5 * inputs.sum(axis=1, dtype=np.int64)[:, np.newaxis]
    )
    bound = layer_.output_scale * 0.501 + weight_error
    in_range = (codes > -128) & (codes < 127)
    assert in_range.mean() > 0.9
    assert np.all((np.abs(codes * layer_.output_scale - real) <= bound)[in_range])
    assert codes.max() == 127


def test_coverage_sets_how_many_outputs_saturate():
    weights, inputs = layer()
    layer_ = quantise_dense(weights, inputs=inputs, input_scale=0.5, coverage=0.99)
    dots = arithmetic.dot(inputs, layer_.weights)
    above = sum(
        Fraction(int(dot)) > 127 * Fraction(float(lsb))
        for row in dots
        for dot, lsb in zip(row, layer_.lsb, strict=True)
    )
    # One in a hundred positive outputs, give or take the rounding of lsb to float32.
    assert above == pytest.approx(0.01 * np.count_nonzero(dots > 0), abs=2)


def test_the_output_scale_is_the_quantile_of_positive_outputs():
    # One column of weight 1 with scale 1/127 and inputs 0..100: outputs are input * 1.0 exactly.
    inputs = np.arange(-100, 101, dtype=np.int8)[:, np.newaxis]
    layer_ = quantise_dense(np.array([[1.0]]), inputs=inputs, input_scale=1.0, coverage=0.5)
    # The median of 1..100 is 50.5; negative outputs do not count.
    assert layer_.output_scale == pytest.approx(50.5 / 127)
    assert layer_.lsb.tolist() == pytest.approx([50.5])


@pytest.mark.parametrize("coverage", [0.0, -0.1, 1.5])
def test_coverage_is_a_fraction(coverage: float):
    weights, inputs = layer()
    with pytest.raises(AlpineError, match=f"coverage {coverage} is refused"):
        quantise_dense(weights, inputs=inputs, input_scale=1.0, coverage=coverage)


def test_a_layer_that_is_never_positive_has_no_range():
    inputs = np.ones((3, 2), np.int8)
    with pytest.raises(AlpineError, match="ever positive"):
        quantise_dense(-np.ones((4, 2)), inputs=inputs, input_scale=1.0)
