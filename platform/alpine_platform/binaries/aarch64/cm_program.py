# SPDX-License-Identifier: Apache-2.0
"""Executing a program whose CM instructions go to tiles.

The CM instructions and the library's hints are found in the executable segments; the processor
stops before each. A tile's answer is needed only where an instruction has a destination, so
transfers to the tile are gathered until then.
"""

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alpine_models import isa
from alpine_models.errors import AlpineError
from alpine_models.isa import XZR, CmOperation
from alpine_platform.accelerators.tile_port import CmBatch, CmResult, empty_batch
from alpine_platform.binaries.elf import Program

from .linux import STACK_BYTES, STACK_TOP, LinuxProcess, ProgramExit, ProgramStopError
from .messages import EndReason, ProcessorEvent
from .processor import Processor, ProgramStop

__all__ = ["CmTiles", "FunctionalOutcome", "execute"]

_GATHERED = 4096


class CmTiles:
    """The tiles of the core that a program runs on.

    Parameters
    ----------
    execute : runs a batch on one tile, (batch, tile) to result.
    set_lsb : takes (tile, first bit line, dot product per ADC code of each).
    count : how many tiles there are.
    """

    def __init__(
        self,
        *,
        execute: Callable[[CmBatch, int], CmResult],
        set_lsb: Callable[[int, int, npt.NDArray[np.float32]], None],
        count: int,
    ) -> None:
        self.execute, self.set_lsb, self.count = execute, set_lsb, count
        self.selected = 0
        self.counts: Counter[CmOperation] = Counter()
        self._waiting: list[tuple[int, int, int, int]] = []

    def carry_out(self, word: int, registers: Sequence[int]) -> tuple[int, int] | None:
        """Carry out an instruction; return the register that it writes and the value, if any."""
        fields = isa.decode(word)
        rn, rm, ra = (
            0 if number == XZR else registers[number]
            for number in (fields.rn, fields.rm, fields.ra)
        )
        self.counts[fields.operation] += 1
        self._waiting.append((word, rn, rm, ra))
        writes = "rd" in isa.OPERANDS[fields.operation]
        if not writes and len(self._waiting) < _GATHERED:
            return None
        value = self.flush()
        return (fields.rd, value) if writes and fields.rd != XZR else None

    def flush(self) -> int:
        """Send what is gathered; return the last instruction's result."""
        if not self._waiting:
            return 0
        batch = empty_batch(len(self._waiting))
        batch["word"], batch["rn"], batch["rm"], batch["ra"] = (
            np.array([waiting[i] for waiting in self._waiting], np.uint64) for i in range(4)
        )
        self._waiting.clear()
        result = self.execute(batch, self.selected)
        wrong = np.flatnonzero(result.status)
        if len(wrong):
            word, status = int(batch["word"][wrong[0]]), int(result.status[wrong[0]])
            raise ProgramStopError(
                f"tile {self.selected} refused {isa.decode(word).operation.name}: "
                f"{isa.CmStatus(status).name.replace('_', ' ').lower()}"
            )
        return int(result.rd[-1])

    def select(self, tile: int) -> None:
        """Address another of the core's tiles."""
        if tile >= self.count:
            raise ProgramStopError(f"tile {tile}: the core has {self.count}, numbered from 0")
        if tile != self.selected:
            self.flush()
            self.selected = tile


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionalOutcome:
    """What a program did, without times.

    Members
    -------
    status : its exit status; None where it was stopped, for the reason in ``message``.
    limited : it executed the instructions that it was given.
    counts : its CM instructions.
    """

    status: int | None
    message: str
    limited: bool
    counts: Counter[CmOperation]


def execute(
    processor: Processor,
    linux: LinuxProcess,
    program: Program,
    tiles: CmTiles,
    *,
    max_instructions: int = 0,
) -> FunctionalOutcome:
    """Run a program to its end; what it does wrong is in the outcome."""
    run = _Execution(processor, linux, program, tiles)
    status, message, limited = None, "", False
    try:
        stop, status = run.to_its_end(max_instructions)
        # What the tile refuses of the last transfers counts as well.
        tiles.flush()
    except ProgramStopError as error:
        status, message = None, str(error)
    else:
        if status is None:
            limited = stop.end is EndReason.LIMIT
            what = f"stopped after {max_instructions} instructions"
            reason = what if limited else _reason(stop, processor)
            message = f"{program.place(stop.pc)}: {reason}"
    return FunctionalOutcome(status=status, message=message, limited=limited, counts=tiles.counts)


