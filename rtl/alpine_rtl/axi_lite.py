# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""AXI4-Lite subordinate: five channels on one side, one access at a time on the other."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.axi import AxiResponse

__all__ = ["AXI_DATA_BITS", "AxiLitePort", "AxiResponse", "axi_lite_members"]

AXI_DATA_BITS = 32


def axi_lite_members(address_bits: int) -> dict:
    """Return the ports of a subordinate, under their standard names."""
    return {
        "s_axi_awaddr": In(address_bits),
        "s_axi_awprot": In(3),
        "s_axi_awvalid": In(1),
        "s_axi_awready": Out(1),
        "s_axi_wdata": In(AXI_DATA_BITS),
        "s_axi_wstrb": In(AXI_DATA_BITS // 8),
        "s_axi_wvalid": In(1),
        "s_axi_wready": Out(1),
        "s_axi_bresp": Out(2),
        "s_axi_bvalid": Out(1),
        "s_axi_bready": In(1),
        "s_axi_araddr": In(address_bits),
        "s_axi_arprot": In(3),
        "s_axi_arvalid": In(1),
        "s_axi_arready": Out(1),
        "s_axi_rdata": Out(AXI_DATA_BITS),
        "s_axi_rresp": Out(2),
        "s_axi_rvalid": Out(1),
        "s_axi_rready": In(1),
    }


class AxiLitePort(wiring.Component):
    """Turn AXI4-Lite transactions into single accesses.

    Every channel has one register, so that any of them may stall at any time without holding up
    the others longer than the protocol asks. When both a read and a write wait, the write goes
    first, and then the read, as no write begins while the answer to the last one is on the bus. No
    output depends combinationally on an input of the bus.

    A write's address and data may come in either order. An access begins in the cycle after its
    last channel transfer; its answer is on the bus in the cycle after ``done``. The next write (or
    read) is taken in that cycle, so an access that lasts n cycles makes n + 1 cycles per word.

    Parameters
    ----------
    address_bits : int
        Width of the byte address; its two low bits are ignored.

    Members
    -------
    s_axi_* : the bus. ``awprot`` and ``arprot`` are ignored: every access is allowed.
    valid : Out(1)
        An access goes on; the members below are stable as long as it does.
    first : Out(1)
        This is its first cycle.
    write : Out(1), address : Out(address_bits), wdata : Out(32), wstrb : Out(4)
        What it does. The address is a multiple of 4.
    done : In(1)
        This is its last cycle. Must be low while ``valid`` is low.
    rdata : In(32), resp : In(AxiResponse)
        What it returns. Valid with ``done``.
    """

    def __init__(self, *, address_bits: int):
        super().__init__(
            {
                **axi_lite_members(address_bits),
                "valid": Out(1),
                "first": Out(1),
                "write": Out(1),
                "address": Out(address_bits),
                "wdata": Out(AXI_DATA_BITS),
                "wstrb": Out(AXI_DATA_BITS // 8),
                "done": In(1),
                "rdata": In(AXI_DATA_BITS),
                "resp": In(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        write_taken = self.done & self.write
        read_taken = self.done & ~self.write
        aw = self._hold(m, "aw", write_taken, self.s_axi_awaddr)
        w = self._hold(m, "w", write_taken, self.s_axi_wdata, self.s_axi_wstrb)
        ar = self._hold(m, "ar", read_taken, self.s_axi_araddr)
        self._answer(m, "b", write_taken, (self.s_axi_bresp, self.resp))
        self._answer(
            m, "r", read_taken, (self.s_axi_rresp, self.resp), (self.s_axi_rdata, self.rdata)
        )

        can_write, can_read = Signal(), Signal()
        m.d.comb += [
            can_write.eq(aw[0] & w[0] & ~self.s_axi_bvalid),
            can_read.eq(ar[0] & ~self.s_axi_rvalid),
        ]
        running = Signal()
        running_write = Signal()
        m.d.comb += [
            self.valid.eq(running | can_write | can_read),
            self.first.eq(self.valid & ~running),
            self.write.eq(Mux(running, running_write, can_write)),
            self.address[2:].eq(Mux(self.write, aw[1], ar[1])[2:]),
            self.wdata.eq(w[1]),
            self.wstrb.eq(w[2]),
        ]
        m.d.sync += [running.eq(self.valid & ~self.done), running_write.eq(self.write)]
        return m

    def _hold(self, m, channel: str, taken, *payload):
        """Register of one incoming channel; return its full flag and its contents."""
        full = Signal(name=f"{channel}_full")
        held = [Signal.like(value, name=f"{value.name}_held") for value in payload]
        valid = getattr(self, f"s_axi_{channel}valid")
        m.d.comb += getattr(self, f"s_axi_{channel}ready").eq(~full)
        with m.If(full):
            m.d.sync += full.eq(~taken)
        with m.Elif(valid):
            m.d.sync += full.eq(1)
            m.d.sync += [register.eq(value) for register, value in zip(held, payload, strict=True)]
        return full, *held

    def _answer(self, m, channel: str, given, *payload) -> None:
        """Register of one outgoing channel."""
        valid = getattr(self, f"s_axi_{channel}valid")
        with m.If(valid):
            m.d.sync += valid.eq(~getattr(self, f"s_axi_{channel}ready"))
        with m.Elif(given):
            m.d.sync += valid.eq(1)
            m.d.sync += [port.eq(value) for port, value in payload]
