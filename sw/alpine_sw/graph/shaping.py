# SPDX-License-Identifier: Apache-2.0
"""Operators that move elements without changing them."""

import math
from dataclasses import dataclass

import numpy as np

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError

from .operator import OperandError, Operator
from .tensors import Array, TensorType

__all__ = ["Concatenate", "Pad", "Reshape", "Select", "Slice", "Transpose"]

REST = -1
"""Size of an axis that takes what the others leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Concatenate(Operator):
    """Tensors of one element type one behind the other.

    Members
    -------
    axis : along which; the other axes are equal. Negative ones count from the last.
    """

    operand_count = None
    axis: int = -1

    def __post_init__(self) -> None:
        whole_number("axis of a concatenation", self.axis)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the whole."""
        first = operands[0]
        axis = _axis(self.axis, first)
        for position, operand in enumerate(operands):
            shape = list(first.shape)
            if len(operand.shape) == len(shape):
                shape[axis] = operand.shape[axis]
            if operand.element is not first.element or operand.shape != tuple(shape):
                shown = ", ".join("any" if i == axis else str(s) for i, s in enumerate(first.shape))
                raise OperandError(position, f"{first.element} [{shown}]")
        sizes = list(first.shape)
        sizes[axis] = sum(operand.shape[axis] for operand in operands)
        return TensorType(first.element, tuple(sizes))

    def evaluate(self, *values: Array) -> Array:
        """Return the whole."""
        return np.concatenate(values, axis=self.axis if self.axis < 0 else self.axis + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reshape(Operator):
    """The same elements in the same order under another shape; the default flattens.

    Members
    -------
    shape : sizes; one of them may be -1 and takes what the others leave.

    Raises
    ------
    AlpineError
        A size is out of range, or more than one is -1.
    """

    shape: tuple[int, ...] = (REST,)

    def __post_init__(self) -> None:
        sizes = tuple(whole_number("size of a reshape", size, least=REST) for size in self.shape)
        if 0 in sizes or sizes.count(REST) > 1:
            raise AlpineError(
                f"shape {list(sizes)} of a reshape is refused: give sizes from 1 on, -1 at most "
                "once"
            )
        object.__setattr__(self, "shape", sizes)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type under the new shape."""
        elements = operands[0].elements
        others = math.prod(size for size in self.shape if size != REST)
        rest = elements // others
        sizes = tuple(rest if size == REST else size for size in self.shape)
        if math.prod(sizes) != elements or not rest:
            raise OperandError(0, f"as many elements as the shape {list(self.shape)} has")
        return TensorType(operands[0].element, sizes)

    def evaluate(self, *values: Array) -> Array:
        """Return the elements under the new shape."""
        return values[0].reshape(len(values[0]), *self.shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transpose(Operator):
    """The same elements with the axes in another order.

    Members
    -------
    axes : axis `axes[i]` of the operand becomes axis i; every axis once.

    Raises
    ------
    AlpineError
        An axis is missing or there twice.
    """

    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        axes = tuple(whole_number("axis of a transpose", axis, least=0) for axis in self.axes)
        if sorted(axes) != list(range(len(axes))):
            raise AlpineError(f"axes {list(axes)} of a transpose are refused: give every axis once")
        object.__setattr__(self, "axes", axes)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type with the axes in their new order."""
        shape = operands[0].shape
        if len(shape) != len(self.axes):
            raise OperandError(0, f"{len(self.axes)} axes")
        return TensorType(operands[0].element, tuple(shape[axis] for axis in self.axes))

    def evaluate(self, *values: Array) -> Array:
        """Return the elements in their new order."""
        axes = (0, *(axis + 1 for axis in self.axes))
        return np.ascontiguousarray(values[0].transpose(axes))


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice(Operator):
    """Every `step`-th element along one axis, from `start` to `stop`, which is left out.

    Members
    -------
    start, stop : 0 or more; stop above start.
    axis : along which; negative ones count from the last.
    step : 1 or more.

    Raises
    ------
    AlpineError
        A number is out of range.
    """

    start: int
    stop: int
    axis: int = -1
    step: int = 1

    def __post_init__(self) -> None:
        whole_number("axis of a slice", self.axis)
        start = whole_number("start of a slice", self.start, least=0)
        whole_number("stop of a slice", self.stop, least=start + 1)
        whole_number("step of a slice", self.step, least=1)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the part."""
        shape = list(operands[0].shape)
        axis = _axis(self.axis, operands[0])
        if self.stop > shape[axis]:
            raise OperandError(0, f"{self.stop} elements or more along axis {self.axis}")
        shape[axis] = len(range(self.start, self.stop, self.step))
        return TensorType(operands[0].element, tuple(shape))

    def evaluate(self, *values: Array) -> Array:
        """Return the part."""
        axis = self.axis % (values[0].ndim - 1) + 1
        return values[0][(slice(None),) * axis + (slice(self.start, self.stop, self.step),)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Select(Operator):
    """Elements along one axis by their numbers, in any order and as often as asked.

    Members
    -------
    indices : numbers of the elements, from 0; one or more.
    axis : along which; negative ones count from the last.

    Raises
    ------
    AlpineError
        A number is out of range.
    """

    indices: tuple[int, ...]
    axis: int = -1

    def __post_init__(self) -> None:
        whole_number("axis of a selection", self.axis)
        indices = tuple(whole_number("index of a selection", i, least=0) for i in self.indices)
        if not indices:
            raise AlpineError("a selection has no indices: give one or more")
        object.__setattr__(self, "indices", indices)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the elements."""
        shape = list(operands[0].shape)
        axis = _axis(self.axis, operands[0])
        if max(self.indices) >= shape[axis]:
            raise OperandError(0, f"{max(self.indices) + 1} elements or more along axis {axis}")
        shape[axis] = len(self.indices)
        return TensorType(operands[0].element, tuple(shape))

    def evaluate(self, *values: Array) -> Array:
        """Return the elements."""
        axis = self.axis % (values[0].ndim - 1) + 1
        return np.take(values[0], self.indices, axis=axis)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pad(Operator):
    """The operand with zeros before and behind its elements.

    Members
    -------
    pads : for every axis, elements before and behind it; 0 or more.

    Raises
    ------
    AlpineError
        A number is out of range.
    """

    pads: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        pads = tuple(
            (whole_number("pad", before, least=0), whole_number("pad", behind, least=0))
            for before, behind in self.pads
        )
        object.__setattr__(self, "pads", pads)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the larger tensor."""
        shape = operands[0].shape
        if len(shape) != len(self.pads):
            raise OperandError(0, f"{len(self.pads)} axes")
        sizes = (size + sum(pad) for size, pad in zip(shape, self.pads, strict=True))
        return TensorType(operands[0].element, tuple(sizes))

    def evaluate(self, *values: Array) -> Array:
        """Return the elements among zeros."""
        return np.pad(values[0], ((0, 0), *self.pads))


def _axis(axis: int, operand: TensorType) -> int:
    """Number of an axis that may be counted from the last."""
    axes = len(operand.shape)
    if not -axes <= axis < axes:
        raise OperandError(0, f"an axis {axis}")
    return axis % axes
