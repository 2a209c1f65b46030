# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A stage is often made for its signature alone, and its tile with it.
"""One tile of the loosely coupled accelerator: its page of addresses and its pipeline stage."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from alpine_models.isa import GROUP_BYTES, CmOperation
from alpine_models.registers import (
    PAGE_REGISTERS,
    PAGE_WINDOWS,
    TILE_ADDRESS_BITS,
    TILE_PAGE_BYTES,
    TILE_REGISTERS,
)
from alpine_models.tile import TileConfig

from .axi_lite import AXI_DATA_BITS, AccessSignature, AxiResponse, BusAccess
from .command_issue import GROUP, ByteGroup, CommandIssue
from .interfaces import MacroPort, MacroSignature
from .tile import AimcTile
from .typed import Component, PayloadStream, connect, pass_on, stream_of

__all__ = ["AcceleratorStage"]

PAGE_BITS = bits_for(TILE_PAGE_BYTES - 1)


class AcceleratorStage(Component):
    """Serve one tile's page of addresses, and run the tile as a stage of a pipeline.

    A vector is handed over by ``start`` or by the last group of the stage before; it is multiplied
    as soon as the result before it is gone; the result goes to the host, or group by group to the
    next stage. Everything reaches the tile as CM instructions in their indexed form.

    A window write ends when the tile has accepted it (its answer is known to be good), every other
    access to the tile when it is answered.

    Parameters
    ----------
    config : TileConfig
        The tile.
    link_bytes : int
        Bytes of a result that the next stage takes; at most ``columns``.

    Members
    -------
    xb : Out(MacroSignature)
        The tile's analog macro.
    access : In(AccessSignature)
        Accesses to the page.
    start : In(1)
        Hand the input memory's vector over. Must be low while ``input_free`` is low.
    clear_result : In(1)
        The host has read the result.
    chain_in, chain_out : In(1)
        The stage before feeds this one; this one feeds the next. Must not change while ``busy`` or
        ``result`` is high.
    relu : In(1)
        Negative outputs become 0 on their way to the next stage.
    input_free : Out(1)
        The host may write the input window and start.
    busy : Out(1)
        A vector is here that is no result for the host yet.
    result : Out(1)
        A result for the host is in the output memory.
    i : In(stream of ByteGroup)
        Groups from the stage before; the last one hands the vector over.
    o : Out(stream of ByteGroup)
        Groups for the next stage.
    """

    xb: MacroPort
    access: BusAccess
    start: Signal
    clear_result: Signal
    chain_in: Signal
    chain_out: Signal
    relu: Signal
    input_free: Signal
    busy: Signal
    result: Signal
    i: PayloadStream[ByteGroup]
    o: PayloadStream[ByteGroup]

    def __init__(self, *, config: TileConfig, link_bytes: int):
        self.config = config
        self.link_bytes = link_bytes
        super().__init__(
            {
                "xb": Out(MacroSignature(config)),
                "access": In(AccessSignature(PAGE_BITS)),
                "start": In(1),
                "clear_result": In(1),
                "chain_in": In(1),
                "chain_out": In(1),
                "relu": In(1),
                "input_free": Out(1),
                "busy": Out(1),
                "result": Out(1),
                "i": In(stream_of(GROUP)),
                "o": Out(stream_of(GROUP)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.tile = tile = AimcTile(config=self.config)
        m.submodules.issue = self.issue = issue = CommandIssue(config=self.config)
        pass_on(m, inner=tile.xb, outer=self.xb)
        connect(m, issue.cm, tile.cm)
        full = Signal()
        to_send = self._multiply(m, issue, full)
        self._take_groups(m, issue, full)
        self._send_groups(m, issue, to_send)
        self._serve_page(m, tile, issue)
        m.d.comb += self.input_free.eq(~full & ~self.chain_in)
        return m

    def _multiply(self, m: Module, issue: CommandIssue, full: Signal) -> Value:
        """Multiply the vectors handed over; return whether a result waits for the next stage."""
        processing = Signal()
        result = Signal()
        m.d.comb += [
            issue.process.valid.eq(full & ~processing & ~result),
            self.result.eq(result & ~self.chain_out),
            self.busy.eq(full | processing | (result & self.chain_out)),
        ]
        with m.If(issue.process.ready):
            m.d.sync += [full.eq(0), processing.eq(1)]
        with m.If(self.start | (self.i.valid & self.i.ready & self.i.payload.last)):
            m.d.sync += full.eq(1)
        sent_last = self.o.valid & self.o.ready & self.o.payload.last
        with m.If(Mux(self.chain_out, sent_last, self.clear_result)):
            m.d.sync += result.eq(0)
        # After the clear, so that a result that comes in the same cycle is not lost.
        with m.If(issue.process.answered):
            m.d.sync += [processing.eq(0), result.eq(1)]
        return result & self.chain_out

    def _take_groups(self, m: Module, issue: CommandIssue, full: Signal) -> None:
        m.d.comb += [
            issue.take.valid.eq(self.i.valid & ~full),
            issue.take.payload.eq(self.i.payload),
            self.i.ready.eq(issue.take.ready),
        ]

    def _send_groups(self, m: Module, issue: CommandIssue, to_send: Value) -> None:
        index = Signal(16)
        asked = Signal()
        loaded = Signal()
        left = Signal(17)
        data = Signal(AXI_DATA_BITS)
        count, last = Signal(range(GROUP_BYTES + 1)), Signal()
        m.d.comb += [
            left.eq(self.link_bytes - index),
            last.eq(left <= GROUP_BYTES),
            count.eq(Mux(last, left, GROUP_BYTES)),
            self.o.valid.eq(loaded),
            self.o.payload.eq(GROUP.pack(index=index, count=count, data=data, last=last)),
            issue.send.valid.eq(to_send & ~asked & ~loaded),
            issue.send.index.eq(index),
            issue.send.count.eq(count),
        ]
        with m.If(issue.send.ready):
            m.d.sync += asked.eq(1)
        with m.If(issue.send.answered):
            m.d.sync += [asked.eq(0), loaded.eq(1), data.eq(self._rectified(issue.answer.rd))]
        with m.If(loaded & self.o.ready):
            m.d.sync += [loaded.eq(0), index.eq(Mux(last, 0, index + GROUP_BYTES))]

    def _rectified(self, rd: Value) -> Value:
        bytes_out = (rd.word_select(i, 8) for i in range(GROUP_BYTES))
        return Cat(Mux(self.relu & byte[7], 0, byte) for byte in bytes_out)

    def _serve_page(self, m: Module, tile: AimcTile, issue: CommandIssue) -> None:
        access = self.access
        m.d.comb += [
            tile.csr.addr.eq(access.address[:TILE_ADDRESS_BITS]),
            tile.csr.wdata.eq(access.wdata),
        ]
        word = Signal(16)
        m.d.comb += word.eq(access.address[:16])
        in_window = [access.address[16:] == window.offset >> 16 for window in PAGE_WINDOWS]
        mapped = [register.offset for register in TILE_REGISTERS.registers]
        row = Signal(17)
        column = Signal(17)
        partial = access.write & (access.wstrb != (1 << len(access.wstrb)) - 1)
        # Unmapped unless one of the branches below says otherwise.
        m.d.comb += [access.done.eq(1), access.resp.eq(AxiResponse.DECERR)]
        with m.If(in_window[0]), m.If(word < self.config.rows):
            self._serve_input(m, issue, word)
        with m.Elif(in_window[1]), m.If(word < self.config.columns):
            self._serve_output(m, issue, word)
        with m.Else(), m.Switch(access.address):
            with m.Case(*mapped):
                with m.If(partial):
                    m.d.comb += access.resp.eq(AxiResponse.SLVERR)
                with m.Else():
                    self._serve_register(m, tile)
            for name, register in (("row", row), ("column", column)):
                with m.Case(PAGE_REGISTERS[name].offset):
                    m.d.comb += [
                        access.rdata.eq(register),
                        access.resp.eq(Mux(partial, AxiResponse.SLVERR, AxiResponse.OKAY)),
                    ]
                    with m.If(access.valid & access.write & ~partial):
                        m.d.sync += register.eq(access.wdata)
            with m.Case(PAGE_REGISTERS["weight"].offset):
                with m.If(partial):
                    m.d.comb += access.resp.eq(AxiResponse.SLVERR)
                with m.Else():
                    self._serve_cell(m, issue, row, column)

    def _serve_register(self, m: Module, tile: AimcTile) -> None:
        access = self.access
        m.d.comb += [
            tile.csr.write.eq(access.valid & access.first & access.write),
            access.done.eq(~access.first),
            access.rdata.eq(tile.csr.rdata),
            access.resp.eq(Mux(tile.csr.error, AxiResponse.SLVERR, AxiResponse.OKAY)),
        ]

    def _serve_input(self, m: Module, issue: CommandIssue, word: Signal) -> None:
        """Write the strobed bytes, one run of neighbours after the other."""
        access = self.access
        remaining, todo, run = (Signal(len(access.wstrb), name=n) for n in ("rest", "todo", "run"))
        low, count = Signal(2), Signal(range(GROUP_BYTES + 1))
        inside = Cat(word + i < self.config.rows for i in range(GROUP_BYTES))
        m.d.comb += todo.eq(Mux(access.first, access.wstrb, remaining))
        with m.Switch(todo):
            for strobes in range(1, 1 << len(access.wstrb)):
                first = (strobes & -strobes).bit_length() - 1
                length = next(n for n in range(1, 6) if not strobes >> first + n & 1)
                with m.Case(strobes):
                    m.d.comb += [
                        low.eq(first),
                        count.eq(length),
                        run.eq(((1 << length) - 1) << first),
                    ]
        with m.If(
            ~access.write | (access.wstrb & ~inside).any() | (access.first & ~self.input_free)
        ):
            m.d.comb += access.resp.eq(AxiResponse.SLVERR)
        with m.Else():
            m.d.comb += [
                issue.host.valid.eq(access.valid & (todo != 0)),
                issue.host.operation.eq(CmOperation.QUEUE),
                issue.host.rn.eq(word + low),
                issue.host.rm.eq(access.wdata >> (low << 3)),
                issue.host.ra.eq(count),
                access.done.eq((todo & ~Mux(issue.host.ready, run, 0)) == 0),
                access.resp.eq(AxiResponse.OKAY),
            ]
            m.d.sync += remaining.eq(todo & ~Mux(issue.host.ready, run, 0))

    def _serve_output(self, m: Module, issue: CommandIssue, word: Signal) -> None:
        access = self.access
        with m.If(access.write):
            m.d.comb += access.resp.eq(AxiResponse.SLVERR)
        with m.Else():
            left = self.config.columns - word
            m.d.comb += [
                issue.host.operation.eq(CmOperation.DEQUEUE),
                issue.host.rn.eq(word),
                issue.host.rm.eq(Mux(left < GROUP_BYTES, left, GROUP_BYTES)),
            ]
            self._await_answer(m, issue)

    def _serve_cell(self, m: Module, issue: CommandIssue, row: Signal, column: Signal) -> None:
        access = self.access
        m.d.comb += [
            issue.host.operation.eq(
                Mux(access.write, CmOperation.INITIALIZE, CmOperation.PARAM_READ)
            ),
            issue.host.rn.eq(row),
            issue.host.rm.eq(column),
            issue.host.ra.eq(access.wdata[:8]),
        ]
        self._await_answer(m, issue)
        with m.If(access.valid & issue.host.answered & (issue.answer.status == 0)):
            m.d.sync += row.eq(row + 1)

    def _await_answer(self, m: Module, issue: CommandIssue) -> None:
        access = self.access
        refused = issue.answer.status != 0
        m.d.comb += [
            issue.host.valid.eq(access.valid & ~issue.host.asked),
            access.done.eq(issue.host.answered),
            access.rdata.eq(issue.answer.rd),
            access.resp.eq(Mux(refused, AxiResponse.SLVERR, AxiResponse.OKAY)),
        ]
