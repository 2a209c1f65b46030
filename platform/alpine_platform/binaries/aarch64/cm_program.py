# SPDX-License-Identifier: Apache-2.0
"""Executing a program whose CM instructions go to tiles.

The CM instructions and the library's hints are found in the executable segments. Whether a tile
refuses a queue, a product or the programming of a cell is known beforehand, so these are recorded
as they are executed; the processor stops before the others, whose values only the tile has. What
was executed until then is timed together with them, by the core that the operations are for.
"""

import struct
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from alpine_models import isa
from alpine_models.errors import AlpineError
from alpine_models.isa import XZR, CmOperation
from alpine_models.tile import TileConfig
from alpine_platform.binaries.elf import Program
from alpine_platform.binaries.outcome import Ending
from alpine_platform.config import CoreConfig
from alpine_platform.cores.operations import Begin, End, Operation, RunCm, RunTrace

from .executed_code import ExecutedCode, ExecutedPart, GatheredInstruction
from .linux import STACK_BYTES, STACK_TOP, LinuxProcess, ProgramExit, ProgramStopError
from .listing import InstructionListing
from .messages import EndReason, ProcessorEvent
from .processor import Processor, ProgramStop
from .special_words import is_cm, special_words

__all__ = ["CmTiles", "Executed", "ExecutionOptions", "Mark", "ProgramExecution"]

REGION_OF_INTEREST = "roi"
"""Region over which a program is measured, if it has one."""

ANSWERED_AT_ONCE = (CmOperation.QUEUE, CmOperation.PROCESS, CmOperation.INITIALIZE)
"""Operations that give a status at most, which is 0 unless the tile refuses them."""


