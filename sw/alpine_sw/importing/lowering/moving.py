# SPDX-License-Identifier: Apache-2.0
"""Rules of operators that choose, repeat or average elements, and of those between codes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import cast

import numpy as np

from alpine_sw.graph import GlobalAveragePool, Pad, Reshape, Select, Slice

from ..network import FloatNode
from ..operators import normalisation, resampling, shaping
from ..operators.operator import UnsupportedError
from .lowering import Lowering
from .values import Lowered

__all__ = ["RULES"]


def _chosen(
    lowering: Lowering, node: FloatNode, value: Lowered, picks: Mapping[int, Sequence[int]]
) -> Lowered:
    """A tensor with some elements of some axes of the model, in any order."""
    value = lowering.resolved(value)
    for axis, indices in picks.items():
        numbers = [int(index) for index in indices]
        size = value.shape[axis]
        if numbers == list(range(size)):
            continue
        if not numbers:
            raise UnsupportedError("nothing is left of a tensor")
        if axis not in value.axes:
            # An axis of size 1 that the graph has not.
            place = next((p for p, each in enumerate(value.axes) if each is None), None)
            axes = (
                (axis, *value.axes)
                if place is None
                else tuple(axis if p == place else each for p, each in enumerate(value.axes))
            )
            value = lowering.arranged(value, axes)
        place = value.axes.index(axis)
        steps = {b - a for a, b in pairwise(numbers)} or {1}
        step = steps.pop()
        if not steps and step > 0:
            operator = Slice(start=numbers[0], stop=numbers[-1] + 1, step=step, axis=place)
        else:
            operator = Select(indices=tuple(numbers), axis=place)
        name = lowering.add(node.name, operator, value.name)
        shape = tuple(
            len(numbers) if each == axis else size for each, size in enumerate(value.shape)
        )
        value = replace(value, name=name, shape=shape)
    return value


def _slice(lowering: Lowering, node: FloatNode) -> None:
    value = lowering.value(node.operands[0])
    rest = [lowering.optional(node, place) for place in range(1, len(node.operands))]
    slices = cast(shaping.OnnxSlice, node.operator).slices(len(value.shape), *rest)
    picks = {axis: range(value.shape[axis])[part] for axis, part in enumerate(slices)}
    lowering.set(node.outputs[0], _chosen(lowering, node, value, picks))


def _split(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(shaping.OnnxSplit, node.operator)
    value = lowering.value(node.operands[0])
    axis = range(len(value.shape))[operator.axis]
    start = 0
    sizes = operator.sizes(value.shape[axis], lowering.optional(node, 1))
    for output, size in zip(node.outputs, sizes, strict=True):
        if output:
            part = _chosen(lowering, node, value, {axis: range(start, start + size)})
            lowering.set(output, part)
        start += size


def _gather(lowering: Lowering, node: FloatNode) -> None:
    indices = lowering.needed(node, 1)
    value = lowering.value(node.operands[0])
    axis = range(len(value.shape))[cast(shaping.OnnxGather, node.operator).axis]
    if indices.ndim > 1:
        raise UnsupportedError("indices of more than one axis")
    numbers = [int(index) % value.shape[axis] for index in indices.reshape(-1)]
    found = _chosen(lowering, node, value, {axis: numbers})
    if indices.ndim == 0:
        axes = tuple(
            None if each is None or each == axis else each - (each > axis) for each in found.axes
        )
        shape = tuple(size for each, size in enumerate(found.shape) if each != axis)
        found = replace(found, axes=axes, shape=shape)
    lowering.set(node.outputs[0], found)


def _pad(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(resampling.OnnxPad, node.operator)
    value = lowering.resolved(lowering.value(node.operands[0]))
    pads, fill, axes = (
        lowering.optional(node, place) if place < len(node.operands) else None
        for place in (1, 2, 3)
    )
    pairs = operator.pairs(len(value.shape), pads, axes)
    shape = lowering.shapes[node.outputs[0]]
    if operator.mode == "constant" and any(max(pair) > 0 for pair in pairs):
        if fill is not None and fill.any():
            raise UnsupportedError("only zeros are added")
        if any(min(pair) < 0 for pair in pairs):
            raise UnsupportedError("elements are added and left out at once")
        missing = [a for a, pair in enumerate(pairs) if any(pair) and a not in value.axes]
        value = lowering.arranged(value, (*missing, *value.axes))
        around = tuple((0, 0) if axis is None else pairs[axis] for axis in value.axes)
        name = lowering.add(node.name, Pad(pads=around), value.name)
        lowering.set(node.outputs[0], replace(value, name=name, shape=shape))
        return
    picks: dict[int, Sequence[int]] = {}
    for axis, (before, after) in enumerate(pairs):
        numbers = np.arange(value.shape[axis])
        if (before, after) != (0, 0):
            alone = replace(operator)
            (numbers,) = alone.evaluate(numbers, np.array([before, after]))
        picks[axis] = list(map(int, numbers))
    lowering.set(node.outputs[0], _chosen(lowering, node, value, picks))


def _resize(lowering: Lowering, node: FloatNode) -> None:
    value = lowering.value(node.operands[0])
    given = [
        lowering.optional(node, place) if place < len(node.operands) else None for place in (2, 3)
    ]
    indices = cast(resampling.OnnxResize, node.operator).indices(value.shape, *given)
    picks = {axis: list(map(int, numbers)) for axis, numbers in enumerate(indices)}
    lowering.set(node.outputs[0], _chosen(lowering, node, value, picks))


def _reduce_mean(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(normalisation.OnnxReduceMean, node.operator)
    value = lowering.resolved(lowering.real(node.operands[0]))
    rank = len(value.shape)
    axes = lowering.optional(node, 1) if len(node.operands) > 1 else None
    reduced = operator.chosen(rank, axes)
    long = [axis for axis in value.long_axes if axis in reduced]
    others = [axis for axis in value.long_axes if axis not in reduced]
    name = value.name
    if long:
        # The mean of every channel of an image whose rows are what is reduced.
        value = lowering.arranged(value, (*long, *others))
        size = int(np.prod([value.shape[axis] for axis in long]))
        rest = int(np.prod([value.shape[axis] for axis in others]))
        image = lowering.add(f"{node.name} rows", Reshape(shape=(size, 1, rest)), value.name)
        means = lowering.add(node.name, GlobalAveragePool(), image)
        sizes = tuple(value.shape[axis] for axis in others) or (1,)
        name = lowering.add(f"{node.name} means", Reshape(shape=sizes), means)
        value = replace(value, axes=tuple(others) or (None,))
    kept = [axis for axis in range(rank) if operator.keepdims or axis not in reduced]
    new = {axis: place for place, axis in enumerate(kept)}
    result = replace(
        value,
        name=name,
        axes=tuple(None if axis is None else new.get(axis) for axis in value.axes),
        shape=lowering.shapes[node.outputs[0]],
    )
    lowering.set(node.outputs[0], result)


def _cast(lowering: Lowering, node: FloatNode) -> None:
    if np.dtype(cast(shaping.OnnxCast, node.operator).to).kind != "f":
        raise UnsupportedError("only casts between real types become codes")
    lowering.set(node.outputs[0], lowering.value(node.operands[0]))


def _quantize(lowering: Lowering, node: FloatNode) -> None:
    scale = lowering.own_scales.get(node.operands[0])
    if scale is None:
        raise UnsupportedError("only int8 codes with one scale and the zero point 0 are kept")
    lowering.set(node.outputs[0], lowering.codes(node.operands[0], scale))


def _dequantize(lowering: Lowering, node: FloatNode) -> None:
    value, scale = lowering.value(node.operands[0]), lowering.needed(node, 1)
    if value.scale is None or not np.isclose(float(scale.reshape(-1)[0]), value.scale):
        raise UnsupportedError("codes must have the scale with which they were made")
    lowering.set(node.outputs[0], value)


RULES: dict[str, Callable[[Lowering, FloatNode], None]] = {
    "Cast": _cast,
    "DequantizeLinear": _dequantize,
    "Gather": _gather,
    "Pad": _pad,
    "QuantizeLinear": _quantize,
    "ReduceMean": _reduce_mean,
    "Resize": _resize,
    "Slice": _slice,
    "Split": _split,
}
