# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# An accelerator is often made for its signature alone, and its stages with it.
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Loose coupling: tiles behind an AXI4-Lite port, alone or chained into a pipeline."""

import itertools
from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from amaranth.utils import bits_for

from alpine_models.registers import (
    ACCELERATOR_ID,
    ACCELERATOR_REGISTERS,
    MAX_TILES,
    TILE_PAGE_BYTES,
    VERSION,
    accelerator_bytes,
    link_bytes,
)
from alpine_models.tile import TileConfig

from .axi_lite import AxiLitePort, AxiResponse, axi_lite_members
from .ports import join
from .register_bank import RegisterBank
from .stage import CROSSBAR_PORTS, AcceleratorStage

__all__ = ["AimcAxi"]

GLOBAL_BITS = 8
"""Address bits that the accelerator's own registers take."""


class AimcAxi(wiring.Component):
    """Multiply vectors for a host that reaches the tiles through memory-mapped registers.

    The address space is `alpine_models.registers.ACCELERATOR_REGISTERS`, followed by one page per
    tile with the tile's registers, cell access and memory windows. Unmapped addresses answer
    DECERR; accesses that cannot be honoured, among them register writes with some byte lanes only,
    answer SLVERR and change nothing, except that a cell outside the array sets the tile's sticky
    error.

    An input word takes one cycle in here, hence 2 cycles per word on a bus that never waits, and
    one more when its byte lanes form two separate runs. An output word or a register takes two,
    hence 3 per word. Where a tile is busy multiplying, an access to its memories or cells lasts
    until it ends; with ``double_buffer``, input words do not wait.
    A link between chained tiles moves one 4-byte group per 3 cycles.

    Parameters
    ----------
    tiles : sequence of TileConfig
        The tiles, 1 to 16; tile k can be chained to tile k + 1. A link moves as many bytes as the
        smaller of its two memories holds.

    Members
    -------
    s_axi_* : the bus; see `AxiLitePort`.
    irq : Out(1)
        A result waits whose interrupt is enabled.
    xb<k>_* : the crossbar ports of tile k; see `AimcTile`.

    Raises
    ------
    ValueError
        There are no tiles or too many.
    """

    def __init__(self, *, tiles: Sequence[TileConfig]):
        if not 1 <= len(tiles) <= MAX_TILES:
            raise ValueError(f"tiles must be 1 to {MAX_TILES} configurations, not {len(tiles)}")
        self.tiles = tuple(tiles)
        self.address_bits = bits_for(accelerator_bytes(len(tiles)) - 1)
        self._stages = [
            AcceleratorStage(config=config, link_bytes=link)
            for config, link in zip(self.tiles, link_bytes(self.tiles), strict=True)
        ]
        super().__init__(
            {
                **axi_lite_members(self.address_bits),
                "irq": Out(1),
                **{
                    _crossbar_name(k, name): stage.signature.members[name]
                    for k, stage in enumerate(self._stages)
                    for name in CROSSBAR_PORTS
                },
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.port = self._port = port = AxiLitePort(address_bits=self.address_bits)
        m.submodules.bank = bank = RegisterBank(
            registers=ACCELERATOR_REGISTERS, address_bits=GLOBAL_BITS
        )
        for name, member in axi_lite_members(self.address_bits).items():
            join(m, member, inner=getattr(port, name), outer=getattr(self, name))
        for k, stage in enumerate(self._stages):
            m.submodules[f"stage{k}"] = stage
            for name in CROSSBAR_PORTS:
                outer = getattr(self, _crossbar_name(k, name))
                join(m, stage.signature.members[name], inner=getattr(stage, name), outer=outer)
        self._connect_stages(m, bank)
        self._connect_bank(m, port, bank)
        self._route(m, port, bank)
        return m

    def _connect_stages(self, m, bank) -> None:
        stages = self._stages
        for k, stage in enumerate(stages):
            m.d.comb += [
                stage.start.eq(bank.start_strobe[k]),
                stage.clear_result.eq(bank.result_strobe[k]),
                stage.chain_out.eq(bank.chain[k]),
                stage.relu.eq(bank.relu[k]),
                bank.input_free[k].eq(stage.input_free),
                bank.busy[k].eq(stage.busy),
                bank.result[k].eq(stage.result),
            ]
        for before, stage in itertools.pairwise(stages):
            m.d.comb += [
                stage.chain_in.eq(before.chain_out),
                stage.i_valid.eq(before.o_valid),
                stage.i_index.eq(before.o_index),
                stage.i_count.eq(before.o_count),
                stage.i_data.eq(before.o_data),
                stage.i_last.eq(before.o_last),
                before.o_ready.eq(stage.i_ready),
            ]

    def _connect_bank(self, m, port, bank) -> None:
        """The accelerator's own registers, and which writes to them are refused."""
        count = len(self.tiles)
        outside = port.wdata[count:].any()
        at_work = Signal()
        m.d.comb += [
            bank.id.eq(ACCELERATOR_ID),
            bank.version_major.eq(VERSION[0]),
            bank.version_minor.eq(VERSION[1]),
            bank.tiles.eq(count),
            at_work.eq((bank.busy | bank.result).any()),
            bank.addr.eq(port.address[:GLOBAL_BITS]),
            bank.wdata.eq(port.wdata),
            self.irq.eq((bank.result & bank.interrupt_enable).any()),
        ]
        with m.Switch(bank.addr):
            with m.Case(ACCELERATOR_REGISTERS["start"].offset):
                m.d.comb += bank.veto.eq(outside | (port.wdata & ~bank.input_free)[:count].any())
            with m.Case(ACCELERATOR_REGISTERS["chain"].offset):
                m.d.comb += bank.veto.eq(at_work | port.wdata[count - 1 :].any())
            with m.Case(ACCELERATOR_REGISTERS["relu"].offset):
                m.d.comb += bank.veto.eq(at_work | port.wdata[count - 1 :].any())

    def _route(self, m, port, bank) -> None:
        """Send each access to the registers or to a stage, and its answer back."""
        page_bit = bits_for(TILE_PAGE_BYTES - 1)
        page, offset = port.address[page_bit:], port.address[:page_bit]
        done, resp = Signal(), Signal(2)
        m.d.comb += [
            port.done.eq(port.valid & done),
            port.resp.eq(resp),
            # Unmapped unless one of the cases below says otherwise.
            done.eq(1),
            resp.eq(AxiResponse.DECERR),
        ]
        with m.Switch(page):
            mapped = (register.offset for register in ACCELERATOR_REGISTERS.registers)
            with m.Case(0), m.Switch(offset), m.Case(*mapped):
                whole = ~port.write | port.wstrb.all()
                refused = ~whole | bank.error
                m.d.comb += [
                    bank.write.eq(port.valid & port.first & port.write & whole),
                    done.eq(~port.first),
                    resp.eq(Mux(refused, AxiResponse.SLVERR, AxiResponse.OKAY)),
                    port.rdata.eq(bank.rdata),
                ]
            for k, stage in enumerate(self._stages):
                m.d.comb += [
                    stage.first.eq(port.first),
                    stage.write.eq(port.write),
                    stage.offset.eq(offset),
                    stage.wdata.eq(port.wdata),
                    stage.wstrb.eq(port.wstrb),
                ]
                with m.Case(k + 1):
                    m.d.comb += [
                        stage.valid.eq(port.valid),
                        done.eq(stage.done),
                        resp.eq(stage.resp),
                        port.rdata.eq(stage.rdata),
                    ]


def _crossbar_name(tile: int, name: str) -> str:
    return name.replace("xb_", f"xb{tile}_", 1)
