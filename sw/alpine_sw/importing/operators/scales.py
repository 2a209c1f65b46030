# SPDX-License-Identifier: Apache-2.0
"""ONNX operators between real values and codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .operator import Array, OnnxOperator, UnsupportedError, up_to

__all__ = ["OnnxDequantizeLinear", "OnnxQuantizeLinear"]


@dataclass(frozen=True, kw_only=True)
class Linear(OnnxOperator):
    """Scales and zero points, for all elements or per element of one axis."""

    limits = "block_size, precision, codes of other types than int8, uint8, int16, uint16 and int32"
    axis: int = 1
    block_size: int = 0
    output_dtype: int = 0
    saturate: int = 1
    precision: int = 0

    def __post_init__(self) -> None:
        if self.block_size or self.output_dtype or self.precision:
            raise UnsupportedError("block_size, output_dtype and precision are not supported")

    def along(self, values: Array, rank: int) -> Array:
        """Return scales or zero points in the shape that broadcasts to an operand."""
        if values.size == 1:
            return values.reshape(())
        if values.ndim != 1:
            raise UnsupportedError("scales of blocks are not supported")
        axis = range(rank)[self.axis]
        return values.reshape([-1 if place == axis else 1 for place in range(rank)])


@dataclass(frozen=True, kw_only=True)
class OnnxQuantizeLinear(Linear):
    """clamp(rint(x / scale) + zero point)."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the codes."""
        x, scale, zero = up_to(operands, 3)
        zero = np.zeros((), np.uint8) if zero is None else zero
        if zero.dtype.kind not in "iu":
            raise UnsupportedError(f"codes of the type {zero.dtype} are not supported")
        held = np.iinfo(zero.dtype)
        codes = np.rint(x / self.along(scale, x.ndim)) + self.along(zero, x.ndim)
        return (np.clip(codes, held.min, held.max).astype(zero.dtype),)


@dataclass(frozen=True, kw_only=True)
class OnnxDequantizeLinear(Linear):
    """(code - zero point) * scale."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the values."""
        codes, scale, zero = up_to(operands, 3)
        if codes.dtype.kind not in "iu":
            raise UnsupportedError(f"codes of the type {codes.dtype} are not supported")
        less = 0 if zero is None else self.along(zero, codes.ndim).astype(np.int64)
        return (
            (codes.astype(np.int64) - less).astype(scale.dtype) * self.along(scale, codes.ndim),
        )
