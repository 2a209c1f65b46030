# SPDX-License-Identifier: Apache-2.0
"""The peripheral port's cocotb engine: the platform runs inside a simulation of the accelerator."""

from collections.abc import Sequence
from typing import Any

from cocotb.task import resume

from alpine_cosim.hardware.hardware_accelerator import HardwareAccelerator
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.peripheral_port import IoBatch, IoResult, IoTimes

from .axi import AxiLiteDriver
from .clock import TileClock
from .drivers import CrossbarResponder

__all__ = ["CocotbAxiAccelerator"]


class CocotbAxiAccelerator(HardwareAccelerator):
    """The accelerator in the running simulation.

    Parameters
    ----------
    dut : the accelerator.
    configs : the tiles.
    clock : its clock.
    """

    def __init__(self, dut: Any, *, configs: Sequence[TileConfig], clock: TileClock):
        super().__init__(configs)
        self._clock, self._driver = clock, AxiLiteDriver(dut, clock=clock)
        self._responders = [
            CrossbarResponder(dut, clock=clock, config=config, crossbar=macro, prefix=f"xb{tile}")
            for tile, (config, macro) in enumerate(zip(self._configs, self.macros, strict=True))
        ]

    def start(self) -> None:
        """Let the crossbars react; the clock must run."""
        for responder in self._responders:
            responder.start()

    @property
    def products(self) -> list[int]:
        """Matrix-vector products that each tile has finished: all that it has begun, at rest."""
        return [responder.products for responder in self._responders]

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles simulated since reset: all of them."""
        return self._clock.simulated

    def restart_time(self) -> None:
        """Give the next clock edge the number 0; the simulator's time goes on."""
        self._clock.restart_time()
        self._driver.restart_time()

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`. For the function's thread only.

        Raises
        ------
        AlpineError
            The RTL did not answer, answered unasked, or broke the contract of its analog boundary.
        """
        result = self._begin(batch)
        resume(self._driver.run)(
            batch, result, start_fs=start_fs, core_period_fs=core_period_fs, times=times
        )
        faults = [responder.fault for responder in self._responders if responder.fault]
        if faults:
            raise AlpineError(faults[0])
        return result
