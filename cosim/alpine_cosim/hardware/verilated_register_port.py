# SPDX-License-Identifier: Apache-2.0
"""A verilated accelerator with a register port, driven cycle by cycle from Python.

A kind whose speed matters brings native sources and a class that drives them instead.
"""

from dataclasses import fields

from alpine_cosim.binding import VerilatedModel
from alpine_platform.accelerators.register_port import Cycles, RegisterPins, RegisterPort, Steps

__all__ = ["INPUTS", "OUTPUTS", "VerilatedRegisterPort"]

INPUTS = tuple(item.name for item in fields(Cycles) if item.name != "count")
OUTPUTS = tuple(item.name for item in fields(RegisterPins))
"""Ports of an accelerator; those of the memory port may be missing."""


class VerilatedRegisterPort(RegisterPort):
    """The accelerator in a verilated model.

    Parameters
    ----------
    model : with the ports of `register_port`.
    period_fs, size_bytes : as in `RegisterPort`.
    """

    def __init__(self, model: VerilatedModel, *, period_fs: int, size_bytes: int):
        super().__init__(period_fs=period_fs, size_bytes=size_bytes)
        self.model = model
        self.evaluated_cycles = 0
        names = {port.name for port in model.ports}
        self._inputs = [name for name in INPUTS if name in names]
        self._outputs = [name for name in OUTPUTS if name in names]
        model.reset()
        self._shown = dict.fromkeys(self._inputs, 0)
        self._pins = self._seen()

    def close(self) -> None:
        """Free the native objects."""
        self.model.close()

    def _go(self, steps: Steps) -> None:
        try:
            shown = next(steps)
            while True:
                for name in self._inputs:
                    value = int(getattr(shown, name))
                    if self._shown[name] != value:
                        setattr(self.model.io, name, value)
                        self._shown[name] = value
                self.model.step(shown.count)
                self.evaluated_cycles += shown.count
                shown = steps.send(self._seen())
        except StopIteration:
            return

    def _seen(self) -> RegisterPins:
        return RegisterPins(**{name: int(getattr(self.model.io, name)) for name in self._outputs})
