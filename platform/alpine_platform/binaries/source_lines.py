# SPDX-License-Identifier: Apache-2.0
"""Which line of which source file an address of a program comes from, by its DWARF tables."""

from bisect import bisect_right
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

__all__ = ["SourceLines"]

FILES_FROM_ZERO = 5
"""Version of DWARF since which tables of files begin with number 0."""


class SourceLines:
    """Lines by address; of a program without DWARF none is known.

    Parameters
    ----------
    path : ELF file that has been loaded already.
    """

    def __init__(self, path: Path):
        rows: dict[int, tuple[str, int] | None] = {}
        with path.open("rb") as file:
            elf: Any = ELFFile(file)
            if elf.has_dwarf_info():
                for unit in elf.get_dwarf_info().iter_CUs():
                    _add_rows(unit, rows)
        self._starts = sorted(rows)
        self._rows = [rows[start] for start in self._starts]

    def __len__(self) -> int:
        """How many addresses begin a line."""
        return len(self._starts)

    def of(self, address: int) -> tuple[str, int] | None:
        """Return file and line of an address, or None."""
        at = bisect_right(self._starts, address) - 1
        return self._rows[at] if at >= 0 else None


def _add_rows(unit: Any, rows: dict[int, tuple[str, int] | None]) -> None:
    program = unit.dwarfinfo.line_program_for_CU(unit)
    if program is None:
        return
    first = 0 if program["version"] >= FILES_FROM_ZERO else 1
    names = [entry.name.decode(errors="replace") for entry in program["file_entry"]]
    begins, dropped = True, False
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        # A sequence that begins at 0 is of code that the linker has dropped.
        if begins:
            dropped = state.address == 0
        begins = state.end_sequence
        if dropped:
            continue
        number = state.file - first
        known = state.line and 0 <= number < len(names) and not state.end_sequence
        rows[state.address] = (names[number], state.line) if known else None
