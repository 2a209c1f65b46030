# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""A design behind four pins, so that place and route can measure it on a small package."""

from amaranth.hdl import Cat, Module, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SerialPins"]


class SerialPins(wiring.Component):
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

    def __init__(self, design: wiring.Component):
        self._design = design
        super().__init__({"i_bit": In(1), "capture": In(1), "o_bit": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.design = design = self._design
        inputs, outputs = [], []
        for _, member, value in design.signature.flatten(design):
            if Shape.cast(member.shape).width:
                (inputs if member.flow is In else outputs).append(value)
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
