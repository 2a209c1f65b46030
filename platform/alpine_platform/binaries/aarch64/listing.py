# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Capstone has no types.
"""The instructions that a program executed, as text, one a line."""

import importlib.util
from collections.abc import Iterable
from typing import IO

from alpine_models import isa
from alpine_models.errors import AlpineError
from alpine_models.isa import XZR, CmOperation
from alpine_platform.binaries.elf import Program

__all__ = ["InstructionListing"]


class InstructionListing:
    """Writes a line for each instruction: its address, its function, what it is.

    Parameters
    ----------
    stream : where to. program : that is executed.

    Raises
    ------
    AlpineError
        The extra `exec` is not installed.
    """

    def __init__(self, stream: IO[bytes], program: Program) -> None:
        if importlib.util.find_spec("capstone") is None:
            raise AlpineError(
                "a list of instructions needs the extra exec: pip install 'alpine-cosim[exec]'"
            )
        import capstone

        self._stream, self._program = stream, program
        self._disassembler = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
        self._hints = {isa.hint_word(hint): f"aimc {hint.name.lower()}" for hint in isa.Hint}
        # A block is executed often: its lines are made once.
        self._blocks: list[bytes] = []

    def add(self, address: int, words: Iterable[int]) -> None:
        """Know the next block: its address and its instructions."""
        lines = (
            f"{self._program.place(address + 4 * number)}: {self._text(word)}\n"
            for number, word in enumerate(words)
        )
        self._blocks.append("".join(lines).encode())

    def write(self, blocks: Iterable[int]) -> None:
        """Write the instructions of blocks, given by their numbers."""
        self._stream.writelines(map(self._blocks.__getitem__, blocks))

    def _text(self, word: int) -> str:
        fields = isa.decode(word)
        if fields.operation is not CmOperation.UNKNOWN:
            registers = (
                f"{name}={'xzr' if number == XZR else f'x{number}'}"
                for name in isa.OPERANDS[fields.operation]
                for number in [getattr(fields, name)]
            )
            return f"CM_{fields.operation.name} {', '.join(registers)}"
        if word in self._hints:
            return self._hints[word]
        for found in self._disassembler.disasm(word.to_bytes(4, "little"), 0):
            return f"{found.mnemonic} {found.op_str}".rstrip()
        return f".inst {word:#010x}"
