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
    Divide,
    LeakyRelu,
    Multiply,
    Operator,
    Relu,
    Sigmoid,
    SquareRoot,
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
    network = lowering.network
    if any(name in network.outputs or network.readers(name) for name in node.outputs[1:] if name):
        raise UnsupportedError("only the first result becomes codes")
    lowering.set(node.outputs[0], lowering.value(node.operands[0]))


def _function(make: Callable[[FloatNode], Operator]) -> Rule:
    def rule(lowering: Lowering, node: FloatNode) -> None:
        value = lowering.real(node.operands[0])
        name = lowering.add(node.name, make(node), value.name)
        lowering.set(node.outputs[0], value.named(name, scale=None))

    return rule


def _divide(lowering: Lowering, node: FloatNode) -> None:
    divisor = lowering.constant(node.operands[1])
    if divisor is None:
        binary(lowering, node, Divide(), *node.operands)
        return
    if not divisor.all():
        raise UnsupportedError("a divisor is 0")
    name = f"{node.name} reciprocal"
    lowering.constants[name] = (1 / divisor.astype(np.float64)).astype(np.float32)
    binary(lowering, node, Multiply(), node.operands[0], name)


def _power(lowering: Lowering, node: FloatNode) -> None:
    exponent = lowering.needed(node, 1)
    value = lowering.real(node.operands[0])
    if exponent.size != 1 or float(exponent.reshape(-1)[0]) not in POWERS:
        raise UnsupportedError(f"exponents other than {', '.join(map(str, POWERS))}")
    number = float(exponent.reshape(-1)[0])
    name = value.name
    if number == SQUARE_ROOT:
        name = lowering.add(node.name, SquareRoot(), name)
    for _ in range(int(number) - 1):
        name = lowering.add(node.name, Multiply(), name, value.name)
    lowering.set(node.outputs[0], value.named(name, scale=None))


def _hard_sigmoid(lowering: Lowering, node: FloatNode) -> None:
    operator = cast(elementwise.OnnxHardSigmoid, node.operator)
    value = lowering.real(node.operands[0])
    name = _hard(lowering, node, value.name, operator.alpha, operator.beta)
    lowering.set(node.outputs[0], value.named(name, scale=None))


def _hard_swish(lowering: Lowering, node: FloatNode) -> None:
    value = lowering.real(node.operands[0])
    gate = _hard(lowering, node, value.name, 1 / 6, 0.5)
    name = lowering.add(f"{node.name} product", Multiply(), value.name, gate)
    lowering.set(node.outputs[0], value.named(name, scale=None))


def _hard(lowering: Lowering, node: FloatNode, name: str, slope: float, offset: float) -> str:
    """Add min(max(slope x + offset, 0), 1)."""
    times, plus = (
        lowering.add(f"{node.name} {what}", Constant(values=np.full(1, number, np.float32)))
        for what, number in (("slope", slope), ("offset", offset))
    )
    scaled = lowering.add(f"{node.name} scaled", Multiply(), name, times)
    moved = lowering.add(f"{node.name} moved", Add(), scaled, plus)
    return lowering.add(node.name, Clip(low=0.0, high=1.0), moved)


def _prelu(lowering: Lowering, node: FloatNode) -> None:
    # max(x, 0) - slope max(-x, 0)
    value = lowering.real(node.operands[0])
    slope = lowering.needed(node, 1)
    if slope.ndim == 1 and len(value.shape) > 2 and slope.shape != value.shape[-1:]:
        slope = slope.reshape(-1, *(1,) * (len(value.shape) - 2))
    slopes = lowering.add(
        f"{node.name} slopes", Constant(values=value.constant(slope.astype(np.float32)))
    )
    minus = lowering.add(f"{node.name} minus", Constant(values=np.full(1, -1, np.float32)))
    negated = lowering.add(f"{node.name} negated", Multiply(), value.name, minus)
    below = lowering.add(f"{node.name} below", Relu(), negated)
    scaled = lowering.add(f"{node.name} scaled", Multiply(), below, slopes)
    above = lowering.add(f"{node.name} above", Relu(), value.name)
    name = lowering.add(node.name, Subtract(), above, scaled)
    lowering.set(node.outputs[0], value.named(name, scale=None))


def _sum(lowering: Lowering, node: FloatNode) -> None:
    first, *others = node.operands
    if not others:
        _same(lowering, node)
    for other in others:
        binary(lowering, node, Add(), first, other)
        first = node.outputs[0]


SQUARE_ROOT = 0.5
POWERS = (0.5, 1.0, 2.0, 3.0, 4.0)
"""Exponents that square roots and products make."""


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
    "Div": _divide,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "PRelu": _prelu,
    "Pow": _power,
    "Sqrt": _function(lambda node: SquareRoot()),
    "Sum": _sum,
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
