# SPDX-License-Identifier: Apache-2.0
"""A core: executes the operations of one program and accounts every cycle of it."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import simpy

from alpine_platform.accelerators.peripheral_port import (
    IoBatch,
    IoResult,
    IoTimes,
    PeripheralPort,
)
from alpine_platform.accelerators.tile_port import NO_DEPENDENCY, CmBatch, CmResult, TilePort
from alpine_platform.config import SyncConfig, SystemConfig
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.time import ceil_to_edge, check_time

from . import operations as op
from .loop_service import LoopService
from .pipelines import FOREVER, Pipelines
from .read_check import note_accesses
from .working_sets import WorkingSets

__all__ = ["Core", "CoreStats", "Surroundings", "TimelineEvent"]

Steps = Generator[simpy.Event, Any, Any]
Batch = npt.NDArray[np.void]
"""CM instructions or accesses: what leaves a core in batches, with gaps."""
Result = TypeVar("Result", CmResult, IoResult)
OTHER = "other"
CM_WINDOW_CYCLES = 2000
"""How far loops with CM instructions run ahead of other cores: they move a few bytes per hundred
cycles, so that shared resources hardly notice, and a batch per event would be slow."""
PROCESS_OPCODE = 0x008
OPCODE_SHIFT = 21
RW_BIT = 15


@dataclass(kw_only=True, slots=True)
class CoreStats:
    """Cycles and instructions of one core; the three kinds of cycles add up to the run.

    Members
    -------
    active_cycles : executing, waiting for the tile or spinning.
    wait_cycles : waiting for memory or a peripheral.
    idle_cycles : sleeping at a mutex, condition, channel or barrier, or after the program's end.
    instructions : committed.
    cm_instructions, cm_products : CM instructions, and how many of them were CM_PROCESS.
    io_reads, io_writes : uncached accesses to peripherals.
    sections_fs : time per named section.
    """

    active_cycles: int = 0
    wait_cycles: int = 0
    idle_cycles: int = 0
    instructions: int = 0
    cm_instructions: int = 0
    cm_products: int = 0
    io_reads: int = 0
    io_writes: int = 0
    tile_energy_pj: float = 0.0
    sections_fs: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something a core did: for the exported timeline."""

    core: int
    name: str
    start_fs: int
    duration_fs: int


class Surroundings(Protocol):
    """What a core needs of the system that it is part of.

    Members
    -------
    env : the discrete-event kernel.
    config : the system.
    memory : where programs' buffers lie.
    pipelines, loops : what runs loops, and what advances those of all cores.
    working_sets : hears of every loop.
    io_times : what the path to peripherals takes.
    trace : whether cores keep a timeline.
    """

    env: simpy.Environment
    config: SystemConfig
    memory: AddressSpace
    pipelines: Pipelines
    loops: LoopService
    working_sets: WorkingSets
    io_times: IoTimes
    trace: bool

    def synchronise(self, core: "Core", operation: op.Operation) -> Steps:
        """Do a synchronising operation for a core; returns what it yields to the program."""
        ...

    def peripheral(self, base: int, core: int) -> PeripheralPort:
        """Return the peripheral at an address, for a core."""
        ...

    def product_energy_pj(self, core: int, tile: int) -> float:
        """Energy of one CM_PROCESS on a core's tile."""
        ...


