# SPDX-License-Identifier: Apache-2.0
"""AXI4-Lite: the bus, and a subordinate that makes of it one access at a time."""

from typing import Any, Protocol

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.axi import AxiResponse

from .pins import PinSignature
from .typed import Component, PayloadStream, Record, RecordLayout, stream_of

__all__ = [
    "AXI_DATA_BITS",
    "AccessSignature",
    "AxiAddress",
    "AxiLiteBus",
    "AxiLitePort",
    "AxiLiteSignature",
    "AxiReadData",
    "AxiResponse",
    "AxiWriteAnswer",
    "AxiWriteData",
    "BusAccess",
]

AXI_DATA_BITS = 32


class AxiAddress(Record):
    """What AW and AR carry: a byte address, and a protection type."""

    addr: Value
    prot: Value


class AxiWriteData(Record):
    """What W carries: a word, and which of its bytes are written."""

    data: Value
    strb: Value


class AxiWriteAnswer(Record):
    """What B carries: an `AxiResponse`."""

    resp: Value


class AxiReadData(Record):
    """What R carries: a word and an `AxiResponse`."""

    data: Value
    resp: Value


AXI_WRITE_DATA = RecordLayout(AxiWriteData, {"data": AXI_DATA_BITS, "strb": AXI_DATA_BITS // 8})
AXI_WRITE_ANSWER = RecordLayout(AxiWriteAnswer, {"resp": 2})
AXI_READ_DATA = RecordLayout(AxiReadData, {"data": AXI_DATA_BITS, "resp": 2})


class AxiLiteBus(Protocol):
    """What `AxiLiteSignature` makes."""

    signature: Any
    aw: PayloadStream[AxiAddress]
    w: PayloadStream[AxiWriteData]
    b: PayloadStream[AxiWriteAnswer]
    ar: PayloadStream[AxiAddress]
    r: PayloadStream[AxiReadData]


class AxiLiteSignature(wiring.Signature):
    """The five channels of AXI4-Lite, from the manager's side (AMBA AXI, chapter B1).

    Parameters
    ----------
    address_bits : int
        Width of the byte address.

    Members
    -------
    aw, ar : Out(stream of AxiAddress)
        Addresses of writes and reads.
    w : Out(stream of AxiWriteData)
        Words to write, in the order of their addresses.
    b : In(stream of AxiWriteAnswer)
        One answer per write.
    r : In(stream of AxiReadData)
        One answer per read.
    """

    joined_by = ""
    """In ports a channel and its signal are one word, as in ``awaddr``."""

    def __init__(self, address_bits: int):
        address = RecordLayout(AxiAddress, {"addr": address_bits, "prot": 3})
        super().__init__(
            {
                "aw": Out(stream_of(address)),
                "w": Out(stream_of(AXI_WRITE_DATA)),
                "b": In(stream_of(AXI_WRITE_ANSWER)),
                "ar": Out(stream_of(address)),
                "r": In(stream_of(AXI_READ_DATA)),
            }
        )


class BusAccess(Protocol):
    """What `AccessSignature` makes."""

    signature: Any
    valid: Value
    first: Value
    write: Value
    address: Value
    wdata: Value
    wstrb: Value
    done: Value
    rdata: Value
    resp: Value


class AccessSignature(wiring.Signature):
    """A single read or write, from the side that asks for it.

    Parameters
    ----------
    address_bits : int
        Width of the byte address.

    Members
    -------
    valid : Out(1)
        An access goes on; the members below are stable as long as it does.
    first : Out(1)
        This is its first cycle.
    write : Out(1), address : Out(address_bits), wdata : Out(32), wstrb : Out(4)
        What it does. The address is a multiple of 4.
    done : In(1)
        This is its last cycle.
    rdata : In(32), resp : In(AxiResponse)
        What it returns. Valid with ``done``.
    """

    def __init__(self, address_bits: int):
        super().__init__(
            {
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


class AxiLitePort(Component):
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
    s_axi : In(AxiLiteSignature)
        The bus. Protection types are ignored: every access is allowed.
    access : Out(AccessSignature)
        Accesses. ``done`` must be low while ``valid`` is low.
    """

    s_axi: AxiLiteBus
    access: BusAccess

    def __init__(self, *, address_bits: int):
        super().__init__(
            PinSignature(
                {
                    "s_axi": In(AxiLiteSignature(address_bits)),
                    "access": Out(AccessSignature(address_bits)),
                }
            )
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, access = self.s_axi, self.access
        write_taken = access.done & access.write
        read_taken = access.done & ~access.write
        aw_full, address = _hold(m, bus.aw, bus.aw.payload.addr, write_taken, name="aw")
        w_full, word = _hold(m, bus.w, Value.cast(bus.w.payload), write_taken, name="w")
        ar_full, read_address = _hold(m, bus.ar, bus.ar.payload.addr, read_taken, name="ar")
        written: AxiWriteData = AXI_WRITE_DATA(word)
        _answer(m, bus.b, AXI_WRITE_ANSWER.pack(resp=access.resp), write_taken)
        _answer(m, bus.r, AXI_READ_DATA.pack(data=access.rdata, resp=access.resp), read_taken)

        can_write, can_read = Signal(), Signal()
        m.d.comb += [
            can_write.eq(aw_full & w_full & ~bus.b.valid),
            can_read.eq(ar_full & ~bus.r.valid),
        ]
        running = Signal()
        running_write = Signal()
        m.d.comb += [
            access.valid.eq(running | can_write | can_read),
            access.first.eq(access.valid & ~running),
            access.write.eq(Mux(running, running_write, can_write)),
            access.address[2:].eq(Mux(access.write, address, read_address)[2:]),
            access.wdata.eq(written.data),
            access.wstrb.eq(written.strb),
        ]
        m.d.sync += [running.eq(access.valid & ~access.done), running_write.eq(access.write)]
        return m


def _hold(
    m: Module, channel: PayloadStream[Any], payload: Value, taken: Value, *, name: str
) -> tuple[Signal, Signal]:
    """Register of one incoming channel; return its full flag and its contents."""
    full = Signal(name=f"{name}_full")
    held = Signal(len(payload), name=f"{name}_held")
    m.d.comb += channel.ready.eq(~full)
    with m.If(full):
        m.d.sync += full.eq(~taken)
    with m.Elif(channel.valid):
        m.d.sync += [full.eq(1), held.eq(payload)]
    return full, held


def _answer(m: Module, channel: PayloadStream[Any], payload: Value, given: Value) -> None:
    """Register of one outgoing channel."""
    with m.If(channel.valid):
        m.d.sync += channel.valid.eq(~channel.ready)
    with m.Elif(given):
        m.d.sync += [channel.valid.eq(1), channel.payload.eq(payload)]
