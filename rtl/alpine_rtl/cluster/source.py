# SPDX-License-Identifier: Apache-2.0
"""Stream source: reads vectors from memory, two beats ahead of whoever takes them."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_rtl.typed import Component, PayloadStream, Record, RecordLayout, pass_on, stream_of

from .addresses import LOOP_NEST, AddressGenerator, LoopNest
from .ports import Beats, BeatSignature

__all__ = ["StreamSource", "VectorBeat", "vector_beat_layout"]

QUEUE_BEATS = 2
"""What arrives of the beats asked for while nothing is taken."""


class VectorBeat(Record):
    """Bytes on their way into the input registers."""

    data: Value
    count: Value
    last: Value
    context: Value


def vector_beat_layout(port_bytes: int) -> RecordLayout[VectorBeat]:
    """Return the layout of `VectorBeat` for a port."""
    return RecordLayout(
        VectorBeat,
        {"data": 8 * port_bytes, "count": range(port_bytes + 1), "last": 1, "context": 1},
    )


class StreamSource(Component):
    """Read the vectors of a context, run by run, and hand them over beat by beat.

    Up to two beats that are asked for or arrived may wait, so that reading never stops while one
    beat is taken per cycle, and goes on two beats into the next vector while none is.

    Parameters
    ----------
    port_bytes : int
        Bytes of the memory port.

    Members
    -------
    load : In(1), loops : In(LoopNest), context : In(1)
        Begin with the vectors of a context: where they are, and the number that their beats carry.
        Must be low while ``loaded`` is high.
    loaded : Out(1)
        Beats of a context remain to be asked for. From a register.
    hold : In(1)
        Ask for no beat of a vector that has not begun.
    begun : Out(1)
        The first beat of a vector is asked for and not the last. From a register.
    rvalid : In(1), rdata : In(8 * port_bytes)
        The memory's answers.
    beats : Out(BeatSignature)
        Reads.
    o : Out(stream of VectorBeat)
        What was read, in order; in the cycle in which it arrives where nothing waits before it.
    """

    load: Signal
    loops: LoopNest
    context: Signal
    loaded: Signal
    hold: Signal
    begun: Signal
    rvalid: Signal
    rdata: Signal
    beats: Beats
    o: PayloadStream[VectorBeat]

    def __init__(self, *, port_bytes: int):
        self.port_bytes = port_bytes
        self.layout = vector_beat_layout(port_bytes)
        super().__init__(
            {
                "load": In(1),
                "loops": In(LOOP_NEST),
                "context": In(1),
                "loaded": Out(1),
                "hold": In(1),
                "begun": Out(1),
                "rvalid": In(1),
                "rdata": In(8 * port_bytes),
                "beats": Out(BeatSignature(port_bytes)),
                "o": Out(stream_of(self.layout)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.generator = generator = AddressGenerator(port_bytes=self.port_bytes)
        m.submodules.queue = queue = BeatQueue(port_bytes=self.port_bytes)
        beats = self.beats
        current = Signal()
        context = Signal()
        asked = Signal()
        count = Signal(range(self.port_bytes + 1))
        last = Signal()
        m.d.comb += [
            beats.valid.eq(
                self.loaded & (queue.level + asked < QUEUE_BEATS) & (self.begun | ~self.hold)
            ),
            beats.addr.eq(generator.address),
            beats.count.eq(generator.count),
            beats.last.eq(generator.last_of_vector),
            generator.load.eq(self.load),
            generator.loops.eq(self.loops),
            generator.advance.eq(beats.taken),
            queue.arrived.eq(asked & self.rvalid),
            queue.i.eq(self.layout.pack(data=self.rdata, count=count, last=last, context=context)),
        ]
        pass_on(m, inner=queue.o, outer=self.o)
        m.d.sync += asked.eq(beats.taken)
        with m.If(beats.taken):
            m.d.sync += [
                count.eq(generator.count),
                last.eq(generator.last_of_vector),
                context.eq(current),
                self.begun.eq(~generator.last_of_vector),
            ]
            with m.If(generator.last):
                m.d.sync += self.loaded.eq(0)
        with m.If(self.load):
            m.d.sync += [self.loaded.eq(1), current.eq(self.context)]
        return m


class BeatQueue(Component):
    """Keep up to two beats; one that arrives at an empty queue can be taken at once.

    Parameters
    ----------
    port_bytes : int
        Bytes of a beat.

    Members
    -------
    arrived : In(1), i : In(VectorBeat)
        A beat is here. Must be low while ``level`` is 2.
    level : Out(range(3))
        Beats that wait. From a register.
    o : Out(stream of VectorBeat)
        The oldest beat.
    """

    arrived: Signal
    i: VectorBeat
    level: Signal
    o: PayloadStream[VectorBeat]

    def __init__(self, *, port_bytes: int):
        self.layout = vector_beat_layout(port_bytes)
        super().__init__(
            {
                "arrived": In(1),
                "i": In(self.layout),
                "level": Out(range(QUEUE_BEATS + 1)),
                "o": Out(stream_of(self.layout)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first, second = (self.layout.signal(name=name) for name in ("first", "second"))
        holds = Signal()
        leaves = Signal()
        stays = Signal()
        m.d.comb += [
            holds.eq(self.level != 0),
            self.o.valid.eq(holds | self.arrived),
            self.o.payload.eq(Mux(holds, first.as_value(), self.i.as_value())),
            leaves.eq(self.o.valid & self.o.ready),
            # Of a beat that arrives: it is not taken in the same cycle.
            stays.eq(self.arrived & (holds | ~leaves)),
        ]
        m.d.sync += self.level.eq(self.level + stays - (leaves & holds))
        with m.If(leaves):
            m.d.sync += first.eq(second)
        with m.If(stays):
            with m.If(self.level == leaves):
                m.d.sync += first.eq(self.i)
            with m.Else():
                m.d.sync += second.eq(self.i)
        return m
