# SPDX-License-Identifier: Apache-2.0
"""Accelerators with a register port, a memory port and an event: their signals and their rules.

The hardware's ports, all synchronous to one clock:

- register port: ``cfg_valid, cfg_ready, cfg_addr, cfg_write, cfg_wdata[32]`` and ``cfg_rsp_valid,
  cfg_rsp_rdata[32]``. An access is accepted at an edge at which valid and ready are high; one
  response per access, in order, at the earliest in the next cycle, high for one cycle, not to be
  stalled; writes answer 0.
- memory port, as a master: ``mem_req, mem_gnt, mem_addr, mem_write, mem_be, mem_wdata`` and
  ``mem_rvalid, mem_rdata``. A request is stable until it is granted; data of a read come in the
  cycle after its grant.
- ``event_done``: high for one cycle when something that was asked for is finished.
- ``busy``: low while nothing changes unless an access comes.

No output depends combinationally on an input. `RegisterPort` is what stands on the other side of
these signals, for whatever evaluates the hardware: a timed twin, verilated RTL, a simulation under
cocotb. It makes accesses by the rules of `peripheral_port`, serves the memory port and notes
events. An event reaches the core at the first core edge at or after the clock edge at which it is
high.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.time import ceil_to_edge, cycles_until

from .macro import Macro
from .peripheral_port import IoBatch, IoResult, IoTimes, check_accesses, issue_fs

__all__ = [
    "AcceleratorMemory",
    "Cycles",
    "MemoryUser",
    "RegisterPins",
    "RegisterPort",
    "Steps",
    "TimedRegisterPort",
    "TimedTwin",
]

PATIENCE_CYCLES = 1 << 20
"""An accelerator that is silent for so long hangs."""
COUNTERS = ("register_accesses", "memory_reads", "memory_writes", "stalled_cycles", "events")
"""What passes an accelerator's ports; stalled are cycles in which a request was not granted."""


@runtime_checkable
class MemoryUser(Protocol):
    """An accelerator that is a master of memory."""

    def connect_memory(self, memory: "AcceleratorMemory") -> None:
        """Let the memory port reach this memory from now on."""
        ...


class AcceleratorMemory(Protocol):
    """What an accelerator's memory port reaches."""

    def granted(self, edge: int) -> bool:
        """Whether a request that is shown at a clock edge is granted there."""
        ...

    def read(self, address: int, size_bytes: int) -> bytes:
        """Return bytes."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Change bytes."""
        ...


@dataclass(slots=True)
class RegisterPins:
    """What an accelerator shows in a cycle; it follows from its state alone.

    Members are the outputs listed above. Those of the memory port stay 0 without one.
    """

    cfg_ready: int = 1
    cfg_rsp_valid: int = 0
    cfg_rsp_rdata: int = 0
    event_done: int = 0
    busy: int = 0
    mem_req: int = 0
    mem_addr: int = 0
    mem_write: int = 0
    mem_be: int = 0
    mem_wdata: int = 0


@dataclass(frozen=True, slots=True)
class Cycles:
    """What is shown to an accelerator, for how many cycles.

    Members are the inputs listed above; ``count`` is more than 1 only while nothing is shown and
    the accelerator is not busy.
    """

    count: int = 1
    cfg_valid: int = 0
    cfg_addr: int = 0
    cfg_write: int = 0
    cfg_wdata: int = 0
    mem_gnt: int = 0
    mem_rvalid: int = 0
    mem_rdata: int = 0


Steps = Generator[Cycles, RegisterPins, None]
"""Cycles to go through, each answered by what the accelerator shows after the last of them."""


