# SPDX-License-Identifier: Apache-2.0
"""Where a program's buffers lie: what an allocator does with the addresses.

Addresses decide which sets of a cache and which bank of the DRAM a buffer shares with others. They
are physical ones here.
"""

from enum import StrEnum
from typing import Protocol

__all__ = [
    "BASE_ADDRESS",
    "Allocator",
    "BufferPlacement",
    "GlibcAllocator",
    "PackedAllocator",
    "SkewedAllocator",
    "VirtualAllocator",
]

BASE_ADDRESS = 0x1000_0000
"""First address handed out; 0 and its surroundings stay unmapped, as on a real system."""
MAPPINGS = 0x4000_0000
"""First address of the page frames that large buffers get."""
MMAP_TOP = 0x40_0000_0000
"""End of the area of mappings, which grows downwards: gem5's for AArch64 programs, 256 GB."""

WORD = 8
CHUNK_HEADER = 16
LEAST_CHUNK = 32
TCACHE_CHUNK = 0x290
PAGE = 4096
MMAP_THRESHOLD = 128 * 1024
"""glibc 2.36, malloc.c: SIZE_SZ, CHUNK_HDR_SZ and MALLOC_ALIGNMENT, MINSIZE, the chunk of the
thread's cache at the heap's beginning, DEFAULT_MMAP_THRESHOLD; and Linux's page."""
LINE = 64


class BufferPlacement(StrEnum):
    """Which allocator places buffers."""

    GLIBC = "glibc"
    """As malloc of a C program under Linux.

    Small buffers lie one after the other in the heap, each behind a header of 16 bytes. Those of
    128 kB or more have a mapping each, page-aligned, data 16 bytes in. Pages get physical frames,
    one after the other, when they are first touched: the first of a mapping when malloc writes its
    header, the others when the program fills the buffer. Buffers of whole pages therefore follow
    each other without a gap.
    """
    VIRTUAL = "virtual"
    """The same with virtual addresses for physical ones: mappings follow each other downwards, and
    every buffer of whole pages is one page more apart from the next."""
    PACKED = "packed"
    """All buffers one after the other, each at the beginning of a cache line."""
    SKEWED = "skewed"
    """As `GLIBC`, but every large buffer begins some DRAM banks behind the one before, so that
    cores which stream one each in step use different banks."""


class Allocator(Protocol):
    """Chooses addresses; nothing is given back."""

    def choose(self, size_bytes: int) -> int:
        """Return the address of the next buffer."""
        ...

    def occupy(self, address: int, size_bytes: int) -> None:
        """Hear of a buffer whose address was chosen elsewhere: later ones stay clear of it."""
        ...


class PackedAllocator:
    """The allocator of `BufferPlacement.PACKED`.

    Parameters
    ----------
    heap_offset_bytes : from `BASE_ADDRESS` to the first buffer.
    """

    def __init__(self, *, heap_offset_bytes: int = 0) -> None:
        self._next = BASE_ADDRESS + heap_offset_bytes

    def choose(self, size_bytes: int) -> int:
        """Return the address of the next buffer."""
        address = self._next
        self.occupy(address, size_bytes)
        return address

    def occupy(self, address: int, size_bytes: int) -> None:
        """Go on behind a buffer, at the next line."""
        self._next = max(self._next, rounded(address + size_bytes, LINE))


class GlibcAllocator:
    """The allocator of `BufferPlacement.GLIBC`.

    Parameters
    ----------
    heap_offset_bytes : from `BASE_ADDRESS` to the heap's beginning.
    """

    def __init__(self, *, heap_offset_bytes: int = 0) -> None:
        self._chunk = BASE_ADDRESS + heap_offset_bytes + TCACHE_CHUNK
        self._frame = MAPPINGS

    def choose(self, size_bytes: int) -> int:
        """Return the address of the next buffer."""
        # A chunk ends with the first word of the one behind it.
        chunk = max(rounded(size_bytes + WORD, CHUNK_HEADER), LEAST_CHUNK)
        if chunk >= MMAP_THRESHOLD:
            return self._map(size_bytes)
        address = self._chunk + CHUNK_HEADER
        self._chunk += chunk
        return address

    def occupy(self, address: int, size_bytes: int) -> None:
        """Go on behind a buffer in the heap and behind one among the mappings."""
        end = address + size_bytes
        if address < MAPPINGS:
            self._chunk = max(self._chunk, rounded(end, CHUNK_HEADER))
        else:
            self._frame = max(self._frame, rounded(end - CHUNK_HEADER, PAGE))

    def _map(self, size_bytes: int) -> int:
        """Return the address of a buffer in a mapping of its own."""
        address = self._frame + CHUNK_HEADER
        # No frame between two buffers for the first page alone: malloc had touched it before.
        self._frame = rounded(self._frame + size_bytes, PAGE)
        return address


class VirtualAllocator(GlibcAllocator):
    """The allocator of `BufferPlacement.VIRTUAL`.

    Parameters
    ----------
    heap_offset_bytes : as of `GlibcAllocator`.
    """

    def __init__(self, *, heap_offset_bytes: int = 0) -> None:
        super().__init__(heap_offset_bytes=heap_offset_bytes)
        self._mapping = MMAP_TOP

    def occupy(self, address: int, size_bytes: int) -> None:
        """Go on behind a buffer in the heap and below one among the mappings."""
        if address < MAPPINGS:
            super().occupy(address, size_bytes)
        else:
            self._mapping = min(self._mapping, (address - CHUNK_HEADER) // PAGE * PAGE)

    def _map(self, size_bytes: int) -> int:
        self._mapping -= rounded(CHUNK_HEADER + size_bytes, PAGE)
        return self._mapping + CHUNK_HEADER


class SkewedAllocator(GlibcAllocator):
    """The allocator of `BufferPlacement.SKEWED`.

    Parameters
    ----------
    heap_offset_bytes : as of `GlibcAllocator`.
    period_bytes : apart from each other, addresses lie in the same bank.
    step_bytes : by which a large buffer begins behind the one before, modulo the period.
    """

    def __init__(self, *, period_bytes: int, step_bytes: int, heap_offset_bytes: int = 0) -> None:
        super().__init__(heap_offset_bytes=heap_offset_bytes)
        self._period, self._step, self._count = period_bytes, step_bytes, 0

    def _map(self, size_bytes: int) -> int:
        offset = self._count * self._step
        self._count += 1
        self._frame += (offset - self._frame) % self._period
        return super()._map(size_bytes)


def rounded(size: int, unit: int) -> int:
    """Return a size as a whole number of units, rounded up."""
    return -(-size // unit) * unit
