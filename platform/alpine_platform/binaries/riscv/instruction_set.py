# SPDX-License-Identifier: Apache-2.0
"""What a core executes: with or without CORE-V's extensions, with or without CM instructions."""

from dataclasses import dataclass

from alpine_models.isa import (
    RISCV_CUSTOM_0,
    Hint,
    cm_word_of_riscv,
    decode,
    riscv_hint_word,
    riscv_operands,
)

from .core_v_instructions import CORE_V_INSTRUCTIONS
from .instruction import REGISTER_NAMES, Instruction
from .instructions import disassemble, instruction_of

__all__ = ["CV32E40P", "InstructionSet", "tile_instructions"]

OF_CORE_V = {(row.mask, row.match) for row in CORE_V_INSTRUCTIONS}


@dataclass(frozen=True, kw_only=True, slots=True)
class InstructionSet:
    """RV32IMC, Zicsr and Zifencei, and what a core has beside them.

    Members
    -------
    core_v : CORE-V's extensions. cm_opcode : major opcode of CM instructions; None without a tile.
    """

    core_v: bool = True
    cm_opcode: int | None = None

    def instruction_of(self, word: int) -> Instruction | None:
        """Return the row of a word, or None; CM instructions have none."""
        row = instruction_of(word)
        if row is None or (not self.core_v and (row.mask, row.match) in OF_CORE_V):
            return None
        return row

    def disassemble(self, word: int, address: int) -> str:
        """Return an instruction as text; what is none as a datum, and why if that is known."""
        if self.cm_opcode is not None and (text := _cm_text(word, self.cm_opcode)):
            return text
        if word & 3 == 3 and self.instruction_of(word) is None and instruction_of(word):
            return f".word {word:#010x} (`{disassemble(word, address)}` of CORE-V)"
        return disassemble(word, address)


CV32E40P = InstructionSet()
"""The cores of the IMC cluster."""


def tile_instructions(cm_opcode: int = RISCV_CUSTOM_0) -> InstructionSet:
    """Return what a core executes that has a tile and no CORE-V extensions."""
    return InstructionSet(core_v=False, cm_opcode=cm_opcode)


def _cm_text(word: int, opcode: int) -> str:
    for hint in Hint:
        if word == riscv_hint_word(hint):
            return f"aimc.{hint.name.lower()}"
    form = cm_word_of_riscv(word, opcode)
    if form is None:
        return ""
    operation = decode(form).operation
    reads = riscv_operands(operation)
    names = [
        REGISTER_NAMES[word >> low & 31]
        for low, used in ((7, reads[2] or reads[3]), (15, reads[0]), (20, reads[1]))
        if used
    ]
    return f"cm.{operation.name.lower()} {', '.join(names)}".strip()
