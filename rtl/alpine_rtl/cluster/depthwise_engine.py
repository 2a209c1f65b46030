# SPDX-License-Identifier: Apache-2.0
"""The depthwise engine: its loop nest and its array on the memory port."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.imc_cluster import CHANNELS_PER_BLOCK, ImcConfig
from alpine_rtl.typed import Component, any_of

from .depthwise_array import PIXEL_BITS, DepthwiseArray
from .depthwise_context import DEPTHWISE_CONTEXT, DepthwiseContext
from .depthwise_nest import DepthwiseNest, NestState
from .ports import Beats, BeatSignature

__all__ = ["DepthwiseEngine"]


class DepthwiseEngine(Component):
    """Filter a map with 3 x 3 taps per channel, 16 channels at a time.

    Each slot of `DepthwiseNest` takes one cycle, or 16 / port_bytes where the port is narrower, and
    longer where the memory does not grant.

    Parameters
    ----------
    config : ImcConfig
        Width of the memory port.

    Members
    -------
    begin : In(1), context : In(DepthwiseContext), ready : Out(1)
        Begin with a context, which holds still until ``ended``. Must be low while ``ready`` is low.
    ended : Out(1)
        The context's last write is granted in this cycle.
    stored : Out(1)
        An output's last write is granted in this cycle.
    reads, writes : Out(BeatSignature)
        What the memory is asked for.
    rvalid : In(1), rdata : In(8 * port_bytes)
        What it answers to reads.
    """

    begin: Signal
    context: DepthwiseContext
    ready: Signal
    ended: Signal
    stored: Signal
    reads: Beats
    writes: Beats
    rvalid: Signal
    rdata: Signal

    def __init__(self, *, config: ImcConfig):
        self.config = config
        self.beat_bytes = min(config.port_bytes, CHANNELS_PER_BLOCK)
        beats = BeatSignature(config.port_bytes)
        super().__init__(
            {
                "begin": In(1),
                "context": In(DEPTHWISE_CONTEXT),
                "ready": Out(1),
                "ended": Out(1),
                "stored": Out(1),
                "reads": Out(beats),
                "writes": Out(beats),
                "rvalid": In(1),
                "rdata": In(8 * config.port_bytes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.nest = nest = DepthwiseNest()
        m.submodules.array = array = DepthwiseArray(beat_bytes=self.beat_bytes)
        state, beat = nest.state, Signal(2)
        works = Signal()
        passes = Signal()
        has_output = Signal()
        beats = CHANNELS_PER_BLOCK // self.beat_bytes
        m.d.comb += [
            works.eq(any_of(state == s for s in NestState if s >= NestState.WEIGHTS)),
            passes.eq(
                works & Mux(nest.load, self.reads.taken, Mux(nest.store, self.writes.taken, 1))
            ),
            nest.step.eq(passes & (beat == beats - 1)),
            nest.begin.eq(self.begin),
            nest.context.eq(self.context),
            nest.has_output.eq(has_output),
            self.ready.eq(state == NestState.IDLE),
            self.stored.eq(nest.step & nest.store),
            self.ended.eq(nest.step & nest.ended),
            self.reads.valid.eq(nest.load),
            self.reads.addr.eq(nest.load_address + beat * self.beat_bytes),
            self.reads.count.eq(self.beat_bytes),
            self.writes.valid.eq(nest.store),
            self.writes.addr.eq(nest.store_address + beat * self.beat_bytes),
            self.writes.count.eq(self.beat_bytes),
            self.writes.wdata.eq(array.output.word_select(beat, 8 * self.beat_bytes)),
        ]
        if beats > 1:
            with m.If(passes):
                m.d.sync += beat.eq(Mux(beat == beats - 1, 0, beat + 1))
        # In the first cycle of a slot, so that the window moves before the slot's bytes arrive.
        completes = self._multiply(m, nest, array, now=passes & (beat == 0))
        with m.If(self.stored):
            m.d.sync += has_output.eq(0)
        with m.If(completes):
            m.d.sync += has_output.eq(1)
        self._take_data(m, nest, array, beat, passes)
        return m

    def _multiply(
        self, m: Module, nest: DepthwiseNest, array: DepthwiseArray, *, now: Value
    ) -> Signal:
        """Multiply in the four slots behind an output row's first; return when the last ends."""
        multiplies = Signal()
        group = Signal(2)
        completes = Signal()
        m.d.comb += [
            array.multiply.eq(multiplies & now),
            array.group.eq(group),
            array.shift.eq(self.context.activation_shift),
            array.relu.eq(self.context.activation_relu),
            completes.eq(array.multiply & (group == 3)),
            array.move.eq(completes),
            array.by_two.eq(self.context.mode_stride == 2),
        ]
        with m.If(array.multiply):
            m.d.sync += group.eq(group + 1)
        with m.If(completes):
            m.d.sync += multiplies.eq(0)
        with m.If(nest.step & nest.first_of_row):
            m.d.sync += multiplies.eq(1)
        return completes

    def _take_data(
        self,
        m: Module,
        nest: DepthwiseNest,
        array: DepthwiseArray,
        beat: Signal,
        passes: Signal,
    ) -> None:
        """What a slot loads arrives in the cycle behind it."""
        coming = Signal()
        zeros = Signal()
        m.d.sync += [
            coming.eq(passes & (nest.load | nest.pad)),
            zeros.eq(nest.pad),
            array.to_weights.eq(nest.to_weights),
            array.row.eq(nest.row),
            array.column.eq(nest.column),
            array.beat.eq(beat),
        ]
        m.d.comb += [
            array.write.eq(coming & (zeros | self.rvalid)),
            array.data.eq(Mux(zeros, 0, self.rdata[: min(PIXEL_BITS, 8 * self.beat_bytes)])),
        ]
