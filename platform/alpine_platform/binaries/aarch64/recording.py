# SPDX-License-Identifier: Apache-2.0
"""Memory in which the process that executes AArch64 instructions records what it executed."""

import mmap
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["SOURCE", "Recorded", "Recording"]

SOURCE = Path(__file__).parent / "native" / "recorder.cpp"
"""What records; its first comment describes the memory."""

_HEADER, _KNOWN, _BLOCKS, _ACCESSES = 6, 1 << 16, 1 << 17, 1 << 19
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A part of an execution.

    Members
    -------
    known : address and bytes of each block that came for the first time, in the order of numbers.
    blocks : number of each block, and how many accesses came before it.
    accesses : address and bytes of each.
    """

    known: Ints
    blocks: Ints
    accesses: Ints


class Recording:
    """The memory, on the side of who started the process; ``descriptor`` is for the process."""

    def __init__(self) -> None:
        self.bytes = 8 * (_HEADER + 2 * (_KNOWN + _BLOCKS + _ACCESSES))
        self.descriptor = os.memfd_create("alpine recording")
        os.ftruncate(self.descriptor, self.bytes)
        self._words: Ints = np.frombuffer(mmap.mmap(self.descriptor, self.bytes), np.int64)
        self._words[3:_HEADER] = _KNOWN, _BLOCKS, _ACCESSES

    def take(self) -> Recorded:
        """Return what was recorded since the last time, while the process waits."""
        counts = self._words[:3]
        parts: list[Ints] = []
        start = _HEADER
        for count, room in zip(counts, (_KNOWN, _BLOCKS, _ACCESSES), strict=True):
            parts.append(self._words[start : start + 2 * int(count)].reshape(-1, 2).copy())
            start += 2 * room
        counts[:] = 0
        return Recorded(known=parts[0], blocks=parts[1], accesses=parts[2])

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)
