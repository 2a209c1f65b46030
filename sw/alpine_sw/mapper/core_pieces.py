# SPDX-License-Identifier: Apache-2.0
"""What is assigned to cores, and what passes between them."""

from dataclasses import dataclass

__all__ = ["CorePiece", "Flow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CorePiece:
    """What goes to one core as a whole.

    Members
    -------
    name : of the piece, one of its own.
    rows, columns : word lines and bit lines that it takes.
    on_tile : cycles per inference on a tile, or None where there is no program for that.
    on_core : without one, or None likewise.
    """

    name: str
    rows: int
    columns: int
    on_tile: int | None
    on_core: int | None


@dataclass(frozen=True, slots=True)
class Flow:
    """A value that one piece makes and another reads.

    Members
    -------
    maker, reader : numbers of the pieces.
    cycles : that each of two cores spends to hand it over.
    apart, together : whether both must stand on different cores, or on the same.
    alike : whether both are on tiles or none is.
    """

    maker: int
    reader: int
    cycles: int
    apart: bool = False
    together: bool = False
    alike: bool = False