class CmTiles:
    """The tiles of the core that a program runs on.

    Parameters
    ----------
    set_lsb : takes (tile, first bit line, dot product per ADC code of each).
    configs : of the tiles.

    Members
    -------
    selected : number of the tile that CM instructions address.
    counts : CM instructions so far by operation.
    """

    def __init__(
        self,
        *,
        set_lsb: Callable[[int, int, npt.NDArray[np.float32]], None],
        configs: Sequence[TileConfig],
    ) -> None:
        self.set_lsb, self.configs = set_lsb, configs
        self.selected = 0
        self.counts: Counter[CmOperation] = Counter()

    @property
    def config(self) -> TileConfig:
        """Of the tile that is selected."""
        return self.configs[self.selected]

    def check_number(self, tile: int) -> None:
        """Raise an error for a tile that the core does not have."""
        count = len(self.configs)
        if tile >= count:
            raise AlpineError(f"tile {tile}: the core has {count}, numbered from 0")


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
    """

    status: int | None
    message: str
    ended_by: Ending


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionOptions:
    """What a person asks of an execution.

    Members
    -------
    interrupted : tells whether its end was asked for.
    fast_forward : region before whose beginning only CM instructions take time, or None.
    instructions : where the timed instructions are written, see `InstructionListing`, or None.
    """

    interrupted: Callable[[], bool] = lambda: False
    fast_forward: str | None = None
    instructions: IO[bytes] | None = None


Steps = Generator[Operation | Mark, Any, Any]


class ProgramExecution:
    """A program under way: operations for the core whose time it takes, and marks between them.

    Parameters
    ----------
    core : that executes it. clock_ns : tells simulated time. options : see there.

    Raises
    ------
    AlpineError
        The program has no such region.
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
        options: ExecutionOptions | None = None,
    ) -> None:
        options = options or ExecutionOptions()
        fast_forward = options.fast_forward
        if fast_forward is not None and fast_forward not in program.regions.values():
            raise AlpineError(
                f"region {fast_forward}: {program.path} has "
                f"{', '.join(sorted(set(program.regions.values()))) or 'no regions'}"
            )
        self._untimed_before = fast_forward
        self._clock_ns, self._interrupted = clock_ns, options.interrupted
        self._processor, self._linux = processor, linux
        self._program, self._tiles = program, tiles
        self._words = special_words(program)
        self._open: list[str] = []
        self._measured = False
        self._main = program.symbols.get("main")
        listing = None
        if options.instructions is not None:
            listing = InstructionListing(options.instructions, program)
        self.executed = ExecutedCode(core, processor.read, self._words, listing)

    @property
    def timed(self) -> bool:
        """Whether the program has come to what is timed."""
        return self._untimed_before is None

    def run(self, max_instructions: int = 0) -> Steps:
        """Run to the end; what the program does wrong is in what is returned, `Executed`."""
        try:
            stop, status = yield from self._to_its_end(max_instructions)
            # What the tile refuses of the last transfers counts as well. A stop that asks for room
            # stands between blocks.
            between = status is not None or stop.event is ProcessorEvent.FULL
            yield from self._time(cut_off=not between)
        except ProgramStopError as error:
            message = str((yield from self._earlier(error)))
            return Executed(status=None, message=message, ended_by=Ending.ERROR)
        if status is not None:
            message = ""
            if not self.timed:
                message = f"region {self._untimed_before} never began, so that nothing was timed"
            return Executed(status=status, message=message, ended_by=Ending.EXIT)
        if stop.event is not ProcessorEvent.ENDED:
            return Executed(status=None, message="interrupted", ended_by=Ending.INTERRUPT)
        ended_by, reason = Ending.ERROR, _reason(stop, self._processor)
        if stop.end is EndReason.LIMIT:
            ended_by, reason = Ending.LIMIT, f"stopped after {max_instructions} instructions"
        message = f"{self._program.place(stop.pc)}: {reason}"
        return Executed(status=None, message=message, ended_by=ended_by)

    def _earlier(self, error: ProgramStopError) -> Steps:
        """Time what was executed before an error; return what the tile refused before it, if so."""
        try:
            yield from self._time(cut_off=True)
        except ProgramStopError as refused:
            return refused
        return error

    def _to_its_end(self, max_instructions: int) -> Steps:
        """Return where the program stopped last, and its exit status if it asked for its end."""
        gathered: dict[int, int] = {}
        if self._tiles.configs:
            gathered = {
                address: word
                for address, word in self._words.items()
                if isa.decode(word).operation in ANSWERED_AT_ONCE
            }
            self._address_tile()
        if self.timed:
            self._processor.record_blocks()
        self._processor.gather(gathered)
        self._processor.stop_at(self._words.keys() - gathered.keys())
        stop = self._processor.run(
            self._linux.entry, stack=self._linux.stack, limit=max_instructions
        )
        try:
            while stop.event is not ProcessorEvent.ENDED and not self._interrupted():
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

    def _time(
        self, *, following: int = 0, last: GatheredInstruction | None = None, cut_off: bool = False
    ) -> Steps:
        """Take the time of what was executed; return the value of ``last``, a CM instruction.

        Of a block that was cut off nobody knows how far it came; it takes no time.
        """
        part = self.executed.part(self._processor.recorded(), following=following, last=last)
        if cut_off:
            part = part.without_last_block()
        self._tiles.counts.update(part.operations())
        if self.executed.listing is not None:
            self.executed.listing.write(part.trace.blocks.tolist())
        if self._main is not None:
            begun = self.executed.first(part.trace, self._main)
            if begun < len(part.trace.blocks):
                self._main = None
                before, start, part = part.split(begun)
                yield from self._pass(before)
                # The library's start does not use the tile.
                yield from self._pass(start)
                yield Mark.MAIN
        return (yield from self._pass(part))

    def _pass(self, part: ExecutedPart) -> Steps:
        """Take the time of a part; return the value of its last CM instruction.

        Raises
        ------
        ProgramStopError
            The tile has refused an instruction.
        """
        tile = self._tiles.selected
        if self.timed:
            result = yield RunTrace(
                code=self.executed.code,
                trace=part.trace,
                batch=part.batch(),
                parts=part.parts,
                tile=tile,
            )
        elif len(part.instructions):
            result = yield RunCm(batch=part.batch(), tile=tile)
        else:
            return 0
        wrong = np.flatnonzero(result.status)
        if len(wrong):
            address, word = part.instructions[wrong[0], :2].tolist()
            status = isa.CmStatus(int(result.status[wrong[0]]))
            raise ProgramStopError(
                f"{self._program.place(address)}: tile {tile} refused "
                f"{isa.decode(word).operation.name}: {status.name.replace('_', ' ').lower()}"
            )
        return int(result.rd[-1]) if len(result.rd) else 0

    def _met(self, stop: ProgramStop) -> Steps:
        """Do what a CM instruction or a hint asks for, and go on; return the next stop."""
        word, written = self._words[stop.address], None
        try:
            if stop.word != word:
                raise AlpineError("the program wrote over its CM code")
            if not is_cm(word):
                yield from self._heed(isa.Hint(word >> 5 & 0x7F), stop)
            elif not self._tiles.configs:
                raise AlpineError("a CM instruction, but the core has no tile: name one by --tile")
            else:
                fields = isa.decode(word)
                value = yield from self._time(last=_gathered(stop, fields))
                written = None if fields.rd == XZR else {fields.rd: value}
        except ProgramStopError:
            raise
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
            if name == self._untimed_before:
                self._untimed_before = self._main = None
                self._processor.record_blocks()
                yield Mark.MAIN
            if name == REGION_OF_INTEREST:
                if self._measured:
                    raise AlpineError(f"region {name} begins a second time: it is measured once")
                self._measured = True
                yield Mark.REGION_BEGIN
            yield Begin(name)
        elif hint is isa.Hint.END:
            if not self._open:
                raise AlpineError("aimc_end without aimc_begin")
            yield from self._time()
            yield End()
            if self._open.pop() == REGION_OF_INTEREST:
                yield Mark.REGION_END
        elif not self._tiles.configs:
            return
        elif hint is isa.Hint.TILE:
            self._tiles.check_number(first)
            if first != self._tiles.selected:
                yield from self._time()
                self._tiles.selected = first
                self._address_tile()
        elif hint is isa.Hint.ADC:
            yield from self._time()
            data = self._processor.read(address, 4 * count)
            self._tiles.set_lsb(self._tiles.selected, first, np.frombuffer(data, np.float32))

    def _address_tile(self) -> None:
        config = self._tiles.config
        self._processor.address_tile(rows=config.rows, columns=config.columns)


def _gathered(stop: ProgramStop, fields: isa.CmInstruction) -> GatheredInstruction:
    """Return a CM instruction, before which the processor stands, with its operands."""
    rn, rm, ra = (
        0 if number == XZR else stop.registers[number]
        for number in (fields.rn, fields.rm, fields.ra)
    )
    return GatheredInstruction(
        address=stop.address, word=stop.word, rn=rn, rm=rm, ra=ra, awaited=fields.rd != XZR
    )


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
