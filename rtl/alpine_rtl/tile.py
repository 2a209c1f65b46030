"""The AIMC tile: CM port, controller and register banks around one analog crossbar."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig

from .decoder import CmDecoder
from .input_memory import InputMemory
from .output_memory import OutputMemory
from .responses import ResponseBuffer
from .sequencer import MvmSequencer

__all__ = ["AimcTile"]


class AimcTile(wiring.Component):
    """Execute CM instructions on a crossbar that sits at the ``xb_`` ports.

    One command is accepted per cycle and answered one cycle later, except that the response to
    CM_PROCESS follows the last MVM phase, and those to CM_INITIALIZE and CM_PARAM_READ one further
    cycle, during which no other command is accepted. Up to two responses wait while the core does
    not take them. A command with a non-zero status changes nothing.

    All outputs come from registers, through multiplexers at most; no input reaches an output
    combinationally.

    Parameters
    ----------
    config : TileConfig
        Geometry and default phase lengths.

    Members
    -------
    cm_req_valid : In(1), cm_req_ready : Out(1)
        A request is transferred at a clock edge at which both are high.
    cm_req_instr : In(32), cm_req_rn, cm_req_rm, cm_req_ra : In(64)
        Instruction word and the values of the registers that it names. Valid with ``cm_req_valid``.
    cm_rsp_valid : Out(1), cm_rsp_ready : In(1)
        A response is transferred at a clock edge at which both are high; one per request, in order.
    cm_rsp_rd : Out(64), cm_rsp_status : Out(4)
        Value for the destination register, and `CmStatus`. Valid and stable with ``cm_rsp_valid``.
    xb_dac : Out(8 * rows)
        DAC codes, signed 8 bit, word line 0 lowest. Stable from ``xb_start`` until the ADC codes
        are taken.
    xb_start : Out(1)
        High in the first cycle of an MVM.
    xb_phase : Out(2)
        `MvmPhase`, for the analog part's own switches.
    xb_adc : In(8 * columns)
        ADC codes, signed 8 bit, bit line 0 lowest. Taken at the end of the last phase.
    xb_prog_valid : Out(1), xb_prog_row, xb_prog_col : Out, xb_prog_weight : Out(8)
        Program one cell; high for one cycle.
    xb_prog_busy : In(1)
        Programming goes on. Looked at from the edge that ends ``xb_prog_valid`` on; the response
        follows the first such edge at which it is low.
    xb_read_valid : Out(1), xb_read_row, xb_read_col : Out
        Read one cell; high for one cycle.
    xb_read_weight : In(8)
        The cell's weight, taken at the edge that ends ``xb_read_valid``.
    """

    def __init__(self, *, config: TileConfig):
        self.config = config
        super().__init__(
            {
                "cm_req_valid": In(1),
                "cm_req_ready": Out(1),
                "cm_req_instr": In(32),
                "cm_req_rn": In(64),
                "cm_req_rm": In(64),
                "cm_req_ra": In(64),
                "cm_rsp_valid": Out(1),
                "cm_rsp_ready": In(1),
                "cm_rsp_rd": Out(64),
                "cm_rsp_status": Out(4),
                "xb_dac": Out(8 * config.rows),
                "xb_start": Out(1),
                "xb_phase": Out(2),
                "xb_adc": In(8 * config.columns),
                "xb_prog_valid": Out(1),
                "xb_prog_row": Out(range(max(2, config.rows))),
                "xb_prog_col": Out(range(max(2, config.columns))),
                "xb_prog_weight": Out(8),
                "xb_prog_busy": In(1),
                "xb_read_valid": Out(1),
                "xb_read_row": Out(range(max(2, config.rows))),
                "xb_read_col": Out(range(max(2, config.columns))),
                "xb_read_weight": In(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = CmDecoder(config=self.config)
        m.submodules.input_memory = input_memory = InputMemory(config=self.config)
        m.submodules.output_memory = output_memory = OutputMemory(config=self.config)
        m.submodules.sequencer = sequencer = MvmSequencer()
        m.submodules.responses = responses = ResponseBuffer()

        # The command register: the one command that is being executed, already checked.
        valid, done = Signal(), Signal()
        operation = Signal(CmOperation)
        status = Signal(4)
        start = Signal.like(decoder.start)
        count = Signal.like(decoder.count)
        row, column = Signal.like(decoder.row), Signal.like(decoder.column)
        data = Signal(32)
        rd_is_status = Signal()

        accept = Signal()
        m.d.comb += [
            self.cm_req_ready.eq(Mux(valid, done & ~responses.held, 1)),
            accept.eq(self.cm_req_valid & self.cm_req_ready),
        ]

        input_counter = Signal(range(self.config.rows + 1))
        output_counter = Signal(range(self.config.columns + 1))
        m.d.comb += [
            decoder.instr.eq(self.cm_req_instr),
            decoder.rn.eq(self.cm_req_rn),
            decoder.rm.eq(self.cm_req_rm),
            decoder.ra.eq(self.cm_req_ra),
            decoder.input_counter.eq(input_counter),
            decoder.output_counter.eq(output_counter),
        ]
        execute = Signal(CmOperation)
        m.d.comb += execute.eq(Mux(accept & (decoder.status == 0), decoder.operation, 0))

        with m.If(accept):
            m.d.sync += [
                valid.eq(1),
                operation.eq(execute),
                status.eq(decoder.status),
                start.eq(decoder.start),
                count.eq(decoder.count),
                row.eq(decoder.row),
                column.eq(decoder.column),
                data.eq(decoder.data),
                rd_is_status.eq(
                    (decoder.operation == CmOperation.PROCESS)
                    | (decoder.operation == CmOperation.INITIALIZE)
                ),
                done.eq(
                    (execute != CmOperation.PROCESS)
                    & (execute != CmOperation.INITIALIZE)
                    & (execute != CmOperation.PARAM_READ)
                ),
            ]
        with m.Elif(valid & done & ~responses.held):
            # The response leaves, to the core or to the buffer.
            m.d.sync += valid.eq(0)

        # Counters of the streaming forms.
        with m.If((execute == CmOperation.QUEUE) & decoder.streaming):
            m.d.sync += input_counter.eq(input_counter + decoder.count)
        with m.If((execute == CmOperation.DEQUEUE) & decoder.streaming):
            m.d.sync += output_counter.eq(output_counter + decoder.count)
        with m.If(execute == CmOperation.PROCESS):
            m.d.sync += [input_counter.eq(0), output_counter.eq(0)]

        # Input memory: written in the cycle after acceptance, so that decoding and the bank's
        # write decoders lie on different sides of a register.
        queueing = Signal()
        m.d.sync += queueing.eq(execute == CmOperation.QUEUE)
        m.d.comb += [
            input_memory.write.eq(queueing),
            input_memory.start.eq(start),
            input_memory.count.eq(count),
            input_memory.data.eq(data),
            input_memory.clear.eq(sequencer.sample),
            self.xb_dac.eq(input_memory.codes),
        ]

        # MVM.
        m.d.comb += [
            sequencer.begin.eq(execute == CmOperation.PROCESS),
            sequencer.precharge_cycles.eq(self.config.precharge_cycles),
            sequencer.integrate_cycles.eq(self.config.integrate_cycles),
            sequencer.digitise_cycles.eq(self.config.digitise_cycles),
            self.xb_start.eq(sequencer.start),
            self.xb_phase.eq(sequencer.phase),
            output_memory.sample.eq(sequencer.sample),
            output_memory.codes.eq(self.xb_adc),
            output_memory.start.eq(start),
            output_memory.count.eq(count),
        ]
        with m.If(sequencer.sample):
            m.d.sync += done.eq(1)

        # Programming and read-back.
        programming, prog_valid, read_valid = Signal(), Signal(), Signal()
        read_weight = Signal(8)
        m.d.sync += [
            prog_valid.eq(execute == CmOperation.INITIALIZE),
            read_valid.eq(execute == CmOperation.PARAM_READ),
        ]
        with m.If(execute == CmOperation.INITIALIZE):
            m.d.sync += programming.eq(1)
        with m.Elif(programming & ~self.xb_prog_busy):
            m.d.sync += [programming.eq(0), done.eq(1)]
        with m.If(read_valid):
            m.d.sync += [read_weight.eq(self.xb_read_weight), done.eq(1)]
        m.d.comb += [
            self.xb_prog_valid.eq(prog_valid),
            self.xb_prog_row.eq(row),
            self.xb_prog_col.eq(column),
            self.xb_prog_weight.eq(data[:8]),
            self.xb_read_valid.eq(read_valid),
            self.xb_read_row.eq(row),
            self.xb_read_col.eq(column),
        ]

        # Response of the command in the register.
        m.d.comb += [
            responses.i_valid.eq(valid & done),
            responses.i_status.eq(status),
            self.cm_rsp_valid.eq(responses.o_valid),
            self.cm_rsp_rd.eq(responses.o_rd),
            self.cm_rsp_status.eq(responses.o_status),
            responses.o_ready.eq(self.cm_rsp_ready),
        ]
        with m.If(rd_is_status):
            m.d.comb += responses.i_rd.eq(status)
        with m.Elif(operation == CmOperation.DEQUEUE):
            m.d.comb += responses.i_rd.eq(output_memory.data)
        with m.Elif(operation == CmOperation.PARAM_READ):
            m.d.comb += responses.i_rd.eq(read_weight.as_signed())
        return m
