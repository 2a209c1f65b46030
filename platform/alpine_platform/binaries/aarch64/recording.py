# SPDX-License-Identifier: Apache-2.0
"""Memory in which the process that executes AArch64 instructions records what it executed."""

import mmap
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["LONGEST", "ROOM", "SOURCE", "Recorded", "Recording"]

SOURCE = Path(__file__).parent / "native" / "recorder.cpp"
"""What records; its first comment describes the memory."""

_WIDTHS = (2, 2, 2, 5, 3)
"""Numbers that a known block, a block, an access, a CM instruction and a part have."""
LONGEST = (1 << 16, 1 << 17, 1 << 19, 1 << 12, 1)
"""How many of each a part of an execution has at most; times depend on it."""
ROOM = (1 << 17, 1 << 18, 1 << 20, 1 << 16, 1 << 16)
"""How many there is room for: one of the longest parts behind many short ones, or more."""
_COUNTS = 2 * len(_WIDTHS)
_HEADER = 2 * _COUNTS + 2
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A part of an execution.

    Members
    -------
    known : address and bytes of each block that came for the first time, in the order of numbers.
    blocks : number of each block, and how many accesses came before it.
    accesses : address and bytes of each.
    instructions : address, word, rn, rm and ra of CM instructions that were answered at once.
    parts : of each part that has ended, how many blocks and instructions came before its end, and
        `AnswerKind` of the last instruction.
    """

    known: Ints
    blocks: Ints
    accesses: Ints
    instructions: Ints
    parts: Ints


class Recording:
    """The memory, on the side of who started the process; ``descriptor`` is for the process."""

    def __init__(self) -> None:
        words = _HEADER + sum(map(int.__mul__, _WIDTHS, ROOM))
        self.bytes = 8 * words
        self.descriptor = os.memfd_create("alpine recording")
        os.ftruncate(self.descriptor, self.bytes)
        self._words: Ints = np.frombuffer(mmap.mmap(self.descriptor, self.bytes), np.int64)
        self._words[_COUNTS : _HEADER - 2] = *ROOM, *LONGEST

    def address_tile(self, *, rows: int, columns: int) -> None:
        """Say what the tile has that CM instructions address from now on."""
        self._words[_HEADER - 2 : _HEADER] = rows, columns

    def take(self) -> Recorded:
        """Return what was recorded since the last time, while the process waits."""
        counts = self._words[: len(ROOM)]
        found: list[Ints] = []
        start = _HEADER
        for count, width, room in zip(counts.tolist(), _WIDTHS, ROOM, strict=True):
            rows = self._words[start : start + width * count]
            found.append(rows.reshape(-1, width).copy())
            start += width * room
        self._words[:_COUNTS] = 0
        known, blocks, accesses, instructions, parts = found
        return Recorded(
            known=known,
            blocks=blocks,
            accesses=accesses,
            instructions=instructions,
            parts=parts,
        )

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)
