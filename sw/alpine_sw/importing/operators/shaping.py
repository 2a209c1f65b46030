# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that move elements, and say what shapes are."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .operator import Array, OnnxOperator, UnsupportedError, integers, sized, up_to

__all__ = [
    "OnnxCast",
    "OnnxConcat",
    "OnnxConstantOfShape",
    "OnnxDropout",
    "OnnxExpand",
    "OnnxFlatten",
    "OnnxGather",
    "OnnxIdentity",
    "OnnxReshape",
    "OnnxShape",
    "OnnxSlice",
    "OnnxSplit",
    "OnnxSqueeze",
    "OnnxTile",
    "OnnxTranspose",
    "OnnxUnsqueeze",
]


@dataclass(frozen=True, kw_only=True)
class OnnxIdentity(OnnxOperator):
    """The operand."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the operand."""
        return (operands[0],)


@dataclass(frozen=True, kw_only=True)
class OnnxDropout(OnnxOperator):
    """The operand, as inference has it; the mask, where it is asked for, is true everywhere."""

    limits = "training_mode true"
    seed: int = 0

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the operand, and the mask."""
        x, _, training = up_to(operands, 3)
        if training is not None and training.any():
            raise UnsupportedError("training mode is not supported: export for inference")
        return (x, np.ones(x.shape, np.bool_))[: self.results]


@dataclass(frozen=True, kw_only=True)
class OnnxCast(OnnxOperator):
    """Elements of another type; `to` is the type of an array."""

    limits = "strings, bfloat16 and types of less than 8 bits"
    to: Any
    saturate: int = 1
    round_mode: str = "up"

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the converted elements."""
        return (operands[0].astype(self.to),)


@dataclass(frozen=True, kw_only=True)
class OnnxConcat(OnnxOperator):
    """Operands one behind the other along an axis."""

    axis: int

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the whole."""
        shape = list(operands[0].shape)
        shape[self.axis] = sum(operand.shape[self.axis] for operand in operands)
        sized(shape)
        return (np.concatenate(operands, axis=self.axis),)


@dataclass(frozen=True, kw_only=True)
class OnnxSplit(OnnxOperator):
    """Parts of the operand along an axis."""

    axis: int = 0
    num_outputs: int | None = None

    def sizes(self, length: int, split: Any) -> tuple[int, ...]:
        """Return the parts' sizes along an axis of some length."""
        if split is not None:
            return integers(split)
        size = -(-length // self.results)
        return (*(size,) * (self.results - 1), length - size * (self.results - 1))

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the parts."""
        x, split = up_to(operands, 2)
        sizes = self.sizes(x.shape[self.axis], split)
        if min(sizes) < 0 or sum(sizes) != x.shape[self.axis] or len(sizes) != self.results:
            raise UnsupportedError(f"parts {list(sizes)} do not make up the axis")
        ends = np.cumsum(sizes)[:-1]
        return tuple(np.split(x, ends, axis=self.axis))


@dataclass(frozen=True, kw_only=True)
class OnnxSlice(OnnxOperator):
    """Parts of axes, with starts, ends and steps."""

    def slices(self, rank: int, *operands: Any) -> tuple[slice, ...]:
        """Return the parts of all axes, of an operand of so many axes."""
        starts, ends, axes, steps = up_to(operands, 4)
        first, stop = integers(starts), integers(ends)
        chosen = range(len(first)) if axes is None else integers(axes)
        by = (1,) * len(first) if steps is None else integers(steps)
        found = [slice(None)] * rank
        for start, end, axis, step in zip(first, stop, chosen, by, strict=True):
            if step == 0:
                raise UnsupportedError("steps of a slice are not 0")
            found[axis] = slice(start, end, step)
        return tuple(found)

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the parts."""
        x, *rest = operands
        return (x[self.slices(x.ndim, *rest)],)


@dataclass(frozen=True, kw_only=True)
class OnnxGather(OnnxOperator):
    """Elements of the operand at indices along an axis."""

    axis: int = 0

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the elements."""
        x, indices = operands
        axis = range(x.ndim)[self.axis]
        sized((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))
        return (np.asarray(np.take(x, indices, axis=axis)),)


@dataclass(frozen=True, kw_only=True)
class OnnxFlatten(OnnxOperator):
    """A matrix: the axes before `axis`, and the others."""

    axis: int = 1

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the matrix."""
        (x,) = operands
        if not -x.ndim <= self.axis <= x.ndim:
            raise UnsupportedError(f"there is no axis {self.axis}")
        axis = self.axis % x.ndim if self.axis < 0 else self.axis
        return (x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:])),)


@dataclass(frozen=True, kw_only=True)
class OnnxReshape(OnnxOperator):
    """The same elements under another shape."""

    allowzero: int = 0

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the elements under the shape."""
        x, shape = operands
        sizes = list(integers(shape))
        for axis, size in enumerate(sizes):
            if size == 0 and not self.allowzero:
                sizes[axis] = x.shape[axis]
        return (x.reshape(sizes),)


@dataclass(frozen=True, kw_only=True)
class OnnxTranspose(OnnxOperator):
    """The axes in another order; reversed where none is given."""

    perm: tuple[int, ...] = ()

    def order(self, rank: int) -> tuple[int, ...]:
        """Return, for every axis of the result, which of the operand it is."""
        return tuple(self.perm) or tuple(reversed(range(rank)))

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the elements in their new order."""
        (x,) = operands
        return (x.transpose(self.order(x.ndim)),)


@dataclass(frozen=True, kw_only=True)
class OnnxSqueeze(OnnxOperator):
    """Without axes of size 1."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the elements without these axes."""
        x, axes = up_to(operands, 2)
        return (x.squeeze(None if axes is None else integers(axes)),)


@dataclass(frozen=True, kw_only=True)
class OnnxUnsqueeze(OnnxOperator):
    """With more axes of size 1."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the elements with these axes."""
        x, axes = operands
        return (np.expand_dims(x, integers(axes)),)


@dataclass(frozen=True, kw_only=True)
class OnnxShape(OnnxOperator):
    """The operand's shape, or a part of it."""

    start: int = 0
    end: int | None = None

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the sizes."""
        return (np.array(operands[0].shape[self.start : self.end], np.int64),)


@dataclass(frozen=True, kw_only=True)
class OnnxConstantOfShape(OnnxOperator):
    """One value everywhere."""

    value: Any = None

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the array."""
        value = np.zeros(1, np.float32) if self.value is None else self.value
        if value.size != 1:
            raise UnsupportedError("the value must be one number")
        return (np.full(sized(integers(operands[0])), value.reshape(-1)[0]),)


@dataclass(frozen=True, kw_only=True)
class OnnxExpand(OnnxOperator):
    """The operand, broadcast to a shape."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the elements, repeated."""
        x, shape = operands
        whole = sized(np.broadcast_shapes(x.shape, integers(shape)))
        return (np.broadcast_to(x, whole),)


@dataclass(frozen=True, kw_only=True)
class OnnxTile(OnnxOperator):
    """The operand, repeated along its axes."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the elements, repeated."""
        x, repeats = operands
        counts = integers(repeats)
        if len(counts) != x.ndim or min(counts, default=0) < 0:
            raise UnsupportedError(f"repeats {list(counts)} do not fit {x.ndim} axes")
        sized(size * count for size, count in zip(x.shape, counts, strict=True))
        return (np.tile(x, counts),)
