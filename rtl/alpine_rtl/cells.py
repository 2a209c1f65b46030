# SPDX-License-Identifier: Apache-2.0
"""Cell access: programming a crossbar cell and reading one back."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from .typed import Component

__all__ = ["CellAccess"]


class CellAccess(Component):
    """Follow one access to a crossbar cell to its end.

    Members
    -------
    program, read : In(1)
        The macro is being asked, in this cycle, to program or to read a cell.
    prog_busy : In(1)
        Programming goes on. Looked at from the edge that ends ``program`` on.
    read_weight : In(8)
        The cell's weight, taken at the edge that ends ``read``.
    finish : Out(1)
        The access ends with this cycle.
    weight : Out(8)
        The weight read last. Valid from the cycle after ``finish``.
    """

    program: Signal
    read: Signal
    prog_busy: Signal
    read_weight: Signal
    finish: Signal
    weight: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "program": In(1),
                "read": In(1),
                "prog_busy": In(1),
                "read_weight": In(8),
                "finish": Out(1),
                "weight": Out(8),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        programming = Signal()
        ends = (self.program | programming) & ~self.prog_busy
        m.d.comb += self.finish.eq(ends | self.read)
        m.d.sync += programming.eq((self.program | programming) & self.prog_busy)
        with m.If(self.read):
            m.d.sync += self.weight.eq(self.read_weight)
        return m
