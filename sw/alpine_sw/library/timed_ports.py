# SPDX-License-Identifier: Apache-2.0
"""Timed tiles that hold what a plan says."""

from collections.abc import Mapping, Sequence

from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort

from .tile_plan import TilePlan

__all__ = ["timed_ports"]


def timed_ports(
    plans: Mapping[int, Sequence[TilePlan]], *, tile_period_fs: int
) -> dict[int, TimedTilePort]:
    """Return the ports of each core's tiles, with their matrices already in them."""
    ports: dict[int, TimedTilePort] = {}
    for core, of_core in plans.items():
        tiles = [TimedTile(config=plan.config, tile_period_fs=tile_period_fs) for plan in of_core]
        for tile, plan in zip(tiles, of_core, strict=True):
            plan.fill(tile.macro)
        ports[core] = TimedTilePort(tiles, tile_period_fs=tile_period_fs)
    return ports
