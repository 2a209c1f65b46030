# SPDX-License-Identifier: Apache-2.0
"""What checks a tile in a simulation, from its pins alone."""

from collections import deque
from typing import Any

import cocotb
from cocotb.triggers import ReadOnly

from alpine_models.isa import decode
from alpine_models.reference_tile import ReferenceTile

from .clock import TileClock

__all__ = ["CmMonitor", "Scoreboard"]


class Scoreboard:
    """Compare a tile's answers with the reference's, in order.

    Parameters
    ----------
    rows, columns : size of the tile.

    Members
    -------
    reference : ReferenceTile, as it is after every request accepted so far.
    requests, responses : int, how many were seen since the last reset.
    """

    def __init__(self, *, rows: int, columns: int):
        self.reference = ReferenceTile(rows=rows, columns=columns)
        self.requests = self.responses = 0
        self._expected: deque[tuple[str, int, int]] = deque()

    def request(self, word: int, rn: int, rm: int, ra: int) -> None:
        """Note an accepted request and work out its answer."""
        rd, status = self.reference.execute(word, rn=rn, rm=rm, ra=ra)
        self.requests += 1
        name = decode(word).operation.name
        text = f"request {self.requests} ({name} {word:#010x}, rn={rn:#x} rm={rm:#x} ra={ra:#x})"
        self._expected.append((text, rd, int(status)))

    def response(self, rd: int, status: int) -> None:
        """Check an answer against the oldest request that has none.

        Raises
        ------
        AssertionError
            It differs, or nobody asked.
        """
        self.responses += 1
        assert self._expected, f"response {self.responses} answers no request"
        text, expected_rd, expected_status = self._expected.popleft()
        assert (rd, status) == (expected_rd, expected_status), (
            f"{text} must answer rd={expected_rd:#x} status={expected_status}, "
            f"not rd={rd:#x} status={status}"
        )

    def reset(self) -> None:
        """Return to the state after reset; the crossbar's cells keep their weights."""
        reference = self.reference
        for memory in (reference.input_memory, reference.output_memory, reference.counters):
            memory[:] = 0
        self._expected.clear()
        self.requests = self.responses = 0

    def check_finished(self) -> None:
        """Raise `AssertionError` unless something was asked and everything was answered."""
        assert self.requests, "no request was made"
        assert not self._expected, f"{self._expected[0][0]} was never answered"


class CmMonitor:
    """Watch the CM port at every clock edge, tell a scoreboard, and check the handshakes.

    Checked are: a request, once shown, stays as it is until accepted, and so does a response; no
    response comes unasked; pulses to the crossbar last one cycle, and never two at once.

    Parameters
    ----------
    dut : the tile. clock : its running clock. scoreboard : who compares.

    Members
    -------
    stalled_requests, stalled_responses : int, edges at which a side was made to wait.
    """

    PULSES = ("xb_start", "xb_prog_valid", "xb_read_valid")

    def __init__(self, dut: Any, *, clock: TileClock, scoreboard: Scoreboard):
        self.stalled_requests = self.stalled_responses = 0
        self._clock, self._scoreboard = clock, scoreboard
        self._reset = dut.rst
        self._req = (dut.cm_req_valid, dut.cm_req_ready)
        self._req_payload = (dut.cm_req_instr, dut.cm_req_rn, dut.cm_req_rm, dut.cm_req_ra)
        self._rsp = (dut.cm_rsp_valid, dut.cm_rsp_ready)
        self._rsp_payload = (dut.cm_rsp_rd, dut.cm_rsp_status)
        self._pulses = {name: getattr(dut, name) for name in self.PULSES}

    def start(self) -> None:
        """Begin, at a time when testbench code may act."""
        self._task = cocotb.start_soon(self._watch())

    def stop(self) -> None:
        """Look away, for a reset that is not the monitored clock's; `start` begins afresh."""
        self._task.cancel()

    async def _watch(self) -> None:
        held_request: list[int] | None = None
        held_response: list[int] | None = None
        pulsed: list[str] = []
        cycle = self._clock.timer()
        while True:
            # Every driver has acted by then, and the tile's outputs do not depend on inputs.
            await ReadOnly()
            if self._reset.value:
                self._scoreboard.reset()
                held_request, held_response, pulsed = None, None, []
                await cycle
                continue

            valid, ready = (bool(handle.value) for handle in self._req)
            payload = [int(handle.value) for handle in self._req_payload]
            if held_request is not None:
                assert valid and payload == held_request, "a waiting request changed"
            held_request = payload if valid and not ready else None
            self.stalled_requests += valid and not ready

            answered, taken = (bool(handle.value) for handle in self._rsp)
            answer = [int(handle.value) for handle in self._rsp_payload]
            if held_response is not None:
                assert answered and answer == held_response, "a waiting response changed"
            held_response = answer if answered and not taken else None
            self.stalled_responses += answered and not taken

            # A response belongs to an earlier edge's request.
            if answered and taken:
                self._scoreboard.response(*answer)
            if valid and ready:
                self._scoreboard.request(*payload)

            pulses = [name for name, handle in self._pulses.items() if handle.value]
            assert len(pulses) <= 1, f"{' and '.join(pulses)} at once"
            assert not pulses or pulses != pulsed, f"{pulses[0]} lasts longer than one cycle"
            pulsed = pulses
            await cycle
