# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Amaranth makes the attributes of a component from its signature at run time.
"""An accelerator: it reads bytes from memory, sets negative ones to 0 and writes them back.

Registers: 0x00 start (a write of any value), 0x04 address of the first byte, 0x08 bytes, 0x0c bytes
left. An event tells that the last byte is written. Every byte takes three cycles: a read, its data,
a write.
"""

from enum import IntEnum

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_cosim.engines.register_kind import register_kind
from alpine_platform.accelerators.register_port import Cycles, RegisterPins

__all__ = ["TOY_RELU", "ReluRegister", "ToyRelu", "ToyReluTwin"]

LANES = 4


class ReluRegister(IntEnum):
    """Byte addresses of the registers."""

    START = 0x00
    ADDRESS = 0x04
    LENGTH = 0x08
    LEFT = 0x0C


class ToyRelu(wiring.Component):
    """The hardware; its ports are those of `alpine_platform.accelerators.register_port`."""

    def __init__(self, configuration: None = None):
        super().__init__(
            {
                "cfg_valid": In(1), "cfg_ready": Out(1), "cfg_addr": In(8), "cfg_write": In(1),
                "cfg_wdata": In(32), "cfg_rsp_valid": Out(1), "cfg_rsp_rdata": Out(32),
                "mem_req": Out(1), "mem_gnt": In(1), "mem_addr": Out(32), "mem_write": Out(1),
                "mem_be": Out(LANES), "mem_wdata": Out(8 * LANES),
                "mem_rvalid": In(1), "mem_rdata": In(8 * LANES),
                "event_done": Out(1), "busy": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform):
        """Build the hardware."""
        m = Module()
        address, length, left = Signal(32), Signal(32), Signal(32)
        reading, writing, byte = Signal(), Signal(), Signal(8)
        loaded = self.mem_rdata[:8]
        m.d.comb += [
            self.cfg_ready.eq(1),
            self.busy.eq(left.any()),
            self.mem_req.eq(reading | writing),
            self.mem_write.eq(writing),
            self.mem_addr.eq(address),
            self.mem_be.eq(1),
            self.mem_wdata.eq(byte),
        ]
        m.d.sync += [self.cfg_rsp_valid.eq(self.cfg_valid), self.event_done.eq(0)]
        with m.If(reading & self.mem_gnt):
            m.d.sync += reading.eq(0)
        with m.If(self.mem_rvalid):
            m.d.sync += [byte.eq(Mux(loaded[-1], 0, loaded)), writing.eq(1)]
        with m.If(writing & self.mem_gnt):
            last = left == Const(1)
            m.d.sync += [
                writing.eq(0), reading.eq(~last), self.event_done.eq(last),
                left.eq(left - 1), address.eq(address + 1),
            ]  # fmt: skip
        read = Signal(32)
        with m.Switch(self.cfg_addr):
            with m.Case(ReluRegister.ADDRESS):
                m.d.comb += read.eq(address)
            with m.Case(ReluRegister.LENGTH):
                m.d.comb += read.eq(length)
            with m.Case(ReluRegister.LEFT):
                m.d.comb += read.eq(left)
        m.d.sync += self.cfg_rsp_rdata.eq(Mux(self.cfg_valid & ~self.cfg_write, read, 0))
        with m.If(self.cfg_valid & self.cfg_write & ~self.busy), m.Switch(self.cfg_addr):
            with m.Case(ReluRegister.START):
                m.d.sync += [left.eq(length), reading.eq(length.any())]
            with m.Case(ReluRegister.ADDRESS):
                m.d.sync += address.eq(self.cfg_wdata)
            with m.Case(ReluRegister.LENGTH):
                m.d.sync += length.eq(self.cfg_wdata)
        return m


class ToyReluTwin:
    """The timed twin: what the hardware does at every clock edge, in Python."""

    def __init__(self, configuration: None = None):
        self.pins = RegisterPins(mem_be=1)
        self._address = self._length = self._left = self._byte = 0
        self._reading = self._writing = False

    def clock(self, shown: Cycles) -> None:
        """Go through one clock edge."""
        left, event = self._left, False
        read = {
            ReluRegister.ADDRESS: self._address,
            ReluRegister.LENGTH: self._length,
            ReluRegister.LEFT: left,
        }  # fmt: skip
        answer = read.get(shown.cfg_addr, 0) if shown.cfg_valid and not shown.cfg_write else 0
        if self._writing and shown.mem_gnt:
            event = left == 1
            self._writing, self._reading = False, not event
            self._left, self._address = left - 1, self._address + 1
        elif self._reading and shown.mem_gnt:
            self._reading = False
        if shown.mem_rvalid:
            loaded = shown.mem_rdata & 0xFF
            self._byte, self._writing = 0 if loaded >= 128 else loaded, True
        if shown.cfg_valid and shown.cfg_write and not left:
            self._write(shown.cfg_addr, shown.cfg_wdata)
        self.pins = RegisterPins(
            cfg_rsp_valid=int(shown.cfg_valid),
            cfg_rsp_rdata=answer,
            event_done=int(event),
            busy=int(self._left > 0),
            mem_req=int(self._reading or self._writing),
            mem_addr=self._address,
            mem_write=int(self._writing),
            mem_be=1,
            mem_wdata=self._byte,
        )

    def _write(self, address: int, value: int) -> None:
        match address:
            case ReluRegister.START:
                self._left, self._reading = self._length, self._length > 0
            case ReluRegister.ADDRESS:
                self._address = value
            case ReluRegister.LENGTH:
                self._length = value


TOY_RELU = register_kind("toy_relu", component=ToyRelu, twin=ToyReluTwin)
"""The kind that a `HardwarePlan` names ``toy_relu``."""
