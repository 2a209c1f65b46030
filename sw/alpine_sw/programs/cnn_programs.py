# SPDX-License-Identifier: Apache-2.0
"""The published convolutional networks as programs, one generator per core.

Five cores take a convolution each, three a dense layer each (Klein et al., ALPINE, IEEE TC 2022,
Fig. 12). Per output position a convolution's core gathers the window, multiplies (queue, process
and dequeue on a tile; a product without one), applies the ReLU and copies the codes out, as the
reference programs of the gem5 runs do. Positions of a row run step by step: all windows of the row
first, then all products, then all write-backs, through the same vectors, which is the same work in
another order and keeps the host's share of it small.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Begin, End, Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.kernels import positions, rows
from alpine_sw.library.aimclib import section
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.networks.cnn import SCORE_SCALE
from alpine_sw.networks.cnn_shapes import ConvGeometry, Pool

from .cnn_rows import Sink, Source

__all__ = ["AnalogRows", "ConvolutionCore", "DenseCore", "DigitalRows", "RowEngine"]

Codes = NDArray[np.int8]


class RowEngine(Protocol):
    """What computes a row of output positions."""

    def run(self, lines: list[Buffer], target: Buffer) -> Program:
        """Convolve padded input rows into one row of codes, behind the ReLU."""
        ...


class AnalogRows:
    """Rows through a core's tile.

    Parameters
    ----------
    space : where the core's own vectors lie.
    place : the convolution.
    timing : of one position.
    """

    def __init__(self, space: AddressSpace, place: ConvGeometry, timing: positions.PositionTiming):
        self._place = place
        self._timing = timing
        self._window = space.allocate("window", place.rows)
        self._vector = space.allocate("vector", place.layer.outputs)

    def run(self, lines: list[Buffer], target: Buffer) -> Program:
        """Gather, queue, process and dequeue, apply the ReLU, write back."""
        windows = yield from _gather(self._place, lines, self._window)
        codes = yield from section("analog product", positions.multiply_row(self._timing, windows))
        yield from section("activation", rows.relu_row(codes, self._vector))
        yield from section("output writeback", rows.copy_row(codes, self._vector, target))


class DigitalRows:
    """Rows through int8 products on the core.

    Parameters
    ----------
    space : where weights, steps and the core's own vectors lie.
    place : the convolution.
    weights : int8 [outputs, rows].
    steps : float32 [outputs].
    style : of the products, one of `kernels.MVM_STYLES` that need no scratch memory.
    """

    def __init__(
        self,
        space: AddressSpace,
        place: ConvGeometry,
        *,
        weights: Codes,
        steps: NDArray[np.float32],
        style: str,
    ):
        self._place = place
        padding = -place.rows % 16
        self._weights = space.place("kernels", np.pad(weights, ((0, 0), (0, padding))))
        self._exact = weights.astype(np.float64)
        self._steps = space.place("steps", steps)
        self._window = space.allocate("window", place.rows + padding)
        self._sums = space.allocate("sums", place.layer.outputs, np.int32)
        self._vector = space.allocate("vector", place.layer.outputs)
        self._style = style

    def run(self, lines: list[Buffer], target: Buffer) -> Program:
        """Gather, multiply, rescale with ReLU, write back."""
        windows = yield from _gather(self._place, lines, self._window)
        program = rows.mvm_row(
            self._weights, self._exact, windows, self._window, self._sums, style=self._style
        )
        products = yield from section("product", program)
        rescale = rows.rescale_row(products, self._sums, self._steps, self._vector)
        codes = yield from section("activation", rescale)
        yield from section("output writeback", rows.copy_row(codes, self._vector, target))


def _gather(place: ConvGeometry, lines: list[Buffer], window: Buffer) -> Program:
    program = rows.im2col_row(
        lines,
        window,
        positions=place.out_side,
        stride=place.layer.stride,
        channels=place.in_channels,
    )
    return (yield from section("input load", program))


class ConvolutionCore:
    """A core with one convolution and the pooling and normalisation behind it.

    Parameters
    ----------
    space : where the rows between those steps lie.
    place : the convolution.
    source, sink : its input and output rows.
    engine : what computes a row.
    count : inferences.
    """

    def __init__(
        self,
        space: AddressSpace,
        place: ConvGeometry,
        *,
        source: Source,
        sink: Sink,
        engine: RowEngine,
        count: int,
    ):
        self._place = place
        self._source, self._sink, self._engine = source, sink, engine
        self._count = count
        channels = place.layer.outputs
        pool = place.layer.pool
        # The last window of a pooling that rounds up hangs over the row's end: zeros there, which
        # no maximum behind a ReLU changes.
        kernel = pool.kernel if pool else 1
        reach = max(place.out_side, (place.pooled_side - 1) * (pool.stride if pool else 1) + kernel)
        self._rows = [space.allocate(f"row {row}", reach * channels) for row in range(kernel)]
        self._pooled = space.allocate("pooled row", place.pooled_side * channels)

    def run(self) -> Program:
        """Convolve every image, row by row, as its input rows appear."""
        for inference in range(self._count):
            for row in range(self._place.out_side):
                lines = yield from section("synchronisation", self._source.window(inference, row))
                yield from self._row(list(lines), inference, row)

    def _row(self, lines: list[Buffer], inference: int, row: int) -> Program:
        place = self._place
        pool, normalised = place.layer.pool, place.layer.normalised
        length = place.out_side * place.layer.outputs
        direct = pool is None and not normalised
        if direct:
            target = yield from section("synchronisation", self._sink.free_row(row))
        else:
            target = self._rows[row % len(self._rows)].part(0, length)
        yield from self._engine.run(lines, target)
        yield from section("synchronisation", self._source.release(inference, row))
        if direct:
            yield from section("synchronisation", self._sink.put(row))
        elif pool is None:
            yield from self._hand_on(row, target)
        else:
            for pooled in _finished(pool, row, place):
                yield from self._pool(pool, pooled)

    def _pool(self, pool: Pool, row: int) -> Program:
        """Pool the rows under a pooled row and hand the result on."""
        place = self._place
        top = row * pool.stride
        # Below the last row stands that row again, which changes no maximum.
        lines = [
            self._rows[min(line, place.out_side - 1) % len(self._rows)]
            for line in range(top, top + pool.kernel)
        ]
        target = self._pooled
        if not place.layer.normalised:
            target = yield from section("synchronisation", self._sink.free_row(row))
        program = rows.max_pool_row(lines, target, stride=pool.stride, channels=place.layer.outputs)
        yield from section("pooling", program)
        if place.layer.normalised:
            yield from self._hand_on(row, target)
        else:
            yield from section("synchronisation", self._sink.put(row))

    def _hand_on(self, row: int, codes: Buffer) -> Program:
        """Normalise a row into its place behind this core."""
        target = yield from section("synchronisation", self._sink.free_row(row))
        channels = self._place.layer.outputs
        yield from section("normalisation", rows.normalise_row(codes, target, channels=channels))
        yield from section("synchronisation", self._sink.put(row))


def _finished(pool: Pool, row: int, place: ConvGeometry) -> list[int]:
    """Pooled rows whose last input row is this one."""
    last = place.out_side - 1
    return [
        pooled
        for pooled in range(place.pooled_side)
        if min(pooled * pool.stride + pool.kernel - 1, last) == row
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class DenseCore:
    """A core with one dense layer.

    Members
    -------
    space : where the core's own vectors lie.
    weights : int8 [outputs, inputs].
    steps : float32 [outputs], dot product per code.
    style : of the products.
    source : in front of the layer.
    sink : behind it, or None for the last one.
    outputs : int8 [inferences, outputs], where the last layer's codes go.
    count : inferences.
    on_step : called after each inference of the last layer.
    """

    space: AddressSpace
    weights: Buffer
    steps: Buffer
    style: str
    source: PingPong
    sink: PingPong | None
    outputs: Buffer
    count: int
    on_step: Callable[[], None]

    def run(self) -> Program:
        """Multiply every vector as it appears."""
        size, width = self.weights.data.shape
        inputs = self.space.allocate("inputs", width)
        sums = self.space.allocate("sums", size, np.int32)
        for inference in range(self.count):
            slot = yield from section("synchronisation", self.source.full_slot())
            yield from section("input load", kernels.copy(inputs, slot))
            yield from section("synchronisation", self.source.take())
            yield from section("product", self._product(inputs, sums))
            if self.sink is None:
                target = self.outputs.part(inference * size, (inference + 1) * size)
                yield from self._classify(sums, target)
                self.on_step()
            else:
                target = yield from section("synchronisation", self.sink.free_part())
                yield from section("activation", kernels.rescale(sums, self.steps, target))
                yield from section("synchronisation", self.sink.put())

    def _product(self, inputs: Buffer, sums: Buffer) -> Program:
        """The product, some outputs at a time, which bounds the host's memory."""
        for start in range(0, len(sums.data), BLOCK):
            stop = min(start + BLOCK, len(sums.data))
            yield from kernels.mvm(
                self.weights.part(start, stop), inputs, sums.part(start, stop), style=self.style
            )

    def _classify(self, sums: Buffer, target: Buffer) -> Program:
        """Turn the last layer's sums into codes and class scores; write the codes back."""
        codes = self.space.allocate("codes", len(sums.data))
        logits = self.space.allocate("logits", len(sums.data), np.float32)
        scores = self.space.allocate("scores", len(sums.data), np.float32)
        yield Begin("activation")
        yield from rows.rescale_signed(sums, self.steps, codes)
        yield from kernels.dequantise(codes, logits, scale=float(SCORE_SCALE))
        yield from kernels.softmax(logits, scores)
        yield End()
        yield from section("output writeback", kernels.copy(target, codes))


BLOCK = 128
"""Outputs per call of the dense product."""
