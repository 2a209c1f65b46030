# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A stage is often made for its signature alone, and its tile with it.
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""One tile of the loosely coupled accelerator: its page of addresses and its pipeline stage."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
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

from .axi_lite import AXI_DATA_BITS, AxiResponse
from .command_issue import CommandIssue
from .ports import join
from .tile import AimcTile

__all__ = ["CROSSBAR_PORTS", "AcceleratorStage"]

CROSSBAR_PORTS = (
    "xb_dac",
    "xb_start",
    "xb_phase",
    "xb_adc",
    "xb_prog_valid",
    "xb_prog_row",
    "xb_prog_col",
    "xb_prog_weight",
    "xb_prog_busy",
    "xb_read_valid",
    "xb_read_row",
    "xb_read_col",
    "xb_read_weight",
)
"""Ports of the tile at which its crossbar sits."""

PAGE_BITS = bits_for(TILE_PAGE_BYTES - 1)


class AcceleratorStage(wiring.Component):
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
    xb_* : the tile's crossbar ports.
    valid, first, write, offset, wdata, wstrb, done, rdata, resp : In and Out
        Accesses to the page; see `AxiLitePort`. ``done`` ends one while ``valid`` is high.
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
    i_valid, i_ready, i_index, i_count, i_data, i_last : In and Out
        Groups from the stage before: index of the first byte, number of bytes, bytes. Transferred
        at a clock edge at which valid and ready are high; the last one hands the vector over.
    o_valid, o_ready, o_index, o_count, o_data, o_last : Out and In
        Groups for the next stage.
    """

    def __init__(self, *, config: TileConfig, link_bytes: int):
        self.config = config
        self.link_bytes = link_bytes
        self._tile = AimcTile(config=config)
        crossbar = {name: self._tile.signature.members[name] for name in CROSSBAR_PORTS}
        group = {"index": 16, "count": range(GROUP_BYTES + 1), "data": AXI_DATA_BITS, "last": 1}
        super().__init__(
            {
                **crossbar,
                "valid": In(1),
                "first": In(1),
                "write": In(1),
                "offset": In(PAGE_BITS),
                "wdata": In(AXI_DATA_BITS),
                "wstrb": In(AXI_DATA_BITS // 8),
                "done": Out(1),
                "rdata": Out(AXI_DATA_BITS),
                "resp": Out(2),
                **{name: In(1) for name in ("start", "clear_result", "chain_in", "chain_out")},
                "relu": In(1),
                "input_free": Out(1),
                "busy": Out(1),
                "result": Out(1),
                "i_valid": In(1),
                "i_ready": Out(1),
                **{f"i_{name}": In(shape) for name, shape in group.items()},
                "o_valid": Out(1),
                "o_ready": In(1),
                **{f"o_{name}": Out(shape) for name, shape in group.items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.tile = tile = self._tile
        for name in CROSSBAR_PORTS:
            member = tile.signature.members[name]
            join(m, member, inner=getattr(tile, name), outer=getattr(self, name))
        m.submodules.issue = self._issue = issue = CommandIssue(config=self.config)
        issue.connect(m, tile)
        full = Signal()
        self._multiply(m, issue, full)
        self._take_groups(m, issue, full)
        self._send_groups(m, issue)
        self._serve_page(m, tile, issue)
        m.d.comb += self.input_free.eq(~full & ~self.chain_in)
        return m

    def _multiply(self, m, issue, full) -> None:
        processing = Signal()
        result = Signal()
        m.d.comb += [
            issue.process_valid.eq(full & ~processing & ~result),
            self.result.eq(result & ~self.chain_out),
            self.busy.eq(full | processing | (result & self.chain_out)),
        ]
        with m.If(issue.process_ready):
            m.d.sync += [full.eq(0), processing.eq(1)]
        with m.If(self.start | (self.i_valid & self.i_ready & self.i_last)):
            m.d.sync += full.eq(1)
        sent_last = self.o_valid & self.o_ready & self.o_last
        with m.If(Mux(self.chain_out, sent_last, self.clear_result)):
            m.d.sync += result.eq(0)
        # After the clear, so that a result that comes in the same cycle is not lost.
        with m.If(issue.process_answered):
            m.d.sync += [processing.eq(0), result.eq(1)]
        # What the sender of groups goes by.
        self._to_send = result & self.chain_out

    def _take_groups(self, m, issue, full) -> None:
        m.d.comb += [
            issue.take_valid.eq(self.i_valid & ~full),
            issue.take_index.eq(self.i_index),
            issue.take_count.eq(self.i_count),
            issue.take_data.eq(self.i_data),
            self.i_ready.eq(issue.take_ready),
        ]

    def _send_groups(self, m, issue) -> None:
        index = Signal(16)
        asked = Signal()
        loaded = Signal()
        left = Signal(17)
        data = Signal(AXI_DATA_BITS)
        m.d.comb += [
            left.eq(self.link_bytes - index),
            self.o_index.eq(index),
            self.o_last.eq(left <= GROUP_BYTES),
            self.o_count.eq(Mux(self.o_last, left, GROUP_BYTES)),
            self.o_valid.eq(loaded),
            self.o_data.eq(data),
            issue.send_valid.eq(self._to_send & ~asked & ~loaded),
            issue.send_index.eq(index),
            issue.send_count.eq(self.o_count),
        ]
        with m.If(issue.send_ready):
            m.d.sync += asked.eq(1)
        with m.If(issue.send_answered):
            m.d.sync += [asked.eq(0), loaded.eq(1), data.eq(self._rectified(issue.answer_rd))]
        with m.If(loaded & self.o_ready):
            m.d.sync += [loaded.eq(0), index.eq(Mux(self.o_last, 0, index + GROUP_BYTES))]

    def _rectified(self, rd):
        bytes_out = (rd.word_select(i, 8) for i in range(GROUP_BYTES))
        return Cat(Mux(self.relu & byte[7], 0, byte) for byte in bytes_out)

    def _serve_page(self, m, tile, issue) -> None:
        m.d.comb += [
            tile.csr_addr.eq(self.offset[:TILE_ADDRESS_BITS]),
            tile.csr_wdata.eq(self.wdata),
        ]
        word = Signal(16)
        m.d.comb += word.eq(self.offset[:16])
        in_window = [self.offset[16:] == window.offset >> 16 for window in PAGE_WINDOWS]
        mapped = [register.offset for register in TILE_REGISTERS.registers]
        row = Signal(17)
        column = Signal(17)
        partial = self.write & (self.wstrb != (1 << len(self.wstrb)) - 1)
        # Unmapped unless one of the branches below says otherwise.
        m.d.comb += [self.done.eq(1), self.resp.eq(AxiResponse.DECERR)]
        with m.If(in_window[0]), m.If(word < self.config.rows):
            self._serve_input(m, issue, word)
        with m.Elif(in_window[1]), m.If(word < self.config.columns):
            self._serve_output(m, issue, word)
        with m.Else(), m.Switch(self.offset):
            with m.Case(*mapped):
                with m.If(partial):
                    m.d.comb += self.resp.eq(AxiResponse.SLVERR)
                with m.Else():
                    self._serve_register(m, tile)
            for name, register in (("row", row), ("column", column)):
                with m.Case(PAGE_REGISTERS[name].offset):
                    m.d.comb += [
                        self.rdata.eq(register),
                        self.resp.eq(Mux(partial, AxiResponse.SLVERR, AxiResponse.OKAY)),
                    ]
                    with m.If(self.valid & self.write & ~partial):
                        m.d.sync += register.eq(self.wdata)
            with m.Case(PAGE_REGISTERS["weight"].offset):
                with m.If(partial):
                    m.d.comb += self.resp.eq(AxiResponse.SLVERR)
                with m.Else():
                    self._serve_cell(m, issue, row, column)

    def _serve_register(self, m, tile) -> None:
        m.d.comb += [
            tile.csr_write.eq(self.valid & self.first & self.write),
            self.done.eq(~self.first),
            self.rdata.eq(tile.csr_rdata),
            self.resp.eq(Mux(tile.csr_error, AxiResponse.SLVERR, AxiResponse.OKAY)),
        ]

    def _serve_input(self, m, issue, word) -> None:
        """Write the strobed bytes, one run of neighbours after the other."""
        remaining, todo, run = (Signal(len(self.wstrb), name=n) for n in ("rest", "todo", "run"))
        low, count = Signal(2), Signal(range(GROUP_BYTES + 1))
        inside = Cat(word + i < self.config.rows for i in range(GROUP_BYTES))
        m.d.comb += todo.eq(Mux(self.first, self.wstrb, remaining))
        with m.Switch(todo):
            for strobes in range(1, 1 << len(self.wstrb)):
                first = (strobes & -strobes).bit_length() - 1
                length = next(n for n in range(1, 6) if not strobes >> first + n & 1)
                with m.Case(strobes):
                    m.d.comb += [
                        low.eq(first),
                        count.eq(length),
                        run.eq(((1 << length) - 1) << first),
                    ]
        with m.If(~self.write | (self.wstrb & ~inside).any() | (self.first & ~self.input_free)):
            m.d.comb += self.resp.eq(AxiResponse.SLVERR)
        with m.Else():
            m.d.comb += [
                issue.host_valid.eq(self.valid & (todo != 0)),
                issue.host_operation.eq(CmOperation.QUEUE),
                issue.host_rn.eq(word + low),
                issue.host_rm.eq(self.wdata >> (low << 3)),
                issue.host_ra.eq(count),
                self.done.eq((todo & ~Mux(issue.host_ready, run, 0)) == 0),
                self.resp.eq(AxiResponse.OKAY),
            ]
            m.d.sync += remaining.eq(todo & ~Mux(issue.host_ready, run, 0))

    def _serve_output(self, m, issue, word) -> None:
        with m.If(self.write):
            m.d.comb += self.resp.eq(AxiResponse.SLVERR)
        with m.Else():
            left = self.config.columns - word
            m.d.comb += [
                issue.host_operation.eq(CmOperation.DEQUEUE),
                issue.host_rn.eq(word),
                issue.host_rm.eq(Mux(left < GROUP_BYTES, left, GROUP_BYTES)),
            ]
            self._await_answer(m, issue)

    def _serve_cell(self, m, issue, row, column) -> None:
        m.d.comb += [
            issue.host_operation.eq(
                Mux(self.write, CmOperation.INITIALIZE, CmOperation.PARAM_READ)
            ),
            issue.host_rn.eq(row),
            issue.host_rm.eq(column),
            issue.host_ra.eq(self.wdata[:8]),
        ]
        self._await_answer(m, issue)
        with m.If(self.valid & issue.host_answered & (issue.answer_status == 0)):
            m.d.sync += row.eq(row + 1)

    def _await_answer(self, m, issue) -> None:
        refused = issue.answer_status != 0
        m.d.comb += [
            issue.host_valid.eq(self.valid & ~issue.host_asked),
            self.done.eq(issue.host_answered),
            self.rdata.eq(issue.answer_rd),
            self.resp.eq(Mux(refused, AxiResponse.SLVERR, AxiResponse.OKAY)),
        ]
