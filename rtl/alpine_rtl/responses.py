# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Response buffer: lets the tile finish a command that the core does not take yet."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ResponseBuffer"]


class ResponseBuffer(wiring.Component):
    """Pass responses through in the same cycle, keeping one back when it is not taken.

    The response at the input is consumed at every clock edge at which ``held`` is low.

    Members
    -------
    i_valid : In(1), i_rd : In(64), i_status : In(4)
        Response being produced.
    held : Out(1)
        An older response waits here. From a register.
    o_valid : Out(1), o_ready : In(1), o_rd : Out(64), o_status : Out(4)
        The oldest response. Transferred at a clock edge at which both are high.
    """

    def __init__(self):
        super().__init__(
            {
                "i_valid": In(1),
                "i_rd": In(64),
                "i_status": In(4),
                "held": Out(1),
                "o_valid": Out(1),
                "o_ready": In(1),
                "o_rd": Out(64),
                "o_status": Out(4),
            }
        )

    def elaborate(self, platform):
        m = Module()
        held = Signal()
        rd = Signal(64)
        status = Signal(4)
        m.d.comb += [
            self.held.eq(held),
            self.o_valid.eq(held | self.i_valid),
            self.o_rd.eq(Mux(held, rd, self.i_rd)),
            self.o_status.eq(Mux(held, status, self.i_status)),
        ]
        with m.If(held):
            m.d.sync += held.eq(~self.o_ready)
        with m.Elif(self.i_valid & ~self.o_ready):
            m.d.sync += [held.eq(1), rd.eq(self.i_rd), status.eq(self.i_status)]
        return m
