# SPDX-License-Identifier: Apache-2.0
"""Matrices packed into tiles.

A bit line has one converter and that one step. Matrices with steps of their own therefore stand
side by side, never one below the other, and what counts is how many bit lines they take.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .hardware import Hardware

__all__ = ["Place", "packed"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rectangle lies.

    Members
    -------
    tile : number of the tile among the core's.
    row, column : its first word line and bit line.
    """

    tile: int
    row: int
    column: int


def packed(sizes: Mapping[str, tuple[int, int]], hardware: Hardware) -> dict[str, Place] | None:
    """Return places for rectangles in the tiles of one core, or None if none were found.

    Rectangles come one after the other where one tile has room for all. Else the widest come first,
    each into the first tile that has room.

    Parameters
    ----------
    sizes : word lines and bit lines of every rectangle, by name.
    hardware : the tiles.
    """
    if any(rows > hardware.rows for rows, _ in sizes.values()):
        return None
    widths = {name: columns for name, (_, columns) in sizes.items()}
    order = list(widths)
    if sum(widths.values()) > hardware.columns:
        order.sort(key=lambda name: -widths[name])
    taken = [0] * hardware.tiles_per_core
    places: dict[str, Place] = {}
    for name in order:
        fitting = [n for n, used in enumerate(taken) if used + widths[name] <= hardware.columns]
        if not fitting:
            return None
        tile = fitting[0]
        places[name] = Place(tile, 0, taken[tile])
        taken[tile] += widths[name]
    return places
