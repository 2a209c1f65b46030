# SPDX-License-Identifier: Apache-2.0
"""From trained float weights to int8 weights and ADC steps.

A layer computes real outputs z = W x. With x = s_x q_x for the input codes q_x,
W[j] = s_w[j] q_w[j] for the int8 weights of column j and z = s_z q_z for the output codes q_z,

    q_z[j] = (s_x s_w[j] / s_z) * (q_w[j] . q_x) = dot / lsb[j],  lsb[j] = s_z / (s_x s_w[j]).

So one column has one weight scale, absorbed by its ADC step, and all columns of a layer share one
output scale, which is what lets the next layer add them up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX
from alpine_sw.graph import arithmetic

from .operands import adc_steps, code_matrix, finite_matrix, positive, real_scale

__all__ = ["COVERAGE", "QuantisedDense", "column_lsb", "quantise_dense", "quantise_weights"]

COVERAGE = 0.999
"""Fraction of the positive outputs, on training data, that the ADC's positive range covers.

Covering all of them leaves typical outputs a handful of codes for the sake of one outlier in ten
million; one saturated output in a thousand active ones costs the MLP no accuracy.
"""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class QuantisedDense:
    """A dense layer as a tile holds it.

    Members
    -------
    weights : int8 [outputs, inputs], `weights[output, input]`, -127 to 127.
    lsb : float32 [outputs], dot product per ADC step.
    output_scale : float, real output per output code: the `input_scale` of the next layer.
    """

    weights: NDArray[np.int8]
    lsb: NDArray[np.float32]
    output_scale: float


def quantise_weights(
    weights: ArrayLike,
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return int8 weights and the real weight per code of each column.

    The largest magnitude of a column becomes 127 (-128 stays unused, so that signs are
    symmetric): codes = rint(W / scale), scale = max|W| / 127. A column of zeros has the scale 1.

    Parameters
    ----------
    weights : float [outputs, inputs]
        Trained weights.

    Returns
    -------
    int8 [outputs, inputs], float64 [outputs]

    Raises
    ------
    AlpineError
        The weights are no matrix of real numbers, or one is not finite.
    """
    exact = finite_matrix(weights, name="weights")
    largest = np.abs(exact).max(axis=1)
    scales = np.where(largest > 0, largest / CODE_MAX, 1.0)
    return np.rint(exact / scales[:, np.newaxis]).astype(np.int8), scales


def column_lsb(
    *, input_scale: float, weight_scales: NDArray[np.float64], output_scale: float
) -> NDArray[np.float32]:
    """Return the ADC step of every column: output_scale / (input_scale * weight_scales).

    Parameters
    ----------
    input_scale, output_scale : float
        Real value per input and output code, positive.
    weight_scales : float64 [outputs]
        Real weight per code, positive.

    Returns
    -------
    float32 [outputs], dot product per ADC step.

    Raises
    ------
    AlpineError
        A scale, or a step that follows, is not positive and finite in float32.
    """
    real_scale(input_scale, name="input_scale")
    real_scale(output_scale, name="output_scale")
    steps = output_scale / (input_scale * positive(weight_scales, name="weight_scales"))
    return adc_steps(steps, outputs=len(steps), name="layer")


def quantise_dense(
    weights: ArrayLike,
    *,
    inputs: NDArray[np.int8],
    input_scale: float,
    coverage: float = COVERAGE,
) -> QuantisedDense:
    """Quantise a dense layer that a ReLU follows, with its ADC range fitted to training data.

    Negative outputs are lost in the ReLU, so only positive ones shape the range: the output at
    the quantile `coverage` of the positive ones becomes code 127.

    Parameters
    ----------
    weights : float [outputs, inputs]
        Trained weights.
    inputs : int8 [n, inputs]
        The codes that the layer sees on training data.
    input_scale : float
        Real input per input code, positive.
    coverage : float
        Above 0 and at most 1.

    Raises
    ------
    AlpineError
        `coverage` or `input_scale` is out of range, an input is no code, a weight not finite, or no
        output is ever positive.
    """
    if not 0 < coverage <= 1:
        raise AlpineError(f"coverage {coverage!r} is refused: give a number above 0 and up to 1")
    real_scale(input_scale, name="input_scale")
    codes, scales = quantise_weights(weights)
    outputs = arithmetic.dot(code_matrix(inputs, name="inputs"), codes) * (input_scale * scales)
    positive = outputs[outputs > 0]
    if positive.size == 0:
        raise AlpineError("no output of the layer is ever positive, so no range fits it")
    output_scale = float(np.quantile(positive, coverage)) / CODE_MAX
    return QuantisedDense(
        weights=codes,
        lsb=column_lsb(input_scale=input_scale, weight_scales=scales, output_scale=output_scale),
        output_scale=output_scale,
    )
