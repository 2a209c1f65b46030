# SPDX-License-Identifier: Apache-2.0
"""What drives an accelerator's bus in a simulation: one access at a time, with its times."""

from typing import Any

from alpine_models.errors import AlpineError
from alpine_platform.accelerators.peripheral_port import IoBatch, IoResult, IoTimes
from alpine_platform.time import ceil_to_edge, cycles_until

from .clock import TileClock

__all__ = ["AxiLiteDriver"]

PATIENCE_CYCLES = 1 << 20
"""Longer than any product; an accelerator that is silent for so long hangs."""
HANG = "the accelerator's RTL is faulty: it hung or answered a request that was not made"


class AxiLiteDriver:
    """The core's side of an AXI4-Lite port.

    Address and data of a write are shown together; valid is held until ready; a response is taken
    at once. Between accesses the driver sleeps, while the clock runs on.

    Parameters
    ----------
    dut : the accelerator, with ports ``s_axi_*``.
    clock : its running clock.
    """

    def __init__(self, dut: Any, *, clock: TileClock):
        self._dut, self._clock = dut, clock
        self._shown: dict[str, int] = {}
        self.restart_time()

    def restart_time(self) -> None:
        """Follow the clock, which has begun to count its edges anew; the core is free."""
        self._completed, self._free_fs = -1, 0

    async def run(
        self,
        batch: IoBatch,
        result: IoResult,
        *,
        start_fs: int,
        core_period_fs: int,
        times: IoTimes,
    ) -> None:
        """Make accesses by the rules of `peripheral_port` and fill in what became of them.

        Raises
        ------
        AlpineError
            The accelerator hangs, or answers an access that was not made.
        """
        period_fs = self._clock.period_fs
        for i, access in enumerate(batch):
            time_fs = start_fs if i == 0 else int(result.issue_fs[i - 1])
            time_fs = max(time_fs + int(access["gap_fs"]), self._free_fs)
            if i and access["response_gap_fs"] >= 0:
                answered_fs = int(result.response_fs[i - 1])
                time_fs = max(time_fs, answered_fs + int(access["response_gap_fs"]))
            result.issue_fs[i] = time_fs
            seen = cycles_until(time_fs + times.request_fs, period_fs)
            edge = max(seen, self._completed + 1)
            await self._clock.until(edge)
            await self._transfer(access, i, edge, result)
            self._completed = int(result.complete_cycle[i])
            end_fs = self._completed * period_fs + times.response_fs
            if access["write"] and times.posted_stores:
                end_fs = time_fs + times.taken_fs
            self._free_fs = ceil_to_edge(end_fs, core_period_fs)
            result.response_fs[i] = self._free_fs

    async def _transfer(self, access: Any, i: int, edge: int, result: IoResult) -> None:
        """Make one access from an edge on."""
        dut, write = self._dut, bool(access["write"])
        request, response = ("aw", "b") if write else ("ar", "r")
        self._show(f"{request}addr", int(access["address"]))
        if write:
            self._show("wdata", int(access["data"]))
            self._show("wstrb", int(access["strobes"]))
        ready = getattr(dut, f"s_axi_{request}ready")
        valid = getattr(dut, f"s_axi_{response}valid")
        self._show(f"{response}ready", 1)
        address, data = True, write
        for now in range(edge, edge + PATIENCE_CYCLES):
            self._show(f"{request}valid", int(address))
            self._show("wvalid", int(data))
            # At an earlier edge, as the accelerator's outputs are registers.
            asked = not (address or data)
            if address and ready.value:
                address = False
                result.accept_cycle[i] = now
            if data and dut.s_axi_wready.value:
                data = False
            done = bool(valid.value)
            if done and not asked:
                raise AlpineError(HANG)
            if done:
                code = dut.s_axi_bresp if write else dut.s_axi_rresp
                result.response[i] = int(code.value)
                result.data[i] = 0 if write else int(dut.s_axi_rdata.value)
                result.complete_cycle[i] = now
            await self._clock.wait()
            if done:
                self._show(f"{response}ready", 0)
                return
        raise AlpineError(HANG)

    def _show(self, name: str, value: int) -> None:
        # Writing a port costs more than comparing.
        if self._shown.get(name) != value:
            getattr(self._dut, f"s_axi_{name}").value = self._shown[name] = value
