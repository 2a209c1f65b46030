# SPDX-License-Identifier: Apache-2.0
"""An accelerator with a register port in a cocotb simulation."""

from typing import Any

from cocotb.task import resume

from alpine_cosim.hardware.verilated_register_port import INPUTS, OUTPUTS
from alpine_platform.accelerators.register_port import RegisterPins, RegisterPort, Steps

from .clock import TileClock

__all__ = ["CocotbRegisterPort"]


class CocotbRegisterPort(RegisterPort):
    """The accelerator in the running simulation.

    Parameters
    ----------
    dut : its top. clock : its clock.
    size_bytes : as in `RegisterPort`.
    """

    def __init__(self, dut: Any, *, clock: TileClock, size_bytes: int):
        super().__init__(period_fs=clock.period_fs, size_bytes=size_bytes)
        self._clock = clock
        self._inputs = {name: getattr(dut, name) for name in INPUTS if hasattr(dut, name)}
        self._outputs = {name: getattr(dut, name) for name in OUTPUTS if hasattr(dut, name)}
        self._shown = dict.fromkeys(self._inputs, 0)

    def start(self) -> None:
        """Look at what reset has left; the clock runs."""
        self._pins = self._seen()

    @property
    def evaluated_cycles(self) -> int:
        """Clock cycles simulated since reset: all of them."""
        return self._clock.simulated

    def restart_time(self) -> None:
        """Give the next clock edge the number 0; the simulator's time goes on."""
        super().restart_time()
        self._clock.restart_time()

    def _go(self, steps: Steps) -> None:
        resume(self._pass)(steps)

    async def _pass(self, steps: Steps) -> None:
        # Before the first edge that code can act on, as before every later one.
        await self._clock.until(self._clock.edge)
        try:
            shown = next(steps)
            while True:
                for name, handle in self._inputs.items():
                    value = int(getattr(shown, name))
                    if self._shown[name] != value:
                        handle.value = self._shown[name] = value
                await self._clock.wait(shown.count)
                shown = steps.send(self._seen())
        except StopIteration:
            return

    def _seen(self) -> RegisterPins:
        return RegisterPins(**{name: int(each.value) for name, each in self._outputs.items()})
