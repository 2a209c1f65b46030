# SPDX-License-Identifier: Apache-2.0
"""What a mapping may use of a system."""

from dataclasses import dataclass

from alpine_models.checks import whole_number
from alpine_models.plurals import counted
from alpine_models.tile import MAX_LINES

__all__ = ["Hardware"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """Cores, and tiles that all have the same size.

    Members
    -------
    cores : that may be used, from number 0 on.
    rows, columns : word lines and bit lines of every tile.
    tiles_per_core : that a core may own; 0 for a network without tiles.

    Raises
    ------
    AlpineError
        A number is out of range.
    """

    cores: int = 8
    rows: int = 1024
    columns: int = 1024
    tiles_per_core: int = 1

    def __post_init__(self) -> None:
        whole_number("cores of a mapping", self.cores, least=1)
        whole_number("rows of a tile", self.rows, least=1, most=MAX_LINES)
        whole_number("columns of a tile", self.columns, least=1, most=MAX_LINES)
        whole_number("tiles per core", self.tiles_per_core, least=0, most=64)

    def __str__(self) -> str:
        if not self.tiles_per_core:
            return f"{counted(self.cores, 'core')} without tiles"
        return (
            f"{counted(self.cores, 'core')} with up to {counted(self.tiles_per_core, 'tile')} of "
            f"{self.rows} x {self.columns} each"
        )
