# SPDX-License-Identifier: Apache-2.0
"""Where the rows of a convolution come from and go to."""

from collections.abc import Sequence
from typing import Protocol

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw import kernels
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.row_ring import RowRing

from .row_shape import RowShape

__all__ = [
    "ImageSource",
    "MapSink",
    "MapSource",
    "PaddedImageSource",
    "RingSink",
    "RingSource",
    "RowSink",
    "RowSource",
    "VectorSink",
]


class RowSource(Protocol):
    """Input rows of a convolution."""

    def window(self, inference: int, row: int) -> Program:
        """Wait for the input rows under an output row and return them, padded, as buffers."""
        ...

    def release(self, inference: int, row: int) -> Program:
        """Declare an output row computed: input rows that no later one needs are free."""
        ...


class RowSink(Protocol):
    """Where a convolution's rows go, behind its pooling."""

    def free_row(self, row: int) -> Program:
        """Wait for room and return a buffer for a row of positions x channels."""
        ...

    def put(self, row: int) -> Program:
        """Declare the row written."""
        ...


class ImageSource:
    """Whole images in memory, for a convolution without padding.

    Parameters
    ----------
    images : int8, one image after another, rows, then pixels, then channels.
    shape : of the convolution.
    """

    def __init__(self, images: Buffer, shape: RowShape):
        self._images = images
        self._shape = shape

    def row(self, inference: int, line: int) -> Buffer:
        """A row of an image."""
        length = self._shape.in_columns * self._shape.channels
        place = inference * self._shape.in_rows + line
        return self._images.part(place * length, (place + 1) * length)

    def window(self, inference: int, row: int) -> Program:
        """Return the input rows under an output row; all are there."""
        first = row * self._shape.row_stride
        return [self.row(inference, first + line) for line in range(self._shape.kernel)]
        yield

    def release(self, inference: int, row: int) -> Program:
        """Nothing to do: images stay."""
        yield from ()


class PaddedImageSource:
    """Whole images in memory, whose rows are copied between zeros before they are read.

    Parameters
    ----------
    rows : memory for the rows of one window, zeros; and a row of zeros.
    images : int8, one image after another, rows, then pixels, then channels.
    shape : of the convolution.
    """

    def __init__(self, rows: Sequence[Buffer], images: Buffer, shape: RowShape):
        self._shape = shape
        self._images = ImageSource(images, shape)
        *self._lines, self._zeros = rows
        self._held = (0, 0)
        """Inference of the rows that are there, and the first row that is not."""

    def window(self, inference: int, row: int) -> Program:
        """Copy the rows that are missing; return all that lie under an output row."""
        shape = self._shape
        lines = _lines_under(shape, row)
        held, missing = self._held
        first = max(missing if held == inference else 0, lines.start, 0)
        stop = min(lines.stop, shape.in_rows)
        for line in range(first, stop):
            margin, length = shape.left * shape.channels, shape.in_columns * shape.channels
            target = self._lines[line % shape.kernel].part(margin, margin + length)
            yield from kernels.copy(target, self._images.row(inference, line))
        self._held = (inference, max(first, stop))
        return [
            self._lines[line % shape.kernel] if 0 <= line < shape.in_rows else self._zeros
            for line in lines
        ]

    def release(self, inference: int, row: int) -> Program:
        """Nothing to do: images stay."""
        yield from ()


class MapSource:
    """Rows of a whole feature map that an earlier stage on the same core made.

    Parameters
    ----------
    rows : padded rows of the map.
    zeros : a row for the padding above and below.
    shape : of the convolution.
    """

    def __init__(self, rows: Sequence[Buffer], zeros: Buffer, shape: RowShape):
        self._rows, self._zeros, self._shape = rows, zeros, shape

    def window(self, inference: int, row: int) -> Program:
        """Return the rows under an output row; all are there."""
        rows = self._rows
        return [
            rows[line] if 0 <= line < len(rows) else self._zeros
            for line in _lines_under(self._shape, row)
        ]
        yield

    def release(self, inference: int, row: int) -> Program:
        """Nothing to do: the map stays."""
        yield from ()


class MapSink:
    """Rows into a whole feature map in the core's own memory.

    Parameters
    ----------
    rows : padded rows of the map.
    reader : shape of the convolution that reads it.
    """

    def __init__(self, rows: Sequence[Buffer], reader: RowShape):
        self._rows, self._reader = rows, reader

    def free_row(self, row: int) -> Program:
        """Return what lies between a row's padding."""
        return _between_padding(self._rows[row], self._reader)
        yield

    def put(self, row: int) -> Program:
        """Nothing to do: the reader comes later."""
        yield from ()


class RingSource:
    """Rows of feature maps that another core produces.

    Parameters
    ----------
    zeros : the row that stands for padding above and below.
    ring : padded rows of successive images.
    shape : of the convolution that reads them.
    """

    def __init__(self, zeros: Buffer, ring: RowRing, shape: RowShape):
        self._zeros, self._ring, self._shape = zeros, ring, shape

    def window(self, inference: int, row: int) -> Program:
        """Wait until the lowest row under an output row is produced; return all of them."""
        rows = self._shape.in_rows
        lines = _lines_under(self._shape, row)
        start = inference * rows
        yield from self._ring.wait_for(start + min(lines.stop, rows))
        return [self._ring.row(start + line) if 0 <= line < rows else self._zeros for line in lines]

    def release(self, inference: int, row: int) -> Program:
        """Free the rows above the next window; all of the image behind its last one."""
        shape = self._shape
        above = _lines_under(shape, row + 1).start
        if row + 1 == shape.rows:
            above = shape.in_rows
        done = inference * shape.in_rows + min(max(above, 0), shape.in_rows)
        yield from self._ring.release(done)


class RingSink:
    """Rows into a ring, between the padding at their ends.

    Parameters
    ----------
    ring : in front of the next convolution.
    reader : shape of that convolution.
    """

    def __init__(self, ring: RowRing, reader: RowShape):
        self._ring, self._reader = ring, reader

    def free_row(self, row: int) -> Program:
        """Wait for a slot; return what lies between its padding."""
        slot: Buffer = yield from self._ring.free_row()
        return _between_padding(slot, self._reader)

    def put(self, row: int) -> Program:
        """Hand the row over."""
        yield from self._ring.put()


class VectorSink:
    """Rows into one vector, which is handed over when it is full.

    Parameters
    ----------
    vector : in the core's own memory, or what hands vectors to other cores.
    shape : of the convolution that fills it.
    """

    def __init__(self, vector: Buffer | PingPong, shape: RowShape):
        self._vector = vector
        self._last = shape.handed_rows - 1
        self._length = shape.handed_columns * shape.outputs
        self._slot: Buffer | None = None

    def free_row(self, row: int) -> Program:
        """Wait for a free vector, for the first row; return the row's part of it."""
        slot = self._slot
        if slot is None:
            vector = self._vector
            slot = (yield from vector.free_part()) if isinstance(vector, PingPong) else vector
            self._slot = slot
        return slot.part(row * self._length, (row + 1) * self._length)

    def put(self, row: int) -> Program:
        """Hand the vector over behind the last row."""
        if row == self._last:
            self._slot = None
            if isinstance(self._vector, PingPong):
                yield from self._vector.put()


def _lines_under(shape: RowShape, row: int) -> range:
    """Input rows under an output row; those outside the image are padding."""
    first = row * shape.row_stride - shape.top
    return range(first, first + shape.kernel)


def _between_padding(row: Buffer, reader: RowShape) -> Buffer:
    margin = reader.left * reader.channels
    return row.part(margin, margin + reader.in_columns * reader.channels)
