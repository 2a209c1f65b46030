# SPDX-License-Identifier: Apache-2.0
"""ADC registers: keep the codes of a product while the output registers hold those before."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_rtl.typed import Component

__all__ = ["AdcBank"]


class AdcBank(Component):
    """Pass codes to the output registers, at once where these are free.

    Parameters
    ----------
    columns : int
        Codes of a vector.

    Members
    -------
    sample : In(1), adc : In(8 * columns)
        Codes are here. Must be low while ``waits`` is high.
    free : In(1)
        The output registers hold nothing.
    move : Out(1), codes : Out(8 * columns)
        The output registers take codes at this clock edge. High only while ``free`` is.
    waits : Out(1)
        Codes wait here. From a register.
    """

    sample: Signal
    adc: Signal
    free: Signal
    move: Signal
    codes: Signal
    waits: Signal

    def __init__(self, *, columns: int):
        self._width = 8 * columns
        super().__init__(
            {
                "sample": In(1),
                "adc": In(self._width),
                "free": In(1),
                "move": Out(1),
                "codes": Out(self._width),
                "waits": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bank = Signal(self._width, reset_less=True)
        m.d.comb += [
            self.move.eq(self.free & (self.waits | self.sample)),
            self.codes.eq(Mux(self.waits, bank, self.adc)),
        ]
        with m.If(self.sample):
            m.d.sync += bank.eq(self.adc)
        m.d.sync += self.waits.eq((self.waits | self.sample) & ~self.free)
        return m
