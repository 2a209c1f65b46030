# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The CV-X-IF tile with a monitor of what the core decides about one instruction."""

from collections.abc import Callable
from enum import IntEnum
from functools import partial

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.tile import CVXIF_DEPTH, TileConfig
from alpine_rtl.cvxif import AimcTileCvxif
from alpine_rtl.cvxif_interface import CvxifPort
from alpine_rtl.interfaces import MacroPort, RegisterInterface
from alpine_rtl.pins import PinSignature
from alpine_rtl.typed import Component, like, pass_on

from .state import elaborate_with_registers

__all__ = ["KILL_PROPERTIES", "KILL_SITUATIONS", "Fate", "KillHarness"]

KILL_PROPERTIES: dict[str, str] = {
    "killed_executed": "An instruction that the core kills never becomes a request to the tile, "
    "and only requests change the tile.",
    "undecided_executed": "Nor does one that the core has neither committed nor killed.",
    "committed_dropped": "An accepted instruction that the core commits is never dropped.",
}
"""What the ``violated_<name>`` outputs of `KillHarness` stand for."""

KILL_SITUATIONS = ("killed", "executed", "replaced")
"""What the ``seen_<name>`` outputs of `KillHarness` are there for."""

ID_WIDTH = 3


class Fate(IntEnum):
    """What the core has decided about an instruction."""

    OPEN = 0
    """Nothing yet."""
    COMMITTED = 1
    """It happens."""
    KILLED = 2
    """It does not happen."""


