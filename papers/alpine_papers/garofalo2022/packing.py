# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# rectpack brings no types.
"""The crossbar layers' matrices on crossbars of 256 x 256 cells: the paper's TILE&PACK.

Matrices are cut at 256 word lines and 256 bit lines; the blocks are packed as rectangles. The paper
names rectpack, its MaxRects heuristic by the best short side and its choice of the best-fitting
bin. It names neither order nor rotation; a block that is turned would have its inputs at the bit
lines, so blocks are not turned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alpine_models.errors import AlpineError

from .layers import LayerKind, PublishedLayer
from .rules import SIDE, part_sizes

__all__ = ["MatrixBlock", "PackingOrder", "PlacedBlock", "matrix_blocks", "pack_blocks"]


class PackingOrder(StrEnum):
    """In which blocks are placed, the largest first."""

    AREA = "area"
    PERIMETER = "perimeter"
    SHORT_SIDE = "short side"
    LONG_SIDE = "long side"


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixBlock:
    """A part of a layer's matrix that one crossbar holds.

    Members
    -------
    layer : row of the table. first_row, first_column : of the matrix. rows, columns : up to 256.
    """

    layer: int
    first_row: int
    first_column: int
    rows: int
    columns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedBlock:
    """A block with its place: crossbar from 0, upper left cell."""

    block: MatrixBlock
    crossbar: int
    row: int
    column: int


def matrix_blocks(layers: Sequence[PublishedLayer]) -> list[MatrixBlock]:
    """Return the blocks of all crossbar layers, cut without filling leftovers."""
    return [
        MatrixBlock(
            layer=layer.row,
            first_row=SIDE * row,
            first_column=SIDE * column,
            rows=rows,
            columns=columns,
        )
        for layer in layers
        if layer.kind is LayerKind.CROSSBAR
        for row, rows in enumerate(part_sizes(layer.rows))
        for column, columns in enumerate(part_sizes(layer.columns))
    ]


def pack_blocks(
    blocks: Sequence[MatrixBlock],
    *,
    order: PackingOrder = PackingOrder.AREA,
    turned: bool = False,
) -> list[PlacedBlock]:
    """Return every block's place.

    Parameters
    ----------
    blocks : each at most 256 x 256.
    order : in which they are placed.
    turned : whether blocks may be turned by a quarter; such places count crossbars, no more.

    Raises
    ------
    AlpineError
        rectpack is not installed.
    """
    try:
        import rectpack
    except ImportError:
        raise AlpineError(
            "packing needs rectpack: pip install 'alpine-cosim[papers]', or pip install rectpack"
        ) from None
    orders = {
        PackingOrder.AREA: rectpack.SORT_AREA,
        PackingOrder.PERIMETER: rectpack.SORT_PERI,
        PackingOrder.SHORT_SIDE: rectpack.SORT_SSIDE,
        PackingOrder.LONG_SIDE: rectpack.SORT_LSIDE,
    }
    packer: Any = rectpack.newPacker(
        mode=rectpack.PackingMode.Offline,
        bin_algo=rectpack.PackingBin.BBF,
        pack_algo=rectpack.MaxRectsBssf,
        sort_algo=orders[order],
        rotation=turned,
    )
    for number, block in enumerate(blocks):
        packer.add_rect(block.columns, block.rows, number)
    packer.add_bin(SIDE, SIDE, count=float("inf"))
    packer.pack()
    return [
        PlacedBlock(block=blocks[number], crossbar=crossbar, row=y, column=x)
        for crossbar, x, y, _, _, number in sorted(packer.rect_list())
    ]
