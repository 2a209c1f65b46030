# SPDX-License-Identifier: Apache-2.0
"""Running a program on a cluster without an operating system.

All cores start at the program's entry with a0 = hart, a1 = number of cores, sp = top of the TCDM
less 1 kB for each hart before; a2 and a3 are argc and argv. While mtvec was never written, ecall
is served here: a7 = 93 exits with a0, 64 writes. The run ends when hart 0 exits or a word that is
not 0 is written to symbol `tohost`.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.errors import AlpineError
from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_platform.config.cluster import ClusterConfig

from ..elf import Program, Segment
from ..outcome import INTERRUPTED_STATUS, STOPPED_STATUS, CoreOutcome, Ending, ProgramOutcome
from .accelerator_pins import Accelerators
from .cluster_outcome import AcceleratorJob, AcceleratorKind, ClusterActivity, ClusterOutcome
from .instruction_set import CV32E40P
from .machine import PAGE_BYTES, ClusterMachine
from .memory_map import MemoryMap, MemoryRange
from .observer import ExecutionObserver
from .stop_messages import describe_stop
from .stops import Stop
from .tile_coprocessor import TileCoprocessor

__all__ = ["BareMetalRun"]
STACK_BYTES = 1024
"""Of each hart; their tops lie that far from each other."""
MOST_PLAIN_BYTES = 1 << 30
"""Of segments elsewhere: what a host has."""
SLICE_INSTRUCTIONS = 2_000_000
"""After which Python looks at its signals; some hundredths of a second."""
NO_LIMIT = (1 << 64) - 1
ARGUMENT_REGISTERS = {"a0": 10, "a1": 11, "a2": 12, "a3": 13, "a7": 17}
SP = 2
EXIT, WRITE = 93, 64
BAD_DESCRIPTOR, BAD_ADDRESS = -9, -14
REGISTERS = {AcceleratorKind.IMA: IMA_REGISTERS, AcceleratorKind.DEPTHWISE: DEPTHWISE_REGISTERS}
ENGINE_COUNTERS = ("busy_cycles", "stalled_cycles", "products", "bytes_in", "bytes_out")
DMA_COUNTERS = ("transfers", "bytes", "busy_cycles", "stalled_cycles")
STOPS_IN_A_CYCLE = (Stop.SLICE, Stop.EDGE, Stop.LIMIT)
"""Behind other stops the machine stands in the cycle behind that of the instruction."""
READ_BUDGET = 1000
"""More than reading a register takes; hardware that does not answer reads 0."""


class BareMetalRun:
    """One program on one cluster, from its entry to its end.

    Parameters
    ----------
    program : what is run. arguments : given to it behind its own path.
    config : of the cluster. library : compiled native sources.
    output : takes what the program writes: file descriptor 1 or 2, and the bytes; returns how many
    it has taken, or a negative error code of Linux.
    accelerators : of the cluster. coprocessor : of hart 0, then without CORE-V.
    observer : looks at every instruction, which takes its time.

    Raises
    ------
    AlpineError
        Segments or arguments do not fit into the memory.
    """

    def __init__(
        self,
        program: Program,
        *,
        arguments: Sequence[str] = (),
        config: ClusterConfig,
        library: Path,
        output: Callable[[int, bytes], int],
        accelerators: Accelerators | None = None,
        coprocessor: TileCoprocessor | None = None,
        observer: ExecutionObserver | None = None,
    ):
        self.program = program
        self._output, self._coprocessor = output, coprocessor
        self._observer = observer
        self.machine = ClusterMachine(
            library,
            config,
            plain=_plain_memory(program, MemoryMap(config)),
            to_host=program.symbols.get("tohost"),
            instructions=CV32E40P if coprocessor is None else coprocessor.instructions,
        )
        if accelerators is not None:
            self.machine.attach(accelerators)
        for segment in program.segments:
            self.machine.write(segment.address, segment.data)
        vector = self._place_arguments([str(program.path), *arguments])
        for hart in range(config.cores):
            registers = self.machine.registers(hart)
            registers[SP] = self.machine.map.tcdm.end - hart * STACK_BYTES
            registers[ARGUMENT_REGISTERS["a0"]] = hart
            registers[ARGUMENT_REGISTERS["a1"]] = config.cores
            registers[ARGUMENT_REGISTERS["a2"]] = len(arguments) + 1
            registers[ARGUMENT_REGISTERS["a3"]] = vector
            self.machine.start(hart, program.entry)

    def run(self, *, max_cycles: int | None = None) -> ProgramOutcome:
        """Execute the program to its end, or for so many cycles."""
        steps = self.steps(max_cycles=max_cycles)
        try:
            while True:
                next(steps)
        except StopIteration as end:
            return end.value

    def steps(self, *, max_cycles: int | None = None) -> Generator[None, None, ProgramOutcome]:
        """Do as `run`, and yield wherever accelerators without calls are to get a clock edge."""
        limit = NO_LIMIT if max_cycles is None else max_cycles
        budget = SLICE_INSTRUCTIONS if self._observer is None else 1
        if self._observer is not None:
            self._observer.begin(self.machine)
        try:
            while True:
                stop = self.machine.run(limit=limit, budget=budget)
                cycle = self.machine.cycles - (stop not in STOPS_IN_A_CYCLE)
                if self._observer is not None:
                    self._observer.look(self.machine, cycle)
                if stop is Stop.EDGE:
                    yield
                    continue
                if stop is Stop.HOST_CALL:
                    ended = self._serve_calls()
                elif stop is Stop.OFF_LOADED:
                    ended = self._serve_off_loaded()
                elif stop is not Stop.SLICE:
                    ended = self._end(stop)
                else:
                    ended = None
                if self._observer is not None:
                    self._observer.look(self.machine, cycle)
                if ended is not None:
                    break
        except KeyboardInterrupt:
            ended = _End(Ending.INTERRUPT, INTERRUPTED_STATUS, "interrupted")
        if self._observer is not None:
            self._observer.end(self.machine)
        return (yield from self._outcome(ended))

    def _end(self, stop: Stop) -> "_End":
        if stop is Stop.TO_HOST:
            value = self.machine.record.status
            return _End(Ending.EXIT, 0 if value == 1 else value >> 1 & 0xFF)
        if stop is Stop.LIMIT:
            message = (
                f"the program has not ended after {self.machine.cycles} cycles, which were "
                f"all that it was given"
            )
            return _End(Ending.LIMIT, STOPPED_STATUS, message)
        message = describe_stop(self.machine, self.program)
        return _End(Ending.ERROR, STOPPED_STATUS, message)

    def _serve_calls(self) -> "_End | None":
        """Serve every ecall of the last cycle, in the order of the harts."""
        for hart in self.machine.calls:
            registers = self.machine.registers(hart)
            number, first = registers[ARGUMENT_REGISTERS["a7"]], registers[10]
            if number == EXIT:
                self.machine.halt(hart)
                if hart == 0:
                    return _End(Ending.EXIT, first & 0xFF)
            elif number == WRITE:
                result = self._write(first, registers[11], registers[12])
                registers[10] = result & 0xFFFFFFFF
                self.machine.resume(hart)
            else:
                place = self.program.place(self.machine.report(hart).pc)
                message = (
                    f"hart {hart} at {place}: ecall with a7 = {number} is not served; "
                    f"{WRITE} writes and {EXIT} exits"
                )
                return _End(Ending.ERROR, STOPPED_STATUS, message)
        return None

    def _serve_off_loaded(self) -> "_End | None":
        assert self._coprocessor is not None
        try:
            self._coprocessor.serve(self.machine, self.program)
        except AlpineError as error:
            return _End(Ending.ERROR, STOPPED_STATUS, str(error))
        return None

    def _write(self, descriptor: int, address: int, count: int) -> int:
        if descriptor not in (1, 2):
            return BAD_DESCRIPTOR
        try:
            data = self.machine.read(address, count)
        except ValueError:
            return BAD_ADDRESS
        return self._output(descriptor, data)

    def _place_arguments(self, words: list[str]) -> int:
        """Put argv into its memory and return its address."""
        place = self.machine.map.arguments
        texts = b""
        pointers: list[int] = []
        start = place.base + 4 * (len(words) + 1)
        for word in words:
            pointers.append(start + len(texts))
            texts += word.encode(errors="surrogateescape") + b"\0"
        vector = b"".join(each.to_bytes(4, "little") for each in (*pointers, 0))
        if len(vector) + len(texts) > place.size_bytes:
            raise AlpineError(
                f"arguments take {len(vector) + len(texts)} bytes, and {place.size_bytes} are "
                f"there: give fewer"
            )
        self.machine.write(place.base, vector + texts)
        return place.base

    def _outcome(self, end: "_End") -> Generator[None, None, ProgramOutcome]:
        reports = [self.machine.report(hart) for hart in range(self.machine.config.cores)]
        outcome = ProgramOutcome(
            cycles=self.machine.cycles,
            status=end.status,
            ended_by=end.ending,
            message=end.message,
            cores=tuple(
                CoreOutcome(
                    instructions=report.instructions,
                    cycles=report.cycles,
                    stalls=report.stalls_by_name(),
                )
                for report in reports
            ),
        )
        if self._coprocessor is not None:
            return self._coprocessor.outcome(outcome, self.machine.config.core.period_fs)
        if self.machine.accelerators is None:
            return outcome
        members = {item.name: getattr(outcome, item.name) for item in fields(outcome)}
        return ClusterOutcome(**members, activity=(yield from self._activity()))

    def _activity(self) -> Generator[None, None, ClusterActivity]:
        """Return what accelerators and DMA did; their registers are read to know it."""
        counters: dict[str, dict[str, int]] = {}
        for engine, registers in REGISTERS.items():
            found = counters[engine.name.lower()] = {}
            for name in ENGINE_COUNTERS:
                self.machine.freeze(engine, registers[name].offset)
                while (stop := self.machine.run(limit=NO_LIMIT, budget=READ_BUDGET)) is Stop.EDGE:
                    yield
                found[name] = self.machine.read_out if stop is Stop.READ_OUT else 0
        counters["dma"] = {
            name: self.machine.dma_register(DMA_REGISTERS[name].offset) for name in DMA_COUNTERS
        }
        return ClusterActivity(
            jobs=tuple(
                AcceleratorJob(
                    engine=AcceleratorKind(job.engine),
                    start_cycle=job.triggered,
                    end_cycle=job.ended or None,
                )
                for job in self.machine.jobs()
            ),
            products=self.machine.products(),
            counters=counters,
            transfers_digest=self.machine.transfers_digest,
        )


@dataclass(frozen=True, slots=True)
class _End:
    """Why a program has ended, and with what status."""

    ending: Ending
    status: int
    message: str = ""


def _plain_memory(program: Program, map_: MemoryMap) -> list[MemoryRange]:
    """Return memory for the segments outside the cluster's, in whole pages."""
    pages: list[tuple[int, int]] = []
    for segment in sorted(program.segments, key=lambda each: each.address):
        if _is_mapped(segment, program, map_):
            continue
        first = segment.address // PAGE_BYTES * PAGE_BYTES
        end = -(-(segment.address + segment.size) // PAGE_BYTES) * PAGE_BYTES
        if pages and first <= pages[-1][1]:
            pages[-1] = (pages[-1][0], max(end, pages[-1][1]))
        else:
            pages.append((first, end))
    total = sum(end - first for first, end in pages)
    if total > MOST_PLAIN_BYTES:
        raise AlpineError(
            f"program {program.path} takes {total} bytes outside the cluster's memories, more than "
            f"{MOST_PLAIN_BYTES}: make its segments smaller"
        )
    return [MemoryRange(name="memory", base=first, size_bytes=end - first) for first, end in pages]


def _is_mapped(segment: Segment, program: Program, map_: MemoryMap) -> bool:
    """Whether a segment lies in a memory of the cluster.

    Raises
    ------
    AlpineError
        It lies there in part, or in registers.
    """
    end = segment.address + segment.size
    registers = (map_.event_unit, *map_.accelerators, map_.arguments)
    for place in (map_.tcdm, map_.l2, *registers):
        if end <= place.base or segment.address >= place.end:
            continue
        if place in registers:
            raise AlpineError(
                f"program {program.path} has {segment.size} bytes at {segment.address:#010x}, in "
                f"{place}: link it elsewhere"
            )
        if segment.address < place.base or end > place.end:
            over = max(end - place.end, place.base - segment.address)
            raise AlpineError(
                f"program {program.path} has {segment.size} bytes at {segment.address:#010x}, "
                f"{over} more than fit into {place}"
            )
        return True
    return False
