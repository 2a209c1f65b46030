# SPDX-License-Identifier: Apache-2.0
"""The tile's clock in a simulation, and when testbench code acts relative to it."""

from typing import Any

import cocotb.simulator
from cocotb.clock import Clock
from cocotb.triggers import Timer

from alpine_cosim.binding.ports import Port, PortDirection

__all__ = ["RESET_CYCLES", "TileClock"]

RESET_CYCLES = 2


class TileClock:
    """Drive ``clk`` and ``rst``, and count rising edges as the tile port does.

    Testbench code acts half a cycle before rising edges, at falling ones: it sees the outputs that
    the tile shows at the coming edge and sets the inputs that the tile will take there. That needs
    no assumption about the order of events within a time step. Edge 0 is the first one after
    reset, or after `restart_time`; until then edge n rises at simulation time
    ``(n + RESET_CYCLES + 1/2) * period_fs``, half a period of which is rounded down where it is
    odd.

    Parameters
    ----------
    dut : top of the design, with ports ``clk`` and ``rst``.
    ports : all of its ports; reset sets every input to 0, since a two-state simulator hides one
        that nobody drives.
    period_fs : even or odd number of simulation steps, at least 2.
    """

    def __init__(self, dut: Any, *, ports: list[Port], period_fs: int):
        self.period_fs = period_fs
        self._reset = dut.rst
        inputs = [port.name for port in ports if port.direction is PortDirection.INPUT]
        self._inputs = [getattr(dut, name) for name in inputs if name not in ("clk", "rst")]
        high = period_fs // 2
        self._clock = Clock(dut.clk, period_fs, "step", period_high=high)
        self._reset_fs = self._origin_fs = 0

    async def start(self) -> None:
        """Start the clock and reset the tile; returns where code may act on edge 0."""
        self._clock.start(start_high=False)
        self._reset_fs = self._origin_fs = _now() + RESET_CYCLES * self.period_fs
        await self.reset()

    async def reset(self) -> None:
        """Hold reset for `RESET_CYCLES` edges, with every input at 0. Edges go on counting."""
        self._reset.value = 1
        for handle in self._inputs:
            handle.value = 0
        await self.wait(RESET_CYCLES)
        self._reset.value = 0

    @property
    def edge(self) -> int:
        """Number of the first rising edge on which code can still act."""
        return self._edges_since(self._origin_fs)

    @property
    def simulated(self) -> int:
        """How many edges there have been since reset, whatever their numbers."""
        return self._edges_since(self._reset_fs)

    def restart_time(self) -> None:
        """Give the edge on which code can act next the number 0."""
        self._origin_fs += self.edge * self.period_fs

    def timer(self, cycles: int = 1) -> Timer:
        """Return a trigger that fires that many cycles after one starts to await it.

        One task may await the same timer again and again. Two tasks must not share one: it fires
        for both when it fires for the first.
        """
        return Timer(cycles * self.period_fs, "step")

    async def wait(self, cycles: int = 1) -> None:
        """Wait for a number of cycles, at least 1, in one go."""
        await self.timer(cycles)

    async def until(self, edge: int) -> None:
        """Wait until it is time to act on an edge, which must not have passed."""
        left = self._origin_fs + edge * self.period_fs - _now()
        if left:
            await Timer(left, "step")

    def _edges_since(self, origin_fs: int) -> int:
        return -(-(_now() - origin_fs) // self.period_fs)


def _now() -> int:
    high, low = cocotb.simulator.get_sim_time()
    return high << 32 | low
