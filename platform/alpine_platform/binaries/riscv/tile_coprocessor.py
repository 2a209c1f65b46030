# SPDX-License-Identifier: Apache-2.0
"""A RISC-V core's tiles as its coprocessor: CM instructions and hints of one hart."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from alpine_models.errors import AlpineError
from alpine_models.isa import (
    RISCV_CUSTOM_0,
    CmOperation,
    CmStatus,
    Hint,
    cm_word_of_riscv,
    decode,
    riscv_hint_word,
)
from alpine_models.reference_tile import ReferenceTile
from alpine_platform.accelerators.off_load import OffLoadTile

from ..elf import Program
from ..outcome import ProgramOutcome
from .instruction_set import InstructionSet, tile_instructions
from .machine import ClusterMachine
from .observer import ProfileRow

__all__ = ["TileCoprocessor", "TileCoreOutcome"]

HINTS = {riscv_hint_word(hint): hint for hint in Hint}
FIRST_ARGUMENT = 10
"""a0: the library puts a hint's operands into a0, a1 and a2."""
OUTSIDE = "other"
"""Where no region is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TileCoreOutcome(ProgramOutcome):
    """What a program did, and its tiles for it.

    Members
    -------
    period_fs : of the clock. cm_instructions : by operation.
    tile_cycles : clock edges at which each tile was busy.
    region_cycles : by region of `aimc_begin`; what stands in an inner one counts there alone.
    profile : ``functions`` and ``lines``, the longest first; None unless it was asked for.
    """

    period_fs: int
    cm_instructions: dict[str, int]
    tile_cycles: tuple[int, ...]
    region_cycles: dict[str, int]
    profile: Mapping[str, Sequence[ProfileRow]] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they are written to a file."""
        return ProgramOutcome.as_json(self) | {
            "time_s": self.cycles * self.period_fs * 1e-15,
            "instructions": sum(core.instructions for core in self.cores),
            "breakdown": {
                name: cycles / self.cycles if self.cycles else 0.0
                for name, cycles in self.region_cycles.items()
            },
            "cm_instructions": self.cm_instructions,
            "tile_busy_cycles": list(self.tile_cycles),
            "profile": self.profile
            and {name: [asdict(row) for row in rows] for name, rows in self.profile.items()},
        }


class TileCoprocessor:
    """Executes what a core off-loads.

    Instructions do not overlap: the core goes on in the cycle after it has taken a result.

    Parameters
    ----------
    tiles : of the core, numbered from 0. opcode : major opcode of CM instructions.
    """

    def __init__(self, tiles: Sequence[OffLoadTile], *, opcode: int = RISCV_CUSTOM_0):
        self._tiles, self._opcode = tuple(tiles), opcode
        self._selected = 0
        self._counts: Counter[CmOperation] = Counter()
        # The interface carries no status; what a tile refuses follows from its counters.
        self._mirrors = [
            ReferenceTile(rows=tile.config.rows, columns=tile.config.columns) for tile in tiles
        ]
        self._open: list[str] = []
        self._since = 0
        self._regions: Counter[str] = Counter()

    @property
    def instructions(self) -> InstructionSet:
        """What its core executes."""
        return tile_instructions(self._opcode)

    def serve(self, machine: ClusterMachine, program: Program) -> None:
        """Answer the instruction at which hart 0 stands.

        Raises
        ------
        AlpineError
            The tile refuses it, or the program asks for what is not there.
        """
        record = machine.record
        word, pc, issued = record.word, record.pc, machine.cycles - 1
        try:
            if word in HINTS:
                self._heed(HINTS[word], pc, machine, program)
                machine.complete_off_load(0, 0, machine.cycles)
                return
            data, ready = self._execute(word, machine, issued)
        except AlpineError as error:
            raise AlpineError(f"{program.place(pc)}: {error}") from error
        machine.complete_off_load(0, data, ready)

    def outcome(self, outcome: ProgramOutcome, period_fs: int) -> TileCoreOutcome:
        """Return what came of a program, together with what the tiles did."""
        self._charge(outcome.cycles)
        return TileCoreOutcome(
            cycles=outcome.cycles,
            status=outcome.status,
            ended_by=outcome.ended_by,
            message=outcome.message,
            cores=outcome.cores,
            period_fs=period_fs,
            cm_instructions={
                each.name.lower(): self._counts[each] for each in sorted(self._counts)
            },
            tile_cycles=tuple(tile.busy_cycles for tile in self._tiles),
            region_cycles=dict(self._regions),
        )

    def _execute(self, word: int, machine: ClusterMachine, issued: int) -> tuple[int, int]:
        """Return an instruction's result and the cycle in which the core goes on."""
        registers = machine.registers(0)
        rs1, rs2, rs3 = (int(registers[word >> low & 31]) for low in (15, 20, 7))
        form = cm_word_of_riscv(word, self._opcode)
        assert form is not None, hex(word)
        operation = decode(form).operation
        if not self._tiles:
            raise AlpineError("a CM instruction, but the core has no tile: name one by --tile")
        mirror = self._mirrors[self._selected]
        if operation is CmOperation.PROCESS:
            mirror.counters[:] = 0
        else:
            _, status = mirror.execute(form, rm=rs1, rn=rs2, ra=rs3)
            if status is not CmStatus.DONE:
                raise AlpineError(
                    f"tile {self._selected} refused {operation.name}: "
                    f"{status.name.replace('_', ' ').lower()}"
                )
        self._counts[operation] += 1
        result = self._tiles[self._selected].off_load(word, (rs1, rs2, rs3), cycle=issued)
        return result.data, result.complete_cycle + 1

    def _heed(self, hint: Hint, pc: int, machine: ClusterMachine, program: Program) -> None:
        registers = machine.registers(0)
        first, count, address = (int(registers[FIRST_ARGUMENT + n]) for n in range(3))
        if hint is Hint.BEGIN:
            self._charge(machine.cycles - 1)
            self._open.append(program.regions.get(pc, f"{pc:#x}"))
        elif hint is Hint.END:
            if not self._open:
                raise AlpineError("aimc_end without aimc_begin")
            self._charge(machine.cycles)
            self._open.pop()
        elif hint is Hint.TILE:
            if first >= len(self._tiles):
                raise AlpineError(f"tile {first}: the core has {len(self._tiles)}, numbered from 0")
            self._selected = first
        elif self._tiles:
            self._set_lsb(first, count, address, machine)

    def _set_lsb(self, first: int, count: int, address: int, machine: ClusterMachine) -> None:
        sizes = self._tiles[self._selected].macro.lsb
        try:
            lsb = np.frombuffer(machine.read(address, 4 * count), np.float32)
        except ValueError as error:
            raise AlpineError(f"ADC codes: {error}") from error
        if first + count > len(sizes):
            raise AlpineError(
                f"ADC codes of bit lines {first} to {first + count - 1}: tile {self._selected} has "
                f"{len(sizes)}"
            )
        if not (np.isfinite(lsb) & (lsb > 0)).all():
            raise AlpineError("an ADC code must be positive and finite")
        sizes[first : first + count] = lsb

    def _charge(self, cycle: int) -> None:
        """Count the cycles up to one for what is open."""
        self._regions[self._open[-1] if self._open else OUTSIDE] += cycle - self._since
        self._since = cycle
