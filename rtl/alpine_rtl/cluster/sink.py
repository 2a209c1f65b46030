# SPDX-License-Identifier: Apache-2.0
"""Stream sink: writes vectors from the output registers to memory."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from alpine_rtl.typed import Component

from .addresses import LOOP_NEST, RUN_BITS, AddressGenerator, LoopNest
from .ports import Beats, BeatSignature

__all__ = ["StreamSink"]


class StreamSink(Component):
    """Write the vectors of a context, each as one run.

    Parameters
    ----------
    port_bytes : int
        Bytes of the memory port.

    Members
    -------
    load : In(1), loops : In(LoopNest), first : In(16)
        Begin with the vectors of a context: where they go, and where each of them begins in the
        output registers. Must be low while ``loaded`` is high.
    loaded : Out(1)
        Vectors of a context remain to be written. From a register.
    full : In(1)
        The output registers hold a vector. High until ``leaves``.
    index : Out(16), count : Out(range(port_bytes + 1)), data : In(8 * port_bytes)
        Which of the output registers to write now, and what they hold.
    beats : Out(BeatSignature)
        Writes.
    leaves : Out(1), ends : Out(1)
        The last beat of a vector, of a context, is granted in this cycle.
    """

    load: Signal
    loops: LoopNest
    first: Signal
    loaded: Signal
    full: Signal
    index: Signal
    count: Signal
    data: Signal
    beats: Beats
    leaves: Signal
    ends: Signal

    def __init__(self, *, port_bytes: int):
        self.port_bytes = port_bytes
        super().__init__(
            {
                "load": In(1),
                "loops": In(LOOP_NEST),
                "first": In(RUN_BITS),
                "loaded": Out(1),
                "full": In(1),
                "index": Out(RUN_BITS),
                "count": Out(range(port_bytes + 1)),
                "data": In(8 * port_bytes),
                "beats": Out(BeatSignature(port_bytes)),
                "leaves": Out(1),
                "ends": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.generator = generator = AddressGenerator(port_bytes=self.port_bytes)
        beats = self.beats
        first = Signal(RUN_BITS)
        m.d.comb += [
            beats.valid.eq(self.loaded & self.full),
            beats.addr.eq(generator.address),
            beats.count.eq(generator.count),
            beats.wdata.eq(self.data),
            beats.last.eq(generator.last_of_vector),
            generator.load.eq(self.load),
            generator.loops.eq(self.loops),
            generator.advance.eq(beats.taken),
            self.count.eq(generator.count),
            self.leaves.eq(beats.taken & generator.last_of_vector),
            self.ends.eq(beats.taken & generator.last),
        ]
        with m.If(self.load):
            m.d.sync += [self.loaded.eq(1), first.eq(self.first), self.index.eq(self.first)]
        with m.If(beats.taken):
            m.d.sync += self.index.eq(self.index + self.port_bytes)
            with m.If(generator.last_of_vector):
                m.d.sync += self.index.eq(first)
            with m.If(generator.last):
                m.d.sync += self.loaded.eq(0)
        return m
