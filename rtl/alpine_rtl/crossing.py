# SPDX-License-Identifier: Apache-2.0
"""Clock-domain crossing: a tile whose CM port lives in the CPU's clock domain."""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib.cdc import AsyncFFSynchronizer, ResetSynchronizer
from amaranth.lib.fifo import AsyncFIFO

from alpine_models.tile import CROSSING_DEPTH, TileConfig

from .interfaces import CM_REQUEST, CM_RESPONSE, CmPort, MacroPort, RegisterInterface
from .pins import PinSignature
from .tile import AimcTile
from .typed import Component, pass_on

__all__ = ["AimcTileCdc", "crossing_queue"]

RESET_STAGES = 3
"""Edges of both clocks for which the inner resets outlast the ports' resets, and then of their own
clock."""


class AimcTileCdc(Component):
    """A tile in the domain of ``clk``, with its CM port in that of ``cpu_clk``.

    The clocks need not be related. Requests and responses cross through one asynchronous queue
    each, so they stay in order and pipelined: one per cycle of the slower clock.

    From a request's transfer to the cycle in which the tile is offered it pass between two and
    three periods of ``clk``; a response crosses in the same way, counted in ``cpu_clk``. So an idle
    port sees the answer to a transfer command after at most 4 periods of each clock.

    Both queues and the tile are emptied together by either reset, of any length from one period of
    its own clock on. The inner resets begin at once; they end when both clocks have had 3 edges
    after the ports' resets and their own 3 more. Until then the port neither accepts nor offers
    anything, and what was under way is lost.

    Parameters
    ----------
    config : TileConfig
        The tile.

    Members
    -------
    cm : In(CmSignature)
        As `AimcTile`, in the domain ``cpu`` (ports ``cpu_clk``, ``cpu_rst``).
    xb, csr : as `AimcTile`, in the domain ``sync`` (ports ``clk``, ``rst``).
    """

    cm: CmPort
    xb: MacroPort
    csr: RegisterInterface

    def __init__(self, *, config: TileConfig):
        self._tile = AimcTile(config=config)
        super().__init__(PinSignature(self._tile.signature.members))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._reset_both(m)
        inner = self._tile
        m.submodules.tile = DomainRenamer("tile")(inner)
        pass_on(m, inner=inner.xb, outer=self.xb)
        pass_on(m, inner=inner.csr, outer=self.csr)
        requests = crossing_queue(CM_REQUEST.size, source="host", target="tile")
        responses = crossing_queue(CM_RESPONSE.size, source="tile", target="host")
        m.submodules.requests, m.submodules.responses = requests, responses
        # Nothing moves while the domain of either end is being reset.
        host_on, tile_on = ~ResetSignal("host"), ~ResetSignal("tile")
        m.d.comb += [
            requests.w_data.eq(self.cm.req.payload),
            requests.w_en.eq(self.cm.req.valid & host_on),
            self.cm.req.ready.eq(requests.w_rdy & host_on),
            inner.cm.req.payload.eq(requests.r_data),
            inner.cm.req.valid.eq(requests.r_rdy & tile_on),
            requests.r_en.eq(inner.cm.req.ready & tile_on),
            responses.w_data.eq(inner.cm.rsp.payload),
            responses.w_en.eq(inner.cm.rsp.valid & tile_on),
            inner.cm.rsp.ready.eq(responses.w_rdy & tile_on),
            self.cm.rsp.payload.eq(responses.r_data),
            self.cm.rsp.valid.eq(responses.r_rdy & host_on),
            responses.r_en.eq(self.cm.rsp.ready & host_on),
        ]
        return m

    def _reset_both(self, m: Module) -> None:
        """Two inner domains on the ports' clocks, both reset by either port's reset.

        An AsyncFIFO forgets its contents with the reset of its writing side only, and only when
        that lasts for an edge of the reading side; a reset of one port alone, or a short one, would
        leave stale entries in a queue. So each inner reset lasts until both clocks have ticked.
        """
        either = Signal()
        seen = {"cpu": Signal(name="cpu_resets"), "sync": Signal(name="sync_resets")}
        m.d.comb += either.eq(ResetSignal("cpu") | ResetSignal("sync"))
        for outer, signal in seen.items():
            m.submodules[f"{outer}_edges"] = AsyncFFSynchronizer(
                either, signal, o_domain=outer, stages=RESET_STAGES
            )
        together = Signal()
        m.d.comb += together.eq(either | seen["cpu"] | seen["sync"])
        for inner, outer in (("host", "cpu"), ("tile", "sync")):
            m.domains += ClockDomain(inner)
            m.d.comb += ClockSignal(inner).eq(ClockSignal(outer))
            m.submodules[f"{inner}_reset"] = ResetSynchronizer(
                together, domain=inner, stages=RESET_STAGES
            )


def crossing_queue(width: int, *, source: str, target: str) -> AsyncFIFO:
    """Return one queue of the crossing, from one clock domain to another."""
    return AsyncFIFO(width=width, depth=CROSSING_DEPTH, w_domain=source, r_domain=target)
