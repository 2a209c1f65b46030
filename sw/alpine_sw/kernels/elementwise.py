# SPDX-License-Identifier: Apache-2.0
"""Element-wise kernels: ReLU, requantisation, conversions, vector arithmetic, gate combination."""

from typing import Literal

import numpy as np

from alpine_platform.cores.operations import Compute, Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw.graph import arithmetic
from alpine_sw.quantisation.operands import check_buffers, check_no_nan, real_scale

from .streams import CALL, loop_over

__all__ = [
    "cell_update",
    "dequantise",
    "dequantise_sums",
    "quantise",
    "relu8",
    "requantise",
    "vector_add",
    "vector_multiply",
]

RELU_CALL = Compute(cycles=6, instructions=6)
"""Call and return of the shortest kernel, by the counts of the reference's act regions."""
REQUANTISE_CALL = Compute(cycles=70, instructions=70)
"""Call and ends of the requantisation, by the counts of the reference's act1 and conv3_dig:act."""

Width = Literal["vec", "scalar"]


def relu8(codes: Buffer, *, style: Literal["neon", "scalar"] = "neon") -> Program:
    """Replace negative int8 by 0, in place.

    Raises
    ------
    AlpineError
        The buffer has another element type.
    """
    check_buffers(np.int8, codes)
    step = 16 if style == "neon" else 1
    yield RELU_CALL
    yield loop_over(f"relu8_{style}", -(-len(codes.data) // step), codes=(codes, step))
    np.maximum(codes.data, 0, out=codes.data)


def requantise(sums: Buffer, codes: Buffer, *, shift: int, relu: bool = True) -> Program:
    """Turn int32 sums into int8 codes: divide by 2^shift, round half to even, ReLU, saturate.

    Raises
    ------
    AlpineError
        A buffer has another element type.
    ValueError
        The lengths differ or the shift is negative.
    """
    check_buffers(np.int32, sums)
    check_buffers(np.int8, codes)
    same_length(sums, codes)
    if shift < 0:
        raise ValueError(f"shift must be 0 or more, not {shift}")
    yield REQUANTISE_CALL
    yield loop_over(
        "requantise_relu", -(-len(codes.data) // 16), sums=(sums, 64), codes=(codes, 16)
    )
    scaled = np.rint(sums.data * 2.0**-shift)
    codes.data[:] = np.clip(scaled, 0 if relu else -128, 127).astype(np.int8)


def dequantise(codes: Buffer, values: Buffer, *, scale: float, style: Width = "vec") -> Program:
    """Turn int8 codes into float32 values: code times scale.

    Raises
    ------
    AlpineError
        A buffer has another element type.
    ValueError
        The lengths differ.
    """
    check_buffers(np.int8, codes)
    check_buffers(np.float32, values)
    factor = np.float32(real_scale(scale, name=f"scale of {values.name}"))
    same_length(codes, values)
    step = 16 if style == "vec" else 1
    yield CALL
    yield loop_over(
        f"i8f32_{style}",
        -(-len(codes.data) // step),
        codes=(codes, step),
        values=(values, 4 * step),
    )
    values.data[:] = codes.data.astype(np.float32) * factor


def dequantise_sums(sums: Buffer, values: Buffer, *, scale: float) -> Program:
    """Turn int32 sums into float32 values: sum times scale, four at a time.

    Raises
    ------
    AlpineError
        A buffer has another element type.
    ValueError
        The lengths differ.
    """
    check_buffers(np.int32, sums)
    check_buffers(np.float32, values)
    factor = np.float32(real_scale(scale, name=f"scale of {values.name}"))
    same_length(sums, values)
    yield CALL
    yield loop_over("i32f32_vec", -(-len(sums.data) // 4), sums=(sums, 16), values=(values, 16))
    values.data[:] = sums.data.astype(np.float32) * factor


def quantise(values: Buffer, codes: Buffer, *, scale: float, style: Width = "vec") -> Program:
    """Turn float32 values into int8 codes: value times scale, toward zero, saturated.

    Raises
    ------
    AlpineError
        A buffer has another element type, a value is NaN, or the scale is not positive and finite.
    ValueError
        The lengths differ.
    """
    check_buffers(np.float32, values)
    check_buffers(np.int8, codes)
    check_no_nan(values)
    factor = real_scale(scale, name=f"scale of {values.name}")
    same_length(values, codes)
    step = 16 if style == "vec" else 1
    yield CALL
    yield loop_over(
        f"f32i8_{style}",
        -(-len(codes.data) // step),
        values=(values, 4 * step),
        codes=(codes, step),
    )
    codes.data[:] = arithmetic.quantise(values.data, factor)


def vector_add(left: Buffer, right: Buffer, outputs: Buffer) -> Program:
    """Add two float32 vectors.

    Raises
    ------
    AlpineError
        A buffer has another element type.
    ValueError
        The lengths differ.
    """
    yield from binary("vector_add", left, right, outputs)
    np.add(left.data, right.data, out=outputs.data)


def vector_multiply(left: Buffer, right: Buffer, outputs: Buffer) -> Program:
    """Multiply two float32 vectors element by element.

    Raises
    ------
    AlpineError
        A buffer has another element type.
    ValueError
        The lengths differ.
    """
    yield from binary("vector_multiply", left, right, outputs)
    np.multiply(left.data, right.data, out=outputs.data)


def binary(body: str, left: Buffer, right: Buffer, outputs: Buffer) -> Program:
    """Time an operation on two float32 vectors, four elements at a time."""
    check_buffers(np.float32, left, right, outputs)
    same_length(left, right)
    same_length(left, outputs)
    yield CALL
    yield loop_over(
        body,
        -(-len(left.data) // 4),
        left=(left, 16),
        right=(right, 16),
        outputs=(outputs, 16),
    )


def cell_update(
    forget: Buffer, cell: Buffer, entry: Buffer, candidate: Buffer, *, style: Width = "vec"
) -> Program:
    """Combine an LSTM's gates in place: cell = forget * cell + entry * candidate, in float32.

    Raises
    ------
    AlpineError
        A buffer has another element type.
    ValueError
        The lengths differ.
    """
    check_buffers(np.float32, forget, cell, entry, candidate)
    for other in (cell, entry, candidate):
        same_length(forget, other)
    width = 4 if style == "vec" else 1
    yield CALL
    yield loop_over(
        f"cell_{style}",
        -(-len(cell.data) // width),
        forget=(forget, 4 * width),
        cell=(cell, 4 * width),
        input=(entry, 4 * width),
        activation=(candidate, 4 * width),
    )
    cell.data[:] = forget.data * cell.data + entry.data * candidate.data


def same_length(left: Buffer, right: Buffer) -> None:
    """Raise unless two buffers have equally many elements."""
    if len(left.data) != len(right.data):
        raise ValueError(
            f"{len(left.data)} elements in {left.name}, {len(right.data)} in {right.name};"
            " must be equal"
        )
