# SPDX-License-Identifier: Apache-2.0
"""The published mappings of an LSTM: a cell and a dense layer.

Source: Klein et al., ALPINE, IEEE TC 2022, Table II.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

from alpine_models.errors import AlpineError
from alpine_sw.graph import Gate, Graph, LstmCell
from alpine_sw.graph.products import MatrixProduct, matrix_products
from alpine_sw.library.software import InputFormat, Software

from .records import Link, MappedTile, Mapping, Part, Range, Style

__all__ = ["LSTM_CASES", "LSTM_DIGITAL_CORES", "UNUSED_ROWS", "analog_lstm", "digital_lstm"]

LSTM_CASES = (1, 2, 3, 4)
"""1: one core, one CM_PROCESS per step works on the cell of this step and the dense layer of the
one before. 2: one core, one CM_PROCESS for the cell, another for the dense layer. 3: two cores,
cell and dense layer. 4: five cores, the cell's units over four of them, the dense layer on the
fifth."""

LSTM_DIGITAL_CORES = (1, 2, 5)
"""Cores of the published digital references."""

UNUSED_ROWS = 50
"""Word lines by which the tiles of Table II exceed what [h, x] needs; they stay unused."""

CELL_CORES = {1: 1, 2: 1, 3: 1, 4: 4}
"""Cores that compute the cell, by case; from case 3 on the dense layer has a core of its own."""

Activations = Literal["eigen", "libm"]


def analog_lstm(
    graph: Graph,
    *,
    case: int,
    software: Software = Software.RELEASED,
    activations: Activations = "eigen",
) -> Mapping:
    """Map a cell and a dense layer onto tiles of Table II's sizes.

    Where four cores cannot share the units evenly, as 750, the first ones take one more, and all
    tiles are as wide as theirs.

    Parameters
    ----------
    graph : with a cell and a dense layer behind it.
    case : one of `LSTM_CASES`.
    software : how values become operands.
    activations : how the gates' functions and the softmax are computed.

    Raises
    ------
    AlpineError
        The graph has other layers.
    """
    cell, dense = _layers(graph)
    width, size = cell.weights.shape[1], len(dense.weights)
    hidden = _hidden(cell)
    shares = _shares(hidden, CELL_CORES[case])
    gates = len(Gate) * len(shares[0])
    together = case == 1
    one_core = case in (1, 2)
    rows = UNUSED_ROWS + (width + hidden if together else width)
    columns = gates + size if one_core else max(gates, size)
    cores = 1 if one_core else len(shares) + 1
    tiles = tuple(
        MappedTile(name=f"tile {core}", core=core, rows=rows, columns=columns)
        for core in range(cores)
    )
    parts = (
        *_cell_parts(cell, shares, [tile.name for tile in tiles]),
        Part(
            node=dense.node.name,
            core=cores - 1,
            tile=tiles[-1].name,
            row=width if together else 0,
            column=gates if one_core else 0,
            turn=1 if case == 2 else 0,
            behind=1 if together else 0,
            label="dense",
        ),
    )
    return Mapping(
        name=f"case {case}",
        network=graph.name,
        tiles=tiles,
        parts=parts,
        links=() if one_core else _links(graph, cell, dense, len(shares)),
        style=Style(operands=software, activations=activations, inline_copies=True),
        inputs=InputFormat.FP32,
    )


def digital_lstm(
    graph: Graph, *, cores: int, style: str = "neon4", activations: Activations = "eigen"
) -> Mapping:
    """Map a cell and a dense layer onto cores without tiles, split as in the cases.

    Parameters
    ----------
    graph : with a cell and a dense layer behind it.
    cores : one of `LSTM_DIGITAL_CORES`.
    style : of the products, one of `alpine_sw.kernels.MVM_STYLES` that need no scratch memory.
    activations : as in `analog_lstm`.

    Raises
    ------
    AlpineError
        The graph has other layers.
    """
    cell, dense = _layers(graph)
    shares = _shares(_hidden(cell), max(cores - 1, 1))
    return Mapping(
        name=f"digital on {cores}",
        network=graph.name,
        parts=(
            *_cell_parts(cell, shares, [None] * len(shares)),
            Part(node=dense.node.name, core=cores - 1, turn=1 if cores == 1 else 0, label="dense"),
        ),
        links=() if cores == 1 else _links(graph, cell, dense, len(shares)),
        style=Style(product=style, activations=activations, inline_copies=True),
        inputs=InputFormat.FP32,
    )


def _layers(graph: Graph) -> tuple[MatrixProduct, MatrixProduct]:
    layers = list(matrix_products(graph).values())
    if len(layers) != 2 or not isinstance(layers[0].node.operator, LstmCell):
        raise AlpineError(
            f"the LSTM's mappings are for a cell and a dense layer, but network {graph.name} has "
            f"{', '.join(layer.node.operator.kind for layer in layers) or 'none'}: use another "
            "mapping"
        )
    return layers[0], layers[1]


def _hidden(cell: MatrixProduct) -> int:
    return len(cell.weights) // len(Gate)


def _shares(hidden: int, cores: int) -> list[range]:
    """Units of each core; the first cores take one more where they do not divide."""
    sizes = [hidden // cores + (core < hidden % cores) for core in range(cores)]
    ends = list(accumulate(sizes))
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _cell_parts(
    cell: MatrixProduct, shares: Sequence[range], tiles: Sequence[str | None]
) -> list[Part]:
    """All four gates of some units on each core, gate by gate."""
    hidden = _hidden(cell)

    def gates(units: range) -> tuple[Range, ...] | None:
        if len(shares) == 1:
            return None
        starts = [gate * hidden for gate in Gate]
        return tuple((start + units.start, start + units.stop) for start in starts)

    return [
        Part(node=cell.node.name, core=core, outputs=gates(units), tile=tiles[core], label="cell")
        for core, units in enumerate(shares)
    ]


def _links(
    graph: Graph, cell: MatrixProduct, dense: MatrixProduct, shares: int
) -> tuple[Link, ...]:
    """The buffers for h and, back from the dense layer, for the symbol that the network chooses.

    Where the cell is split, each of its cores needs the whole h of the step before.
    """
    name = cell.node.name
    readers = (name, dense.node.name) if shares > 1 else (dense.node.name,)
    return (
        Link(value=name, to=readers),
        Link(value=next(iter(graph.inputs)), to=(name,)),
    )
