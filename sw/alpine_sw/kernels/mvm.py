"""Matrix-vector products of int8 with exact int32 sums; the style decides time, never results."""

import numpy as np
from alpine_platform.address_space import Buffer
from alpine_platform.operations import Compute, Program, RunLoop
from alpine_platform.pipeline import Phase, Stream

from .bodies import MVM_NEON1, MVM_NEON1_ROW, MVM_NEON4, MVM_NEON4_ROWS
from .common import over

__all__ = ["MVM_STYLES", "mvm"]

CALL = Compute(cycles=12, instructions=12)
"""Call, set-up and return."""


def neon1(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """One row at a time."""
    rows, columns = weights.data.shape
    products = Phase(
        body=MVM_NEON1,
        iterations=-(-columns // 16),
        streams={
            "weights": over(weights, 16, repeat_stride=columns),
            "inputs": over(inputs, 16),
        },
    )
    end = Phase(
        body=MVM_NEON1_ROW,
        iterations=1,
        streams={"outputs": over(outputs, 0, repeat_stride=4)},
    )
    return RunLoop(phases=[products, end], repeats=rows)


def neon4(weights: Buffer, inputs: Buffer, outputs: Buffer) -> RunLoop:
    """Four rows at a time, sharing the loads of the inputs."""
    rows, columns = weights.data.shape
    streams: dict[str, Stream] = {"inputs": over(inputs, 16)}
    for row in range(4):
        streams[f"weights{row}"] = over(
            weights, 16, repeat_stride=4 * columns, offset=min(row, rows - 1) * columns
        )
    products = Phase(body=MVM_NEON4, iterations=-(-columns // 16), streams=streams)
    end = Phase(
        body=MVM_NEON4_ROWS,
        iterations=1,
        streams={"outputs": over(outputs, 0, repeat_stride=16)},
    )
    return RunLoop(phases=[products, end], repeats=-(-rows // 4))


MVM_STYLES = {"neon1": neon1, "neon4": neon4}
"""Styles of the reference data that this module knows."""


def mvm(weights: Buffer, inputs: Buffer, outputs: Buffer, *, style: str = "neon4") -> Program:
    """Multiply W[OUT][IN] of int8 with a vector of int8 into int32.

    Raises
    ------
    ValueError
        The shapes do not fit or the style is unknown.
    """
    if style not in MVM_STYLES:
        raise ValueError(f"unknown style {style!r}; use one of {', '.join(MVM_STYLES)}")
    rows, columns = weights.data.shape
    if inputs.data.shape != (columns,) or outputs.data.shape != (rows,):
        raise ValueError(
            f"W[{rows}][{columns}] times {inputs.data.shape} into {outputs.data.shape}:"
            " the shapes do not fit"
        )
    yield CALL
    yield MVM_STYLES[style](weights, inputs, outputs)
    outputs.data[:] = weights.data.astype(np.int32) @ inputs.data.astype(np.int32)
