# SPDX-License-Identifier: Apache-2.0
"""Response buffer: lets the tile finish a command that the core does not take yet."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from .interfaces import CM_RESPONSE, CmResponseRecord
from .typed import Component, PayloadStream, stream_of

__all__ = ["ResponseBuffer"]


class ResponseBuffer(Component):
    """Pass responses through in the same cycle, keeping one back when it is not taken.

    The response at the input is consumed at every clock edge at which ``i.ready`` is high.

    Members
    -------
    i : In(stream of CmResponseRecord)
        Response being produced. ``ready`` is low while an older response waits here; from a
        register.
    o : Out(stream of CmResponseRecord)
        The oldest response.
    """

    i: PayloadStream[CmResponseRecord]
    o: PayloadStream[CmResponseRecord]

    def __init__(self) -> None:
        super().__init__({"i": In(stream_of(CM_RESPONSE)), "o": Out(stream_of(CM_RESPONSE))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal()
        rd = Signal(64)
        status = Signal(4)
        m.d.comb += [
            self.i.ready.eq(~held),
            self.o.valid.eq(held | self.i.valid),
            self.o.payload.eq(
                CM_RESPONSE.pack(
                    rd=Mux(held, rd, self.i.payload.rd),
                    status=Mux(held, status, self.i.payload.status),
                )
            ),
        ]
        with m.If(held):
            m.d.sync += held.eq(~self.o.ready)
        with m.Elif(self.i.valid & ~self.o.ready):
            m.d.sync += [
                held.eq(1),
                rd.eq(self.i.payload.rd),
                status.eq(self.i.payload.status),
            ]
        return m
