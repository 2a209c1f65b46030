# SPDX-License-Identifier: Apache-2.0
"""Networks without the system around them: whole data sets at once, through numbered products.

A mapping decides which product of which tile computes what: `TileProducts` is asked for products by
their numbers, counted from the first CM_PROCESS of a run on, as the programs of the mapping would
issue them. An imperfect tile that draws its noise by product number therefore gives the same codes
here as behind any engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_sw.graph import Graph, Interpreter
from alpine_sw.mapping import Mapping, Part, Stage, TileAttachment, split_graph, stages_of

__all__ = ["Evaluate", "TileProducts", "TileShare", "batched", "tile_shares"]

Codes = NDArray[np.int8]


class TileProducts(Protocol):
    """The tiles of a mapping, numbered in the order of its plans."""

    def __call__(
        self, codes: Codes, *, tile: int, placement: int = 0, first: int = 0, step: int = 1
    ) -> Codes:
        """Return the ADC codes [n, outputs] of a placement's matrix for its inputs [n, inputs].

        Vector i is the tile's product number first + i * step; other word lines are at 0.
        """
        ...


Evaluate = Callable[[Codes, TileProducts], NDArray[Any]]
"""Given inputs [n, inputs], return outputs [n, outputs]: those of the first n inferences."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TileShare:
    """Some outputs of a node's matrix, in a tile.

    Members
    -------
    tile : number of the tile.
    placement : number of the matrix in the tile.
    outputs : numbers of the outputs, in the order of the placement's bit lines; None is all.
    first : the tile's product that multiplies the node's first input vector.
    step : the tile's products from one of the node's vectors to the next.
    """

    tile: int
    placement: int = 0
    outputs: Sequence[int] | None = None
    first: int = 0
    step: int = 1


def batched(graph: Graph, mapping: Mapping) -> Evaluate:
    """Evaluate a graph with one input whose nodes' matrices lie in tiles as a mapping says.

    Nodes without a tile are computed exactly.

    Raises
    ------
    AlpineError
        The mapping does not fit the graph, or tiles multiply in no order that is the same in every
        inference.
    """
    graph = split_graph(graph, mapping)
    shares = tile_shares(graph, mapping)

    def evaluate(inputs: Codes, products: TileProducts) -> NDArray[Any]:
        (name,) = graph.inputs
        on_tiles = {node: _Numbered(parts, products) for node, parts in shares.items()}
        return Interpreter(graph, products=on_tiles).run({name: inputs})[graph.outputs[0]]

    return evaluate


def tile_shares(graph: Graph, mapping: Mapping) -> dict[str, list[TileShare]]:
    """Return which products of which tiles compute the nodes with matrices in tiles, by name.

    Raises
    ------
    AlpineError
        As `batched`.
    """
    stages = stages_of(graph, mapping)
    tiles = sorted(
        mapping.tiles,
        key=lambda tile: (tile.attached is TileAttachment.IO, tile.core),
    )
    numbers = {tile.name: number for number, tile in enumerate(tiles)}
    matrices = {
        name: [part for stage in stages for part in stage.parts if part.tile == name]
        for name in numbers
    }
    shares: dict[str, list[TileShare]] = {}
    for stage in stages:
        for part in stage.parts:
            if part.tile is None:
                continue
            first, step = _numbering(mapping, stages, stage, part)
            shares.setdefault(stage.node.name, []).append(
                TileShare(
                    tile=numbers[part.tile],
                    placement=matrices[part.tile].index(part),
                    outputs=None if part.outputs is None else stage.rows_of(part).tolist(),
                    first=first,
                    step=step,
                )
            )
    return shares


def _numbering(
    mapping: Mapping, stages: Sequence[Stage], stage: Stage, part: Part
) -> tuple[int, int]:
    """First product of a part's tile that computes it, and products from one to its next."""
    on_tile = [other for other in stages if part.tile in [one.tile for one in other.parts]]
    (tile,) = (tile for tile in mapping.tiles if tile.name == part.tile)
    if len(on_tile) == 1 or tile.attached is TileAttachment.IO:
        return 0, 1
    for other in on_tile:
        if other.product.vectors > 1:
            raise AlpineError(
                f"tile {part.tile} holds node {other.node.name}, which takes "
                f"{other.product.vectors} products per inference, beside another node: give it a "
                "tile of its own to evaluate the mapping without a system"
            )
    turns = sorted({other.turn for other in on_tile})
    return turns.index(stage.turn) + stage.behind * len(turns), len(turns)


class _Numbered:
    """The products of one node in the course of a run."""

    def __init__(self, shares: Sequence[TileShare], products: TileProducts):
        self._shares, self._products = shares, products
        self._done = 0
        orders = [share.outputs for share in shares if share.outputs is not None]
        # Position, in the shares one behind the other, of every output.
        self._places = np.argsort(np.concatenate(orders)) if orders else None

    def __call__(self, vectors: Codes) -> Codes:
        """Return the codes [n, outputs] of the next input vectors [n, inputs]."""
        parts = [
            self._products(
                vectors,
                tile=share.tile,
                placement=share.placement,
                first=share.first + self._done * share.step,
                step=share.step,
            )
            for share in self._shares
        ]
        self._done += len(vectors)
        codes = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        return codes if self._places is None else codes[:, self._places]