class Core:
    """One in-order core with the tiles it owns.

    Parameters
    ----------
    system : what the core is part of.
    number : which core of it.
    port : its tiles, or None.
    """

    def __init__(self, system: Surroundings, number: int, port: TilePort | None) -> None:
        self.system = system
        self.env = system.env
        self.pipelines = system.pipelines
        self.number = number
        self.port = port
        self.period_fs = system.config.core.period_fs
        self.stats = CoreStats()
        self.timeline: list[TimelineEvent] = []
        self._sections: list[str] = []
        self._section_start = 0

    def run(self, program: op.Program) -> Steps:
        """Execute a program to its end; returns what it returned."""
        self._section_start = int(self.env.now)
        result: Any = None
        while True:
            try:
                operation = program.send(result)
            except StopIteration as stop:
                self._close_section()
                return stop.value
            start = int(self.env.now)
            result = yield from self._execute(operation)
            check_time(int(self.env.now))
            if self.system.trace and self.env.now > start:
                name = type(operation).__name__
                if isinstance(operation, op.RunLoop | op.RunCmLoop | op.RunIoLoop):
                    name = operation.phases[0].body.name
                self.timeline.append(
                    TimelineEvent(self.number, name, start, int(self.env.now) - start)
                )

    @property
    def cycle(self) -> int:
        """Number of the core's clock edge at or after the present."""
        return -(-int(self.env.now) // self.period_fs)

    def work(self, cycles: int, instructions: int) -> Steps:
        """Be active for some cycles."""
        self.stats.active_cycles += cycles
        self.stats.instructions += instructions
        if cycles:
            yield self.env.timeout(cycles * self.period_fs)

    def doze(self, cycles: int, instructions: int) -> Steps:
        """Be idle for some cycles, as while a wake-up is on its way."""
        self.stats.idle_cycles += cycles
        self.stats.instructions += instructions
        if cycles:
            yield self.env.timeout(cycles * self.period_fs)

    def sleep(self, event: simpy.Event) -> Steps:
        """Be idle until an event."""
        start = self.cycle
        yield event
        self.stats.idle_cycles += self.cycle - start
        yield from self._align()

    def spin(self, event: simpy.Event, config: SyncConfig) -> Steps:
        """Be active until an event, looking at a flag again and again.

        While the flag's line is under way, the look waits for it: no instructions are committed.
        """
        start = self.cycle
        yield event
        cycles = self.cycle - start
        self.stats.active_cycles += cycles
        looks = max(cycles - config.flag_cycles, 0) / config.spin_cycles
        self.stats.instructions += round(looks * config.spin_instructions)
        yield from self._align()

    def fence(self) -> Steps:
        """Wait until every store so far has its line."""
        start = self.cycle
        yield from self._until(self.pipelines.stored_cycle(self.number))
        self.stats.wait_cycles += self.cycle - start

    def _align(self) -> Steps:
        lag = ceil_to_edge(int(self.env.now), self.period_fs) - int(self.env.now)
        if lag:
            yield self.env.timeout(lag)

    def _execute(self, operation: op.Operation) -> Steps:
        if isinstance(operation, op.RunLoop | op.RunCmLoop | op.RunIoLoop):
            note_accesses(self.system.memory, operation.phases, operation.repeats)
            self.system.working_sets.note(operation.phases, operation.repeats)
        match operation:
            case op.RunLoop():
                return (yield from self._run_loop(operation))
            case op.RunCm():
                return (yield from self._run_cm(operation))
            case op.RunCmLoop():
                return (yield from self._run_cm_loop(operation))
            case op.RunIo() | op.RunIoLoop():
                return (yield from self._run_io(operation))
            case op.Begin(name):
                self._close_section()
                self._sections.append(name)
            case op.End():
                if not self._sections:
                    raise ValueError(f"core {self.number}: End without Begin")
                self._close_section()
                self._sections.pop()
            case op.Compute():
                yield from self.work(operation.cycles, operation.instructions)
            case op.Fence():
                yield from self.fence()
            case _:
                return (yield from self.system.synchronise(self, operation))
        return None

    def _close_section(self) -> None:
        now = int(self.env.now)
        name = self._sections[-1] if self._sections else OTHER
        if now > self._section_start:
            sections = self.stats.sections_fs
            sections[name] = sections.get(name, 0) + now - self._section_start
        self._section_start = now

    def _run_loop(self, operation: op.RunLoop) -> Steps:
        start = self.cycle
        self.pipelines.begin(self.number, operation.phases, operation.repeats, cycle=start)
        before = self._before()
        yield self.system.loops.run(self.number)
        self._account(before, self.cycle - start)

    def _until(self, cycle: int) -> Steps:
        delay = cycle * self.period_fs - int(self.env.now)
        if delay > 0:
            yield self.env.timeout(delay)

    def _before(self) -> tuple[int, int]:
        return self.pipelines.wait_cycles(self.number), self.pipelines.instructions(self.number)

    def _account(self, before: tuple[int, int], cycles: int) -> None:
        waited = min(self.pipelines.wait_cycles(self.number) - before[0], cycles)
        self.stats.wait_cycles += waited
        self.stats.active_cycles += cycles - waited
        self.stats.instructions += self.pipelines.instructions(self.number) - before[1]

    def _run_io(self, operation: op.RunIo | op.RunIoLoop) -> Steps:
        if isinstance(operation, op.RunIoLoop):
            parts, waited = yield from self._run_coupled_loop(
                operation,
                lambda batch, start_fs: self._access(batch, operation.base, start_fs),
                what="I/O accesses",
            )
            self.stats.active_cycles -= waited
            self.stats.wait_cycles += waited
            return joined(IoResult, parts)
        start = self.cycle
        result = self._access(operation.batch, operation.base, start * self.period_fs)
        if len(result.data):
            end = result.response_fs[-1] if operation.wait else result.issue_fs[-1]
            yield from self._until(max(-(-int(end) // self.period_fs), start + 1))
        cycles, count = self.cycle - start, len(result.data)
        self.stats.wait_cycles += max(cycles - count, 0)
        self.stats.active_cycles += min(cycles, count)
        self.stats.instructions += count
        return result

    def _access(self, batch: IoBatch, base: int, start_fs: int) -> IoResult:
        port = self.system.peripheral(base, self.number)
        writes = int(np.count_nonzero(batch["write"]))
        self.stats.io_writes += writes
        self.stats.io_reads += len(batch) - writes
        return port.execute(
            batch, start_fs=start_fs, core_period_fs=self.period_fs, times=self.system.io_times
        )

    def _run_cm(self, operation: op.RunCm) -> Steps:
        start = self.cycle
        result = self._issue(operation.batch, operation.tile, start * self.period_fs)
        if len(result.rd):
            end = result.response_fs[-1] if operation.wait else result.issue_fs[-1]
            yield from self._until(max(-(-int(end) // self.period_fs), start + 1))
        self.stats.active_cycles += self.cycle - start
        self.stats.instructions += len(result.rd)
        return result

    def _run_cm_loop(self, operation: op.RunCmLoop) -> Steps:
        parts, _ = yield from self._run_coupled_loop(
            operation,
            lambda batch, start_fs: self._issue(batch, operation.tile, start_fs),
            what="CM instructions",
        )
        return joined(CmResult, parts)

    def _run_coupled_loop(
        self,
        operation: op.RunCmLoop | op.RunIoLoop,
        execute: Callable[[Batch, int], Result],
        *,
        what: str,
    ) -> Generator[simpy.Event, Any, tuple[list[Result], int]]:
        """Alternate between the pipeline, up to a miss, and what is coupled to the core.

        ``execute`` takes a batch, whose gaps count from the time given; ``what`` is in the batch.
        Returns its results and the cycles by which it delayed the core.
        """
        batch = operation.batch
        start = self.cycle
        before = self._before()
        self.pipelines.begin(
            self.number,
            operation.phases,
            operation.repeats,
            cycle=start,
            cm_capacity=len(batch),
        )
        parts: list[Result] = []
        issued = waited = 0
        while True:
            limit = min(self.system.loops.limit_cycle() + CM_WINDOW_CYCLES, FOREVER)
            done = self.pipelines.advance(self.number, limit_cycle=limit, stop_at_miss=True)
            issue_cycles = self.pipelines.cm_issue(self.number)
            count = len(issue_cycles)
            if count > len(batch):
                raise ValueError(f"the loops hold {count} {what}, the batch {len(batch)}")
            if count > issued:
                cycles = issue_cycles[issued:count].copy()
                previous = start if not issued else int(issue_cycles[issued - 1])
                part = batch[issued:count]
                self._set_gaps(part, cycles, previous, wait=operation.wait)
                result = execute(part, previous * self.period_fs)
                parts.append(result)
                late = self._late(operation.wait, result, cycles)
                self.pipelines.delay(self.number, late)
                waited += late
                issued = count
            # A loop that the limit has stopped may have nothing to commit until long after it.
            going_on = self.pipelines.next_cycle(self.number) - CM_WINDOW_CYCLES
            yield from self._until(max(self.pipelines.cycle(self.number), 0 if done else going_on))
            if done:
                break
        if issued != len(batch):
            raise ValueError(f"the loops hold {issued} {what}, the batch {len(batch)}")
        self._account(before, self.cycle - start)
        return parts, waited

    def _set_gaps(
        self, part: Batch, cycles: npt.NDArray[np.int64], previous: int, *, wait: bool
    ) -> None:
        """Set the gaps to those between the cycles that the pipeline model found."""
        gaps = np.diff(cycles, prepend=previous)
        part["gap_fs"] = gaps * self.period_fs
        part["response_gap_fs"] = NO_DEPENDENCY
        if wait and len(part) > 1:
            latency = self.system.config.core.cm_latency_cycles
            dependent = np.maximum(gaps[1:] - latency, 0)
            part["response_gap_fs"][1:] = dependent * self.period_fs

    def _late(self, wait: bool, part: CmResult | IoResult, cycles: npt.NDArray[np.int64]) -> int:
        """Cycles by which the batch is behind what the pipeline model assumed."""
        late = int(part.issue_fs[-1]) // self.period_fs - int(cycles[-1])
        if wait:
            assumed = int(cycles[-1]) + self.system.config.core.cm_latency_cycles
            late = max(late, -(-int(part.response_fs[-1]) // self.period_fs) - assumed)
        return max(late, 0)

    def _issue(self, batch: CmBatch, tile: int, start_fs: int) -> CmResult:
        if self.port is None:
            raise ValueError(f"core {self.number} has no tile; give it a tile port")
        result = self.port.execute(
            batch, start_fs=start_fs, core_period_fs=self.period_fs, tile=tile
        )
        self._count(batch, result, tile)
        return result

    def _count(self, batch: CmBatch, result: CmResult, tile: int) -> None:
        words = batch["word"]
        products = int(
            np.count_nonzero(
                (words >> OPCODE_SHIFT == PROCESS_OPCODE)
                & (words >> RW_BIT & 1 == 0)
                & (result.status == 0)
            )
        )
        self.stats.cm_instructions += len(words)
        self.stats.cm_products += products
        self.stats.tile_energy_pj += products * self.system.product_energy_pj(self.number, tile)


def joined(kind: type[Result], parts: list[Result]) -> Result:
    """Concatenate the results of consecutive batches."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return kind.empty(0)
    whole = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(kind)
    }
    return kind(**whole)
