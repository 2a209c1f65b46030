# SPDX-License-Identifier: Apache-2.0
"""Rectangles packed into tiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from alpine_models.errors import AlpineError

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

    Rectangles that fit side by side stand side by side; else `rectpack` looks for places. Words and
    bit lines are not exchanged.

    Parameters
    ----------
    sizes : word lines and bit lines of every rectangle, by name.
    hardware : the tiles.

    Raises
    ------
    AlpineError
        The library is not installed.
    """
    row_fits = all(rows <= hardware.rows for rows, _ in sizes.values())
    if row_fits and sum(columns for _, columns in sizes.values()) <= hardware.columns:
        places, column = dict[str, Place](), 0
        for name, (_, columns) in sizes.items():
            places[name] = Place(0, 0, column)
            column += columns
        return places
    try:
        import rectpack
    except ImportError:
        raise AlpineError(
            "packing matrices into tiles needs rectpack: install alpine-cosim[map]"
        ) from None
    # The library has no types.
    packer: Any = cast(Any, rectpack).newPacker(rotation=False)
    for number, (rows, columns) in enumerate(sizes.values()):
        packer.add_rect(columns, rows, rid=number)
    packer.add_bin(hardware.columns, hardware.rows, count=hardware.tiles_per_core)
    packer.pack()
    names = list(sizes)
    rectangles: list[tuple[int, int, int, int, int, int]] = packer.rect_list()
    found = {
        names[number]: Place(tile, row, column) for tile, column, row, _, _, number in rectangles
    }
    return {name: found[name] for name in names} if len(found) == len(names) else None
