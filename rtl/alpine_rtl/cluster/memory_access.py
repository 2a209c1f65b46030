# SPDX-License-Identifier: Apache-2.0
"""An engine's way to the shared memory: one port for reads and writes, or one for each."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Member, Out

from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.typed import Component, any_of, pass_on

from .port_multiplexer import PortMultiplexer
from .ports import Beats, BeatSignature, MemorySignature, SharedMemoryPort

__all__ = ["MemoryAccess", "memory_members", "pass_memory"]


def memory_members(config: ImcConfig) -> dict[str, Member]:
    """Return the memory ports by name: ``mem``, and ``mem_out`` where writes have their own."""
    names = ("mem", "mem_out")[: config.memory_ports]
    return {name: Out(MemorySignature(config.port_bytes)) for name in names}


def pass_memory(m: Module, config: ImcConfig, *, inner: Any, outer: Any) -> None:
    """Connect the memory ports of a submodule to the component's own."""
    for name in memory_members(config):
        pass_on(m, inner=getattr(inner, name), outer=getattr(outer, name))


class MemoryAccess(Component):
    """Carry an engine's reads and writes to the memory, and tell what happens there.

    Parameters
    ----------
    config : ImcConfig
        Width and number of the memory ports.

    Members
    -------
    reads, writes : In(BeatSignature)
        What the engine wants.
    rvalid : Out(1), rdata : Out(8 * port_bytes)
        Answers to reads.
    mem, mem_out : Out(MemorySignature)
        The ports; with one of them, it reads and writes.
    halt : In(1)
        Show no request but one that was shown before and is not granted.
    requesting, stalled : Out(1)
        There is a request on a port; one that is not granted in this cycle.
    bytes_in, bytes_out : Out(range(port_bytes + 1))
        Bytes whose read, whose write is granted in this cycle.
    """

    reads: Beats
    writes: Beats
    rvalid: Signal
    rdata: Signal
    mem: SharedMemoryPort
    mem_out: SharedMemoryPort
    halt: Signal
    requesting: Signal
    stalled: Signal
    bytes_in: Signal
    bytes_out: Signal

    def __init__(self, *, config: ImcConfig):
        self.config = config
        beats = BeatSignature(config.port_bytes)
        count = range(config.port_bytes + 1)
        super().__init__(
            {
                "reads": In(beats),
                "writes": In(beats),
                "rvalid": Out(1),
                "rdata": Out(8 * config.port_bytes),
                **memory_members(config),
                "halt": In(1),
                "requesting": Out(1),
                "stalled": Out(1),
                "bytes_in": Out(count),
                "bytes_out": Out(count),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        port_bytes = self.config.port_bytes
        sides = ((self.reads, False), (self.writes, True))
        if self.config.memory_ports == 1:
            groups = [(self.mem, sides)]
        else:
            groups = [(self.mem, sides[:1]), (self.mem_out, sides[1:])]
        ports: list[PortMultiplexer] = []
        for number, (memory, blocks) in enumerate(groups):
            port = PortMultiplexer(
                port_bytes=port_bytes, writes=tuple(writes for _, writes in blocks)
            )
            m.submodules[f"port{number}"] = port
            ports.append(port)
            pass_on(m, inner=port.mem, outer=memory)
            m.d.comb += port.halt.eq(self.halt)
            for inner, (outer, _) in zip(port.blocks, blocks, strict=True):
                pass_on(m, inner=inner, outer=outer)
        m.d.comb += [
            self.rvalid.eq(self.mem.rvalid),
            self.rdata.eq(self.mem.rdata),
            self.requesting.eq(any_of(port.mem.req for port in ports)),
            self.stalled.eq(any_of(port.blocked for port in ports)),
            self.bytes_in.eq(Mux(self.reads.taken, self.reads.count, 0)),
            self.bytes_out.eq(Mux(self.writes.taken, self.writes.count, 0)),
        ]
        return m
