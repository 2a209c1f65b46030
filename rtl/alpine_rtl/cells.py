# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Cell access: programming a crossbar cell and reading one back."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CellAccess"]


class CellAccess(wiring.Component):
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

    def __init__(self):
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

    def elaborate(self, platform):
        m = Module()
        programming = Signal()
        ends = (self.program | programming) & ~self.prog_busy
        m.d.comb += self.finish.eq(ends | self.read)
        m.d.sync += programming.eq((self.program | programming) & self.prog_busy)
        with m.If(self.read):
            m.d.sync += self.weight.eq(self.read_weight)
        return m