class _Execution:
    """A program under way."""

    def __init__(
        self, processor: Processor, linux: LinuxProcess, program: Program, tiles: CmTiles
    ) -> None:
        self._processor, self._linux = processor, linux
        self._program, self._tiles = program, tiles
        self._words = _special_words(program)

    def to_its_end(self, max_instructions: int) -> tuple[ProgramStop, int | None]:
        """Return where the program stopped last, and its exit status if it asked for its end."""
        self._processor.stop_at(
            address for address, word in self._words.items() if self._tiles.count or _is_cm(word)
        )
        stop = self._processor.run(
            self._linux.entry, stack=self._linux.stack, limit=max_instructions
        )
        try:
            while stop.event is not ProcessorEvent.ENDED:
                stop = (
                    self._called(stop) if stop.event is ProcessorEvent.CALLED else self._met(stop)
                )
        except ProgramExit as done:
            return stop, done.status
        return stop, None

    def _called(self, stop: ProgramStop) -> ProgramStop:
        number, arguments = stop.registers[8], stop.registers[:6]
        value = self._linux.call(number, arguments, address=stop.address - 4)
        return self._processor.go_on(registers={0: value})

    def _met(self, stop: ProgramStop) -> ProgramStop:
        """Do what a CM instruction or a hint asks for."""
        word, written = self._words[stop.address], None
        try:
            if stop.word != word:
                raise ProgramStopError("the program wrote over its CM code")
            if not _is_cm(word):
                _heed(isa.Hint(word >> 5 & 0x7F), stop.registers, self._processor, self._tiles)
            elif self._tiles.count:
                written = self._tiles.carry_out(word, stop.registers)
            else:
                raise ProgramStopError(
                    "a CM instruction, but the core has no tile: name one by --tile"
                )
        except AlpineError as error:
            place = self._program.place(stop.address)
            raise ProgramStopError(f"{place}: {error}") from error
        return self._processor.go_on(
            address=stop.address + 4, registers=None if written is None else dict([written])
        )


def _heed(hint: isa.Hint, registers: Sequence[int], processor: Processor, tiles: CmTiles) -> None:
    # The library puts a hint's operands into x9, x10 and x11.
    first, count, address = registers[9:12]
    if hint is isa.Hint.TILE:
        tiles.select(first)
    elif hint is isa.Hint.ADC:
        tiles.flush()
        data = processor.read(address, 4 * count)
        tiles.set_lsb(tiles.selected, first, np.frombuffer(data, np.float32))


def _special_words(program: Program) -> dict[int, int]:
    """CM instructions and the hints that do something, by address."""
    hints = [isa.hint_word(isa.Hint.TILE), isa.hint_word(isa.Hint.ADC)]
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


def _is_cm(word: int) -> bool:
    return isa.decode(word).operation is not CmOperation.UNKNOWN


def _reason(stop: ProgramStop, processor: Processor) -> str:
    if stop.end is EndReason.ILLEGAL:
        word = processor.read(stop.pc, 4)
        shown = f"{struct.unpack('<I', word)[0]:#010x}" if word else "no memory"
        return f"illegal instruction {shown}"
    if STACK_TOP - 2 * STACK_BYTES <= stop.address < STACK_TOP - STACK_BYTES:
        return f"stack overflow: the stack has {STACK_BYTES >> 20} MiB"
    if stop.end in (EndReason.READ, EndReason.WRITE, EndReason.FETCH):
        what = {
            EndReason.READ: "read from",
            EndReason.WRITE: "write to",
            EndReason.FETCH: "jump to",
        }[stop.end]
        null = " (null pointer)" if stop.address < 4096 else ""
        return f"{what} {stop.address:#x}, where there is no memory{null}"
    return f"exception {stop.detail}"
