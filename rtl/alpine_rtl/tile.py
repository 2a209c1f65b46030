# SPDX-License-Identifier: Apache-2.0
"""The AIMC tile: CM port, controller and register banks around one analog crossbar."""

from dataclasses import dataclass, field

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.isa import CmOperation
from alpine_models.registers import TILE_ADDRESS_BITS
from alpine_models.tile import TileConfig

from .cells import CellAccess
from .command import CommandRegister
from .decoder import CmDecoder
from .double_buffer import DacBank, PendingAnswers
from .input_memory import InputMemory
from .interfaces import (
    CM_RESPONSE,
    CmPort,
    CmSignature,
    MacroPort,
    MacroSignature,
    RegisterInterface,
    RegisterSignature,
)
from .output_memory import OutputMemory
from .pins import PinSignature
from .responses import ResponseBuffer
from .sequencer import MvmPhase, MvmSequencer
from .stream_counters import StreamCounters
from .tile_registers import TileRegisters
from .typed import Component, pass_on

__all__ = ["AimcTile"]


class AimcTile(Component):
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
    The members ``cm`` (In, `CmSignature`), ``xb`` (Out, `MacroSignature`) and ``csr`` (In,
    `RegisterSignature`), by the names of their Verilog ports:

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

    cm: CmPort
    xb: MacroPort
    csr: RegisterInterface

    def __init__(self, *, config: TileConfig):
        self.config = config
        super().__init__(
            PinSignature(
                {
                    "cm": In(CmSignature()),
                    "xb": Out(MacroSignature(config)),
                    "csr": In(RegisterSignature(TILE_ADDRESS_BITS)),
                }
            )
        )

    def elaborate(self, platform: object) -> Module:
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

        parts = _Parts(
            command=command,
            input_memory=input_memory,
            output_memory=output_memory,
            sequencer=sequencer,
            cells=cells,
            responses=responses,
            registers=registers,
        )
        pass_on(m, inner=responses.o, outer=self.cm.rsp)
        pass_on(m, inner=registers.port, outer=self.csr)
        self._connect_request(m, decoder, command, streams)
        self._connect_memories(m, parts)
        self._connect_sequencer(m, parts)
        self._connect_cells(m, parts)
        self._connect_responses(m, parts)
        self._connect_registers(m, parts)
        # The memories are cleared in the cycle after a reset, ahead of the first command's access.
        # So the reset, an input, stays out of the widest logic: a shallow reset tree in silicon,
        # and nothing for a simulator to evaluate again at every change of an input.
        after_reset = Signal(init=1)
        m.d.sync += after_reset.eq(0)
        m.d.comb += output_memory.clear.eq(after_reset)
        control = self._control_double if self.config.double_buffer else self._control_single
        control(m, after_reset, parts)
        return m

    def _connect_request(
        self, m: Module, decoder: CmDecoder, command: CommandRegister, streams: StreamCounters
    ) -> None:
        m.d.comb += [
            decoder.request.eq(self.cm.req.payload),
            decoder.input_counter.eq(streams.input),
            decoder.output_counter.eq(streams.output),
            command.accept.eq(self.cm.req.valid & self.cm.req.ready),
            command.i.eq(decoder.decoded),
            streams.execute.eq(command.execute),
            streams.streaming.eq(decoder.decoded.streaming),
            streams.count.eq(decoder.decoded.count),
        ]

    def _connect_memories(self, m: Module, parts: "_Parts") -> None:
        command, held = parts.command, parts.command.held
        # The input memory is written in the cycle after acceptance, so that decoding and the
        # bank's write decoders lie on different sides of a register.
        m.d.comb += [
            parts.input_memory.write.eq(command.fresh & (held.operation == CmOperation.QUEUE)),
            parts.input_memory.start.eq(held.start),
            parts.input_memory.count.eq(held.count),
            parts.input_memory.data.eq(held.data),
            parts.output_memory.sample.eq(parts.sequencer.sample),
            parts.output_memory.codes.eq(self.xb.adc),
            parts.output_memory.start.eq(held.start),
            parts.output_memory.count.eq(held.count),
        ]

    def _connect_sequencer(self, m: Module, parts: "_Parts") -> None:
        sequencer, registers = parts.sequencer, parts.registers
        m.d.comb += [
            sequencer.precharge_cycles.eq(registers.precharge_cycles),
            sequencer.integrate_cycles.eq(registers.integrate_cycles),
            sequencer.digitise_cycles.eq(registers.digitise_cycles),
            self.xb.start.eq(sequencer.start),
            self.xb.phase.eq(sequencer.phase),
        ]

    def _connect_cells(self, m: Module, parts: "_Parts") -> None:
        cells, held = parts.cells, parts.command.held
        launched = parts.command.waiting & parts.command.launch
        m.d.comb += [
            cells.program.eq(launched & (held.operation == CmOperation.INITIALIZE)),
            cells.read.eq(launched & (held.operation == CmOperation.PARAM_READ)),
            cells.prog_busy.eq(self.xb.prog.busy),
            cells.read_weight.eq(self.xb.read.weight),
            self.xb.prog.valid.eq(cells.program),
            self.xb.prog.row.eq(held.row),
            self.xb.prog.col.eq(held.column),
            self.xb.prog.weight.eq(held.data[:8]),
            self.xb.read.valid.eq(cells.read),
            self.xb.read.row.eq(held.row),
            self.xb.read.col.eq(held.column),
        ]

    def _connect_responses(self, m: Module, parts: "_Parts") -> None:
        command, held = parts.command, parts.command.held
        rd, status = parts.rd, parts.status
        m.d.comb += [
            parts.responses.i.payload.eq(CM_RESPONSE.pack(rd=rd, status=status)),
            status.eq(held.status),
        ]
        with m.If(command.rd_is_status):
            m.d.comb += rd.eq(held.status)
        with m.Elif(held.operation == CmOperation.DEQUEUE):
            m.d.comb += rd.eq(parts.output_memory.data)
        with m.Elif(held.operation == CmOperation.PARAM_READ):
            m.d.comb += rd.eq(parts.cells.weight.as_signed())

    def _connect_registers(self, m: Module, parts: "_Parts") -> None:
        command, held, registers = parts.command, parts.command.held, parts.registers
        moved = Mux(command.fresh, held.count, 0)
        m.d.comb += [
            registers.stall.eq(self.cm.req.valid & ~self.cm.req.ready),
            registers.mvm.eq(parts.sequencer.sample),
            registers.queued.eq(Mux(held.operation == CmOperation.QUEUE, moved, 0)),
            registers.dequeued.eq(Mux(held.operation == CmOperation.DEQUEUE, moved, 0)),
            registers.status.eq(Mux(command.fresh, held.status, 0)),
        ]

    def _control_single(self, m: Module, after_reset: Signal, parts: "_Parts") -> None:
        """One buffer: a command stays in its register until its response leaves."""
        command, sequencer, responses = parts.command, parts.sequencer, parts.responses
        m.d.comb += [
            self.cm.req.ready.eq(~command.valid | command.leave),
            command.leave.eq(command.valid & command.done & responses.i.ready),
            command.launch.eq(1),
            command.finish.eq(parts.cells.finish | sequencer.sample),
            sequencer.begin.eq(command.execute == CmOperation.PROCESS),
            responses.i.valid.eq(command.valid & command.done),
            parts.registers.busy.eq(command.valid | ~responses.i.ready),
            parts.input_memory.clear.eq(sequencer.sample | after_reset),
            self.xb.dac.eq(parts.input_memory.codes),
        ]

    def _control_double(self, m: Module, after_reset: Signal, parts: "_Parts") -> None:
        """Two buffers: CM_PROCESS and the CM_QUEUEs behind it leave, and are answered later."""
        command, sequencer, responses = parts.command, parts.sequencer, parts.responses
        held = command.held
        m.submodules.dac_bank = dac_bank = DacBank(config=self.config)
        m.submodules.pending = pending = PendingAnswers(config=self.config)
        begin, queued_behind = Signal(), Signal()
        answer_owed, answer_command = Signal(), Signal()
        m.d.comb += [
            command.launch.eq(~pending.any),
            command.finish.eq(parts.cells.finish),
            begin.eq(command.launch & command.waiting & (held.operation == CmOperation.PROCESS)),
            queued_behind.eq(
                command.valid & pending.any & ~pending.full & (held.operation == CmOperation.QUEUE)
            ),
            answer_owed.eq(pending.any & (sequencer.phase == MvmPhase.IDLE)),
            answer_command.eq(command.valid & command.done & ~pending.any),
            pending.add.eq(begin | queued_behind),
            pending.take.eq(answer_owed & responses.i.ready),
            command.leave.eq(begin | queued_behind | (answer_command & responses.i.ready)),
            self.cm.req.ready.eq(~command.valid | command.leave),
            responses.i.valid.eq(answer_owed | answer_command),
            parts.registers.busy.eq(command.valid | ~responses.i.ready | pending.any),
            sequencer.begin.eq(begin),
            dac_bank.load.eq(begin),
            dac_bank.clear.eq(sequencer.sample | after_reset),
            dac_bank.i_codes.eq(parts.input_memory.codes),
            parts.input_memory.clear.eq(begin | after_reset),
            self.xb.dac.eq(dac_bank.o_codes),
        ]
        with m.If(pending.any):
            m.d.comb += [parts.rd.eq(0), parts.status.eq(0)]


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """Submodules that every variant of the tile has, and the response that they make."""

    command: CommandRegister
    input_memory: InputMemory
    output_memory: OutputMemory
    sequencer: MvmSequencer
    cells: CellAccess
    responses: ResponseBuffer
    registers: TileRegisters
    rd: Signal = field(default_factory=lambda: Signal(64, name="rd"))
    status: Signal = field(default_factory=lambda: Signal(4, name="status"))
