# SPDX-License-Identifier: Apache-2.0
"""Programs of any operator of a graph on whole tensors: what runs where no special kernel exists.

Values are the golden model's, computed at once; time is that of vector loops over the tensors'
addresses: loads, the operations of sixteen elements, stores. No reference run calibrates these
loops, and no compiler wrote them: they are what a plain implementation with 16-byte vectors would
execute, so their times are predictions.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Operation, Program, RunLoop
from alpine_platform.cores.pipeline import Stream
from alpine_platform.memory.address_space import Buffer
from alpine_sw.graph import (
    AveragePool,
    Concatenate,
    Constant,
    Convolution,
    Dense,
    GlobalAveragePool,
    MaxPool,
    Operator,
    Reshape,
    Slice,
    TensorType,
    Transpose,
)

from .bodies import body, numbered, tail
from .copy import Span, copy_phases
from .streams import CALL, over, phase

__all__ = ["Tensor", "alias", "estimated_cycles", "run_operator", "walk", "weights_of"]

LANES = 16
"""Elements of an iteration: a vector of int8, four vectors of anything wider."""
MOST_TAPS = 40
"""Elements of a window's row that one loop body reads."""

OPERATIONS = {
    "relu": 1,
    "add": 1,
    "subtract": 1,
    "multiply": 1,
    "clip": 2,
    "leaky relu": 3,
    "quantise": 4,
    "dequantise": 2,
    "requantise": 9,
    "batch normalisation": 2,
}
"""Vector operations per vector of results; a requantisation divides in float64, as `rescale`."""
OTHERWISE = 24
"""The same of operators that are not listed, such as exponentials: about a packet function's."""


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """Where a tensor lies, and what it is.

    Members
    -------
    buffer : its elements in one dimension.
    kind : type.
    """

    buffer: Buffer
    kind: TensorType

    @property
    def item(self) -> int:
        """Bytes of an element."""
        return self.kind.element.dtype.itemsize

    def values(self) -> NDArray[Any]:
        """Return the elements as one inference's batch, [1, *shape]."""
        return self.buffer.data.reshape(1, *self.kind.shape)


def alias(operator: Operator, operand: TensorType) -> tuple[int, int] | None:
    """Return which elements of the operand are the results, in order, or None.

    A reshape has all of them; a slice of the first axis is a part.
    """
    if isinstance(operator, Reshape):
        return 0, operand.elements
    if not isinstance(operator, Slice) or operator.step != 1:
        return None
    axis = operator.axis % len(operand.shape)
    if any(size > 1 for size in operand.shape[:axis]):
        return None
    inner = math.prod(operand.shape[axis + 1 :])
    return operator.start * inner, operator.stop * inner


def weights_of(operator: Operator) -> NDArray[Any] | None:
    """Return the weights that an operator's program reads from memory, in one dimension, or None.

    A constant's are its values.
    """
    if isinstance(operator, Dense | Convolution):
        return np.ascontiguousarray(operator.weights).reshape(-1)
    if isinstance(operator, Constant):
        return np.ascontiguousarray(operator.values).reshape(-1)
    return None


def run_operator(
    operator: Operator, operands: Sequence[Tensor], target: Tensor, weights: Buffer | None = None
) -> Program:
    """Compute an operator of one inference.

    Parameters
    ----------
    operator : of the graph.
    operands : what it reads.
    target : where its results go.
    weights : of `weights_of`, in memory.
    """
    yield CALL
    yield from _loops(operator, operands, target, weights)
    values = operator.evaluate(*(operand.values() for operand in operands))
    target.buffer.data[:] = values.reshape(-1)


def walk(kind: str, operands: Sequence[Tensor], target: Tensor) -> Program:
    """Take the time of an element-wise operator of a kind, whose results the caller computes."""
    yield CALL
    yield from _elementwise(OPERATIONS.get(kind, OTHERWISE), operands, target)


