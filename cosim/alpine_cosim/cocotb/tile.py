# SPDX-License-Identifier: Apache-2.0
"""A tile in a cocotb simulation: batches of CM instructions through its pins.

The platform runs in a thread that cocotb suspends whenever it waits for the tile. All clock edges
are simulated, so that a waveform shows true time, and monitors or further testbench code see every
one.
"""

from typing import Any

import numpy as np
from cocotb.task import resume

from alpine_cosim.hardware.native_macro import NativeMacro
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import CmBatch, CmResult
from alpine_platform.time import ceil_to_edge, cycles_until

from .clock import TileClock
from .drivers import CmDriver, CmRequest, CrossbarResponder

__all__ = ["CocotbTile"]


class CocotbTile:
    """One tile in the running simulation, with its macro.

    Parameters
    ----------
    dut : the tile.
    config : its geometry and phases.
    clock : its clock.

    Members
    -------
    macro : NativeMacro, the analog part.
    """

    def __init__(self, dut: Any, *, config: TileConfig, clock: TileClock):
        self.config = config
        self.macro = NativeMacro(rows=config.rows, columns=config.columns)
        self._clock, self._driver = clock, CmDriver(dut, clock=clock)
        self._responder = CrossbarResponder(dut, clock=clock, config=config, crossbar=self.macro)

    @property
    def macros(self) -> tuple[NativeMacro]:
        """The analog part, as a list."""
        return (self.macro,)

    def start(self) -> None:
        """Let the macro react; the clock must run."""
        self._responder.start()

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles simulated since reset: all of them."""
        return self._clock.simulated

    @property
    def busy_cycles(self) -> int:
        """Clock cycles in which a request was pending or a response outstanding."""
        return self._driver.busy_cycles

    def restart_time(self) -> None:
        """Give the next clock edge the number 0; the simulator's time goes on."""
        self._clock.restart_time()
        self._driver.restart_time()

    def execute(self, batch: CmBatch, *, start_fs: int, core_period_fs: int) -> CmResult:
        """Run a batch; the contract is `TilePort.execute`. For the function's thread only.

        Raises
        ------
        AlpineError
            The RTL did not answer, answered unasked, or broke the contract of its analog boundary.
        """
        stimulus = _BatchStimulus(
            batch,
            start_fs=start_fs,
            core_period_fs=core_period_fs,
            tile_period_fs=self._clock.period_fs,
        )
        resume(self._driver.run)(stimulus)
        if self._responder.fault:
            raise AlpineError(self._responder.fault)
        return stimulus.result()


class _BatchStimulus:
    """Requests of a batch, each issued as `tile_port` rules from what became of those before it."""

    def __init__(self, batch: CmBatch, *, start_fs: int, core_period_fs: int, tile_period_fs: int):
        self._records: list[tuple[int, ...]] = batch.tolist()
        self._start_fs = start_fs
        self._core_period_fs, self._tile_period_fs = core_period_fs, tile_period_fs
        self._issue_fs: list[int] = []
        self._accept: list[int] = []
        self._complete: list[int] = []
        self._response_fs: list[int] = []
        self._rd: list[int] = []
        self._status: list[int] = []

    def next(self, edge: int) -> CmRequest | None:
        i = len(self._issue_fs)
        if i == len(self._records):
            return None
        word, rn, rm, ra, gap_fs, response_gap_fs = self._records[i]
        time_fs = self._start_fs + gap_fs
        if i:
            time_fs = self._issue_fs[-1] + gap_fs
            if response_gap_fs >= 0:
                if len(self._complete) < i:
                    return None
                time_fs = max(time_fs, self._response_fs[-1] + response_gap_fs)
            accepted_fs = self._accept[-1] * self._tile_period_fs
            time_fs = max(time_fs, ceil_to_edge(accepted_fs, self._core_period_fs))
        self._issue_fs.append(time_fs)
        return CmRequest(word, rn, rm, ra, max(edge, cycles_until(time_fs, self._tile_period_fs)))

    def hold_response(self) -> bool:
        return False

    def accepted(self, edge: int) -> None:
        self._accept.append(edge)

    def completed(self, edge: int, rd: int, status: int) -> None:
        self._complete.append(edge)
        self._response_fs.append(ceil_to_edge(edge * self._tile_period_fs, self._core_period_fs))
        self._rd.append(rd)
        self._status.append(status)

    def result(self) -> CmResult:
        return CmResult(
            rd=np.array(self._rd, np.uint64),
            status=np.array(self._status, np.uint8),
            issue_fs=np.array(self._issue_fs, np.int64),
            accept_cycle=np.array(self._accept, np.int64),
            complete_cycle=np.array(self._complete, np.int64),
            response_fs=np.array(self._response_fs, np.int64),
        )
