# SPDX-License-Identifier: Apache-2.0
"""Executing a program whose CM instructions go to tiles.

The CM instructions and the library's hints are found in the executable segments; the processor
stops before each. A tile's answer is needed only where an instruction has a destination, so
transfers to the tile are gathered until then. What was executed until then is timed together with
them, by the core that the operations are for.
"""

import struct
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_models import isa
from alpine_models.errors import AlpineError
from alpine_models.isa import XZR, CmOperation
from alpine_platform.accelerators.tile_port import CmBatch, CmResult, empty_batch
from alpine_platform.binaries.elf import Program
from alpine_platform.config import CoreConfig
from alpine_platform.cores.operations import Begin, End, Operation, RunTrace

from .executed_code import ExecutedCode
from .linux import STACK_BYTES, STACK_TOP, LinuxProcess, ProgramExit, ProgramStopError
from .messages import EndReason, ProcessorEvent
from .processor import Processor, ProgramStop

__all__ = ["CmTiles", "Executed", "Mark", "ProgramExecution"]

REGION_OF_INTEREST = "roi"
"""Region over which a program is measured, if it has one."""

_GATHERED = 4096


class CmTiles:
    """The tiles of the core that a program runs on, and the CM instructions that wait for them.

    Parameters
    ----------
    set_lsb : takes (tile, first bit line, dot product per ADC code of each).
    count : how many tiles there are.
    """

    def __init__(
        self, *, set_lsb: Callable[[int, int, npt.NDArray[np.float32]], None], count: int
    ) -> None:
        self.set_lsb, self.count = set_lsb, count
        self.selected = 0
        self.counts: Counter[CmOperation] = Counter()
        self._waiting: list[tuple[int, int, int, int]] = []

    def gather(self, word: int, registers: Sequence[int]) -> int | None:
        """Take an instruction; return the register whose value it gives, XZR for none of its own.

        None: it gives no value, and there is room for more.
        """
        fields = isa.decode(word)
        rn, rm, ra = (
            0 if number == XZR else registers[number]
            for number in (fields.rn, fields.rm, fields.ra)
        )
        self.counts[fields.operation] += 1
        self._waiting.append((word, rn, rm, ra))
        if "rd" in isa.OPERANDS[fields.operation]:
            return fields.rd
        return None if len(self._waiting) < _GATHERED else XZR

    def batch(self) -> CmBatch:
        """Return what was gathered, and forget it."""
        batch = empty_batch(len(self._waiting))
        if self._waiting:
            batch["word"], batch["rn"], batch["rm"], batch["ra"] = (
                np.array([waiting[i] for waiting in self._waiting], np.uint64) for i in range(4)
            )
        self._waiting.clear()
        return batch

    def check(self, batch: CmBatch, result: CmResult) -> None:
        """Raise an error for what the tile refused."""
        wrong = np.flatnonzero(result.status)
        if len(wrong):
            word, status = int(batch["word"][wrong[0]]), int(result.status[wrong[0]])
            raise ProgramStopError(
                f"tile {self.selected} refused {isa.decode(word).operation.name}: "
                f"{isa.CmStatus(status).name.replace('_', ' ').lower()}"
            )

    def check_number(self, tile: int) -> None:
        """Raise an error for a tile that the core does not have."""
        if tile >= self.count:
            raise ProgramStopError(f"tile {tile}: the core has {self.count}, numbered from 0")


class Mark(Enum):
    """A place in a program from or to which it is measured."""

    MAIN = "main"
    REGION_BEGIN = "roi begins"
    REGION_END = "roi ends"


@dataclass(frozen=True, kw_only=True, slots=True)
class Executed:
    """What a program did, besides its times.

    Members
    -------
    status : its exit status; None where it was stopped, for the reason in ``message``.
    limited : it executed the instructions that it was given.
    """

    status: int | None
    message: str
    limited: bool


Steps = Generator[Operation | Mark, Any, Any]