class RegisterPort(ABC):
    """The other side of an accelerator's ports; satisfies `PeripheralPort`.

    Parameters
    ----------
    period_fs : period of its clock.
    size_bytes : addresses of its register port.

    Members
    -------
    macros, configs, products : none; an accelerator with macros has a class of its own.
    busy_cycles : clock edges at which it was busy.
    counters : these, and `COUNTERS`.
    """

    def __init__(self, *, period_fs: int, size_bytes: int):
        self._period_fs, self._size_bytes = period_fs, size_bytes
        self._pins = RegisterPins()
        self._memory: AcceleratorMemory | None = None
        self._events: deque[int] = deque()
        self._read: int | None = None
        self._edge, self._completed, self._free_fs = 0, -1, 0
        self.busy_cycles = 0
        self._counts = dict.fromkeys(COUNTERS, 0)
        self.macros: Sequence[Macro] = ()
        self.configs: Sequence[TileConfig] = ()
        self.products: Sequence[int] = ()

    @property
    def size_bytes(self) -> int:
        """Addresses that it answers to."""
        return self._size_bytes

    @property
    def counters(self) -> dict[str, int]:
        """What passed its ports, and cycles in which it was busy."""
        return {"busy_cycles": self.busy_cycles, **self._counts}

    def connect_memory(self, memory: AcceleratorMemory) -> None:
        """Let the memory port reach this memory from now on."""
        self._memory = memory

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`.

        Raises
        ------
        AlpineError
            The accelerator does not answer, or answers unasked.
        """
        check_accesses(batch, size_bytes=self.size_bytes)
        result = IoResult.empty(len(batch))
        self._counts["register_accesses"] += len(batch)
        self._go(self._accesses(batch, result, start_fs, core_period_fs, times))
        return result

    def next_event_fs(self) -> int:
        """Return when the oldest event that nobody has waited for yet is high; clock up to it.

        Raises
        ------
        AlpineError
            The accelerator is at rest, or works for longer than any that does not hang.
        """
        self._go(self._until_event())
        return self._events.popleft() * self._period_fs

    def restart_time(self) -> None:
        """Give the next clock edge the number 0; the accelerator is at rest, its state stays."""
        self._edge, self._completed, self._free_fs = 0, -1, 0
        self._events.clear()

    @abstractmethod
    def _go(self, steps: Steps) -> None:
        """Let the hardware go through cycles."""

    def _accesses(
        self,
        batch: IoBatch,
        result: IoResult,
        start_fs: int,
        core_period_fs: int,
        times: IoTimes,
    ) -> Steps:
        for i, access in enumerate(batch):
            time_fs = issue_fs(batch, result, i, start_fs=start_fs, free_fs=self._free_fs)
            result.issue_fs[i] = time_fs
            seen = cycles_until(time_fs + times.request_fs, self._period_fs)
            yield from self._advance(max(seen, self._completed + 1))
            shown = Cycles(
                cfg_valid=1,
                cfg_addr=int(access["address"]),
                cfg_write=int(access["write"]),
                cfg_wdata=int(access["data"]) if access["write"] else 0,
            )
            yield from self._answered(shown, i, result)
            self._completed = int(result.complete_cycle[i])
            end_fs = self._completed * self._period_fs + times.response_fs
            if access["write"] and times.posted_stores:
                end_fs = time_fs + times.taken_fs
            self._free_fs = ceil_to_edge(end_fs, core_period_fs)
            result.response_fs[i] = self._free_fs

    def _answered(self, shown: Cycles, i: int, result: IoResult) -> Steps:
        """Show an access until it is accepted, then wait for its response."""
        accepted = False
        for _ in range(PATIENCE_CYCLES):
            pins, edge = self._pins, self._edge
            if pins.cfg_rsp_valid:
                if not accepted:
                    raise AlpineError("the accelerator answered an access that was not made")
                result.data[i] = pins.cfg_rsp_rdata
                result.complete_cycle[i] = edge
                yield from self._cycle(Cycles())
                return
            taken = not accepted and bool(pins.cfg_ready)
            yield from self._cycle(Cycles() if accepted else shown)
            if taken:
                accepted = True
                result.accept_cycle[i] = edge
        raise AlpineError("the accelerator hung: it did not answer an access")

    def _advance(self, edge: int) -> Steps:
        """Go on to a clock edge; at one where nothing can change, to the last at once."""
        while self._edge < edge:
            if self._at_rest:
                self._pins = yield Cycles(count=edge - self._edge)
                self._edge = edge
            else:
                yield from self._cycle(Cycles())

    def _until_event(self) -> Steps:
        for _ in range(PATIENCE_CYCLES):
            if self._events:
                return
            if self._at_rest:
                raise AlpineError(
                    "a core waits for the event of an accelerator that is at rest: start it first"
                )
            yield from self._cycle(Cycles())
        raise AlpineError("the accelerator hung: it worked on without an event")

    @property
    def _at_rest(self) -> bool:
        pins = self._pins
        return not (pins.busy or pins.mem_req or pins.event_done or self._read is not None)

    def _cycle(self, shown: Cycles) -> Steps:
        """One clock edge, with the memory port served."""
        pins, edge = self._pins, self._edge
        read, self._read = self._read, None
        granted = bool(pins.mem_req) and self._served(pins, edge)
        if pins.mem_req:
            kind = "memory_writes" if pins.mem_write else "memory_reads"
            self._counts[kind if granted else "stalled_cycles"] += 1
        if pins.event_done:
            self._counts["events"] += 1
            self._events.append(edge)
        self.busy_cycles += bool(pins.busy)
        self._pins = yield Cycles(
            cfg_valid=shown.cfg_valid,
            cfg_addr=shown.cfg_addr,
            cfg_write=shown.cfg_write,
            cfg_wdata=shown.cfg_wdata,
            mem_gnt=granted,
            mem_rvalid=read is not None,
            mem_rdata=read or 0,
        )
        self._edge = edge + 1

    def _served(self, pins: RegisterPins, edge: int) -> bool:
        """Grant the request that is shown, if the memory does, and carry it out."""
        memory = self._memory
        if memory is None:
            raise AlpineError("an accelerator reads memory, and has none: connect one")
        if not memory.granted(edge):
            return False
        lanes = [lane for lane in range(pins.mem_be.bit_length()) if pins.mem_be >> lane & 1]
        if pins.mem_write:
            for lane in lanes:
                memory.write(pins.mem_addr + lane, bytes([pins.mem_wdata >> 8 * lane & 0xFF]))
        else:
            self._read = 0
            for lane in lanes:
                self._read |= memory.read(pins.mem_addr + lane, 1)[0] << 8 * lane
        return True


class TimedTwin(Protocol):
    """A model of an accelerator's hardware, cycle by cycle."""

    @property
    def pins(self) -> RegisterPins:
        """What it shows in the present cycle."""
        ...

    def clock(self, shown: Cycles) -> None:
        """Go through one clock edge with these inputs, by `Cycles` of count 1."""
        ...


class TimedRegisterPort(RegisterPort):
    """An accelerator whose hardware is a timed twin.

    Parameters
    ----------
    twin : the twin, as its reset leaves it.
    period_fs, size_bytes : as in `RegisterPort`.
    """

    def __init__(self, twin: TimedTwin, *, period_fs: int, size_bytes: int):
        super().__init__(period_fs=period_fs, size_bytes=size_bytes)
        self._twin = twin
        self._pins = twin.pins

    def _go(self, steps: Steps) -> None:
        try:
            shown = next(steps)
            while True:
                if shown.count == 1:
                    self._twin.clock(shown)
                shown = steps.send(self._twin.pins)
        except StopIteration:
            return
