# SPDX-License-Identifier: Apache-2.0
"""Everything that a CV32E40P executes: the one table behind decoder, disassembly and tests."""

from .base_instructions import BASE_INSTRUCTIONS
from .compressed_instructions import COMPRESSED_INSTRUCTIONS
from .core_v_instructions import CORE_V_INSTRUCTIONS
from .instruction import RESERVED, Instruction, disassembled

__all__ = ["INSTRUCTIONS", "disassemble", "instruction_of"]

INSTRUCTIONS = (*COMPRESSED_INSTRUCTIONS, *BASE_INSTRUCTIONS, *CORE_V_INSTRUCTIONS)
"""A word is of the first encoding that it matches."""

FOREIGN = {0x07: "F", 0x27: "F", 0x2F: "A", 0x43: "F", 0x47: "F", 0x4B: "F", 0x4F: "F", 0x53: "F"}
"""Extensions that have whole opcodes to themselves, and that the core lacks."""


def instruction_of(word: int) -> Instruction | None:
    """Return the row of a word, or None; of a 16-bit encoding the upper half does not count."""
    size = 4 if word & 3 == 3 else 2
    for row in INSTRUCTIONS:
        if row.size_bytes == size and row.matches(word & (1 << 8 * size) - 1):
            return None if row.operation == RESERVED else row
    return None


def disassemble(word: int, address: int) -> str:
    """Return an instruction as text; what is none as ``.word`` or ``.half``, and why if known."""
    if row := instruction_of(word):
        return disassembled(row, word, address)
    if word & 3 != 3:
        return f".half {word & 0xFFFF:#06x}"
    extension = FOREIGN.get(word & 0x7F)
    reason = f" (of extension {extension})" if extension else ""
    return f".word {word:#010x}{reason}"