def _loops(
    operator: Operator, operands: Sequence[Tensor], target: Tensor, weights: Buffer | None
) -> Iterator[Operation]:
    if isinstance(operator, MaxPool | AveragePool):
        return _windows(operator.window.size, operator.window.strides, operands[0], target)
    if isinstance(operator, Convolution) and weights is not None:
        return _convolution(operator, operands[0], target, weights)
    if isinstance(operator, Dense) and weights is not None:
        return _products(operator.width, operands[0], target, weights)
    if isinstance(operator, GlobalAveragePool):
        return _elementwise(1, (operands[0],), operands[0], stored=False)
    if isinstance(operator, Slice | Concatenate | Transpose):
        return _moves(operator, operands, target)
    return _elementwise(OPERATIONS.get(operator.kind, OTHERWISE), operands, target)


@cache
def _elementwise_body(loads: tuple[int, ...], stores: int, operations: int) -> str:
    """Body of sixteen elements: vectors loaded of every operand, operations, vectors stored."""
    name = f"operator_{'_'.join(map(str, loads))}_to_{stores}_in_{operations}"
    body(
        name,
        *(
            numbered(f"load v{operand} <- p         @x{operand}+$", count, step=16)
            for operand, count in enumerate(loads)
        ),
        numbered("fp r% <- v0", operations),
        numbered("store16 <- r0 q          @y+$", stores, step=16),
        "alu p <- p",
        tail("p"),
    )
    return name


