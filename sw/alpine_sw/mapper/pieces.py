# SPDX-License-Identifier: Apache-2.0
"""Matrices that exceed a tile, cut into pieces that fit: inputs and outputs, evenly."""

from itertools import pairwise

from alpine_models.errors import AlpineError
from alpine_sw.graph import Convolution, Dense, Graph, LstmCell
from alpine_sw.graph.products import MatrixProduct, matrix_products
from alpine_sw.mapping import NodeSplit, SplitAxis
from alpine_sw.mapping.records import Range
from alpine_sw.mapping.splits import split_node

from .hardware import Hardware

__all__ = ["evenly", "fits_tiles", "pieces_for"]


def evenly(size: int, pieces: int) -> tuple[Range, ...]:
    """Return ranges that divide so many elements, whose sizes differ by one at most."""
    ends = [size * number // pieces for number in range(pieces + 1)]
    return tuple(pairwise(ends))


def fits_tiles(product: MatrixProduct) -> bool:
    """Return whether programs exist for a node's product on a tile.

    They do for dense layers, cells, and convolutions with square windows without dilation.
    """
    operator = product.node.operator
    if not isinstance(operator, Convolution):
        return True
    size = operator.window.size
    return size[0] == size[1] and operator.window.dilation == (1, 1)


def pieces_for(graph: Graph, hardware: Hardware) -> tuple[NodeSplit, ...]:
    """Return the splits after which every matrix that a tile can hold fits one of the hardware's.

    Inputs of dense layers and cells' units are not among the outputs' splits: several rectangles
    of one node are several parts of a mapping.

    Raises
    ------
    AlpineError
        A cell's inputs, or one channel's window of a convolution, exceed the word lines.
    """
    splits: list[NodeSplit] = []
    if not hardware.tiles_per_core:
        return ()
    made, products = graph, matrix_products(graph)
    for name in tuple(products):
        for by in (SplitAxis.OUTPUTS, SplitAxis.INPUTS):
            before = made
            names = [one for one in products if one == name or one.startswith(f"{name} outputs ")]
            for piece in names:
                split = _split(products[piece], by, hardware)
                if split is not None and fits_tiles(products[piece]):
                    # Refused here in the words of the split itself.
                    made = split_node(made, split)
                    splits.append(split)
            if made is not before:
                products = matrix_products(made)
    return tuple(splits)


def _split(product: MatrixProduct, by: SplitAxis, hardware: Hardware) -> NodeSplit | None:
    """How a matrix is cut along one axis, or None where it is not."""
    operator, name = product.node.operator, product.node.name
    outputs, inputs = product.weights.shape
    if by is SplitAxis.OUTPUTS:
        if not isinstance(operator, Convolution) or outputs <= hardware.columns:
            return None
        return NodeSplit(node=name, by=by, ranges=evenly(outputs, -(-outputs // hardware.columns)))
    if inputs <= hardware.rows:
        return None
    if isinstance(operator, LstmCell):
        raise AlpineError(
            f"cell {name} reads {inputs} inputs, but a tile has {hardware.rows} word lines, and a "
            "cell is not split by inputs: use larger tiles"
        )
    assert isinstance(operator, Dense | Convolution)
    size = operator.weights.shape[-1]
    window = inputs // size
    most = hardware.rows // window
    if not most:
        raise AlpineError(
            f"one channel's window of convolution {name} has {window} elements, but a tile has "
            f"{hardware.rows} word lines: use larger tiles"
        )
    return NodeSplit(node=name, by=by, ranges=evenly(size, -(-size // most)))
