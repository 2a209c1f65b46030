# SPDX-License-Identifier: Apache-2.0
"""What drives a tile's ports in a simulation: the core's side and the analog side."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Protocol

import cocotb
import numpy as np
import numpy.typing as npt
from cocotb.triggers import First

from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig

from .clock import TileClock

__all__ = ["CmDriver", "CmProgram", "CmRequest", "CrossbarResponder", "MacroModel", "Stimulus"]

NO_PAUSE = repeat(False)
PATIENCE_CYCLES = 1 << 20
"""Longer than any programming or MVM; a tile that is silent for so long hangs."""
WATCHFUL_CYCLES = 3
"""Cycles of silence after which waiting for a change is cheaper than looking at every edge."""


@dataclass(frozen=True, slots=True)
class CmRequest:
    """One CM instruction on its way to the tile.

    Members
    -------
    word : int, instruction word.
    rn, rm, ra : int, values of the registers it names.
    edge : int, first clock edge at which it may be seen by the tile.
    """

    word: int
    rn: int = 0
    rm: int = 0
    ra: int = 0
    edge: int = 0


class Stimulus(Protocol):
    """A source of requests that hears what becomes of them.

    No method is called more than once per clock edge.
    """

    def next(self, edge: int) -> CmRequest | None:
        """Return the next request, or None while there is none, as the last one was accepted.

        None when every request is answered ends the run.
        """
        ...

    def hold_response(self) -> bool:
        """Return whether the core does not take a response at this edge."""
        ...

    def accepted(self, edge: int) -> None:
        """Hear that the last request was transferred."""
        ...

    def completed(self, edge: int, rd: int, status: int) -> None:
        """Hear that the response to the oldest outstanding request was transferred."""
        ...


class CmProgram:
    """A fixed list of requests, with pauses on either side of the port.

    Parameters
    ----------
    requests : the program.
    request_pauses, response_pauses : one truth value per clock edge, True where the core does not
        start a request or does not take a response; exhausted means no more pauses.

    Members
    -------
    answers : list of (rd, status).
    accept_edges, complete_edges : lists of int.
    """

    def __init__(
        self,
        requests: Iterable[CmRequest],
        *,
        request_pauses: Iterable[bool] = NO_PAUSE,
        response_pauses: Iterable[bool] = NO_PAUSE,
    ):
        self._requests: Iterator[CmRequest] = iter(requests)
        self._request_pauses, self._response_pauses = iter(request_pauses), iter(response_pauses)
        self.answers: list[tuple[int, int]] = []
        self.accept_edges: list[int] = []
        self.complete_edges: list[int] = []

    def next(self, edge: int) -> CmRequest | None:
        """Return the next request, later by as many edges as the core pauses."""
        request = next(self._requests, None)
        if request is None:
            return None
        start = max(edge, request.edge)
        while next(self._request_pauses, False):
            start += 1
        return CmRequest(request.word, request.rn, request.rm, request.ra, start)

    def hold_response(self) -> bool:
        """Return the next pause on the response side."""
        return bool(next(self._response_pauses, False))

    def accepted(self, edge: int) -> None:
        """Note the edge."""
        self.accept_edges.append(edge)

    def completed(self, edge: int, rd: int, status: int) -> None:
        """Note the answer and the edge."""
        self.answers.append((rd, status))
        self.complete_edges.append(edge)


class CmDriver:
    """The core's side of the CM port.

    Requests hold valid until they are accepted. Where nothing can happen for a while the driver
    sleeps, while the clock runs on.

    Parameters
    ----------
    dut : the tile, with ports ``cm_req_*`` and ``cm_rsp_*``.
    clock : its running clock.

    Members
    -------
    busy_cycles : int, edges with a request pending or a response outstanding.
    """

    def __init__(self, dut: Any, *, clock: TileClock):
        self.busy_cycles = 0
        self._clock = clock
        self._valid, self._ready = dut.cm_req_valid, dut.cm_req_ready
        self._payload = [dut.cm_req_instr, dut.cm_req_rn, dut.cm_req_rm, dut.cm_req_ra]
        self._rsp_valid, self._rsp_ready = dut.cm_rsp_valid, dut.cm_rsp_ready
        self._rsp_rd, self._rsp_status = dut.cm_rsp_rd, dut.cm_rsp_status
        self._next_edge = 0
        self._cycle = clock.timer()
        self.forget()

    async def execute(self, word: int, *, rn: int = 0, rm: int = 0, ra: int = 0) -> tuple[int, int]:
        """Send one instruction and return its (rd, status)."""
        program = CmProgram([CmRequest(word, rn, rm, ra)])
        await self.run(program)
        return program.answers[0]

    def forget(self) -> None:
        """Take reset's values for those of the pins, after a reset that was not this driver's."""
        self._shown = [0, 0, 0, 0]
        self._requesting = self._taking = False

    def restart_time(self) -> None:
        """Follow the clock, which has begun to count its edges anew."""
        self._next_edge = 0

    async def run(self, stimulus: Stimulus) -> None:
        """Drive the port until the stimulus has no request left and every one is answered.

        Raises
        ------
        AlpineError
            The tile hangs, or answers a request that was not made.
        """
        edge = max(self._next_edge, self._clock.edge)
        await self._clock.until(edge)
        pending: CmRequest | None = None
        outstanding = silent = 0
        while True:
            if pending is None:
                pending = stimulus.next(edge)
                if pending is not None:
                    self._present(pending)
                elif not outstanding:
                    break
            requesting = pending is not None and edge >= pending.edge
            taking = not stimulus.hold_response()
            self._show(requesting, taking)

            busy = requesting or outstanding > 0
            silent += 1
            # A response belongs to an earlier edge's request: outputs depend on state alone.
            if taking and self._rsp_valid.value:
                if not outstanding:
                    raise AlpineError(FAULTS["unasked"])
                stimulus.completed(edge, int(self._rsp_rd.value), int(self._rsp_status.value))
                outstanding -= 1
                silent = 0
            if requesting and self._ready.value:
                stimulus.accepted(edge)
                outstanding += 1
                pending, silent = None, 0

            next_edge = edge + 1
            if pending is not None and not busy:
                next_edge = pending.edge
                await self._clock.until(next_edge)
            elif silent < WATCHFUL_CYCLES or not taking:
                await self._cycle
            else:
                next_edge = await self._sleep(edge, pending, outstanding > 0)
            if busy:
                self.busy_cycles += next_edge - edge
            edge = next_edge
        self._show(False, self._taking)
        self._next_edge = edge

    async def _sleep(self, edge: int, pending: CmRequest | None, outstanding: bool) -> int:
        """Wait for the port to change or a request to be due; return the edge to act on next."""
        due = edge + PATIENCE_CYCLES
        changes: list[Any] = []
        if outstanding:
            changes.append(self._rsp_valid.rising_edge)
        if pending is not None and edge >= pending.edge:
            changes.append(self._ready.rising_edge)
        elif pending is not None:
            due = pending.edge
        await First(self._clock.timer(due - edge), *changes)
        woken = self._clock.edge
        if woken == edge + PATIENCE_CYCLES:
            raise AlpineError(FAULTS["hang"])
        await self._clock.until(woken)
        return woken

    def _show(self, requesting: bool, taking: bool) -> None:
        if requesting is not self._requesting:
            self._valid.value = self._requesting = requesting
        if taking is not self._taking:
            self._rsp_ready.value = self._taking = taking

    def _present(self, request: CmRequest) -> None:
        # Writing a port costs more than comparing; most instructions repeat most operands.
        shown = self._shown
        for i, value in enumerate((request.word, request.rn, request.rm, request.ra)):
            if shown[i] != value:
                self._payload[i].value = shown[i] = value


FAULTS = {
    "hang": "the tile's RTL is faulty: it hung",
    "unasked": "the tile's RTL is faulty: it answered a request that was not made",
    "dac": "the tile's RTL is faulty: its DAC codes changed during a matrix-vector multiplication",
    "start": "the tile's RTL is faulty: it began a matrix-vector multiplication during another",
}


class MacroModel(Protocol):
    """Cells and converters that compute: `IdealCrossbar`, `NativeMacro` and their like."""

    @property
    def weights(self) -> npt.NDArray[np.int8]:
        """Live cells, [columns, rows]."""
        ...

    def read(self, *, row: int, column: int) -> int:
        """Return the weight that CM_PARAM_READ finds in a cell."""
        ...

    def multiply(self, dac_codes: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Return the ADC codes for one vector of DAC codes."""
        ...


