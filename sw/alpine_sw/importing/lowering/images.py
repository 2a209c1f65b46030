# SPDX-License-Identifier: Apache-2.0
"""Rules of pooling and normalisation."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from alpine_sw.graph import (
    AveragePool,
    BatchNormalisation,
    GlobalAveragePool,
    LocalResponseNormalisation,
    MaxPool,
    SlidingWindow,
    Softmax,
)

from ..network import FloatNode
from ..operators import normalisation, pooling
from ..operators.operator import UnsupportedError
from .lowering import Lowering

__all__ = ["RULES"]


def _window(lowering: Lowering, node: FloatNode) -> SlidingWindow:
    operator = cast(pooling.PoolAttributes, node.operator)
    place = operator.placement(lowering.shapes[node.operands[0]])
    if len(place.kernel) > 2:
        raise UnsupportedError("only images of one or two axes of space become codes")
    one, none = ((1,), (0,)) if len(place.kernel) == 1 else ((), ())
    return SlidingWindow(
        size=cast(tuple[int, int], one + place.kernel),
        strides=cast(tuple[int, int], one + place.strides),
        pads=cast(tuple[int, int, int, int], (*none, *place.before, *none, *place.after)),
        dilation=cast(tuple[int, int], one + place.dilations),
        ceil=bool(operator.ceil_mode),
    )


def _max_pool(lowering: Lowering, node: FloatNode) -> None:
    image = lowering.image(lowering.value(node.operands[0]))
    name = lowering.add(node.name, MaxPool(window=_window(lowering, node)), image.name)
    shape = lowering.shapes[node.outputs[0]]
    lowering.set(node.outputs[0], replace(image, name=name, shape=shape))


def _average_pool(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(pooling.OnnxAveragePool, node.operator)
    window = _window(lowering, node)
    counts = bool(operator.count_include_pad) and any(window.pads)
    if counts and window.ceil:
        raise UnsupportedError("padding that counts, with windows that hang over the edge")
    image = lowering.image(lowering.real(node.operands[0]))
    name = lowering.add(node.name, AveragePool(window=window, count_padding=counts), image.name)
    shape = lowering.shapes[node.outputs[0]]
    lowering.set(node.outputs[0], replace(image, name=name, shape=shape))


def _global_average_pool(lowering: Lowering, node: FloatNode) -> None:
    image = lowering.image(lowering.real(node.operands[0]))
    if image.axes[0] == 0:
        raise UnsupportedError("means of several sequences")
    name = lowering.add(node.name, GlobalAveragePool(), image.name)
    shape = lowering.shapes[node.outputs[0]]
    lowering.set(node.outputs[0], replace(image, name=name, shape=shape))


def _batch_normalisation(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(normalisation.OnnxBatchNormalization, node.operator)
    scale, bias, mean, variance = (lowering.needed(node, place) for place in range(1, 5))
    value = lowering.real(node.operands[0])
    channel_last = (*(axis for axis in value.long_axes if axis != 1), 1)
    value = lowering.arranged(value, channel_last)
    normalise = BatchNormalisation(
        scale=scale, bias=bias, mean=mean, variance=variance, epsilon=operator.epsilon
    )
    name = lowering.add(node.name, normalise, value.name)
    lowering.set(node.outputs[0], value.named(name, scale=None))


def _lrn(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(normalisation.OnnxLRN, node.operator)
    image = lowering.image(lowering.real(node.operands[0]))
    normalise = LocalResponseNormalisation(
        size=operator.size,
        bias=operator.bias,
        alpha=operator.alpha / operator.size,
        exponent=operator.beta,
        gain=1.0,
    )
    name = lowering.add(node.name, normalise, image.name)
    lowering.set(node.outputs[0], image.named(name, scale=None))


def _softmax(lowering: Lowering, node: FloatNode) -> None:
    value = lowering.resolved(lowering.real(node.operands[0]))
    axis = range(len(value.shape))[cast(normalisation.OnnxSoftmax, node.operator).axis]
    others = tuple(each for each in value.long_axes if each != axis)
    value = lowering.arranged(value, (*others, axis))
    name = lowering.add(node.name, Softmax(), value.name)
    lowering.set(node.outputs[0], value.named(name, scale=None))


RULES: dict[str, Callable[[Lowering, FloatNode], None]] = {
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_normalisation,
    "GlobalAveragePool": _global_average_pool,
    "LRN": _lrn,
    "MaxPool": _max_pool,
    "Softmax": _softmax,
}
