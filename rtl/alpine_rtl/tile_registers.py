# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Configuration and status registers of the tile."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.isa import GROUP_BYTES
from alpine_models.register_map import REGISTER_BITS
from alpine_models.registers import TILE_ADDRESS_BITS, TILE_ID, VERSION, tile_register_map
from alpine_models.tile import TileConfig

from .register_bank import RegisterBank
from .sequencer import PHASE_BITS

__all__ = ["TileRegisters"]


class TileRegisters(wiring.Component):
    """Phase lengths, sticky error and performance counters, behind the tile's register port.

    The sticky error keeps the first code that comes after a clear. Nothing counts while ``busy``
    is low, so that an idle tile stays as it is.

    Parameters
    ----------
    config : TileConfig
        What the identification registers tell, and the default phase lengths.

    Members
    -------
    addr : In(8), write : In(1), wdata : In(32), rdata : Out(32), error : Out(1)
        The register port; see `RegisterBank` for its timing.
    busy : In(1), stall : In(1)
        Count a busy cycle, a cycle in which a request waits. ``stall`` must imply ``busy``.
    mvm : In(1)
        An MVM ends with this cycle.
    queued, dequeued : In(range(5))
        Bytes that moved in this cycle.
    status : In(4)
        Status of a command, for one cycle; 0 in all others.
    precharge_cycles, integrate_cycles, digitise_cycles : Out(16)
        Phase lengths for the next MVM, never 0.
    """

    def __init__(self, *, config: TileConfig):
        self.config = config
        super().__init__(
            {
                "addr": In(TILE_ADDRESS_BITS),
                "write": In(1),
                "wdata": In(REGISTER_BITS),
                "rdata": Out(REGISTER_BITS, init=TILE_ID),
                "error": Out(1),
                "busy": In(1),
                "stall": In(1),
                "mvm": In(1),
                "queued": In(range(GROUP_BYTES + 1)),
                "dequeued": In(range(GROUP_BYTES + 1)),
                "status": In(4),
                "precharge_cycles": Out(PHASE_BITS),
                "integrate_cycles": Out(PHASE_BITS),
                "digitise_cycles": Out(PHASE_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = bank = RegisterBank(
            registers=tile_register_map(self.config), address_bits=TILE_ADDRESS_BITS
        )
        m.d.comb += [
            bank.addr.eq(self.addr),
            bank.write.eq(self.write),
            bank.wdata.eq(self.wdata),
            self.rdata.eq(bank.rdata),
            self.error.eq(bank.error),
            bank.id.eq(TILE_ID),
            bank.version_major.eq(VERSION[0]),
            bank.version_minor.eq(VERSION[1]),
            bank.rows.eq(self.config.rows),
            bank.columns.eq(self.config.columns),
            bank.features_double_buffer.eq(self.config.double_buffer),
        ]
        for name in ("precharge_cycles", "integrate_cycles", "digitise_cycles"):
            m.d.comb += getattr(self, name).eq(
                Mux(bank.control_override, getattr(bank, name), getattr(self.config, name))
            )
        self._keep_error(m, bank)
        self._count(m, bank)
        return m

    def _keep_error(self, m, bank) -> None:
        code = Signal(4)
        with m.If((code == 0) | bank.error_clear_strobe):
            m.d.sync += code.eq(self.status)
        m.d.comb += bank.error_code.eq(code)

    def _count(self, m, bank) -> None:
        for name, increment in (
            ("busy_cycles", self.busy),
            ("mvms", self.mvm),
            ("bytes_in", self.queued),
            ("bytes_out", self.dequeued),
            ("stall_cycles", self.stall),
        ):
            counter = Signal(REGISTER_BITS, name=name)
            with m.If(bank.control_clear_counters_strobe):
                m.d.sync += counter.eq(0)
            with m.Elif(self.busy):
                m.d.sync += counter.eq(counter + increment)
            m.d.comb += getattr(bank, name).eq(counter)
