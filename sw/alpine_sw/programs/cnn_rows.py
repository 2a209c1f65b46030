# SPDX-License-Identifier: Apache-2.0
"""Where the rows of a convolution come from and go to: images, row rings, dense layers' vectors."""

from typing import Protocol

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.row_ring import RowRing
from alpine_sw.networks.cnn_shapes import ConvGeometry

__all__ = ["ImageSource", "RingSink", "RingSource", "Sink", "Source", "VectorSink", "ring_between"]


class Source(Protocol):
    """Input rows of a convolution."""

    def window(self, inference: int, row: int) -> Program:
        """Wait for the input rows under an output row and return them, padded, as buffers."""
        ...

    def release(self, inference: int, row: int) -> Program:
        """Declare an output row computed: input rows that no later one needs are free."""
        ...


class Sink(Protocol):
    """Where a convolution's rows go, behind its pooling."""

    def free_row(self, row: int) -> Program:
        """Wait for room and return a buffer for a row of positions x channels."""
        ...

    def put(self, row: int) -> Program:
        """Declare the row written."""
        ...


class ImageSource:
    """Whole images in memory.

    Parameters
    ----------
    images : int8, one image after another, rows, then pixels, then channels.
    place : the convolution that reads them; without padding.
    """

    def __init__(self, images: Buffer, place: ConvGeometry):
        self._images = images
        self._place = place

    def window(self, inference: int, row: int) -> Program:
        """Return the input rows under an output row; all are there."""
        place = self._place
        length = place.in_side * place.in_channels
        first = inference * place.in_side + row * place.layer.stride
        lines = range(first, first + place.layer.kernel)
        return (self._images.part(line * length, (line + 1) * length) for line in lines)
        yield

    def release(self, inference: int, row: int) -> Program:
        """Nothing to do: images stay."""
        return
        yield


def ring_between(space: AddressSpace, name: str, consumer: ConvGeometry) -> RowRing:
    """Return a ring in front of a convolution: its window, and the rows by which that moves on."""
    layer = consumer.layer
    return RowRing(
        space,
        name=name,
        size=(consumer.in_side + 2 * layer.pad) * consumer.in_channels,
        slots=min(layer.kernel, consumer.in_side) + layer.stride,
    )


class RingSource:
    """Rows of feature maps that another core produces.

    Parameters
    ----------
    space : where the row of zeros lies that stands for padding above and below.
    ring : padded rows of successive images.
    place : the convolution that reads them.
    """

    def __init__(self, space: AddressSpace, ring: RowRing, place: ConvGeometry):
        width = (place.in_side + 2 * place.layer.pad) * place.in_channels
        self._zeros = space.allocate("padding", width)
        self._ring = ring
        self._place = place

    def window(self, inference: int, row: int) -> Program:
        """Wait until the lowest row under an output row is produced; return all of them."""
        place = self._place
        first = row * place.layer.stride - place.layer.pad
        lines = range(first, first + place.layer.kernel)
        start = inference * place.in_side
        yield from self._ring.wait_for(start + min(lines.stop, place.in_side))
        return [
            self._ring.row(start + line) if 0 <= line < place.in_side else self._zeros
            for line in lines
        ]

    def release(self, inference: int, row: int) -> Program:
        """Free the rows above the next window; all of the image behind its last one."""
        place = self._place
        above = (row + 1) * place.layer.stride - place.layer.pad
        if row + 1 == place.out_side:
            above = place.in_side
        done = inference * place.in_side + min(max(above, 0), place.in_side)
        yield from self._ring.release(done)


class RingSink:
    """Rows into a ring, between the padding at their ends.

    Parameters
    ----------
    ring : in front of the next convolution.
    consumer : that convolution.
    """

    def __init__(self, ring: RowRing, consumer: ConvGeometry):
        self._ring = ring
        self._margin = consumer.layer.pad * consumer.in_channels
        self._length = consumer.in_side * consumer.in_channels

    def free_row(self, row: int) -> Program:
        """Wait for a slot; return what lies between its padding."""
        slot: Buffer = yield from self._ring.free_row()
        return slot.part(self._margin, self._margin + self._length)

    def put(self, row: int) -> Program:
        """Hand the row over."""
        yield from self._ring.put()


class VectorSink:
    """Rows into the input vector of a dense layer, which is handed over when it is full.

    Parameters
    ----------
    channel : in front of the dense layer.
    place : the convolution that fills it.
    """

    def __init__(self, channel: PingPong, place: ConvGeometry):
        self._channel = channel
        self._last = place.pooled_side - 1
        self._length = place.pooled_side * place.layer.outputs
        self._slot: Buffer | None = None

    def free_row(self, row: int) -> Program:
        """Wait for a free vector, for the first row; return the row's part of it."""
        slot = self._slot
        if slot is None:
            slot = self._slot = yield from self._channel.free_part()
        return slot.part(row * self._length, (row + 1) * self._length)

    def put(self, row: int) -> Program:
        """Hand the vector over behind the last row."""
        if row == self._last:
            self._slot = None
            yield from self._channel.put()
