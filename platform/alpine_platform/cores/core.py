# SPDX-License-Identifier: Apache-2.0
"""A core: executes the operations of one program and accounts every cycle of it."""

from collections.abc import Generator
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
import simpy

from alpine_platform.accelerators.peripheral_port import (
    EventPort,
    IoBatch,
    IoResult,
    IoTimes,
    PeripheralPort,
    ScheduledEvents,
)
from alpine_platform.accelerators.tile_port import CmBatch, CmResult, TilePort
from alpine_platform.config import SyncConfig
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.time import ceil_to_edge, check_time

from . import operations as op
from .core_model import CoreModel, LoopCost, Result, TraceModel
from .read_check import note_accesses
from .working_sets import WorkingSets

__all__ = ["Core", "CoreStats", "Surroundings", "TimelineEvent"]

Steps = Generator[simpy.Event, Any, Any]
OTHER = "other"
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
    """Something a core did: for the exported timeline.

    Members
    -------
    core : its number.
    name : of the operation, or of the loop that it began with.
    start_fs, duration_fs : when.
    tile : number of the core's tile that took part, or None.
    """

    core: int
    name: str
    start_fs: int
    duration_fs: int
    tile: int | None = None


class Surroundings(Protocol):
    """What a core needs of the system that it is part of.

    Members
    -------
    env : the discrete-event kernel.
    memory : where programs' buffers lie.
    working_sets : hears of every loop.
    io_times : what the path to peripherals takes.
    trace : whether cores keep a timeline.
    """

    env: simpy.Environment
    memory: AddressSpace
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
    """One core with the tiles it owns.

    Parameters
    ----------
    system : what the core is part of.
    number : which core of it.
    model : what executes the loops of its program.
    period_fs : of its clock.
    port : its tiles, or None.
    """

    def __init__(
        self,
        system: Surroundings,
        number: int,
        *,
        model: CoreModel,
        period_fs: int,
        port: TilePort | None,
    ) -> None:
        self.system = system
        self.env = system.env
        self.number = number
        self.model = model
        self.period_fs = period_fs
        self.port = port
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
                cm = isinstance(operation, op.RunCm | op.RunCmLoop)
                tile = operation.tile if cm else None
                self.timeline.append(
                    TimelineEvent(self.number, name, start, int(self.env.now) - start, tile)
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
        yield from self._until(self.model.stored_cycle())
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
            case op.RunCmLoop() | op.RunTrace():
                return (yield from self._run_coupled(operation))
            case op.RunIo() | op.RunIoLoop():
                return (yield from self._run_io(operation))
            case op.WaitForEvent(base):
                yield from self._wait_for_event(base)
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
        cost = yield from self.model.run_loop(operation.phases, operation.repeats)
        self._account(cost, self.cycle - start)

    def _until(self, cycle: int) -> Steps:
        delay = cycle * self.period_fs - int(self.env.now)
        if delay > 0:
            yield self.env.timeout(delay)

    def _account(self, cost: LoopCost, cycles: int) -> None:
        waited = min(cost.wait_cycles, cycles)
        self.stats.wait_cycles += waited
        self.stats.active_cycles += cycles - waited
        self.stats.instructions += cost.instructions

    def _run_io(self, operation: op.RunIo | op.RunIoLoop) -> Steps:
        start = self.cycle
        if isinstance(operation, op.RunIoLoop):
            base = operation.base
            cost = yield from self.model.run_coupled_loop(
                operation.phases,
                operation.repeats,
                operation.batch,
                lambda batch, start_fs: self._access(batch, base, start_fs),
                wait=operation.wait,
            )
            self._account(cost.loop, self.cycle - start)
            self.stats.active_cycles -= cost.late_cycles
            self.stats.wait_cycles += cost.late_cycles
            return joined(IoResult, cost.parts)
        result = self._access(operation.batch, operation.base, start * self.period_fs)
        if len(result.data):
            end = result.response_fs[-1] if operation.wait else result.issue_fs[-1]
            yield from self._until(max(-(-int(end) // self.period_fs), start + 1))
        cycles, count = self.cycle - start, len(result.data)
        self.stats.wait_cycles += max(cycles - count, 0)
        self.stats.active_cycles += min(cycles, count)
        self.stats.instructions += count
        return result

    def _wait_for_event(self, base: int) -> Steps:
        port = self.system.peripheral(base, self.number)
        if isinstance(port, ScheduledEvents):
            yield from self.sleep(port.scheduled_event())
            return
        if not isinstance(port, EventPort):
            raise ValueError(f"core {self.number} waits for {base:#x}, which tells no events")
        start = self.cycle
        yield from self._until(-(-port.next_event_fs() // self.period_fs))
        self.stats.idle_cycles += self.cycle - start

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

    def _run_coupled(self, operation: op.RunCmLoop | op.RunTrace) -> Steps:
        if isinstance(operation, op.RunTrace):
            return (yield from self._run_trace(operation))
        start = self.cycle
        cost = yield from self.model.run_coupled_loop(
            operation.phases,
            operation.repeats,
            operation.batch,
            lambda batch, start_fs: self._issue(batch, operation.tile, start_fs),
            wait=operation.wait,
        )
        self._account(cost.loop, self.cycle - start)
        return joined(CmResult, cost.parts)

    def _run_trace(self, operation: op.RunTrace) -> Steps:
        start, tile = self.cycle, operation.tile
        if not isinstance(self.model, TraceModel):
            raise ValueError(f"core {self.number} is of a type that executes no machine code")
        cost = yield from self.model.run_trace(
            operation, lambda batch, start_fs: self._issue(batch, tile, start_fs)
        )
        self._account(cost.loop, self.cycle - start)
        return joined(CmResult, cost.parts)

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
