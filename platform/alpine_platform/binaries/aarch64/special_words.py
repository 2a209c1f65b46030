# SPDX-License-Identifier: Apache-2.0
"""Where a program has instructions that the processor does not know: CM instructions and hints."""

import numpy as np

from alpine_models import isa
from alpine_models.isa import CmOperation
from alpine_platform.binaries.elf import Program

__all__ = ["is_cm", "special_words"]


def special_words(program: Program) -> dict[int, int]:
    """Return CM instructions and the library's hints, by address."""
    hints = [isa.hint_word(hint) for hint in isa.Hint]
    found: dict[int, int] = {}
    for segment in program.segments:
        if segment.executable:
            code = np.frombuffer(segment.data[: len(segment.data) & ~3], "<u4")
            selector = (code >> 21).astype(np.int64) << 1 | (code >> 15 & 1)
            known = [opcode << 1 | rw for opcode, rw in isa.OPERATIONS]
            special = np.isin(selector, known) | np.isin(code, hints)
            for index in np.flatnonzero(special):
                found[segment.address + 4 * int(index)] = int(code[index])
    return found


def is_cm(word: int) -> bool:
    """Whether a word is a CM instruction."""
    return isa.decode(word).operation is not CmOperation.UNKNOWN
