# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# Its parts are made with it, and elaborated only where it is.
"""The tile with its monitor and with properties of its state, for solver and simulator alike."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, ResetSignal, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.tile import TileConfig
from alpine_rtl.interfaces import CmPort, MacroPort, RegisterInterface
from alpine_rtl.pins import PinSignature
from alpine_rtl.tile import AimcTile
from alpine_rtl.typed import Component, any_of, pass_on

from .invariants import tile_invariants
from .monitor import PORT_PROPERTIES, TileMonitor
from .observation import observe
from .situations import situations
from .state import elaborate_with_registers

__all__ = ["STATE_PROPERTIES", "TileHarness"]

STATE_PROPERTIES: dict[str, str] = {
    "reset_state": "A reset, whatever the state before, leaves every register at its reset value; "
    "memories without a reset of their own follow one cycle later.",
    "idle_fixed_point": "While nothing is outstanding and nothing is asked, no register changes.",
    "rejected_unchanged": "From a rejected command until another kind of command is accepted, no "
    "memory, counter or setting changes, unless a multiplication accepted before ends.",
    "in_range": "Counters, indices and the number of waiting answers stay in their ranges.",
}
"""What the ``violated_<name>`` outputs of `TileHarness` beyond the monitor's stand for."""

ARCHITECTURAL = (
    "input_memory.",
    "output_memory.",
    "streams.",
    "registers.bank.control_override",
    "registers.bank.precharge_cycles",
    "registers.bank.integrate_cycles",
    "registers.bank.digitise_cycles",
)
"""Prefixes of the registers that software can tell apart from after reset through commands."""

REGISTER_PORT_ANSWER = ("registers.bank.rdata", "registers.bank.error")
"""Follow the register port's address, so they hold still only when it does."""