class CrossbarResponder:
    """The analog macro at a tile's ``xb_`` ports.

    ADC codes are shown in the last cycle of an MVM only, and ``idle_code`` in all others, so that
    a tile that takes them at another time is found out.

    Parameters
    ----------
    dut : the tile, or a top with tiles.
    clock : its running clock.
    config : its geometry and phases.
    crossbar : what computes.
    idle_code : what the converters show between conversions.
    programming_cycles : called for every programmed cell; how many cycles the macro is busy.
    prefix : of the ports' names.

    Members
    -------
    fault : str or None, first breach of the tile's contract, as a message.
    products : int, MVMs so far.
    """

    def __init__(
        self,
        dut: Any,
        *,
        clock: TileClock,
        config: TileConfig,
        crossbar: MacroModel,
        idle_code: int = 0,
        programming_cycles: Callable[[], int] = lambda: 0,
        prefix: str = "xb",
    ):
        self.crossbar = crossbar
        self.fault: str | None = None
        self.products = 0
        self._clock, self._config = clock, config
        self._start, self._dac, self._adc = (
            getattr(dut, f"{prefix}_{name}") for name in ("start", "dac", "adc")
        )
        self._programming, self._reading = (
            {
                name: getattr(dut, f"{prefix}_{kind}_{name}")
                for name in ("valid", "row", "col", "weight")
            }
            for kind in ("prog", "read")
        )
        self._busy = getattr(dut, f"{prefix}_prog_busy")
        self._idle = int.from_bytes(bytes([idle_code & 0xFF]) * config.columns, "little")
        self._programming_cycles = programming_cycles
        self._multiplying = False
        self._tasks = []

    def start(self) -> None:
        """Begin to react, for as long as the test lasts or until `stop`."""
        self._adc.value = self._idle
        self._multiplying = False
        self._tasks = [
            cocotb.start_soon(watch())
            for watch in (self._watch_start, self._watch_programming, self._watch_reading)
        ]

    def stop(self) -> None:
        """Let go of everything that is under way, as a reset does."""
        for task in self._tasks:
            task.cancel()

    async def _watch_start(self) -> None:
        while True:
            await self._start.rising_edge
            await self._clock.until(self._clock.edge)
            if self._multiplying:
                self.fault = self.fault or FAULTS["start"]
                continue
            self._tasks.append(cocotb.start_soon(self._multiply()))
            self._tasks = [task for task in self._tasks if not task.done()]

    async def _multiply(self) -> None:
        self._multiplying = True
        driven = int(self._dac.value)
        await self._clock.wait(self._config.mvm_cycles - 1)
        if int(self._dac.value) != driven:
            self.fault = self.fault or FAULTS["dac"]
        codes = np.frombuffer(driven.to_bytes(self._config.rows, "little"), np.int8)
        answer = self.crossbar.multiply(codes)
        self._adc.value = int.from_bytes(answer.tobytes(), "little")
        self.products += 1
        self._multiplying = False
        await self._clock.wait()
        self._adc.value = self._idle

    async def _watch_programming(self) -> None:
        ports = self._programming
        while True:
            await ports["valid"].rising_edge
            await self._clock.until(self._clock.edge)
            row, column, weight = (int(ports[name].value) for name in ("row", "col", "weight"))
            busy = self._programming_cycles()
            if busy:
                self._busy.value = 1
                await self._clock.wait(busy)
                self._busy.value = 0
            self.crossbar.weights[column, row] = np.uint8(weight).astype(np.int8)

    async def _watch_reading(self) -> None:
        ports = self._reading
        while True:
            await ports["valid"].rising_edge
            await self._clock.until(self._clock.edge)
            row, column = int(ports["row"].value), int(ports["col"].value)
            ports["weight"].value = self.crossbar.read(row=row, column=column) & 0xFF
