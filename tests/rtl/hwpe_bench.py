# SPDX-License-Identifier: Apache-2.0
"""A bench for the cluster's accelerators: memory, crossbars and a core, cycle by cycle.

`HwpeBench.cycle` looks at every output of a cycle, checks the protocol, and answers; it knows
nothing of the simulator. What an accelerator computes is told by `hwpe_reference`, in plain loops.
"""

import random
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from hwpe_reference import MEMORY_BYTES, Macro

__all__ = ["Access", "Engine", "Grant", "HwpeBench"]

Access = tuple[int, int | None] | None
"""An access to a register as (address, what to write or None); None lets a cycle pass.

A program may also yield a list of accesses: one in every cycle, of which the last answer counts.
"""

Program = Generator[Access | list[Access], int | None, None]


@dataclass(frozen=True)
class Grant:
    """One transfer on a memory port."""

    cycle: int
    port: str
    write: bool
    address: int
    enables: int


@dataclass
class Engine:
    """One configuration port and what was seen of it."""

    prefix: str
    event: str
    program: Program
    waiting: deque[tuple[int, bool]] = field(default_factory=deque)
    access: Access = None
    burst: deque[Access] = field(default_factory=deque)
    answer: int | None = None
    begun: bool = False
    over: bool = False
    events: list[int] = field(default_factory=list)
    accepted: list[tuple[int, int]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)


class HwpeBench:
    """Play everything around one or both accelerators.

    Parameters
    ----------
    port_bytes : bytes of the memory port.
    engines : configuration ports with their programs; the run ends when all programs have.
    memory : bytearray of `MEMORY_BYTES`, changed in place.
    macro : the crossbars, for tops that have them.
    grants : says for each cycle and port whether to grant a request.
    ports : prefixes of the memory ports.
    """

    def __init__(
        self,
        *,
        port_bytes: int,
        engines: list[Engine],
        memory: bytearray,
        macro: Macro | None = None,
        grants: Callable[[], bool] = lambda: True,
        ports: tuple[str, ...] = ("mem",),
    ):
        self.port_bytes, self.engines, self.memory = port_bytes, engines, memory
        self.macro, self.grants, self.ports = macro, grants, ports
        self.now = 0
        self.granted: list[Grant] = []
        self.stalled: set[int] = set()
        self.starts: list[int] = []
        self.selected: list[int] = []
        self.dropped = 0
        self._asked: dict[str, tuple[int, ...]] = {}
        self._read: dict[str, tuple[int, int] | None] = dict.fromkeys(ports)
        self._codes: tuple[int, int] | None = None
        self._busy_until = -1
        self._noise = random.Random(1)

    def cycle(self, get, put) -> bool:
        """Look at one cycle and answer it; return whether the run goes on."""
        for port in self.ports:
            self._serve_memory(port, get, put)
        if self.macro is not None:
            self._serve_macro(self.macro, get, put)
        for engine in self.engines:
            self._serve_program(engine, get, put)
        self.now += 1
        return not all(engine.over for engine in self.engines)

    def _serve_memory(self, port, get, put) -> None:
        read = self._read[port]
        self._read[port] = None
        put(f"{port}_rvalid", read is not None)
        data = self._noise.getrandbits(8 * self.port_bytes)
        if read is not None:
            address, enables = read
            for lane in range(self.port_bytes):
                if enables >> lane & 1:
                    byte = self.memory[(address + lane) % MEMORY_BYTES]
                    data = data & ~(255 << 8 * lane) | byte << 8 * lane
        put(f"{port}_rdata", data)
        requested = get(f"{port}_req")
        grant = bool(requested) and self.grants()
        # A grant without a request means nothing.
        put(f"{port}_gnt", grant if requested else self._noise.random() < 0.5)
        if not requested:
            assert port not in self._asked, f"{self.now}: a request was withdrawn"
            return
        names = ("addr", "write", "be")
        fields = tuple(get(f"{port}_{name}") for name in names)
        if fields[1]:
            fields += (get(f"{port}_wdata"),)
        before = self._asked.pop(port, fields)
        assert fields == before, f"{self.now}: a request changed while it waited"
        if not grant:
            self._asked[port] = fields
            self.stalled.add(self.now)
            return
        address, write, enables = fields[:3]
        assert enables, f"{self.now}: a request for no byte"
        assert not enables & (enables + 1), "bytes are wanted from the address on"
        self.granted.append(Grant(self.now, port, bool(write), address, enables))
        if not write:
            self._read[port] = (address, enables)
            return
        for lane in range(self.port_bytes):
            if enables >> lane & 1:
                self.memory[(address + lane) % MEMORY_BYTES] = fields[3] >> 8 * lane & 255

    def _serve_macro(self, macro: Macro, get, put) -> None:
        garbage = self._noise.getrandbits(8 * macro.columns)
        if get("xb_start"):
            self.starts.append(self.now)
            self.selected.append(get("xb_select"))
            codes = macro.multiply(get("xb_select"), get("xb_dac"))
            # The last cycle of the product is the only one in which codes are taken.
            self._codes = (self.now + macro.product_cycles - 2, codes)
            self._dac = get("xb_dac"), get("xb_select")
        if self._codes is not None and get("xb_phase") == 0:
            self.dropped += 1
            self._codes = None
        if self._codes is not None:
            due, codes = self._codes
            assert (get("xb_dac"), get("xb_select")) == self._dac, "held until codes are taken"
            put("xb_adc", codes if self.now == due else garbage)
            if self.now == due:
                self._codes = None
        if get("xb_prog_valid"):
            cell = get("xb_select"), get("xb_prog_row"), get("xb_prog_col")
            macro.weights[cell] = macro.signed(get("xb_prog_weight"))
            self._busy_until = self.now + macro.programming_cycles
        put("xb_prog_busy", self.now < self._busy_until)
        if get("xb_read_valid"):
            cell = get("xb_select"), get("xb_read_row"), get("xb_read_col")
            put("xb_read_weight", macro.weights.get(cell, 0) & 255)
        else:
            put("xb_read_weight", garbage & 255)

    def _serve_program(self, engine: Engine, get, put) -> None:
        prefix = engine.prefix
        if get(engine.event):
            engine.events.append(self.now)
        if get(f"{prefix}_rsp_valid"):
            assert engine.waiting, f"{self.now}: a response without an access"
            accepted, write = engine.waiting.popleft()
            assert accepted < self.now
            engine.answer = get(f"{prefix}_rsp_rdata")
            engine.answered.append(self.now)
            assert not (write and engine.answer), "writes answer 0"
        if engine.access is None and not engine.waiting and not engine.over:
            self._advance(engine)
        access = engine.access
        put(f"{prefix}_valid", access is not None)
        if access is None:
            return
        address, data = access
        put(f"{prefix}_addr", address)
        put(f"{prefix}_write", data is not None)
        put(f"{prefix}_wdata", (data or 0) & 0xFFFFFFFF)
        if get(f"{prefix}_ready"):
            engine.waiting.append((self.now, data is not None))
            engine.accepted.append((self.now, address))
            engine.access = engine.burst.popleft() if engine.burst else None

    def _advance(self, engine: Engine) -> None:
        try:
            if engine.begun:
                engine.access = engine.program.send(engine.answer)
            else:
                engine.begun = True
                engine.access = next(engine.program)
            if isinstance(engine.access, list):
                engine.burst.extend(engine.access)
                engine.access = engine.burst.popleft()
        except StopIteration:
            engine.over = True
        engine.answer = None
