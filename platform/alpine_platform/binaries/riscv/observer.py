# SPDX-License-Identifier: Apache-2.0
"""What RISC-V cores execute, instruction by instruction: a list of it, and where cycles go."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from ..elf import Program
from ..source_lines import SourceLines
from .machine import ClusterMachine

__all__ = ["ExecutionObserver", "ProfileRow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileRow:
    """What a function or a line of source took.

    Members
    -------
    name : of it. cycles, instructions : of all harts together.
    """

    name: str
    cycles: int
    instructions: int


@dataclass
class _Hart:
    """Where a hart stands, and since which cycle."""

    pc: int
    word: int
    instructions: int = 0
    last: int | None = None
    begun: int = 0


@dataclass
class ExecutionObserver:
    """Looks at the cores after every instruction.

    An instruction's cycles are those from its execution to the next one's: what waits for the
    result of a load or for the target of a branch is counted at the load or the branch.

    Members
    -------
    program : that is executed.
    listing : where each instruction is written, as cycle, hart, address with function, word, text.
    """

    program: Program
    listing: IO[bytes] | None = None
    _harts: list[_Hart] = field(default_factory=list[_Hart])
    _cycles: Counter[int] = field(default_factory=Counter[int])
    _counts: Counter[int] = field(default_factory=Counter[int])
    _texts: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])

    def begin(self, machine: ClusterMachine) -> None:
        """Look at the cores before their first instruction."""
        for hart in range(machine.config.cores):
            pc = machine.report(hart).pc
            self._harts.append(_Hart(pc, _word(machine, pc)))

    def look(self, machine: ClusterMachine, cycle: int) -> None:
        """Note what was executed since the last look, in a cycle."""
        for number, hart in enumerate(self._harts):
            report = machine.report(number)
            if report.instructions == hart.instructions:
                continue
            if hart.last is not None:
                self._cycles[hart.last] += cycle - hart.begun
            else:
                self._cycles[hart.pc] += cycle
            self._counts[hart.pc] += 1
            if self.listing is not None:
                text = self._text(machine, hart.pc, hart.word)
                self.listing.write(f"{cycle} {number} {text}\n".encode())
            hart.last, hart.begun = hart.pc, cycle
            hart.pc, hart.instructions = report.pc, report.instructions
            hart.word = _word(machine, report.pc)

    def end(self, machine: ClusterMachine) -> None:
        """Count the cycles of each hart's last instruction."""
        for number, hart in enumerate(self._harts):
            if hart.last is not None:
                self._cycles[hart.last] += machine.report(number).cycles - hart.begun

    def by_function(self) -> list[ProfileRow]:
        """Return what each function took, the longest first."""
        return self._rows(lambda pc: self.program.function(pc) or "(no function)")

    def by_line(self) -> list[ProfileRow]:
        """Return what each line of source took, the longest first; none without DWARF."""
        lines = SourceLines(self.program.path)
        if not len(lines):
            return []

        def name(pc: int) -> str:
            found = lines.of(pc)
            return f"{found[0]}:{found[1]}" if found else "(no line)"

        return self._rows(name)

    def _rows(self, name_of: Callable[[int], str]) -> list[ProfileRow]:
        cycles: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for pc, count in self._counts.items():
            name = name_of(pc)
            cycles[name] += self._cycles[pc]
            counts[name] += count
        rows = [
            ProfileRow(name=name, cycles=cycles[name], instructions=counts[name]) for name in counts
        ]
        return sorted(rows, key=lambda row: (-row.cycles, row.name))

    def _text(self, machine: ClusterMachine, pc: int, word: int) -> str:
        key = (pc, word)
        if key not in self._texts:
            size = 8 if word & 3 == 3 else 4
            shown = f"{word & (1 << 4 * size) - 1:0{size}x}"
            text = machine.instructions.disassemble(word, pc)
            self._texts[key] = f"{self.program.place(pc)}: {shown} {text}"
        return self._texts[key]


def _word(machine: ClusterMachine, pc: int) -> int:
    """Return the word at an address; 0 where nothing is."""
    for count in (4, 2):
        try:
            return int.from_bytes(machine.read(pc, count), "little")
        except ValueError:
            continue
    return 0
