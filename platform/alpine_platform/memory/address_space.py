# SPDX-License-Identifier: Apache-2.0
"""Real addresses for real data: an allocator whose buffers are numpy arrays with an address."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_models.errors import AlpineError
from alpine_platform.config.placement import Allocator, GlibcAllocator

__all__ = ["AddressSpace", "Buffer"]

END_ADDRESS = 1 << 48
"""First address beyond the 48 bits of an Armv8.0-A core's physical addresses."""


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """Memory of a program: an array and where it lies.

    Members
    -------
    name : str, for messages and statistics.
    address : int, of the first byte.
    data : numpy array, C-contiguous; a buffer cut out of another shares its data.
    """

    name: str
    address: int
    data: npt.NDArray[Any]

    @property
    def size_bytes(self) -> int:
        """Bytes that the buffer covers."""
        return int(self.data.nbytes)

    def part(self, start: int, stop: int) -> "Buffer":
        """Elements start to stop (exclusive) of a one-dimensional buffer, sharing its data.

        Raises
        ------
        ValueError
            The range does not lie inside the buffer.
        """
        if not 0 <= start <= stop <= len(self.data):
            raise ValueError(
                f"buffer {self.name}: elements {start} to {stop} of {len(self.data)} do not exist"
            )
        step = self.data.nbytes // max(len(self.data), 1)
        return Buffer(self.name, self.address + start * step, self.data[start:stop])


class AddressSpace:
    """Hands out addresses and knows which were written.

    Parameters
    ----------
    allocator : chooses addresses; as a C program's malloc when None.
    check_reads : whether loops and `note_read` complain about memory nobody wrote.
    """

    def __init__(self, allocator: Allocator | None = None, *, check_reads: bool = False) -> None:
        self.check_reads = check_reads
        self._allocator = allocator or GlibcAllocator()
        self._starts: list[int] = []
        self._buffers: list[Buffer] = []
        self._written: dict[int, npt.NDArray[np.bool_]] = {}

    def allocate(
        self, name: str, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.int8
    ) -> Buffer:
        """Return zeroed memory that counts as never written."""
        return self._place(name, np.zeros(shape, dtype), None)

    def place(self, name: str, data: npt.NDArray[Any], *, address: int | None = None) -> Buffer:
        """Return memory that holds a copy of an array: programs change the memory, not the array.

        Raises
        ------
        AlpineError
            The array holds Python objects, or the address is none.
        ValueError
            The memory overlaps another buffer's.
        """
        buffer = self._place(name, np.array(data, order="C", ndmin=1), address)
        if self.check_reads:
            self.note_write(buffer.address, buffer.size_bytes)
        return buffer

    def adopt(self, buffer: Buffer) -> None:
        """Take in a buffer whose bytes are part of a memory; it counts as never written.

        Raises
        ------
        ValueError
            It overlaps another one.
        """
        self._enter(buffer)

    def find(self, address: int) -> Buffer | None:
        """Buffer that covers an address, if any."""
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        buffer = self._buffers[index]
        return buffer if address < buffer.address + buffer.size_bytes else None

    def note_write(self, address: int, size_bytes: int) -> None:
        """Record that bytes were written; does nothing unless reads are checked."""
        if not self.check_reads or size_bytes == 0:
            return
        buffer = self.find(address)
        if buffer is None:
            raise ValueError(f"write of {size_bytes} bytes at {address:#x}: no buffer lies there")
        offset = address - buffer.address
        self._written[buffer.address][offset : offset + size_bytes] = True

    def note_read(self, address: int, size_bytes: int) -> None:
        """Check that bytes were written before; does nothing unless reads are checked.

        Raises
        ------
        ValueError
            No buffer lies there, or part of it was never written.
        """
        if not self.check_reads or size_bytes == 0:
            return
        buffer = self.find(address)
        if buffer is None:
            raise ValueError(f"read of {size_bytes} bytes at {address:#x}: no buffer lies there")
        offset = address - buffer.address
        written = self._written[buffer.address][offset : offset + size_bytes]
        if not written.all() or len(written) < size_bytes:
            first = int(np.argmin(written)) if len(written) else 0
            raise ValueError(
                f"buffer {buffer.name}: byte {offset + first} is read and was never written;"
                " write it first, or run without read checking"
            )

    def written(self, address: int) -> tuple[Buffer, npt.NDArray[np.bool_]]:
        """Return the buffer at an address and which of its bytes were written; writable.

        Raises
        ------
        ValueError
            No buffer lies there, or reads are not checked.
        """
        if not self.check_reads:
            raise ValueError("which bytes were written is known only where reads are checked")
        buffer = self.find(address)
        if buffer is None:
            raise ValueError(f"access at {address:#x}: no buffer lies there")
        return buffer, self._written[buffer.address]

    def _place(self, name: str, data: npt.NDArray[Any], address: int | None) -> Buffer:
        chosen = self._allocator.choose(data.nbytes) if address is None else address
        buffer = Buffer(name, chosen, data)
        end = buffer.address + buffer.size_bytes
        if buffer.data.dtype.hasobject:
            raise AlpineError(
                f"buffer {buffer.name} holds Python objects: give an array of numbers"
            )
        if not 0 <= buffer.address <= end <= END_ADDRESS:
            raise AlpineError(
                f"buffer {buffer.name} at {buffer.address:#x} of {buffer.size_bytes} bytes leaves "
                f"the addresses 0 to {END_ADDRESS - 1:#x}: leave the address out to have one chosen"
            )
        self._enter(buffer)
        if address is not None:
            self._allocator.occupy(address, buffer.size_bytes)
        return buffer

    def _enter(self, buffer: Buffer) -> None:
        end = buffer.address + buffer.size_bytes
        index = bisect_right(self._starts, buffer.address)
        for near in self._buffers[max(index - 1, 0) : index + 1]:
            if buffer.address < near.address + near.size_bytes and near.address < end:
                raise ValueError(
                    f"buffer {buffer.name} at {buffer.address:#x} overlaps buffer {near.name} at"
                    f" {near.address:#x}; leave the address out to have one chosen"
                )
        self._starts.insert(index, buffer.address)
        self._buffers.insert(index, buffer)
        if self.check_reads:
            self._written[buffer.address] = np.zeros(buffer.size_bytes, np.bool_)
