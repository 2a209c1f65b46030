# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""The AIMC tile: CM port, controller and register banks around one analog crossbar."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.register_map import REGISTER_BITS
from alpine_models.registers import TILE_ADDRESS_BITS, TILE_ID
from alpine_models.tile import TileConfig

from .cells import CellAccess
from .command import CommandRegister
from .decoder import CmDecoder
from .double_buffer import DacBank, PendingAnswers
from .input_memory import InputMemory
from .lanes import index_shape
from .output_memory import OutputMemory
from .responses import ResponseBuffer
from .sequencer import MvmPhase, MvmSequencer
from .stream_counters import StreamCounters
from .tile_registers import TileRegisters

__all__ = ["AimcTile"]


class AimcTile(wiring.Component):
    """Execute CM instructions on a crossbar that sits at the ``xb_`` ports.

    One command is accepted per cycle and answered one cycle later, except that the response to
    CM_PROCESS follows the last MVM phase, and those to CM_INITIALIZE and CM_PARAM_READ one further
    cycle, during which no other command is accepted. Up to two responses wait while the core does
    not take them. A command with a non-zero status changes nothing but the sticky error.

    With ``double_buffer``, CM_PROCESS first moves the input memory into DAC registers, which takes
    one cycle more, and valid CM_QUEUEs are accepted while the crossbar works; they are answered
    after it, one per cycle. Any other command waits in the command register until those answers
    are given. As answers leave in order and one by one, a port that is busy in every cycle gains
    nothing from the second buffer; a core that needs more than a cycle per command does.

    While the register port's inputs are 0 the tile works with its defaults, and without a request
    nothing in it changes, from the second cycle after a reset on: the first one clears the
    memories.

    All outputs come from registers, through multiplexers at most; no input reaches an output
    combinationally.

    Parameters
    ----------
    config : TileConfig
        Geometry, default phase lengths and whether there is a second input buffer.

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
    csr_addr : In(8), csr_write : In(1), csr_wdata : In(32)
        Access to one of `alpine_models.registers.TILE_REGISTERS`; one per cycle, always taken.
    csr_rdata : Out(32), csr_error : Out(1)
        What the access of the cycle before returned; see `RegisterBank`.
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
                "xb_prog_row": Out(index_shape(config.rows)),
                "xb_prog_col": Out(index_shape(config.columns)),
                "xb_prog_weight": Out(8),
                "xb_prog_busy": In(1),
                "xb_read_valid": Out(1),
                "xb_read_row": Out(index_shape(config.rows)),
                "xb_read_col": Out(index_shape(config.columns)),
                "xb_read_weight": In(8),
                "csr_addr": In(TILE_ADDRESS_BITS),
                "csr_write": In(1),
                "csr_wdata": In(REGISTER_BITS),
                "csr_rdata": Out(REGISTER_BITS, init=TILE_ID),
                "csr_error": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = CmDecoder(config=self.config)
        m.submodules.command = command = CommandRegister(config=self.config)
        m.submodules.streams = streams = StreamCounters(config=self.config)
        m.submodules.input_memory = input_memory = InputMemory(config=self.config)
        m.submodules.output_memory = output_memory = OutputMemory(config=self.config)
        m.submodules.sequencer = sequencer = MvmSequencer()
        m.submodules.cells = cells = CellAccess()
        m.submodules.responses = responses = ResponseBuffer()
        m.submodules.registers = registers = TileRegisters(config=self.config)

        self._connect_request(m, decoder, command, streams)
        self._connect_memories(m, command, input_memory, output_memory, sequencer)
        self._connect_sequencer(m, sequencer, registers)
        self._connect_cells(m, command, cells)
        self._connect_responses(m, command, output_memory, cells, responses)
        self._connect_registers(m, command, sequencer, registers)
        # The memories are cleared in the cycle after a reset, ahead of the first command's access.
        # So the reset, an input, stays out of the widest logic: a shallow reset tree in silicon,
        # and nothing for a simulator to evaluate again at every change of an input.
        after_reset = Signal(init=1)
        m.d.sync += after_reset.eq(0)
        m.d.comb += output_memory.clear.eq(after_reset)
        control = self._control_double if self.config.double_buffer else self._control_single
        control(
            m,
            after_reset,
            command=command,
            input_memory=input_memory,
            sequencer=sequencer,
            cells=cells,
            responses=responses,
            registers=registers,
        )
        return m

    def _connect_request(self, m, decoder, command, streams) -> None:
        m.d.comb += [
            decoder.instr.eq(self.cm_req_instr),
            decoder.rn.eq(self.cm_req_rn),
            decoder.rm.eq(self.cm_req_rm),
            decoder.ra.eq(self.cm_req_ra),
            decoder.input_counter.eq(streams.input),
            decoder.output_counter.eq(streams.output),
            command.accept.eq(self.cm_req_valid & self.cm_req_ready),
            command.i_operation.eq(decoder.operation),
            command.i_status.eq(decoder.status),
            command.i_start.eq(decoder.start),
            command.i_count.eq(decoder.count),
            command.i_row.eq(decoder.row),
            command.i_column.eq(decoder.column),
            command.i_data.eq(decoder.data),
            streams.execute.eq(command.execute),
            streams.streaming.eq(decoder.streaming),
            streams.count.eq(decoder.count),
        ]

    def _connect_memories(self, m, command, input_memory, output_memory, sequencer) -> None:
        # The input memory is written in the cycle after acceptance, so that decoding and the
        # bank's write decoders lie on different sides of a register.
        m.d.comb += [
            input_memory.write.eq(command.fresh & (command.operation == CmOperation.QUEUE)),
            input_memory.start.eq(command.start),
            input_memory.count.eq(command.count),
            input_memory.data.eq(command.data),
            output_memory.sample.eq(sequencer.sample),
            output_memory.codes.eq(self.xb_adc),
            output_memory.start.eq(command.start),
            output_memory.count.eq(command.count),
        ]

    def _connect_sequencer(self, m, sequencer, registers) -> None:
        m.d.comb += [
            sequencer.precharge_cycles.eq(registers.precharge_cycles),
            sequencer.integrate_cycles.eq(registers.integrate_cycles),
            sequencer.digitise_cycles.eq(registers.digitise_cycles),
            self.xb_start.eq(sequencer.start),
            self.xb_phase.eq(sequencer.phase),
        ]

    def _connect_cells(self, m, command, cells) -> None:
        launched = command.waiting & command.launch
        m.d.comb += [
            cells.program.eq(launched & (command.operation == CmOperation.INITIALIZE)),
            cells.read.eq(launched & (command.operation == CmOperation.PARAM_READ)),
            cells.prog_busy.eq(self.xb_prog_busy),
            cells.read_weight.eq(self.xb_read_weight),
            self.xb_prog_valid.eq(cells.program),
            self.xb_prog_row.eq(command.row),
            self.xb_prog_col.eq(command.column),
            self.xb_prog_weight.eq(command.data[:8]),
            self.xb_read_valid.eq(cells.read),
            self.xb_read_row.eq(command.row),
            self.xb_read_col.eq(command.column),
        ]

    def _connect_responses(self, m, command, output_memory, cells, responses) -> None:
        m.d.comb += [
            self.cm_rsp_valid.eq(responses.o_valid),
            self.cm_rsp_rd.eq(responses.o_rd),
            self.cm_rsp_status.eq(responses.o_status),
            responses.o_ready.eq(self.cm_rsp_ready),
            responses.i_status.eq(command.status),
        ]
        with m.If(command.rd_is_status):
            m.d.comb += responses.i_rd.eq(command.status)
        with m.Elif(command.operation == CmOperation.DEQUEUE):
            m.d.comb += responses.i_rd.eq(output_memory.data)
        with m.Elif(command.operation == CmOperation.PARAM_READ):
            m.d.comb += responses.i_rd.eq(cells.weight.as_signed())

    def _connect_registers(self, m, command, sequencer, registers) -> None:
        moved = Mux(command.fresh, command.count, 0)
        m.d.comb += [
            registers.addr.eq(self.csr_addr),
            registers.write.eq(self.csr_write),
            registers.wdata.eq(self.csr_wdata),
            self.csr_rdata.eq(registers.rdata),
            self.csr_error.eq(registers.error),
            registers.stall.eq(self.cm_req_valid & ~self.cm_req_ready),
            registers.mvm.eq(sequencer.sample),
            registers.queued.eq(Mux(command.operation == CmOperation.QUEUE, moved, 0)),
            registers.dequeued.eq(Mux(command.operation == CmOperation.DEQUEUE, moved, 0)),
            registers.status.eq(Mux(command.fresh, command.status, 0)),
        ]

    def _control_single(
        self, m, after_reset, *, command, input_memory, sequencer, cells, responses, registers
    ) -> None:
        """One buffer: a command stays in its register until its response leaves."""
        m.d.comb += [
            self.cm_req_ready.eq(~command.valid | command.leave),
            command.leave.eq(command.valid & command.done & ~responses.held),
            command.launch.eq(1),
            command.finish.eq(cells.finish | sequencer.sample),
            sequencer.begin.eq(command.execute == CmOperation.PROCESS),
            responses.i_valid.eq(command.valid & command.done),
            registers.busy.eq(command.valid | responses.held),
            input_memory.clear.eq(sequencer.sample | after_reset),
            self.xb_dac.eq(input_memory.codes),
        ]

    def _control_double(
        self, m, after_reset, *, command, input_memory, sequencer, cells, responses, registers
    ) -> None:
        """Two buffers: CM_PROCESS and the CM_QUEUEs behind it leave, and are answered later."""
        m.submodules.dac_bank = dac_bank = DacBank(config=self.config)
        m.submodules.pending = pending = PendingAnswers(config=self.config)
        begin, queued_behind = Signal(), Signal()
        answer_owed, answer_command = Signal(), Signal()
        m.d.comb += [
            command.launch.eq(~pending.any),
            command.finish.eq(cells.finish),
            begin.eq(command.launch & command.waiting & (command.operation == CmOperation.PROCESS)),
            queued_behind.eq(
                command.valid
                & pending.any
                & ~pending.full
                & (command.operation == CmOperation.QUEUE)
            ),
            answer_owed.eq(pending.any & (sequencer.phase == MvmPhase.IDLE)),
            answer_command.eq(command.valid & command.done & ~pending.any),
            pending.add.eq(begin | queued_behind),
            pending.take.eq(answer_owed & ~responses.held),
            command.leave.eq(begin | queued_behind | (answer_command & ~responses.held)),
            self.cm_req_ready.eq(~command.valid | command.leave),
            responses.i_valid.eq(answer_owed | answer_command),
            registers.busy.eq(command.valid | responses.held | pending.any),
            sequencer.begin.eq(begin),
            dac_bank.load.eq(begin),
            dac_bank.clear.eq(sequencer.sample | after_reset),
            dac_bank.i_codes.eq(input_memory.codes),
            input_memory.clear.eq(begin | after_reset),
            self.xb_dac.eq(dac_bank.o_codes),
        ]
        with m.If(pending.any):
            m.d.comb += [responses.i_rd.eq(0), responses.i_status.eq(0)]
