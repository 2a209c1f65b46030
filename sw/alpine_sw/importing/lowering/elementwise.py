# SPDX-License-Identifier: Apache-2.0
"""Rules of functions of single elements: of codes where they keep the scale, else of values."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from alpine_models.tile import CODE_MAX, CODE_MIN
from alpine_sw.graph import (
    Add,
    Clip,
    Constant,
    LeakyRelu,
    Multiply,
    Operator,
    Relu,
    Sigmoid,
    Subtract,
    Tanh,
)

from ..network import FloatNode
from ..operators import elementwise
from ..operators.operator import UnsupportedError
from .lowering import Lowering
from .values import Lowered

__all__ = ["RULES", "binary"]

Rule = Callable[[Lowering, FloatNode], None]


def _relu(lowering: Lowering, node: FloatNode) -> None:
    value = lowering.value(node.operands[0])
    name = lowering.add(node.name, Relu(), value.name)
    lowering.set(node.outputs[0], value.named(name, scale=value.scale))


def _clip(lowering: Lowering, node: FloatNode) -> None:
    low, high = lowering.optional(node, 1), lowering.optional(node, 2)
    least = -np.inf if low is None else float(low)
    most = np.inf if high is None else float(high)
    value = lowering.value(node.operands[0])
    if value.scale is None:
        held = np.finfo(np.float32)
        operator: Operator = Clip(low=max(least, float(held.min)), high=min(most, float(held.max)))
    else:
        codes = [
            float(np.clip(np.rint(x / value.scale), CODE_MIN, CODE_MAX)) for x in (least, most)
        ]
        whole = codes[0] == 0 and codes[1] == CODE_MAX
        operator = Relu() if whole else Clip(low=codes[0], high=codes[1])
    name = lowering.add(node.name, operator, value.name)
    lowering.set(node.outputs[0], value.named(name, scale=value.scale))


def _same(lowering: Lowering, node: FloatNode) -> None:
    if any(node.outputs[1:]):
        raise UnsupportedError("only the first result becomes codes")
    lowering.set(node.outputs[0], lowering.value(node.operands[0]))


def _function(make: Callable[[FloatNode], Operator]) -> Rule:
    def rule(lowering: Lowering, node: FloatNode) -> None:
        value = lowering.real(node.operands[0])
        name = lowering.add(node.name, make(node), value.name)
        lowering.set(node.outputs[0], value.named(name, scale=None))

    return rule


def _leaky(node: FloatNode) -> Operator:
    return LeakyRelu(slope=cast(elementwise.OnnxLeakyRelu, node.operator).alpha)


def _binary(operator: Operator) -> Rule:
    def rule(lowering: Lowering, node: FloatNode) -> None:
        binary(lowering, node, operator, *node.operands)

    return rule


def binary(lowering: Lowering, node: FloatNode, operator: Operator, left: str, right: str) -> None:
    """Add a function of two tensors of real values that broadcast."""
    shape = lowering.shapes[node.outputs[0]]
    constants = [lowering.constant(left), lowering.constant(right)]
    if constants[0] is not None and constants[1] is not None:
        raise UnsupportedError("both operands are constants")
    known = [
        None if constant is not None else _widened(lowering.real(name), len(shape))
        for name, constant in zip((left, right), constants, strict=True)
    ]
    leading = _leading(known)
    if leading.shape != shape:
        # The result is larger than either operand: all axes in order.
        leading = replace(lowering.plain("", shape, None), name="")
    names: list[str] = []
    for value, constant in zip(known, constants, strict=True):
        if constant is not None:
            values = leading.constant(constant.astype(np.float32))
            names.append(lowering.add(f"{node.name} constant", Constant(values=values)))
        elif value is not None:
            names.append(_aligned(lowering, value, leading).name)
    result = lowering.add(node.name, operator, *names)
    lowering.set(node.outputs[0], replace(leading, name=result, shape=shape, scale=None))


def _widened(value: Lowered, rank: int) -> Lowered:
    """A tensor with axes of size 1 in front, up to a number of axes."""
    more = rank - len(value.shape)
    axes = tuple(None if axis is None else axis + more for axis in value.axes)
    return replace(value, shape=(1,) * more + value.shape, axes=axes)


def _leading(values: list[Lowered | None]) -> Lowered:
    """The tensor whose axes the result takes: that with most elements."""
    present = [value for value in values if value is not None]
    return max(present, key=lambda value: np.prod(value.shape))


def _aligned(lowering: Lowering, value: Lowered, leading: Lowered) -> Lowered:
    if (
        value.order is not None
        and leading.order is not None
        and (value.order is leading.order or np.array_equal(value.order, leading.order))
    ):
        return value
    axes = leading.axes if leading.order is None else lowering.plain("", leading.shape, None).axes
    return lowering.arranged(lowering.resolved(value), axes)


RULES: dict[str, Rule] = {
    "Add": _binary(Add()),
    "Clip": _clip,
    "Dropout": _same,
    "Identity": _same,
    "LeakyRelu": _function(_leaky),
    "Mul": _binary(Multiply()),
    "Relu": _relu,
    "Sigmoid": _function(lambda node: Sigmoid()),
    "Sub": _binary(Subtract()),
    "Tanh": _function(lambda node: Tanh()),
}
