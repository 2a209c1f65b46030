# SPDX-License-Identifier: Apache-2.0
"""Rules of operators that move elements."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from alpine_sw.graph import Concatenate, Reshape

from ..network import FloatNode
from ..operators import shaping
from .lowering import Lowering
from .values import Lowered

__all__ = ["RULES"]


def _reshape(lowering: Lowering, node: FloatNode) -> None:
    value = lowering.value(node.operands[0])
    lowering.set(node.outputs[0], reshaped(lowering, value, lowering.shapes[node.outputs[0]], node))


def reshaped(
    lowering: Lowering, value: Lowered, shape: tuple[int, ...], node: FloatNode
) -> Lowered:
    """Return a tensor of the same elements under another shape of the model."""
    before = [axis for axis, size in enumerate(value.shape) if size > 1]
    after = [axis for axis, size in enumerate(shape) if size > 1]
    if [value.shape[axis] for axis in before] == [shape[axis] for axis in after]:
        # Only axes of size 1 come and go.
        number = dict(zip(before, after, strict=True))
        axes = tuple(None if axis is None else number.get(axis) for axis in value.axes)
        return replace(value, axes=axes, shape=shape)
    if len(after) == 1 and value.order is None:
        elements = np.arange(np.prod(value.shape)).reshape(1, *value.shape)
        order = value.to_graph(elements).reshape(-1)
        name = lowering.add(node.name, Reshape(), value.name)
        return Lowered(
            name=name,
            axes=(after[0],),
            shape=shape,
            scale=value.scale,
            order=None if np.array_equal(order, np.arange(order.size)) else order,
        )
    value = lowering.natural(value)
    target = lowering.plain("", shape, value.scale)
    name = lowering.add(node.name, Reshape(shape=target.sizes), value.name)
    return replace(target, name=name)


def _transpose(lowering: Lowering, node: FloatNode) -> None:
    value = lowering.resolved(lowering.value(node.operands[0]))
    order = cast(shaping.OnnxTranspose, node.operator).order(len(value.shape))
    axes = tuple(None if axis is None else order.index(axis) for axis in value.axes)
    shape = tuple(value.shape[axis] for axis in order)
    lowering.set(node.outputs[0], replace(value, axes=axes, shape=shape))


def _concat(lowering: Lowering, node: FloatNode) -> None:
    output = node.outputs[0]
    values = [lowering.value(name) for name in node.operands]
    if all(value.scale is not None for value in values):
        scale = lowering.scale_of(output)
        same = {value.scale for value in values}
        scale = same.pop() if len(same) == 1 else scale
        values = [lowering.codes(name, scale) for name in node.operands]
    else:
        scale, values = None, [lowering.real(name) for name in node.operands]
    shape = lowering.shapes[output]
    axis = range(len(shape))[cast(shaping.OnnxConcat, node.operator).axis]
    leading = max(values, key=lambda value: len(value.axes))
    axes = tuple(leading.axes if leading.order is None else lowering.plain("", shape, None).axes)
    missing = {a for value in values for a in value.long_axes} | {axis}
    if not missing <= set(axes):
        axes = tuple(each for each, size in enumerate(shape) if size > 1)
    arranged = [lowering.arranged(lowering.resolved(value), axes) for value in values]
    name = lowering.add(
        node.name, Concatenate(axis=axes.index(axis)), *(value.name for value in arranged)
    )
    lowering.set(output, Lowered(name=name, axes=axes, shape=shape, scale=scale))


RULES: dict[str, Callable[[Lowering, FloatNode], None]] = {
    "Concat": _concat,
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Squeeze": _reshape,
    "Transpose": _transpose,
    "Unsqueeze": _reshape,
}
