# SPDX-License-Identifier: Apache-2.0
"""Stream multiplexer: the blocks of an accelerator that share one memory port."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_rtl.typed import Component, any_of, several

from .ports import Beats, BeatSignature, MemorySignature, SharedMemoryPort

__all__ = ["PortMultiplexer"]


class PortMultiplexer(Component):
    """Give the memory port to one or two blocks, in turn for every beat where both want it.

    A request stays as it is until it is granted. After the last beat of a vector the port rests for
    one cycle.

    Parameters
    ----------
    port_bytes : int
        Bytes of the port.
    writes : tuple of bool
        For each block, whether its beats write.

    Members
    -------
    blocks : In(BeatSignature) for each block
        Where beats come from.
    mem : Out(MemorySignature(port_bytes))
        The memory port; answers to reads go past this block.
    halt : In(1)
        Show no request but one that was shown before and is not granted.
    blocked : Out(1)
        A request waits for its grant. Depends on the memory's answer of the same cycle.
    """

    blocks: list[Beats]
    mem: SharedMemoryPort
    halt: Signal
    blocked: Signal

    def __init__(self, *, port_bytes: int, writes: tuple[bool, ...]):
        self.port_bytes = port_bytes
        self.writes = writes
        super().__init__(
            {
                "blocks": several(In(BeatSignature(port_bytes)), len(writes)),
                "mem": Out(MemorySignature(port_bytes)),
                "halt": In(1),
                "blocked": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        mem, blocks = self.mem, self.blocks
        chosen = Signal()
        held = Signal()
        served = Signal()
        waiting = Signal()
        rests = Signal()
        granted = Signal()
        wanted = Signal()
        last = Signal()
        if len(blocks) == 1:
            m.d.comb += wanted.eq(blocks[0].valid)
        else:
            both = blocks[0].valid & blocks[1].valid
            m.d.comb += [
                wanted.eq(any_of(block.valid for block in blocks)),
                chosen.eq(Mux(waiting, held, Mux(both, ~served, blocks[1].valid))),
            ]
        m.d.comb += [
            mem.req.eq(wanted & ~rests & (~self.halt | waiting)),
            granted.eq(mem.req & mem.gnt),
            self.blocked.eq(mem.req & ~mem.gnt),
            last.eq(Array(block.last for block in blocks)[chosen]),
        ]
        for number, block in enumerate(blocks):
            with m.If(chosen == number):
                m.d.comb += [
                    block.taken.eq(granted),
                    mem.addr.eq(block.addr),
                    mem.write.eq(self.writes[number]),
                    mem.be.eq(Cat(lane < block.count for lane in range(self.port_bytes))),
                    mem.wdata.eq(block.wdata),
                ]
        m.d.sync += [
            waiting.eq(self.blocked),
            held.eq(chosen),
            rests.eq(granted & last),
        ]
        with m.If(granted):
            m.d.sync += served.eq(chosen)
        return m
