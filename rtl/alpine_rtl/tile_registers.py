# SPDX-License-Identifier: Apache-2.0
"""Configuration and status registers of the tile."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.isa import GROUP_BYTES
from alpine_models.register_map import REGISTER_BITS
from alpine_models.registers import TILE_ADDRESS_BITS, TILE_ID, VERSION, tile_register_map
from alpine_models.tile import TileConfig

from .interfaces import RegisterInterface, RegisterSignature
from .register_bank import RegisterBank
from .sequencer import PHASE_BITS
from .typed import Component

__all__ = ["TileRegisters"]


class TileRegisters(Component):
    """Phase lengths, sticky error and performance counters, behind the tile's register port.

    The sticky error keeps the first code that comes after a clear. Nothing counts while ``busy``
    is low, so that an idle tile stays as it is.

    Parameters
    ----------
    config : TileConfig
        What the identification registers tell, and the default phase lengths.

    Members
    -------
    port : In(RegisterSignature(8))
        The tile's register port.
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

    port: RegisterInterface
    busy: Signal
    stall: Signal
    mvm: Signal
    queued: Signal
    dequeued: Signal
    status: Signal
    precharge_cycles: Signal
    integrate_cycles: Signal
    digitise_cycles: Signal

    def __init__(self, *, config: TileConfig):
        self.config = config
        super().__init__(
            {
                "port": In(RegisterSignature(TILE_ADDRESS_BITS)),
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

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bank = bank = RegisterBank(
            registers=tile_register_map(self.config), address_bits=TILE_ADDRESS_BITS
        )
        m.d.comb += [
            bank.addr.eq(self.port.addr),
            bank.write.eq(self.port.write),
            bank.wdata.eq(self.port.wdata),
            self.port.rdata.eq(bank.rdata),
            self.port.error.eq(bank.error),
            bank.value("id").eq(TILE_ID),
            bank.value("version", "major").eq(VERSION[0]),
            bank.value("version", "minor").eq(VERSION[1]),
            bank.value("rows").eq(self.config.rows),
            bank.value("columns").eq(self.config.columns),
            bank.value("features", "double_buffer").eq(self.config.double_buffer),
        ]
        override = bank.value("control", "override")
        for port, name, default in (
            (self.precharge_cycles, "precharge_cycles", self.config.precharge_cycles),
            (self.integrate_cycles, "integrate_cycles", self.config.integrate_cycles),
            (self.digitise_cycles, "digitise_cycles", self.config.digitise_cycles),
        ):
            m.d.comb += port.eq(Mux(override, bank.value(name), default))
        self._keep_error(m, bank)
        self._count(m, bank)
        return m

    def _keep_error(self, m: Module, bank: RegisterBank) -> None:
        code = Signal(4)
        with m.If((code == 0) | bank.strobe("error", "clear")):
            m.d.sync += code.eq(self.status)
        m.d.comb += bank.value("error", "code").eq(code)

    def _count(self, m: Module, bank: RegisterBank) -> None:
        for name, increment in (
            ("busy_cycles", self.busy),
            ("mvms", self.mvm),
            ("bytes_in", self.queued),
            ("bytes_out", self.dequeued),
            ("stall_cycles", self.stall),
        ):
            counter = Signal(REGISTER_BITS, name=name)
            with m.If(bank.strobe("control", "clear_counters")):
                m.d.sync += counter.eq(0)
            with m.Elif(self.busy):
                m.d.sync += counter.eq(counter + increment)
            m.d.comb += bank.value(name).eq(counter)
