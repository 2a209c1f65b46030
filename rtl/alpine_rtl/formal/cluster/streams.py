# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Stream source and sink beside the loop nest that they read and write."""

from collections.abc import Mapping
from typing import Any, ClassVar

from amaranth.hdl import Module, Mux, Signal, Value

from alpine_rtl.cluster.addresses import LOOP_NEST, RUN_BITS
from alpine_rtl.cluster.sink import StreamSink
from alpine_rtl.cluster.source import QUEUE_BEATS, StreamSource
from alpine_rtl.typed import like

from .block import BlockHarness, was
from .loops import LoopReference, is_empty

__all__ = ["SinkHarness", "SourceHarness"]

PORT_BYTES = 4


def differs(beats: Any, nest: LoopReference) -> Value:
    """Return whether a beat is wanted that is not the loop nest's next one."""
    return beats.valid & (
        ~nest.walking
        | (beats.addr != nest.address)
        | (beats.count != nest.count)
        | (beats.last != nest.last_of_vector)
    )


class SourceHarness(BlockHarness):
    """The stream source between a memory that grants and a taker that takes whenever they like.

    The memory answers in the cycle behind a grant, and says something at other times as well, as
    it may after a soft clear.

    Parameters
    ----------
    design : see `BlockHarness`.

    Members
    -------
    choose : In(1)
        Follow the beat that is granted in this cycle, unless another one is followed.
    """

    properties: ClassVar[Mapping[str, str]] = {
        "source_order": "Every beat of the loop nest is asked for once, in order.",
        "source_lost": "What is read for a beat is handed over once, in order, with its bytes, "
        "count, end of vector and context.",
        "source_unasked": "Nothing else is handed over.",
        "source_overflow": "No more than two beats are asked for or wait.",
        "source_withdrawn": "A beat that is offered stays, unchanged, until it is taken.",
        "source_hesitates": "The next beat is asked for as soon as there is a place for it, unless "
        "it begins a vector and is to be held.",
        "source_hold": "No vector begins while it is to be held.",
    }
    situations: ClassVar[tuple[str, ...]] = ("full", "second_vector")

    def __init__(self, *, design: StreamSource | None = None):
        free = ("load", "context", "hold", "grant", "noise", "ready", "choose")
        super().__init__(
            design or StreamSource(port_bytes=PORT_BYTES),
            {
                **dict.fromkeys(free, 1),
                "loops": LOOP_NEST.as_shape().width,
                "rdata": 8 * PORT_BYTES,
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = self.begin()
        source = self.design
        loops, load, taken = LOOP_NEST(self.free("loops")), Signal(), Signal()
        asked = was(m, taken, name="was_taken")
        self._drive(m, load, taken, asked)
        nest = LoopReference(m, load=load, loops=loops, advance=taken, port_bytes=PORT_BYTES)
        middle, number = Signal(), Signal()
        with m.If(taken):
            m.d.sync += middle.eq(~nest.last_of_vector)
        with m.If(load):
            m.d.sync += number.eq(source.context)
        waits, leaves = self._count(m, asked)
        broken = self._follow(m, taken, asked, waits, number)
        room = waits + asked < QUEUE_BEATS
        may = nest.walking & room & (middle | ~source.hold)
        offered = was(m, source.o.valid & ~source.o.ready, name="was_offered")
        payload = Value.cast(source.o.payload)
        before = like(payload, name="payload_before")
        m.d.sync += before.eq(payload)
        registers = self.registers
        self.judge(
            m,
            source_order=differs(source.beats, nest),
            source_unasked=source.o.valid & (waits == 0) & ~asked,
            source_overflow=waits + asked > QUEUE_BEATS,
            source_withdrawn=offered & (~source.o.valid | (payload != before)),
            source_hesitates=may & ~source.beats.valid,
            source_hold=source.hold & ~middle & source.beats.valid,
            seen_full=(waits == QUEUE_BEATS) & leaves,
            seen_second_vector=leaves & (nest.turns[1] == 1) & middle,
            broken_state=nest.broken(registers, prefix="generator.")
            | (source.loaded != nest.walking)
            | (registers["begun"] != middle)
            | (registers["asked"] != asked)
            | (source.loaded & (registers["current"] != number))
            | (registers["queue.level"] != waits)
            | (waits + asked > QUEUE_BEATS)
            | (offered & (waits == 0))
            | (offered & (Value.cast(registers["queue.first"]) != before))
            | broken,
        )
        return m

    def _drive(self, m: Module, load: Signal, taken: Signal, asked: Signal) -> None:
        source, loops = self.design, LOOP_NEST(self.free("loops"))
        m.d.comb += [
            load.eq(self.free("load") & ~source.loaded & ~is_empty(loops)),
            taken.eq(source.beats.valid & self.free("grant")),
            source.load.eq(load),
            source.loops.eq(loops),
            source.context.eq(self.free("context")),
            source.hold.eq(self.free("hold")),
            source.beats.taken.eq(taken),
            source.rvalid.eq(asked | self.free("noise")),
            source.rdata.eq(self.free("rdata")),
            source.o.ready.eq(self.free("ready")),
        ]

    def _count(self, m: Module, asked: Signal) -> tuple[Signal, Value]:
        """Return how many beats have arrived and not left, and whether one leaves."""
        waits = Signal(range(QUEUE_BEATS + 2), name="waits")
        leaves = self.design.o.valid & self.design.o.ready
        m.d.sync += waits.eq(waits + asked - leaves)
        return waits, leaves

    def _follow(
        self, m: Module, taken: Value, asked: Signal, waits: Signal, number: Signal
    ) -> Value:
        """Follow one beat from its grant until it leaves; return what its place excludes."""
        source, registers = self.design, self.registers
        following, coming = Signal(), Signal()
        ahead = Signal(range(QUEUE_BEATS + 2))
        data, fields = Signal(8 * PORT_BYTES), Signal(len(Value.cast(source.o.payload)))
        leaves = source.o.valid & source.o.ready
        its_turn = following & (ahead == 0)
        known = Mux(coming, source.rdata, data)
        expected = Value.cast(fields) | known
        with m.If(leaves & following):
            m.d.sync += [ahead.eq(ahead - 1), following.eq(~its_turn)]
        m.d.sync += [coming.eq(0), data.eq(known)]
        with m.If(taken & self.free("choose") & ~following):
            kept = source.layout.pack(
                data=0, count=source.beats.count, last=source.beats.last, context=number
            )
            m.d.sync += [following.eq(1), coming.eq(1), fields.eq(kept)]
            m.d.sync += ahead.eq(waits + asked - leaves)
        self.judge(
            m,
            source_lost=its_turn & (~source.o.valid | (Value.cast(source.o.payload) != expected)),
        )
        stored = Mux(ahead == 0, registers["queue.first"], registers["queue.second"])
        arriving = source.layout.pack(
            data=0,
            count=registers["count"],
            last=registers["last"],
            context=registers["context"],
        )
        return (
            (following & coming & (~asked | (ahead != waits) | (arriving != fields)))
            | (following & ~coming & ((ahead >= waits) | (Value.cast(stored) != expected)))
            | (coming & ~following)
            | (following & Value.cast(fields)[: 8 * PORT_BYTES].any())
        )


class SinkHarness(BlockHarness):
    """The stream sink, whose output registers are full and whose beats are granted at any time.

    Every vector is one run, as in the accelerator.

    Parameters
    ----------
    design : see `BlockHarness`.
    """

    properties: ClassVar[Mapping[str, str]] = {
        "sink_order": "Every beat of the loop nest is written once, in order, and none without "
        "codes to write.",
        "sink_data": "It holds the output registers from the vector's first on, each once.",
        "sink_leaves": "The output registers are given back with the vector's last beat, and the "
        "context ends with its last one.",
        "sink_hesitates": "A beat is wanted whenever there are codes and a place for them.",
    }
    situations: ClassVar[tuple[str, ...]] = ("second_vector", "ended")

    def __init__(self, *, design: StreamSink | None = None):
        super().__init__(
            design or StreamSink(port_bytes=PORT_BYTES),
            {
                **dict.fromkeys(("load", "full", "grant"), 1),
                "first": RUN_BITS,
                "loops": LOOP_NEST.as_shape().width,
                "data": 8 * PORT_BYTES,
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = self.begin()
        sink = self.design
        loops, load, taken = LOOP_NEST(self.free("loops")), Signal(), Signal()
        first, kept_full = Signal(RUN_BITS), Signal()
        m.d.comb += [
            load.eq(self.free("load") & ~sink.loaded & ~is_empty(loops) & (loops.length1 == 1)),
            taken.eq(sink.beats.valid & self.free("grant")),
            sink.load.eq(load),
            sink.loops.eq(loops),
            sink.first.eq(self.free("first")),
            sink.full.eq(self.free("full") | kept_full),
            sink.data.eq(self.free("data")),
            sink.beats.taken.eq(taken),
        ]
        m.d.sync += kept_full.eq(sink.full & ~sink.leaves)
        nest = LoopReference(m, load=load, loops=loops, advance=taken, port_bytes=PORT_BYTES)
        with m.If(load):
            m.d.sync += first.eq(sink.first)
        place = (first + nest.within)[:RUN_BITS]
        self.judge(
            m,
            sink_order=differs(sink.beats, nest) | (sink.beats.valid & ~sink.full),
            sink_data=sink.beats.valid
            & (
                (sink.index != place) | (sink.count != nest.count) | (sink.beats.wdata != sink.data)
            ),
            sink_leaves=(sink.leaves != (taken & nest.last_of_vector))
            | (sink.ends != (taken & nest.last)),
            sink_hesitates=nest.walking & sink.full & ~sink.beats.valid,
            seen_second_vector=taken & (nest.turns[1] == 1) & (nest.within != 0),
            seen_ended=was(m, sink.ends, name="was_ended") & ~sink.loaded,
            broken_state=nest.broken(self.registers, prefix="generator.")
            | (sink.loaded != nest.walking)
            | (nest.walking & (nest.lengths[0] != 1))
            | (nest.walking & (self.registers["first"] != first))
            | (nest.walking & (sink.index != place)),
        )
        return m
