# SPDX-License-Identifier: Apache-2.0
"""The in-memory accelerator's engine: streams, converters' registers, sequencer, selection."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.imc_cluster import Execution, ImcConfig
from alpine_rtl.double_buffer import DacBank
from alpine_rtl.input_memory import InputMemory
from alpine_rtl.lanes import index_shape
from alpine_rtl.output_memory import OutputMemory
from alpine_rtl.sequencer import PHASE_BITS, MvmPhase, MvmSequencer
from alpine_rtl.typed import Component, pass_on, several

from .adc_bank import AdcBank
from .ima_context import IMA_CONTEXT, ImaContext, destination_loops, source_loops
from .ports import Beats, BeatSignature
from .sink import StreamSink
from .source import StreamSource

__all__ = ["SELECT_BITS", "ImaEngine"]

SELECT_BITS = 6
"""Width of a crossbar's number at the boundary, however many there are."""

FIXED_CYCLES = 3
"""Cycles of a product in which the crossbar does not integrate: loading the DACs, pre-charge and
digitisation."""


class ImaEngine(Component):
    """Stream vectors in, multiply them on one of the crossbars, stream the codes out.

    A vector goes through input registers, DAC registers, crossbar, ADC registers and output
    registers. With `Execution.PIPELINED` each of them may hold another vector, of the next context
    as well; with `Execution.SEQUENTIAL` there is one vector at a time.

    A product takes ``product_cycles`` cycles: one to load the DACs, and those of `MvmSequencer`. So
    it begins as soon as its vector is complete, the product before has ended and its codes have a
    place. Other word lines than those written get code 0.

    Parameters
    ----------
    config : ImcConfig
        Geometry and execution.

    Members
    -------
    contexts : In(ImaContext), twice
        Registers of the contexts; those of a context that has begun and not ended hold still.
    begin : In(1), begin_number : In(1), product_cycles : In(16), ready : Out(1)
        Begin with a context. Must be low while ``ready`` is low. ``ready`` is from a register.
    ended : Out(1)
        The last write of the oldest context is granted in this cycle.
    reads, writes : Out(BeatSignature)
        What the memory is asked for.
    rvalid : In(1), rdata : In(8 * port_bytes)
        What it answers to reads.
    dac, start, phase, adc : see `alpine_rtl.interfaces.MacroSignature`
        The crossbar that ``select`` names.
    select : Out(6)
        Crossbar of the product under way; from ``start`` until the ADC codes are taken.
    sample : Out(1)
        A product ends with this cycle.
    """

    contexts: list[ImaContext]
    begin: Signal
    begin_number: Signal
    product_cycles: Signal
    ready: Signal
    ended: Signal
    reads: Beats
    writes: Beats
    rvalid: Signal
    rdata: Signal
    dac: Signal
    start: Signal
    phase: Signal
    adc: Signal
    select: Signal
    sample: Signal

    def __init__(self, *, config: ImcConfig):
        self.config = config
        beats = BeatSignature(config.port_bytes)
        super().__init__(
            {
                "contexts": several(In(IMA_CONTEXT), 2),
                "begin": In(1),
                "begin_number": In(1),
                "product_cycles": In(PHASE_BITS),
                "ready": Out(1),
                "ended": Out(1),
                "reads": Out(beats),
                "writes": Out(beats),
                "rvalid": In(1),
                "rdata": In(8 * config.port_bytes),
                "dac": Out(8 * config.rows),
                "start": Out(1),
                "phase": Out(2),
                "adc": In(8 * config.columns),
                "select": Out(SELECT_BITS),
                "sample": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, port_bytes = self.config, self.config.port_bytes
        m.submodules.source = source = StreamSource(port_bytes=port_bytes)
        m.submodules.sink = sink = StreamSink(port_bytes=port_bytes)
        m.submodules.input_registers = inputs = InputMemory(
            config=config.crossbar, group_bytes=port_bytes
        )
        m.submodules.dac_bank = dac_bank = DacBank(config=config.crossbar)
        m.submodules.sequencer = sequencer = MvmSequencer()
        m.submodules.adc_bank = adc_bank = AdcBank(columns=config.columns)
        m.submodules.output_registers = outputs = OutputMemory(
            config=config.crossbar, group_bytes=port_bytes
        )
        # The memories have no reset of their own; they are cleared in the cycle after one.
        after_reset = Signal(init=1)
        m.d.sync += after_reset.eq(0)
        launch = Signal()
        context = Signal()
        complete = Signal()
        self._stream_in(m, source, inputs, complete=complete, context=context, launch=launch)
        self._multiply(m, sequencer, adc_bank, ready=complete, context=context, launch=launch)
        self._stream_out(m, sink, outputs, adc_bank)
        self._overlap(m, source, sink)
        m.d.comb += [
            inputs.clear.eq(launch | after_reset),
            outputs.clear.eq(after_reset),
            dac_bank.load.eq(launch),
            dac_bank.clear.eq(sequencer.sample | after_reset),
            dac_bank.i_codes.eq(inputs.codes),
            self.dac.eq(dac_bank.o_codes),
        ]
        return m

    def _stream_in(
        self,
        m: Module,
        source: StreamSource,
        inputs: InputMemory,
        *,
        complete: Signal,
        context: Signal,
        launch: Signal,
    ) -> None:
        """Pack the runs of a vector into consecutive word lines, from the window's first on."""
        loops = Array(source_loops(each) for each in self.contexts)
        first_rows = Array(each.row for each in self.contexts)
        middle = Signal()
        next_row = Signal(index_shape(self.config.rows))
        beat = source.o.payload
        taken = source.o.valid & ~complete
        pass_on(m, inner=source.beats, outer=self.reads)
        m.d.comb += [
            self.ready.eq(~source.loaded),
            source.load.eq(self.begin),
            source.context.eq(self.begin_number),
            source.loops.eq(loops[self.begin_number]),
            source.rvalid.eq(self.rvalid),
            source.rdata.eq(self.rdata),
            source.o.ready.eq(~complete),
            inputs.write.eq(taken),
            inputs.start.eq(Mux(middle, next_row, first_rows[beat.context])),
            inputs.count.eq(beat.count),
            inputs.data.eq(beat.data),
        ]
        with m.If(launch):
            m.d.sync += complete.eq(0)
        with m.If(taken):
            m.d.sync += [
                middle.eq(~beat.last),
                next_row.eq(inputs.start + beat.count),
                complete.eq(beat.last),
                context.eq(beat.context),
            ]

    def _multiply(
        self,
        m: Module,
        sequencer: MvmSequencer,
        adc_bank: AdcBank,
        *,
        ready: Signal,
        context: Signal,
        launch: Signal,
    ) -> None:
        """Begin a product when vector, crossbar and a place for its codes are there."""
        crossbars = Array(each.crossbar for each in self.contexts)
        lengths = [Signal(PHASE_BITS, name=f"product_cycles_{number}") for number in (0, 1)]
        for number, length in enumerate(lengths):
            with m.If(self.begin & (self.begin_number == number)):
                m.d.sync += length.eq(self.product_cycles)
        m.d.comb += [
            launch.eq(ready & (sequencer.phase == MvmPhase.IDLE) & ~adc_bank.waits),
            sequencer.begin.eq(launch),
            sequencer.precharge_cycles.eq(1),
            sequencer.integrate_cycles.eq(Array(lengths)[context] - FIXED_CYCLES),
            sequencer.digitise_cycles.eq(1),
            self.start.eq(sequencer.start),
            self.phase.eq(sequencer.phase),
            self.sample.eq(sequencer.sample),
            adc_bank.sample.eq(sequencer.sample),
            adc_bank.adc.eq(self.adc),
        ]
        with m.If(launch):
            m.d.sync += self.select.eq(crossbars[context])

    def _stream_out(
        self, m: Module, sink: StreamSink, outputs: OutputMemory, adc_bank: AdcBank
    ) -> None:
        """Write the window's codes of one vector after the other, context by context."""
        loops = Array(destination_loops(each) for each in self.contexts)
        columns = Array(each.column for each in self.contexts)
        full = Signal()
        follows = Signal()
        following = Signal()
        pass_on(m, inner=sink.beats, outer=self.writes)
        m.d.comb += [
            sink.load.eq(follows & ~sink.loaded),
            sink.loops.eq(loops[following]),
            sink.first.eq(columns[following]),
            sink.full.eq(full),
            sink.data.eq(outputs.data),
            outputs.start.eq(sink.index),
            outputs.count.eq(sink.count),
            outputs.codes.eq(adc_bank.codes),
            outputs.sample.eq(adc_bank.move),
            adc_bank.free.eq(~full),
            self.ended.eq(sink.ends),
        ]
        with m.If(sink.leaves):
            m.d.sync += full.eq(0)
        with m.If(adc_bank.move):
            m.d.sync += full.eq(1)
        with m.If(sink.load):
            m.d.sync += follows.eq(0)
        with m.If(self.begin):
            m.d.sync += [follows.eq(1), following.eq(self.begin_number)]

    def _overlap(self, m: Module, source: StreamSource, sink: StreamSink) -> None:
        """Where execution is sequential, a vector begins when the one before is written."""
        if self.config.execution is Execution.PIPELINED:
            return
        under_way = Signal()
        left = Signal()
        m.d.comb += source.hold.eq(under_way)
        # What was written last holds its port for one cycle more, also where reads have their own.
        m.d.sync += left.eq(sink.leaves)
        with m.If(left):
            m.d.sync += under_way.eq(0)
        with m.If(source.beats.taken):
            m.d.sync += under_way.eq(1)
