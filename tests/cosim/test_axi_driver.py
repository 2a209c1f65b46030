# SPDX-License-Identifier: Apache-2.0
"""What cocotb's driver of an AXI4-Lite port takes for an answer, on a bus of plain Python."""

import asyncio
from types import SimpleNamespace

import pytest

from alpine_cosim.cocotb.axi import AxiLiteDriver
from alpine_models.errors import AlpineError
from alpine_platform.accelerators.peripheral_port import IoResult, IoTimes, empty_accesses

PATH = IoTimes(request_fs=0, response_fs=0, taken_fs=0, posted_stores=False)


class Bus:
    """An accelerator that is always ready, and answers in a cycle that is told beforehand."""

    period_fs = 1000

    def __init__(self, answers: str, *, from_cycle: int, data_ready_from: int = 0):
        self._answers, self._from, self._data_ready_from = answers, from_cycle, data_ready_from
        self._port = {
            name: SimpleNamespace(value=0)
            for name in (
                "awaddr", "awvalid", "awready", "wdata", "wstrb", "wvalid", "wready", "bready",
                "bvalid", "bresp", "araddr", "arvalid", "arready", "rready", "rvalid", "rresp",
                "rdata",
            )
        }  # fmt: skip
        self._show(0)

    def __getattr__(self, name: str) -> SimpleNamespace:
        return self._port[name.removeprefix("s_axi_")]

    def _show(self, cycle: int) -> None:
        self.cycle = cycle
        self._port["arready"].value = self._port["awready"].value = 1
        self._port["wready"].value = int(cycle >= self._data_ready_from)
        self._port[f"{self._answers}valid"].value = int(cycle >= self._from)

    async def until(self, edge: int) -> None:
        self._show(edge)

    async def wait(self, cycles: int = 1) -> None:
        self._show(self.cycle + cycles)


def access(bus: Bus, *, write: bool) -> int:
    """Make one access from cycle 0 on; return the cycle of its answer."""
    result = IoResult.empty(1)
    driver = AxiLiteDriver(bus, clock=bus)
    batch = empty_accesses(1, write=write)
    asyncio.run(driver.run(batch, result, start_fs=0, core_period_fs=1000, times=PATH))
    return int(result.complete_cycle[0])


def test_an_answer_comes_after_the_cycle_in_which_all_was_taken():
    assert access(Bus("r", from_cycle=1), write=False) == 1
    assert access(Bus("b", from_cycle=1), write=True) == 1
    # The address is taken in cycle 0, the data in cycle 3.
    assert access(Bus("b", from_cycle=4, data_ready_from=3), write=True) == 4


@pytest.mark.parametrize(
    ("bus", "write"),
    [
        (Bus("r", from_cycle=0), False),
        (Bus("b", from_cycle=0), True),
        (Bus("b", from_cycle=3, data_ready_from=3), True),
        (Bus("b", from_cycle=1, data_ready_from=3), True),
    ],
    ids=["read", "write", "write as its data is taken", "write before its data"],
)
def test_an_answer_in_the_cycle_of_the_acceptance_answers_nothing(bus: Bus, write: bool):
    # A response depends on the request, and an accelerator's outputs are registers: what stands
    # there in that cycle was there before it could know of the access.
    with pytest.raises(AlpineError, match="answered a request that was not made"):
        access(bus, write=write)
