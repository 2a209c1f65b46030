# SPDX-License-Identifier: Apache-2.0
"""Rules of products with matrices of weights."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from alpine_models.tile import CODE_MAX
from alpine_sw.graph import Convolution, Dense, Operator, Requantise, Rescale, SlidingWindow
from alpine_sw.quantisation.quantise import column_lsb, quantise_weights

from ..calibration import range_of
from ..network import FloatNode
from ..operators.matrices import OnnxConv, OnnxGemm
from ..operators.operator import Array, UnsupportedError
from .lowering import SMALLEST_SCALE, Lowering
from .values import Lowered

__all__ = ["RULES"]


def _conv(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(OnnxConv, node.operator)
    name, _ = node.operands[:2]
    weights, bias = lowering.needed(node, 1), lowering.optional(node, 2)
    if weights.ndim not in (3, 4):
        raise UnsupportedError("only convolutions over one or two axes become codes")
    place = operator.placement(lowering.shapes[name], weights.shape)
    image = lowering.image(lowering.codes(name))
    # A sequence is an image of one row; several are its rows.
    one, none = ((1,), (0,)) if weights.ndim == 3 else ((), ())
    if weights.ndim == 3:
        weights = weights[:, :, np.newaxis]
    window = SlidingWindow(
        size=_two(one + place.kernel),
        strides=_two(one + place.strides),
        pads=cast(tuple[int, int, int, int], (*none, *place.before, *none, *place.after)),
        dilation=_two(one + place.dilations),
    )
    codes, scales = _codes(lowering, node.operands[1], weights)
    codes = np.ascontiguousarray(codes.reshape(weights.shape).transpose(0, 2, 3, 1))
    output = node.outputs[0]
    _product(
        lowering,
        node,
        image,
        Convolution(weights=codes, window=window, groups=operator.group),
        weight_scales=scales,
        bias=bias,
        target=replace(image, shape=lowering.shapes[output]),
        digital=operator.group > 1,
    )


def _gemm(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(OnnxGemm, node.operator)
    weights, bias = lowering.needed(node, 1), lowering.optional(node, 2)
    if operator.transA or lowering.constant(node.operands[0]) is not None:
        raise UnsupportedError("the left operand must be a vector of the network, not transposed")
    weights = weights if operator.transB else weights.T
    if operator.alpha != 1:
        weights = weights * np.float32(operator.alpha)
    if bias is not None:
        bias = np.broadcast_to(bias * np.float32(operator.beta), (1, len(weights)))[0]
    kept = node.operands[1] if operator.alpha == 1 else ""
    _dense(lowering, node, weights, bias, name=kept, transposed=not operator.transB)


def _matmul(lowering: Lowering, node: FloatNode) -> None:
    weights = lowering.constant(node.operands[1])
    if weights is None or weights.ndim != 2 or lowering.constant(node.operands[0]) is not None:
        raise UnsupportedError("the right operand must be a matrix of weights, the left one not")
    _dense(lowering, node, weights.T, None, name=node.operands[1], transposed=True)


def _dense(
    lowering: Lowering,
    node: FloatNode,
    weights: Array,
    bias: Array | None,
    *,
    name: str,
    transposed: bool,
) -> None:
    """A product of every vector along the last axis with weights [outputs, inputs]."""
    value = lowering.codes(node.operands[0])
    last = len(value.shape) - 1
    codes, scales = _codes(lowering, name, weights, transposed=transposed)
    shape = lowering.shapes[node.outputs[0]]
    if all(size == 1 for size in value.shape[:-1]):
        if value.order is None:
            value = lowering.arranged(value, (last,))
        else:
            codes = np.ascontiguousarray(codes[:, value.order])
        target = Lowered(name="", axes=(len(shape) - 1,), shape=shape, scale=None)
        operator: Operator = Dense(weights=codes)
    else:
        # Several vectors are the positions of an image with a window of one.
        rows = [axis for axis in range(last) if value.shape[axis] > 1]
        if len(rows) != 1:
            raise UnsupportedError("vectors along more than one axis")
        value = lowering.arranged(value, (rows[0], None, last))
        target = Lowered(name="", axes=(rows[0], None, len(shape) - 1), shape=shape, scale=None)
        operator = Convolution(weights=codes[:, None, None], window=SlidingWindow(size=(1, 1)))
    _product(
        lowering,
        node,
        value,
        operator,
        weight_scales=scales,
        bias=bias,
        target=target,
        digital=False,
    )


def _product(
    lowering: Lowering,
    node: FloatNode,
    value: Lowered,
    operator: Operator,
    *,
    weight_scales: NDArray[np.float64],
    bias: Array | None,
    target: Lowered,
    digital: bool,
) -> None:
    """Sums, their conversion to codes and, where there is a bias, that of codes and bias."""
    output, scale_in = node.outputs[0], cast(float, value.scale)
    scale = lowering.scale_of(output)
    sums = lowering.add(node.name, operator, value.name)
    addend = np.zeros(len(weight_scales)) if bias is None else bias.reshape(-1).astype(np.float64)
    if digital:
        factor = (scale_in * weight_scales / scale).astype(np.float32)
        rescale = Rescale(factor=factor, addend=(addend / scale).astype(np.float32))
        result = lowering.add(f"{node.name} codes", rescale, sums)
    elif bias is None or not addend.any():
        lsb = column_lsb(input_scale=scale_in, weight_scales=weight_scales, output_scale=scale)
        result = lowering.add(f"{node.name} codes", Requantise(lsb=lsb), sums)
    else:
        ranges = _column_ranges(lowering, output, addend, scale)
        lsb = (ranges / (scale_in * weight_scales)).astype(np.float32)
        codes = lowering.add(f"{node.name} codes", Requantise(lsb=lsb), sums)
        factor = (ranges / scale).astype(np.float32)
        rescale = Rescale(factor=factor, addend=(addend / scale).astype(np.float32))
        result = lowering.add(f"{node.name} bias", rescale, codes)
    lowering.set(output, replace(target, name=result, scale=scale, order=None))


def _column_ranges(
    lowering: Lowering, output: str, bias: NDArray[np.float64], scale: float
) -> NDArray[np.float64]:
    """Value per code of the converter of every column, from what its sums without bias are."""
    columns = lowering.calibration.columns[output] - bias.astype(np.float32)
    tops = np.array(
        [range_of(column, float(np.abs(column).max()), lowering.method) for column in columns.T]
    )
    steps = tops / CODE_MAX
    # A column that is zero on all samples takes the layer's scale.
    return np.where(steps > SMALLEST_SCALE, steps, scale)


def _codes(
    lowering: Lowering, name: str, weights: Array, *, transposed: bool = False
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Codes [outputs, inputs] of weights [outputs, ...], and the scale of every output.

    Those that the model has as codes stay, where a scale is that of all weights or of an output.
    """
    held = lowering.network.codes.get(name)
    if held is not None:
        codes = held.codes.T if transposed else held.codes
        outputs_axis = held.codes.ndim - 1 if transposed else 0
        axis = range(held.codes.ndim)[held.axis]
        if held.scales.size == 1 or axis == outputs_axis:
            scales = np.broadcast_to(held.scales.reshape(-1).astype(np.float64), len(codes))
            return np.ascontiguousarray(codes.reshape(len(codes), -1)), scales
    return quantise_weights(weights.reshape(len(weights), -1))


def _two(values: tuple[int, ...]) -> tuple[int, int]:
    first, second = values
    return first, second


RULES: dict[str, Callable[[Lowering, FloatNode], None]] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
}
