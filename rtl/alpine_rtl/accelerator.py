# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# An accelerator is often made for its signature alone, and its stages with it.
"""Loose coupling: tiles behind an AXI4-Lite port, alone or chained into a pipeline."""

import itertools
from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out
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

from .axi_lite import AxiLiteBus, AxiLitePort, AxiLiteSignature, AxiResponse
from .interfaces import MacroPort, MacroSignature
from .pins import PinSignature
from .register_bank import RegisterBank
from .stage import AcceleratorStage
from .typed import Component, connect, pass_on

__all__ = ["AimcAxi"]

GLOBAL_BITS = 8
"""Address bits that the accelerator's own registers take."""


class AimcAxi(Component):
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
    s_axi : In(AxiLiteSignature)
        The bus: ports ``s_axi_*``; see `AxiLitePort`.
    irq : Out(1)
        A result waits whose interrupt is enabled.
    xb<k> : Out(MacroSignature)
        The analog macro of tile k, ports ``xb<k>_*``; see `AimcTile`.

    Raises
    ------
    ValueError
        There are no tiles or too many.
    """

    s_axi: AxiLiteBus
    irq: Signal

    def __init__(self, *, tiles: Sequence[TileConfig]):
        if not 1 <= len(tiles) <= MAX_TILES:
            raise ValueError(f"tiles must be 1 to {MAX_TILES} configurations, not {len(tiles)}")
        self.tiles = tuple(tiles)
        self.address_bits = bits_for(accelerator_bytes(len(tiles)) - 1)
        self.stages = [
            AcceleratorStage(config=config, link_bytes=link)
            for config, link in zip(self.tiles, link_bytes(self.tiles), strict=True)
        ]
        super().__init__(
            PinSignature(
                {
                    "s_axi": In(AxiLiteSignature(self.address_bits)),
                    "irq": Out(1),
                    **{f"xb{k}": Out(MacroSignature(tile)) for k, tile in enumerate(self.tiles)},
                }
            )
        )

    def macro(self, tile: int) -> MacroPort:
        """Return the member at which a tile's analog macro sits."""
        return getattr(self, f"xb{tile}")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.port = self.port = port = AxiLitePort(address_bits=self.address_bits)
        m.submodules.bank = bank = RegisterBank(
            registers=ACCELERATOR_REGISTERS, address_bits=GLOBAL_BITS
        )
        pass_on(m, inner=port.s_axi, outer=self.s_axi)
        for k, stage in enumerate(self.stages):
            m.submodules[f"stage{k}"] = stage
            pass_on(m, inner=stage.xb, outer=self.macro(k))
        self._connect_stages(m, bank)
        self._connect_bank(m, port, bank)
        self._route(m, port, bank)
        return m

    def _connect_stages(self, m: Module, bank: RegisterBank) -> None:
        stages = self.stages
        for k, stage in enumerate(stages):
            m.d.comb += [
                stage.start.eq(bank.strobe("start")[k]),
                stage.clear_result.eq(bank.strobe("result")[k]),
                stage.chain_out.eq(bank.value("chain")[k]),
                stage.relu.eq(bank.value("relu")[k]),
                bank.value("input_free")[k].eq(stage.input_free),
                bank.value("busy")[k].eq(stage.busy),
                bank.value("result")[k].eq(stage.result),
            ]
        for before, stage in itertools.pairwise(stages):
            m.d.comb += stage.chain_in.eq(before.chain_out)
            connect(m, before.o, stage.i)

    def _connect_bank(self, m: Module, port: AxiLitePort, bank: RegisterBank) -> None:
        """The accelerator's own registers, and which writes to them are refused."""
        access, count = port.access, len(self.tiles)
        outside = access.wdata[count:].any()
        input_free, result = bank.value("input_free"), bank.value("result")
        at_work = Signal()
        m.d.comb += [
            bank.value("id").eq(ACCELERATOR_ID),
            bank.value("version", "major").eq(VERSION[0]),
            bank.value("version", "minor").eq(VERSION[1]),
            bank.value("tiles").eq(count),
            at_work.eq((bank.value("busy") | result).any()),
            bank.addr.eq(access.address[:GLOBAL_BITS]),
            bank.wdata.eq(access.wdata),
            self.irq.eq((result & bank.value("interrupt_enable")).any()),
        ]
        with m.Switch(bank.addr):
            with m.Case(ACCELERATOR_REGISTERS["start"].offset):
                m.d.comb += bank.veto.eq(outside | (access.wdata & ~input_free)[:count].any())
            with m.Case(ACCELERATOR_REGISTERS["chain"].offset):
                m.d.comb += bank.veto.eq(at_work | access.wdata[count - 1 :].any())
            with m.Case(ACCELERATOR_REGISTERS["relu"].offset):
                m.d.comb += bank.veto.eq(at_work | access.wdata[count - 1 :].any())

    def _route(self, m: Module, port: AxiLitePort, bank: RegisterBank) -> None:
        """Send each access to the registers or to a stage, and its answer back."""
        access = port.access
        page_bit = bits_for(TILE_PAGE_BYTES - 1)
        page, offset = access.address[page_bit:], access.address[:page_bit]
        done, resp = Signal(), Signal(2)
        m.d.comb += [
            access.done.eq(access.valid & done),
            access.resp.eq(resp),
            # Unmapped unless one of the cases below says otherwise.
            done.eq(1),
            resp.eq(AxiResponse.DECERR),
        ]
        with m.Switch(page):
            mapped = (register.offset for register in ACCELERATOR_REGISTERS.registers)
            with m.Case(0), m.Switch(offset), m.Case(*mapped):
                whole = ~access.write | access.wstrb.all()
                refused = ~whole | bank.error
                m.d.comb += [
                    bank.write.eq(access.valid & access.first & access.write & whole),
                    done.eq(~access.first),
                    resp.eq(Mux(refused, AxiResponse.SLVERR, AxiResponse.OKAY)),
                    access.rdata.eq(bank.rdata),
                ]
            for k, stage in enumerate(self.stages):
                m.d.comb += [
                    stage.access.first.eq(access.first),
                    stage.access.write.eq(access.write),
                    stage.access.address.eq(offset),
                    stage.access.wdata.eq(access.wdata),
                    stage.access.wstrb.eq(access.wstrb),
                ]
                with m.Case(k + 1):
                    m.d.comb += [
                        stage.access.valid.eq(access.valid),
                        done.eq(stage.access.done),
                        resp.eq(stage.access.resp),
                        access.rdata.eq(stage.access.rdata),
                    ]
