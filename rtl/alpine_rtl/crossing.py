# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Clock-domain crossing: a tile whose CM port lives in the CPU's clock domain."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import AsyncFFSynchronizer, ResetSynchronizer
from amaranth.lib.fifo import AsyncFIFO

from alpine_models.tile import CROSSING_DEPTH, TileConfig

from .ports import join
from .tile import AimcTile

__all__ = ["AimcTileCdc", "crossing_queue"]

RESET_STAGES = 3
"""Edges of both clocks for which the inner resets outlast the ports' resets, and then of their own
clock."""

REQUEST = ("cm_req_instr", "cm_req_rn", "cm_req_rm", "cm_req_ra")
RESPONSE = ("cm_rsp_rd", "cm_rsp_status")


class AimcTileCdc(wiring.Component):
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
    cm_req_*, cm_rsp_* : as `AimcTile`, in the domain ``cpu`` (ports ``cpu_clk``, ``cpu_rst``).
    xb_*, csr_* : as `AimcTile`, in the domain ``sync`` (ports ``clk``, ``rst``).
    """

    def __init__(self, *, config: TileConfig):
        self._tile = AimcTile(config=config)
        super().__init__(dict(self._tile.signature.members.items()))

    def elaborate(self, platform):
        m = Module()
        self._reset_both(m)
        m.submodules.tile = DomainRenamer("tile")(self._tile)
        inner = self._tile
        for name, member in self.signature.members.items():
            if not name.startswith("cm_"):
                join(m, member, inner=getattr(inner, name), outer=getattr(self, name))
        m.submodules.requests = requests = _queue(inner, REQUEST, source="host", target="tile")
        m.submodules.responses = responses = _queue(inner, RESPONSE, source="tile", target="host")
        # Nothing moves while the domain of either end is being reset.
        host_on, tile_on = ~ResetSignal("host"), ~ResetSignal("tile")
        m.d.comb += [
            requests.w_data.eq(Cat(getattr(self, name) for name in REQUEST)),
            requests.w_en.eq(self.cm_req_valid & host_on),
            self.cm_req_ready.eq(requests.w_rdy & host_on),
            Cat(getattr(inner, name) for name in REQUEST).eq(requests.r_data),
            inner.cm_req_valid.eq(requests.r_rdy & tile_on),
            requests.r_en.eq(inner.cm_req_ready & tile_on),
            responses.w_data.eq(Cat(getattr(inner, name) for name in RESPONSE)),
            responses.w_en.eq(inner.cm_rsp_valid & tile_on),
            inner.cm_rsp_ready.eq(responses.w_rdy & tile_on),
            Cat(getattr(self, name) for name in RESPONSE).eq(responses.r_data),
            self.cm_rsp_valid.eq(responses.r_rdy & host_on),
            responses.r_en.eq(self.cm_rsp_ready & host_on),
        ]
        return m

    def _reset_both(self, m) -> None:
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


def _queue(tile, payload, *, source: str, target: str) -> AsyncFIFO:
    width = sum(len(getattr(tile, name)) for name in payload)
    return crossing_queue(width, source=source, target=target)
