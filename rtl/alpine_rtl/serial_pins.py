# SPDX-License-Identifier: Apache-2.0
"""A design behind four pins, so that place and route can measure it on a small package."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from .pins import ports_by_name
from .typed import Component

__all__ = ["SerialPins"]


class SerialPins(Component):
    """Shift a design's inputs in through one pin and its outputs out through another.

    Both shift registers stand directly at the design's ports, so that every path from register to
    register inside the design is seen, and none is shortened by pins that a real system has not.

    Parameters
    ----------
    design : wiring.Component
        One clock, all ports at its top level.

    Members
    -------
    i_bit : In(1)
        Next bit of the inputs.
    capture : In(1)
        Take the outputs at this clock edge instead of shifting them.
    o_bit : Out(1)
        Oldest bit of the outputs.
    """

    i_bit: Signal
    capture: Signal
    o_bit: Signal

    def __init__(self, design: Component):
        self._design = design
        super().__init__({"i_bit": In(1), "capture": In(1), "o_bit": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.design = design = self._design
        inputs, outputs = list[Value](), list[Value]()
        for pin in ports_by_name(design).values():
            value = Value.cast(pin.value)
            if len(value):
                (inputs if pin.is_input else outputs).append(value)
        shown = Signal(sum(len(value) for value in inputs))
        taken = Signal(sum(len(value) for value in outputs))
        m.d.comb += [Cat(inputs).eq(shown), self.o_bit.eq(taken[-1])]
        m.d.sync += [
            shown.eq(Cat(self.i_bit, shown)),
            taken.eq(Cat(self.i_bit, taken)),
        ]
        with m.If(self.capture):
            m.d.sync += taken.eq(Cat(outputs))
        return m
