# SPDX-License-Identifier: Apache-2.0
"""A convolution with the pooling and normalisation behind it, row by row."""

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw.kernels import rows
from alpine_sw.library.aimclib import section
from alpine_sw.mapping import Stage

from .results import OutputResult
from .row_ends import RowSink, RowSource
from .row_products import RowProduct
from .row_shape import PoolShape, RowShape

__all__ = ["RowStage", "rows_between"]


class RowStage:
    """A stage that computes an image's rows as their input rows appear.

    Parameters
    ----------
    stage : of the mapping.
    shape : of the convolution.
    source, sink : its input and output rows.
    product : computes a row.
    between : memory between convolution, pooling and normalisation, of `rows_between`.
    outputs : the network's output with the buffer that it is in, where it is this stage's.
    """

    def __init__(
        self,
        stage: Stage,
        shape: RowShape,
        *,
        source: RowSource,
        sink: RowSink,
        product: RowProduct,
        between: tuple[list[Buffer], Buffer],
        outputs: tuple[OutputResult, Buffer] | None,
    ) -> None:
        self.stage, self.product = stage, product
        self._shape, self._source, self._sink = shape, source, sink
        self._rows, self._pooled = between
        self._outputs = outputs

    def start(self) -> None:
        """Nothing: all memory is laid out before the programs."""

    def feed(self, inference: int) -> Program:
        """Nothing: rows are fetched one by one."""
        yield from ()

    def drain(self, inference: int) -> Program:
        """Convolve an image, row by row, as its input rows appear."""
        for row in range(self._shape.rows):
            lines = yield from section("synchronisation", self._source.window(inference, row))
            yield from self._row(list(lines), inference, row)
        if self._outputs is not None:
            result, buffer = self._outputs
            yield from result.write(inference, buffer)

    def _row(self, lines: list[Buffer], inference: int, row: int) -> Program:
        shape = self._shape
        direct = shape.pool is None and not shape.normalised
        if direct:
            target = yield from section("synchronisation", self._sink.free_row(row))
        else:
            length = shape.columns * shape.outputs
            target = self._rows[row % len(self._rows)].part(0, length)
        yield from self.product.run(lines, target)
        yield from section("synchronisation", self._source.release(inference, row))
        if direct:
            yield from section("synchronisation", self._sink.put(row))
        elif shape.pool is None:
            yield from self._hand_on(row, target)
        else:
            for pooled in _finished(shape.pool, row, shape):
                yield from self._pool(shape.pool, pooled)

    def _pool(self, pool: PoolShape, row: int) -> Program:
        """Pool the rows under a pooled row and hand the result on."""
        shape = self._shape
        top = row * pool.row_stride
        # Below the last row stands that row again, which changes no maximum.
        lines = [
            self._rows[min(line, shape.rows - 1) % len(self._rows)]
            for line in range(top, top + pool.kernel)
        ]
        target = self._pooled
        if not shape.normalised:
            target = yield from section("synchronisation", self._sink.free_row(row))
        program = rows.max_pool_row(
            lines, target, stride=pool.column_stride, channels=shape.outputs
        )
        yield from section("pooling", program)
        if shape.normalised:
            yield from self._hand_on(row, target)
        else:
            yield from section("synchronisation", self._sink.put(row))

    def _hand_on(self, row: int, codes: Buffer) -> Program:
        """Normalise a row into its place behind this core."""
        target = yield from section("synchronisation", self._sink.free_row(row))
        program = rows.normalise_row(codes, target, channels=self._shape.outputs)
        yield from section("normalisation", program)
        yield from section("synchronisation", self._sink.put(row))


def _finished(pool: PoolShape, row: int, shape: RowShape) -> list[int]:
    """Pooled rows whose last input row is this one."""
    last = shape.rows - 1
    return [
        pooled
        for pooled in range(pool.rows)
        if min(pooled * pool.row_stride + pool.kernel - 1, last) == row
    ]


def rows_between(space: AddressSpace, shape: RowShape, name: str) -> tuple[list[Buffer], Buffer]:
    """Allocate the rows that a pooling reads, and the one between it and a normalisation.

    The last window of a pooling that rounds up hangs over the row's end: zeros there, which no
    maximum behind a ReLU changes.
    """
    pool = shape.pool
    kernel = pool.kernel if pool else 1
    reach = (shape.handed_columns - 1) * (pool.column_stride if pool else 1) + kernel
    size = max(shape.columns, reach) * shape.outputs
    lines = [space.allocate(f"row {row} of {name}", size) for row in range(kernel)]
    return lines, space.allocate(f"pooled row of {name}", shape.handed_columns * shape.outputs)
