# SPDX-License-Identifier: Apache-2.0
"""One row of an instruction table: its bits, written as the manuals write them, and what it does.

A pattern lists the fields from the highest bit down, as in ``imm[12|10:5] rs2 rs1 000 imm[4:1|11]
1100011``. From it follow the mask, the match and where the decoder finds each operand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

__all__ = [
    "ANY",
    "RESERVED",
    "BitSlice",
    "Immediate",
    "Instruction",
    "RegisterField",
    "disassembled",
]

RESERVED = "illegal"
"""Operation of encodings that the manuals reserve."""
ANY = "-"
"""Of a field whose bits do not matter: followed by their number, as in ``-5``."""

REGISTER_NAMES = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *(f"a{number}" for number in range(8)),
    *(f"s{number}" for number in range(2, 12)),
    *(f"t{number}" for number in range(3, 7)),
)
"""Of the calling convention, by number."""


@dataclass(frozen=True, slots=True)
class RegisterField:
    """Where a register's number stands: ``base`` plus ``width`` bits from ``low`` on."""

    low: int = 0
    width: int = 0
    base: int = 0

    def value(self, word: int) -> int:
        """Return the number in a word."""
        return self.base + (word >> self.low & (1 << self.width) - 1)


@dataclass(frozen=True, slots=True)
class BitSlice:
    """Neighbouring bits of an immediate: ``width`` from ``low`` of the word, to ``to``."""

    low: int
    width: int
    to: int


@dataclass(frozen=True, slots=True)
class Immediate:
    """How an immediate is put together; signed ones by their highest bit."""

    slices: tuple[BitSlice, ...] = ()
    signed: bool = False

    @property
    def bits(self) -> int:
        """Bits of the value, with those below its lowest that are 0."""
        return max((part.to + part.width for part in self.slices), default=0)

    def value(self, word: int) -> int:
        """Return the immediate of a word."""
        total = 0
        for part in self.slices:
            total |= (word >> part.low & (1 << part.width) - 1) << part.to
        if self.signed and total >> self.bits - 1:
            total -= 1 << self.bits
        return total


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One encoding.

    Members
    -------
    name : mnemonic. pattern : its bits, see above. syntax : operands as they are written.
    operation : what is executed; several encodings may share it.
    variant : further choice within the operation, as an addressing mode.
    reads_rd : the old value of rd is an operand as well.
    rs1, rd : number of a register that is implied, for operands that are not in the pattern.
    """

    name: str
    pattern: str
    operation: str
    syntax: str = ""
    variant: int = 0
    reads_rd: bool = False
    rs1: int = 0
    rd: int = 0

    @cached_property
    def fields(self) -> tuple[tuple[str, int, int], ...]:
        """Tokens with the lowest bit and the width of each, from the highest bit down."""
        tokens = self.pattern.split()
        at = sum(map(_width, tokens))
        assert at in (16, 32), (self.name, at)
        found: list[tuple[str, int, int]] = []
        for token in tokens:
            at -= _width(token)
            found.append((token, at, _width(token)))
        return tuple(found)

    @cached_property
    def size_bytes(self) -> int:
        """2 or 4."""
        return sum(width for _, _, width in self.fields) // 8

    @cached_property
    def mask(self) -> int:
        """Bits that are fixed."""
        return sum((1 << width) - 1 << low for token, low, width in self.fields if _fixed(token))

    @cached_property
    def match(self) -> int:
        """Values of the fixed bits."""
        return sum(int(token, 2) << low for token, low, _ in self.fields if _fixed(token))

    @cached_property
    def registers(self) -> dict[str, RegisterField]:
        """Where the numbers of rd, rs1 and rs2 stand.

        rs3 stands where rd would; the small immediates ``zimm`` where a register would, and the
        hardware loop's number in rd.
        """
        found = {"rd": RegisterField(base=self.rd), "rs1": RegisterField(base=self.rs1)}
        found["rs2"] = RegisterField()
        for name, low, width in self._named():
            base = 8 if width == 3 else 0
            home = {"rs3": "rd", "loop": "rd", "zimm": "rs2"}.get(name, name)
            if home in found:
                found[home] = RegisterField(low, width, base)
        return found

    @cached_property
    def immediate(self) -> Immediate:
        """The immediate, if there is one."""
        parts: list[BitSlice] = []
        signed = False
        for token, low, width in self.fields:
            if not (named := re.fullmatch(r"(u?)imm\[(.*)\]", token)):
                continue
            signed = not named[1]
            at = low + width
            for high, bottom in _ranges(named[2]):
                at -= high - bottom + 1
                parts.append(BitSlice(at, high - bottom + 1, bottom))
        return Immediate(tuple(parts), signed)

    @property
    def operands_read(self) -> tuple[bool, bool, bool]:
        """Whether rd's old value (or rs3), rs1 and rs2 are read."""
        names = {name for name, _, _ in self._named()}
        return (
            self.reads_rd or "rs3" in names,
            "rs1" in names or self.rs1 != 0,
            "rs2" in names,
        )

    def matches(self, word: int) -> bool:
        """Whether a word is of this encoding."""
        return word & self.mask == self.match

    def _named(self) -> Iterator[tuple[str, int, int]]:
        for token, low, width in self.fields:
            if token[0].isalpha() and "[" not in token:
                for name in token.split("/"):
                    yield name.rstrip("'"), low, width


def disassembled(row: Instruction, word: int, address: int) -> str:
    """Return an instruction as an assembler would take it, targets as absolute addresses."""
    registers, immediate = row.registers, row.immediate.value(word)
    numbers = {name: place.value(word) for name, place in registers.items()}
    texts = {name: REGISTER_NAMES[number] for name, number in numbers.items() if number < 32}
    texts |= {
        "rs3": texts["rd"],
        "loop": str(numbers["rd"]),
        "zimm": str(numbers["rs2"]),
        "imm": str(immediate),
        "upper": f"{immediate >> 12 & 0xFFFFF:#x}",
        "csr": f"{immediate:#x}",
        "target": f"{address + immediate & 0xFFFFFFFF:#x}",
    }
    operands = re.sub(r"[a-z]+\d?", lambda found: texts[found[0]], row.syntax)
    return f"{row.name} {operands}".strip()


def _width(token: str) -> int:
    if _fixed(token):
        return len(token)
    if token.startswith(ANY):
        return int(token[1:])
    if "[" in token:
        inside = token[token.index("[") + 1 : -1]
        return sum(high - low + 1 for high, low in _ranges(inside))
    return {"loop": 1}.get(token, 3 if token.endswith("'") else 5)


def _fixed(token: str) -> bool:
    return set(token) <= {"0", "1"}


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split("|"):
        high, _, low = part.partition(":")
        yield int(high), int(low or high)