class TileHarness(Component):
    """A tile whose every promise is an output that must stay low.

    The ports are the tile's inputs, free to a solver; what a proof must keep from them it assumes.

    Parameters
    ----------
    config : TileConfig
        Of the tile.
    tile : AimcTile, optional
        Another design with the same ports and registers: a planted fault.

    Members
    -------
    <port of the tile> : In or Out, so that the harness can stand in for the tile
    choose : In(1)
        See `TileMonitor`.
    violated : Out(1)
        Any of the following.
    violated_<property> : Out(1), for `PORT_PROPERTIES` and `STATE_PROPERTIES`.
    seen_<situation> : Out(1), for `SITUATIONS`.
    broken_<invariant> : Out(1), for every one of `invariants`
        What an inductive proof needs to know about reachable states. True as well, but of no
        interest outside.
    """

    cm: CmPort
    xb: MacroPort
    csr: RegisterInterface
    choose: Signal
    violated: Signal
    violated_in_range: Signal
    violated_reset_state: Signal
    violated_idle_fixed_point: Signal
    violated_rejected_unchanged: Signal
    broken_ranges: Signal

    def __init__(self, *, config: TileConfig, tile: AimcTile | None = None):
        self.config = config
        self.tile = tile or AimcTile(config=config)
        self.monitor = TileMonitor(config=config)
        self.fragment, self.registers = elaborate_with_registers(self.tile)
        self._only_rejected = Signal()
        # The first cycle after a reset may still clear memories.
        self._settled = Signal()
        self._invariants = tile_invariants(
            config, self.registers, self.monitor, only_rejected=self._only_rejected
        )
        self._situations = situations(config, self.monitor)
        self.invariants = tuple(self._invariants)
        self.properties = {**PORT_PROPERTIES, **STATE_PROPERTIES}
        super().__init__(
            PinSignature(
                {
                    **self.tile.signature.members,
                    "choose": In(1),
                    "violated": Out(1),
                    **{f"violated_{name}": Out(1) for name in self.properties},
                    **{f"broken_{name}": Out(1) for name in self.invariants},
                    **{f"seen_{name}": Out(1) for name in self._situations},
                }
            )
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.tile = self.fragment
        m.submodules.monitor = monitor = self.monitor
        for inner, outer, seen in (
            (self.tile.cm, self.cm, monitor.cm),
            (self.tile.xb, self.xb, monitor.xb),
            (self.tile.csr, self.csr, monitor.csr),
        ):
            pass_on(m, inner=inner, outer=outer)
            observe(m, seen, inner)
        m.d.comb += monitor.choose.eq(self.choose)
        for name in PORT_PROPERTIES:
            m.d.comb += getattr(self, f"violated_{name}").eq(getattr(monitor, f"violated_{name}"))
        for name, holds in self._invariants.items():
            m.d.comb += getattr(self, f"broken_{name}").eq(~holds)
        for name, happens in self._situations.items():
            m.d.comb += getattr(self, f"seen_{name}").eq(happens)
        m.d.sync += self._settled.eq(1)
        self._reset_state(m)
        self._idle_fixed_point(m)
        self._rejected_unchanged(m)
        m.d.comb += self.violated_in_range.eq(self.broken_ranges)
        violations: list[Signal] = [getattr(self, f"violated_{name}") for name in self.properties]
        m.d.comb += self.violated.eq(any_of(violations))
        return m

    def _reset_state(self, m: Module) -> None:
        # A register without reset keeps the note of one that is under way.
        was_reset = Signal(reset_less=True)
        was_reset_before = Signal(reset_less=True)
        m.d.sync += [was_reset.eq(ResetSignal()), was_reset_before.eq(was_reset)]
        with_reset = [r for r in self.registers.values() if not r.reset_less]
        without = [r for r in self.registers.values() if r.reset_less]
        at_reset = ~any_of(register != register.init for register in with_reset)
        cleared = ~any_of(register != register.init for register in without)
        m.d.comb += self.violated_reset_state.eq(
            (was_reset & ~at_reset) | (was_reset_before & ~cleared)
        )

    def _idle_fixed_point(self, m: Module) -> None:
        was_idle = Signal()
        same_address = Signal()
        address = Signal(len(self.csr.addr))
        m.d.sync += [
            was_idle.eq(self.monitor.idle & self._settled),
            address.eq(self.csr.addr),
            same_address.eq(was_idle & self.monitor.idle & (address == self.csr.addr)),
        ]
        with m.If(ResetSignal()):
            m.d.sync += same_address.eq(0)
        changed = self._changed(m, self.registers, REGISTER_PORT_ANSWER)
        answer_changed = self._changed(
            m, {name: self.registers[name] for name in REGISTER_PORT_ANSWER}, ()
        )
        m.d.comb += self.violated_idle_fixed_point.eq(
            (was_idle & changed) | (same_address & answer_changed)
        )

    def _changed(
        self, m: Module, registers: Mapping[str, Signal], left_out: Sequence[str]
    ) -> Value:
        """Return whether registers differ from what they were in the cycle before."""
        changed: list[Value] = []
        for name, register in registers.items():
            if name not in left_out:
                before = Signal(len(register), name="before", reset_less=True)
                m.d.sync += before.eq(register)
                changed.append(before != register)
        return any_of(changed)

    def _rejected_unchanged(self, m: Module) -> None:
        monitor = self.monitor
        accept = self.cm.req.valid & self.tile.cm.req.ready
        rejected = accept & (monitor.specification.status != 0)
        only_rejected = self._only_rejected
        kept = {
            name: register
            for name, register in self.registers.items()
            if name.startswith(ARCHITECTURAL)
        }
        # Nothing but rejected commands since nothing was outstanding.
        quiet = ((monitor.handshake.outstanding == 0) & self._settled) | only_rejected
        m.d.sync += only_rejected.eq(
            ((quiet & rejected) | (only_rejected & ~accept)) & ~self.csr.write
        )
        m.d.comb += self.violated_rejected_unchanged.eq(only_rejected & self._changed(m, kept, ()))