class ProgramExecution:
    """A program under way: operations for the core whose time it takes, and marks between them.

    Parameters
    ----------
    core : that executes it. clock_ns : tells simulated time.
    """

    def __init__(
        self,
        processor: Processor,
        linux: LinuxProcess,
        program: Program,
        tiles: CmTiles,
        *,
        core: CoreConfig,
        clock_ns: Callable[[], int],
    ) -> None:
        self._clock_ns = clock_ns
        self._processor, self._linux = processor, linux
        self._program, self._tiles = program, tiles
        self._words = _special_words(program)
        self._open: list[str] = []
        self._measured = False
        self._main = program.symbols.get("main")
        self.executed = ExecutedCode(core, processor.read, self._words)

    def run(self, max_instructions: int = 0) -> Steps:
        """Run to the end; what the program does wrong is in what is returned, `Executed`."""
        status, message, limited = None, "", False
        try:
            stop, status = yield from self._to_its_end(max_instructions)
            # What the tile refuses of the last transfers counts as well.
            yield from self._time(cut_off=status is None)
        except ProgramStopError as error:
            status, message = None, str(error)
        else:
            if status is None:
                limited = stop.end is EndReason.LIMIT
                what = f"stopped after {max_instructions} instructions"
                reason = what if limited else _reason(stop, self._processor)
                message = f"{self._program.place(stop.pc)}: {reason}"
        return Executed(status=status, message=message, limited=limited)

    def _to_its_end(self, max_instructions: int) -> Steps:
        """Return where the program stopped last, and its exit status if it asked for its end."""
        self._processor.stop_at(self._words)
        stop = self._processor.run(
            self._linux.entry, stack=self._linux.stack, limit=max_instructions
        )
        try:
            while stop.event is not ProcessorEvent.ENDED:
                if stop.event is ProcessorEvent.CALLED:
                    stop = yield from self._called(stop)
                elif stop.event is ProcessorEvent.FULL:
                    yield from self._time(following=stop.address)
                    stop = self._processor.go_on()
                else:
                    stop = yield from self._met(stop)
        except ProgramExit as done:
            return stop, done.status
        return stop, None

    def _called(self, stop: ProgramStop) -> Steps:
        """Do what a system call asks for, and go on; return the next stop."""
        number, arguments = stop.registers[8], stop.registers[:6]
        if self._linux.reads_clock(number):
            yield from self._time()
            self._linux.now_ns = self._clock_ns()
        value = self._linux.call(number, arguments, address=stop.address - 4)
        return self._processor.go_on(registers={0: value})

    def _time(self, *, following: int = 0, wait: bool = False, cut_off: bool = False) -> Steps:
        """Take the time of what was executed; return the last CM instruction's value.

        Of a block that was cut off nobody knows how far it came; it takes no time.
        """
        trace = self.executed.trace(self._processor.recorded(), following=following)
        if cut_off and len(trace.blocks):
            trace, _ = trace.split(len(trace.blocks) - 1)
        batch = self._tiles.batch()
        if self._main is not None:
            begun = self.executed.first(trace, self._main)
            if begun < len(trace.blocks):
                before, trace = trace.split(begun)
                self._main = None
                # The library's start does not use the tile.
                yield RunTrace(code=self.executed.code, trace=before, batch=empty_batch(0))
                yield Mark.MAIN
        result = yield RunTrace(
            code=self.executed.code,
            trace=trace,
            batch=batch,
            tile=self._tiles.selected,
            wait=wait,
        )
        self._tiles.check(batch, result)
        return int(result.rd[-1]) if len(batch) else 0

    def _met(self, stop: ProgramStop) -> Steps:
        """Do what a CM instruction or a hint asks for, and go on; return the next stop."""
        word, written = self._words[stop.address], None
        try:
            if stop.word != word:
                raise ProgramStopError("the program wrote over its CM code")
            if not _is_cm(word):
                yield from self._heed(isa.Hint(word >> 5 & 0x7F), stop)
            elif not self._tiles.count:
                raise ProgramStopError(
                    "a CM instruction, but the core has no tile: name one by --tile"
                )
            else:
                dest = self._tiles.gather(word, stop.registers)
                if dest is not None:
                    value = yield from self._time(wait=dest != XZR)
                    written = None if dest == XZR else {dest: value}
        except AlpineError as error:
            place = self._program.place(stop.address)
            raise ProgramStopError(f"{place}: {error}") from error
        return self._processor.go_on(address=stop.address + 4, registers=written)

    def _heed(self, hint: isa.Hint, stop: ProgramStop) -> Steps:
        # The library puts a hint's operands into x9, x10 and x11.
        first, count, address = stop.registers[9:12]
        if hint is isa.Hint.BEGIN:
            name = self._program.regions.get(stop.address, f"{stop.address:#x}")
            self._open.append(name)
            yield from self._time()
            if name == REGION_OF_INTEREST:
                if self._measured:
                    raise ProgramStopError(
                        f"region {name} begins a second time: it is measured once"
                    )
                self._measured = True
                yield Mark.REGION_BEGIN
            yield Begin(name)
        elif hint is isa.Hint.END:
            if not self._open:
                raise ProgramStopError("aimc_end without aimc_begin")
            yield from self._time()
            yield End()
            if self._open.pop() == REGION_OF_INTEREST:
                yield Mark.REGION_END
        elif not self._tiles.count:
            return
        elif hint is isa.Hint.TILE:
            self._tiles.check_number(first)
            if first != self._tiles.selected:
                yield from self._time()
                self._tiles.selected = first
        elif hint is isa.Hint.ADC:
            yield from self._time()
            data = self._processor.read(address, 4 * count)
            self._tiles.set_lsb(self._tiles.selected, first, np.frombuffer(data, np.float32))


def _special_words(program: Program) -> dict[int, int]:
    """CM instructions and the library's hints, by address."""
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