def _elementwise(
    operations: int, operands: Sequence[Tensor], target: Tensor, *, stored: bool = True
) -> Iterator[Operation]:
    """Walk through operands and target together; a smaller operand is walked again and again."""
    count = target.kind.elements
    wide = max(target.item, *(operand.item for operand in operands))
    # A smaller operand of whole vectors stands for the last axes of the others.
    inner = min(
        (one.kind.elements for one in operands if LANES <= one.kind.elements < count),
        default=count,
    )
    inner = inner if count % inner == 0 else count
    streams: dict[str, Stream] = {}
    for number, operand in enumerate(operands):
        size = operand.kind.elements
        stride = LANES * operand.item if size in (count, inner) else 0
        again = inner * operand.item if size == count else 0
        streams[f"x{number}"] = over(operand.buffer, stride, repeat_stride=again)
    if stored:
        streams["y"] = over(target.buffer, LANES * target.item, repeat_stride=inner * target.item)
    name = _elementwise_body(
        tuple(operand.item for operand in operands),
        target.item if stored else 0,
        min(operations * wide, MOST_TAPS),
    )
    yield RunLoop(phases=[phase(name, -(-inner // LANES), streams)], repeats=count // inner)


@cache
def _taps_body(taps: int, loads: int, stores: int, *, weighted: bool, first: bool) -> str:
    """Body of sixteen channels: one row of a window, added to what the rows before it gave."""
    name = f"operator_{'weighted_' * weighted}window_{taps}_{loads}_to_{stores}_{int(first)}"
    body(
        name,
        *(() if first else (numbered("load a% <- q             @y+$", stores, step=16),)),
        *(
            line
            for tap in range(taps)
            for line in (
                numbered(f"load v <- p              @x{tap}+$", loads, step=16),
                *(("load w <- w              @w",) if weighted else ()),
                numbered("fp a% <- a% v", max(loads, stores if weighted else 1)),
            )
        ),
        numbered("store16 <- a% q          @y+$", stores, step=16),
        "alu p <- p",
        tail("p"),
    )
    return name


def _windows(
    size: tuple[int, int],
    strides: tuple[int, int],
    image: Tensor,
    target: Tensor,
    weights: Buffer | None = None,
) -> Iterator[Operation]:
    """Walk a window over an image, all channels of a position at a time."""
    rows, columns, channels = target.kind.shape
    width = image.kind.shape[2] * image.item
    row_bytes = image.kind.shape[1] * width
    last = image.buffer.size_bytes - 1
    for row in range(rows):
        for line in range(size[0]):
            streams = {
                "y": over(
                    target.buffer,
                    LANES * target.item,
                    repeat_stride=channels * target.item,
                    offset=row * columns * channels * target.item,
                )
            }
            taps = min(size[1], MOST_TAPS)
            start = min((row * strides[0] + line) * row_bytes, max(last - row_bytes + 1, 0))
            for tap in range(taps):
                streams[f"x{tap}"] = over(
                    image.buffer,
                    LANES * image.item,
                    repeat_stride=strides[1] * width,
                    offset=min(start + tap * width, last),
                )
            if weights is not None:
                streams["w"] = over(weights, 0)
            name = _taps_body(
                taps, image.item, target.item, weighted=weights is not None, first=line == 0
            )
            yield RunLoop(phases=[phase(name, -(-channels // LANES), streams)], repeats=columns)


def _convolution(
    operator: Convolution, image: Tensor, target: Tensor, weights: Buffer
) -> Iterator[Operation]:
    """Walk the window where every channel has its own, else multiply output by output."""
    if operator.groups == image.kind.shape[2] == len(operator.weights):
        return _windows(operator.window.size, operator.window.strides, image, target, weights)
    return _products(operator.width, image, target, weights)


body(
    "operator_products",
    "load v <- p             @x",
    "load w <- w             @w",
    "fp a <- v w",
    "fp s <- s a",
    "alu p <- p",
    tail("p"),
)
"""Sixteen products of codes, added up."""
body("operator_sum", "fp a <- s", "fp a <- a", "fp a <- a", "store <- a q @y", "alu q <- q")
"""Sum over the lanes and its store."""


def _products(width: int, source: Tensor, target: Tensor, weights: Buffer) -> Iterator[Operation]:
    """Multiply every vector with every output's weights, one result after the other."""
    lanes = LANES // source.item
    streams = {"x": over(source.buffer, 16), "w": over(weights, 16)}
    result = {"y": over(target.buffer, 0, repeat_stride=target.item)}
    phases = [
        phase("operator_products", -(-width // lanes), streams),
        phase("operator_sum", 1, result),
    ]
    yield RunLoop(phases=phases, repeats=target.kind.elements)


def _moves(
    operator: Slice | Concatenate | Transpose, operands: Sequence[Tensor], target: Tensor
) -> Iterator[Operation]:
    """Copy the pieces that stay together, one after the other."""
    if isinstance(operator, Transpose):
        count = target.kind.elements
        streams = {"source": over(operands[0].buffer, target.item)}
        streams["destination"] = over(target.buffer, target.item)
        yield RunLoop(phases=[phase("copy_bytes", count * target.item, streams)])
        return
    offset = 0
    for operand in operands:
        moved = target if isinstance(operator, Slice) else operand
        axis = operator.axis % len(target.kind.shape)
        piece = math.prod(moved.kind.shape[axis:]) * moved.item
        count = moved.kind.elements * moved.item // piece
        source = Span(buffer=operand.buffer, repeat_stride=operand.buffer.size_bytes // count)
        whole = target.buffer.size_bytes // count
        destination = Span(buffer=target.buffer, offset=offset, repeat_stride=whole)
        yield RunLoop(phases=copy_phases(piece, source, destination), repeats=count)
        offset += piece


def estimated_cycles(
    operator: Operator, operands: Sequence[TensorType], target: TensorType
) -> float:
    """Return about how many cycles `run_operator` takes: one per instruction of its loops."""
    vectors = -(-target.elements // LANES)
    if isinstance(operator, Convolution | Dense):
        return vectors * operator.width * 4.0
    if isinstance(operator, MaxPool | AveragePool):
        return vectors * operator.window.size[0] * operator.window.size[1] * 4.0
    if isinstance(operator, Reshape) or not operands:
        return 0.0
    sizes = [kind.element.dtype.itemsize for kind in (*operands, target)]
    walked = max(target.elements, *(kind.elements for kind in operands)) / LANES
    if isinstance(operator, Slice | Concatenate | Transpose):
        return walked * 4.0
    return walked * (sum(sizes) + max(sizes) * OPERATIONS.get(operator.kind, OTHERWISE))
