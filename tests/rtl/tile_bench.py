# SPDX-License-Identifier: Apache-2.0
"""A tile, what surrounds it, and who checks it: one cycle at a time, whatever simulates it.

The bench is told the outputs of a clock cycle and answers with the inputs, so that pysim and a
verilated model are driven by the same code.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from alpine_models.isa import CmOperation, decode
from alpine_models.reference_tile import ReferenceTile
from alpine_models.registers import TILE_REGISTERS
from alpine_models.tile import TileConfig, pending_answers

GUARD_CODE = 0x55
"""What the converters show when nobody should look."""


@dataclass(frozen=True)
class Request:
    word: int
    rn: int = 0
    rm: int = 0
    ra: int = 0


@dataclass
class Answered:
    """A request with all that coverage asks about it."""

    request: Request
    status: int
    rd: int
    input_counter: int
    output_counter: int
    refused: bool
    held: bool = False


@dataclass
class Pressure:
    """How the surroundings behave: chances per cycle, and cycles of programming.

    Members
    -------
    pause : the core makes no request. hold : it does not take a response.
    busy : most cycles that programming a cell takes.
    seed : of the choices.
    """

    pause: float = 0.0
    hold: float = 0.0
    busy: int = 0
    seed: int = 0


@dataclass
class TileBench:
    """Drive a program through a tile and compare every answer with the reference."""

    config: TileConfig
    program: Iterable[Request]
    pressure: Pressure = field(default_factory=Pressure)

    def __post_init__(self):
        self.reference = ReferenceTile(rows=self.config.rows, columns=self.config.columns)
        self.cells = np.zeros((self.config.columns, self.config.rows), int)
        self.answered: list[Answered] = []
        self.counts = dict.fromkeys(
            ("busy_cycles", "mvms", "bytes_in", "bytes_out", "stall_cycles"), 0
        )
        self.first_error = 0
        self._random = random.Random(self.pressure.seed)
        self._requests = iter(self.program)
        self._next = next(self._requests, None)
        self._valid = self._refused = False
        self._expected: deque[Answered] = deque()
        self._shown: tuple[int, int] | None = None
        self._silent = 0
        self._elapsed: int | None = None
        self._dac = 0
        self._busy_left = 0
        self._programmed: tuple[int, int, int] | None = None
        # The last response is still a busy cycle, so that another register goes first.
        names = ("id", *self.counts, "error")
        self._registers = deque(TILE_REGISTERS[name].offset for name in names)
        self._register_values: list[int] = []

    def cycle(self, get: Callable[[str], int], put: Callable[[str, int], None]) -> bool:
        """Set the inputs of a clock cycle, given its outputs; return whether to go on."""
        self._crossbar(get, put)
        self._request(get, put)
        self._response(get, put)
        if self._next is None and not self._expected:
            return self._read_registers(get, put)
        return True

    def _crossbar(self, get, put) -> None:
        put("xb_adc", int.from_bytes(bytes([GUARD_CODE] * self.config.columns), "little"))
        put("xb_read_weight", GUARD_CODE)
        if get("xb_start"):
            assert self._elapsed is None, "an MVM begins during another"
            self._elapsed, self._dac = 0, get("xb_dac")
        if self._elapsed is not None:
            assert get("xb_dac") == self._dac, "DAC codes changed during an MVM"
            self._elapsed += 1
            if self._elapsed == self.config.mvm_cycles:
                put("xb_adc", self._product())
                self._elapsed = None
        if get("xb_prog_valid"):
            self._busy_left = self._random.randint(0, self.pressure.busy)
            self._programmed = tuple(get(f"xb_prog_{name}") for name in ("row", "col", "weight"))
        if self._programmed and not self._busy_left:
            row, column, weight = self._programmed
            assert row < self.config.rows and column < self.config.columns, "no such cell"
            self.cells[column, row] = weight - 256 * (weight >> 7)
            self._programmed = None
        put("xb_prog_busy", int(self._busy_left > 0))
        self._busy_left -= self._busy_left > 0
        if get("xb_read_valid"):
            assert self._programmed is None, "a cell is read while one is programmed"
            weight = self.cells[get("xb_read_col"), get("xb_read_row")]
            put("xb_read_weight", int(weight) & 0xFF)

    def _product(self) -> int:
        codes = np.frombuffer(self._dac.to_bytes(self.config.rows, "little"), np.int8)
        sums = self.cells @ codes.astype(int)
        return int.from_bytes(np.clip(sums, -128, 127).astype(np.int8).tobytes(), "little")

    def _request(self, get, put) -> None:
        if not self._valid and self._next is not None:
            self._valid = self._random.random() >= self.pressure.pause
            if self._valid:
                put("cm_req_instr", self._next.word)
                for name in ("rn", "rm", "ra"):
                    put(f"cm_req_{name}", getattr(self._next, name))
        put("cm_req_valid", int(self._valid))
        put("choose", 1)
        ready = get("cm_req_ready")
        self.counts["busy_cycles"] += bool(self._expected)
        self.counts["stall_cycles"] += self._valid and not ready
        self._accepted = None
        if self._valid and ready:
            self._accepted = self._next
            self._next, self._valid = next(self._requests, None), False
        self._refused |= self._valid and not ready

    def _response(self, get, put) -> None:
        taken = self._random.random() >= self.pressure.hold
        put("cm_rsp_ready", int(taken))
        shown = (get("cm_rsp_rd"), get("cm_rsp_status")) if get("cm_rsp_valid") else None
        assert self._shown is None or shown == self._shown, "a waiting response changed"
        self._shown = None if taken else shown
        self._silent = 0 if shown or not self._expected else self._silent + 1
        assert self._silent <= self.config.mvm_cycles + self.pressure.busy + 2, "no answer"
        if shown:
            assert self._expected, "a response nobody asked for"
            expected = self._expected[0]
            expected.held |= not taken
            assert shown == (expected.rd, expected.status), f"{expected} answered as {shown}"
            if taken:
                self.answered.append(self._expected.popleft())
        if self._accepted is not None:
            self._execute(self._accepted)

    def _execute(self, request: Request) -> None:
        counters = [int(counter) for counter in self.reference.counters]
        rd, status = self.reference.execute(
            request.word, rn=request.rn, rm=request.rm, ra=request.ra
        )
        self._expected.append(Answered(request, int(status), rd, *counters, refused=self._refused))
        room = 2 + pending_answers(self.config)
        assert len(self._expected) <= room, "more requests outstanding than there is room for"
        self._refused = False
        self.first_error = self.first_error or int(status)
        if status:
            return
        instruction = decode(request.word)
        size, counter = {
            CmOperation.QUEUE: (self.config.rows, counters[0]),
            CmOperation.DEQUEUE: (self.config.columns, counters[1]),
        }.get(instruction.operation, (0, 0))
        if instruction.operation is CmOperation.PROCESS:
            self.counts["mvms"] += 1
        elif size:
            is_queue = instruction.operation is CmOperation.QUEUE
            asked = request.rm if not is_queue else request.ra
            asked = 4 if is_queue and instruction.ra == 31 else asked
            moved = min(asked, size - counter) if instruction.rn == 31 else asked
            self.counts["bytes_in" if is_queue else "bytes_out"] += moved

    def _read_registers(self, get, put) -> bool:
        """Ask for one counter after the other, and compare when all have come."""
        if self._registers:
            put("csr_addr", self._registers.popleft())
            self._register_values.append(get("csr_rdata"))
            return True
        values = [*self._register_values, get("csr_rdata")][2:]
        expected = [*self.counts.values(), self.first_error]
        assert values == expected, f"counters and error {values}, but {expected} is due"
        assert (self.cells == self.reference.crossbar.weights).all(), "cells differ"
        return False