class KillHarness(Component):
    """Follow one issued instruction, any one, until it leaves the adapter.

    Its fate is the first commit transaction that concerns it, from the first cycle of its issue
    request on. A request is another one as soon as its id or its hartid is; see `AimcTileCvxif`.

    Parameters
    ----------
    config : TileConfig
        Of the tile behind the adapter.
    adapter : AimcTileCvxif, optional
        Another design with the same ports and registers: a planted fault.

    Members
    -------
    <input of the adapter> : In
    choose : In(1)
        Follow the instruction issued at this clock edge, unless another is being followed.
    violated_<property> : Out(1), for `KILL_PROPERTIES`.
    seen_killed, seen_executed : Out(1)
        A followed instruction is dropped because it was killed, or goes to the tile.
    seen_replaced : Out(1)
        One is followed whose request took the place of another hart's with the same id, about which
        the core had decided.
    broken_followed : Out(1)
        What the proof needs to know about reachable states.
    """

    x: CvxifPort
    xb: MacroPort
    csr: RegisterInterface
    choose: Signal
    violated_killed_executed: Signal
    violated_undecided_executed: Signal
    violated_committed_dropped: Signal
    broken_followed: Signal
    seen_killed: Signal
    seen_executed: Signal
    seen_replaced: Signal

    def __init__(self, *, config: TileConfig, adapter: AimcTileCvxif | None = None):
        self.config = config
        self._adapter = adapter or AimcTileCvxif(config=config, id_width=ID_WIDTH)
        self._fragment, self._registers = elaborate_with_registers(self._adapter)
        self.invariants = ("followed",)
        self._waiting = Signal()
        self._early = Signal(Fate)
        outputs = (
            *(f"violated_{name}" for name in KILL_PROPERTIES),
            "broken_followed",
            *(f"seen_{name}" for name in KILL_SITUATIONS),
        )
        super().__init__(
            PinSignature(
                {
                    **self._adapter.signature.members,
                    "choose": In(1),
                    **{name: Out(1) for name in outputs},
                }
            )
        )
        asks = self._asks()
        self._waiting_for = like(asks, name="waiting_for")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.adapter = self._fragment
        adapter, registers = self._adapter, self._registers
        self._pass_on(m)
        early, replaces = self._early_fate(m)
        following = Signal()
        slot = Signal(range(CVXIF_DEPTH))
        fate = Signal(Fate)
        number = Signal(ID_WIDTH)
        hart = Signal(len(self.x.issue.req.hartid))
        accepted, sent, replaced = Signal(), Signal(), Signal()
        in_slot = partial(self._in_slot, slot)
        active = following & in_slot("valid")
        with m.If(~in_slot("valid")):
            m.d.sync += following.eq(0)
        m.d.sync += fate.eq(self._decided(fate, number, hart))
        with m.If(self.choose & self.x.issue.valid & adapter.x.issue.ready & ~following):
            m.d.sync += [
                following.eq(1),
                slot.eq(registers["following"]),
                fate.eq(early),
                number.eq(self.x.issue.req.id),
                hart.eq(self.x.issue.req.hartid),
                accepted.eq(adapter.x.issue.resp.accept),
                sent.eq(0),
                replaced.eq(replaces),
            ]
        oldest = active & (registers["oldest"] == slot)
        offered = oldest & adapter.tile.cm.req.valid
        taken = offered & adapter.tile.cm.req.ready
        with m.If(taken):
            m.d.sync += sent.eq(1)
        # The cycle after it left its slot.
        left = following & ~in_slot("valid")
        m.d.comb += [
            self.violated_killed_executed.eq(offered & (fate == Fate.KILLED)),
            self.violated_undecided_executed.eq(offered & (fate == Fate.OPEN)),
            self.violated_committed_dropped.eq(left & accepted & (fate == Fate.COMMITTED) & ~sent),
            self.seen_killed.eq(oldest & (fate == Fate.KILLED)),
            self.seen_executed.eq(taken),
            self.seen_replaced.eq(active & replaced),
            self.broken_followed.eq(
                self._lost_track(active, fate, in_slot)
                | (in_slot("ours") != accepted) & active
                | (in_slot("id") != number) & active
                | (in_slot("hartid") != hart) & active
            ),
        ]
        return m

    def _pass_on(self, m: Module) -> None:
        """Connect the adapter's ports to the component's own ones."""
        pass_on(m, inner=self._adapter.x, outer=self.x)
        pass_on(m, inner=self._adapter.xb, outer=self.xb)
        pass_on(m, inner=self._adapter.csr, outer=self.csr)

    def _in_slot(self, slot: Signal, name: str) -> Value:
        """Return a register of the adapter's slot with a number."""
        return Array(self._registers[f"slot{k}_{name}"] for k in range(CVXIF_DEPTH))[slot]

    def _lost_track(self, active: Value, fate: Signal, in_slot: Callable[[str], Value]) -> Value:
        """Return whether the adapter's flags differ from the fates known here."""
        registers, waiting = self._registers, self._waiting
        return (
            (active & (in_slot("committed") != (fate == Fate.COMMITTED)))
            | (active & (in_slot("killed") != (fate == Fate.KILLED)))
            | (waiting != registers["waiting"])
            | (waiting & (self._waiting_for != registers["waiting_identity"]))
            | (waiting & (registers["committed_before"] != (self._early == Fate.COMMITTED)))
            | (waiting & (registers["killed_before"] != (self._early == Fate.KILLED)))
            | (fate > Fate.KILLED)
            | (self._early > Fate.KILLED)
        )

    def _asks(self) -> Value:
        return Cat(self.x.issue.req.id, self.x.issue.req.hartid)

    def _early_fate(self, m: Module) -> "tuple[Signal, Value]":
        """Return what has been decided about the issue request of this cycle."""
        asks = self._asks()
        same = self._waiting & (self._waiting_for == asks)
        fate = Signal(Fate)
        before = Mux(same, self._early, Fate.OPEN)
        m.d.comb += fate.eq(self._decided(before, self.x.issue.req.id, self.x.issue.req.hartid))
        m.d.sync += [
            self._waiting.eq(self.x.issue.valid & ~self._adapter.x.issue.ready),
            self._waiting_for.eq(asks),
            self._early.eq(fate),
        ]
        replaces = (
            self._waiting
            & (self._waiting_for[:ID_WIDTH] == self.x.issue.req.id)
            & ~same
            & (self._early != Fate.OPEN)
        )
        return fate, replaces

    def _decided(self, before: Value, number: Value, hart: Value) -> Value:
        """Return a fate after this cycle's commit transaction, which the first one settles."""
        half = 1 << (ID_WIDTH - 1)
        concerned = self.x.commit.valid & (self.x.commit.payload.hartid == hart)
        up_to = (self.x.commit.payload.id - number) % (2 * half) < half
        from_on = (number - self.x.commit.payload.id) % (2 * half) < half
        kill = self.x.commit.payload.commit_kill
        now = Mux(
            concerned & kill & from_on,
            Fate.KILLED,
            Mux(concerned & ~kill & up_to, Fate.COMMITTED, Fate.OPEN),
        )
        return Mux(before == Fate.OPEN, now, before)
