# SPDX-License-Identifier: Apache-2.0
"""Matrix products of int8 with exact int32 sums; the style decides time, never results.

Styles are named as in the reference data. `eigen_i8row` and `eigen_i8col` time Eigen's int8
kernels, whose measured results wrap modulo 256; ours are exact all the same.
"""

from collections.abc import Callable, Iterator

import numpy as np

from alpine_platform.cores.operations import Compute, Program, RunLoop
from alpine_platform.cores.pipeline import Stream
from alpine_platform.memory.address_space import Buffer
from alpine_sw.quantisation.operands import check_buffers

from .products import int8_product
from .streams import loop_over, over, phase

__all__ = ["MVM_STYLES", "SCRATCH_STYLES", "mm", "mvm", "product_loops"]

CALL = Compute(cycles=12, instructions=12)
"""Call, set-up and return."""

PACKETS_BYTES = 128
"""Rows that Eigen's column-major kernels take together: eight packets of 16 bytes."""


def neon1(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """One row at a time."""
    rows, columns = weights.data.shape
    streams = {"weights": over(weights, 16, repeat_stride=columns), "inputs": over(inputs, 16)}
    end = {"outputs": over(outputs, 0, repeat_stride=4)}
    return RunLoop(
        phases=[
            phase("mvm_neon1", -(-columns // 16), streams),
            phase("mvm_neon1_row", 1, end),
        ],
        repeats=rows,
    )


def neon4(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """Four rows at a time, sharing the loads of the inputs."""
    rows, columns = weights.data.shape
    streams = row_streams(weights, inputs, 4)
    end = {"outputs": over(outputs, 0, repeat_stride=16)}
    return RunLoop(
        phases=[
            phase("mvm_neon4", -(-columns // 16), streams),
            phase("mvm_neon4_rows", 1, end),
        ],
        repeats=-(-rows // 4),
    )


def eigen_i8row(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """Eigen, row-major int8: eight rows at a time."""
    rows, columns = weights.data.shape
    streams = row_streams(weights, inputs, 8)
    end = {"outputs": over(outputs, 0, repeat_stride=32)}
    return RunLoop(
        phases=[
            phase("mvm_eigen_i8row", -(-columns // 16), streams),
            phase("mvm_eigen_i8row_rows", 1, end),
        ],
        repeats=-(-rows // 8),
    )


def eigen_i8col(weights: Buffer, inputs: Buffer, outputs: Buffer) -> Iterator[RunLoop]:
    """Eigen, column-major int8: 128 rows at a time."""
    return column_blocks("mvm_eigen_i8col", 1, weights, inputs, outputs)


def column_blocks(
    body: str, item_bytes: int, weights: Buffer, inputs: Buffer, outputs: Buffer
) -> Iterator[RunLoop]:
    """Loops of Eigen's column-major kernels: so many columns by eight packets of rows.

    The outputs are of the weights' type, as measured. Eigen 3.4 takes 16 columns together where
    there are 128 or more of less than 32000 bytes, else all of them or 4.
    """
    rows, columns = weights.data.shape
    together = columns if columns < 128 else 16 if rows * item_bytes < 32000 else 4
    blocks = -(-rows * item_bytes // PACKETS_BYTES)
    end = phase("mvm_eigen_block", 1, {"outputs": over(outputs, 0, repeat_stride=PACKETS_BYTES)})
    for first in range(0, columns, together):
        streams = {
            "weights": over(
                weights,
                rows * item_bytes,
                repeat_stride=PACKETS_BYTES,
                offset=first * rows * item_bytes,
            ),
            "inputs": over(inputs, item_bytes, offset=first * item_bytes),
        }
        count = min(together, columns - first)
        yield RunLoop(phases=[phase(body, count, streams), end], repeats=blocks)
        yield RunLoop(phases=[phase("mvm_eigen_columns", 1, {})])


def eigen_castcol(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """Eigen, column-major, widened to int32: every column is added to the outputs in memory."""
    rows, columns = weights.data.shape
    streams = {"weights": over(weights, 16, repeat_stride=rows), "outputs": over(outputs, 64)}
    return RunLoop(
        phases=[
            phase("mvm_eigen_castcol_column", 1, {"inputs": over(inputs, 0, repeat_stride=1)}),
            phase("mvm_eigen_castcol", -(-rows // 16), streams),
        ],
        repeats=columns,
    )


def eigen_lazyrow(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """Eigen, row-major, inputs widened to int32 before: one row at a time."""
    rows, columns = weights.data.shape
    streams = {"weights": over(weights, 16, repeat_stride=columns), "inputs": over(inputs, 64)}
    end = {"outputs": over(outputs, 0, repeat_stride=4)}
    return RunLoop(
        phases=[
            phase("mvm_eigen_lazyrow", -(-columns // 16), streams),
            phase("mvm_eigen_lazyrow_row", 1, end),
        ],
        repeats=rows,
    )


def eigen_f32col(weights: Buffer, inputs: Buffer, outputs: Buffer) -> Iterator[RunLoop]:
    """Eigen, column-major float32: 32 rows at a time, four bytes per weight."""
    return column_blocks("mvm_eigen_f32col", 4, weights, inputs, outputs)


def scalar(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """One product at a time."""
    rows, columns = weights.data.shape
    streams = {"weights": over(weights, 1, repeat_stride=columns), "inputs": over(inputs, 1)}
    end = {"outputs": over(outputs, 0, repeat_stride=4)}
    return RunLoop(
        phases=[phase("mvm_scalar", columns, streams), phase("mvm_scalar_row", 1, end)],
        repeats=rows,
    )


def row_streams(weights: Buffer, inputs: Buffer, together: int) -> dict[str, Stream]:
    """Streams of a kernel that works on several rows at once; missing rows repeat the last."""
    rows, columns = weights.data.shape
    streams = {"inputs": over(inputs, 16)}
    for row in range(together):
        streams[f"weights{row}"] = over(
            weights, 16, repeat_stride=together * columns, offset=min(row, rows - 1) * columns
        )
    return streams


Loops = Callable[[Buffer, Buffer, Buffer], RunLoop | Iterator[RunLoop]]
MVM_STYLES: dict[str, Loops] = {
    "neon1": neon1,
    "neon4": neon4,
    "eigen_i8row": eigen_i8row,
    "eigen_i8col": eigen_i8col,
    "eigen_castcol": eigen_castcol,
    "eigen_castrow": eigen_lazyrow,
    "eigen_lazyrow": eigen_lazyrow,
    "eigen_f32col": eigen_f32col,
    "scalar": scalar,
}
"""Styles of the reference data. `eigen_castrow` runs as `eigen_lazyrow`: the reference counts 17
instructions per 16 products for both, and the same cycles."""

SCRATCH_STYLES = ("eigen_castrow", "eigen_lazyrow")
"""Styles that widen the inputs first, into a scratch buffer of int32."""

FLOAT_STYLES = ("eigen_f32col",)
"""Styles whose matrix, inputs and outputs are float32."""

ADDING_STYLES = ("eigen_i8row", "eigen_i8col", "eigen_castcol", "eigen_f32col")
"""Styles that clear the outputs first and add to them in memory (y += W x, as Eigen does)."""


def mvm(
    weights: Buffer,
    inputs: Buffer,
    outputs: Buffer,
    *,
    style: str = "neon4",
    scratch: Buffer | None = None,
) -> Program:
    """Multiply W[OUT][IN] with a vector into int32.

    Parameters
    ----------
    weights : int8 of two dimensions; float32 for style `eigen_f32col`.
    inputs : as many elements as columns, of the weights' type.
    outputs : int32, as many as rows; float32 for style `eigen_f32col`.
    style : one of `MVM_STYLES`.
    scratch : int32, as many elements as inputs, for the styles of `SCRATCH_STYLES`.

    Raises
    ------
    AlpineError
        A buffer has another element type or number of dimensions.
    ValueError
        The shapes do not fit, the style is unknown, or its scratch buffer is missing.
    """
    if style not in MVM_STYLES:
        raise ValueError(f"unknown style {style!r}; use one of {', '.join(MVM_STYLES)}")
    floats = style in FLOAT_STYLES
    check_buffers(np.float32 if floats else np.int8, weights, dimensions=2)
    check_buffers(np.float32 if floats else np.int8, inputs)
    check_buffers(np.float32 if floats else np.int32, outputs)
    rows, columns = weights.data.shape
    if inputs.data.shape != (columns,) or outputs.data.shape != (rows,):
        raise ValueError(
            f"W[{rows}][{columns}] times {inputs.data.shape} into {outputs.data.shape}:"
            " the shapes do not fit"
        )
    source = inputs
    if style in SCRATCH_STYLES:
        if scratch is None or scratch.size_bytes < 4 * columns:
            raise ValueError(f"style {style} needs scratch of {4 * columns} bytes")
        source = scratch
    yield CALL
    if style in SCRATCH_STYLES:
        yield loop_over("widen_i8i32", -(-columns // 16), codes=(inputs, 16), words=(source, 64))
    if style in ADDING_STYLES:
        yield loop_over("clear", -(-outputs.size_bytes // 64), destination=(outputs, 64))
    yield from product_loops(style, weights, source, outputs)
    if floats:
        outputs.data[:] = weights.data.astype(np.float64) @ inputs.data.astype(np.float64)
    else:
        int8_product(weights.data, inputs.data, outputs.data)


def product_loops(
    style: str, weights: Buffer, inputs: Buffer, outputs: Buffer
) -> Iterator[RunLoop]:
    """Loops of a product in a style, without its call."""
    loops = MVM_STYLES[style](weights, inputs, outputs)
    if isinstance(loops, RunLoop):
        yield loops
    else:
        yield from loops


def mm(weights: Buffer, inputs: Buffer, outputs: Buffer) -> Program:
    """Multiply W[OUT][IN] with P vectors: outputs[P][OUT], four vectors per pass over the weights.

    The reference's `blk` runs: the mix of `neon4` with four vectors that share a weight row.

    Raises
    ------
    AlpineError
        A buffer has another element type or number of dimensions.
    ValueError
        The shapes do not fit.
    """
    check_buffers(np.int8, weights, inputs, dimensions=2)
    check_buffers(np.int32, outputs, dimensions=2)
    rows, columns = weights.data.shape
    count = inputs.data.shape[0]
    if inputs.data.shape != (count, columns) or outputs.data.shape != (count, rows):
        raise ValueError(
            f"W[{rows}][{columns}] times {inputs.data.shape} into {outputs.data.shape}:"
            " the shapes do not fit"
        )
    for first in range(0, count, 4):
        streams = {"inputs": over(weights, 16, repeat_stride=columns)}
        for place in range(4):
            offset = min(first + place, count - 1) * columns
            streams[f"weights{place}"] = over(inputs, 16, offset=offset)
        end = {"outputs": over(outputs, 0, repeat_stride=4, offset=4 * first * rows)}
        yield CALL
        yield RunLoop(
            phases=[
                phase("mvm_neon4", -(-columns // 16), streams),
                phase("mvm_neon4_rows", 1, end),
            ],
            repeats=rows,
        )
    # float64 is exact here: products of 8-bit numbers stay below 2^53 for any length.
    products = inputs.data.astype(np.float64) @ weights.data.astype(np.float64).T
    outputs.data[:] = products.astype(np.int32)
