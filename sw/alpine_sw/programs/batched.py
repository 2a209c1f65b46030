# SPDX-License-Identifier: Apache-2.0
"""Networks without the system around them: whole data sets at once, through numbered products.

A mapping decides which product of which tile computes what: `TileProducts` is asked for products by
their numbers, counted from the first CM_PROCESS of a run on, as the programs of the mapping would
issue them. An imperfect tile that draws its noise by product number therefore gives the same codes
here as behind any engine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_sw.graph import Gate, Graph, Interpreter
from alpine_sw.networks import MlpNetwork
from alpine_sw.networks.cnn import CnnNetwork, layer_name
from alpine_sw.networks.lstm import LstmNetwork

from .lstm import cell_shares

__all__ = [
    "Evaluate",
    "TileProducts",
    "TileShare",
    "batched",
    "batched_cnn",
    "batched_lstm",
    "batched_mlp",
]

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


def batched(graph: Graph, shares: Mapping[str, Sequence[TileShare]]) -> Evaluate:
    """Evaluate a graph with one input whose nodes' matrices lie in tiles.

    Parameters
    ----------
    graph : the network.
    shares : of the nodes whose matrices lie in tiles, by name; together they are all outputs. Other
        nodes are computed exactly.
    """

    def evaluate(inputs: Codes, products: TileProducts) -> NDArray[Any]:
        (name,) = graph.inputs
        on_tiles = {node: _Numbered(parts, products) for node, parts in shares.items()}
        return Interpreter(graph, products=on_tiles).run({name: inputs})[graph.outputs[0]]

    return evaluate


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


def batched_mlp(network: MlpNetwork, *, case: int) -> Evaluate:
    """Evaluate a perceptron in one of the mappings of `mlp.MLP_CASES`.

    In case 1 the second layer of inference k is in product k + 1, beside the first layer of the
    next one; in case 2 layers take turns. Case 3 has a tile per layer, as the loose mapping has.
    """
    if case in (1, 2):
        shares = {
            f"layer {layer + 1}": [TileShare(tile=0, placement=layer, first=layer, step=case)]
            for layer in range(2)
        }
        return batched(network.graph(), shares)
    split = case - 2
    shares: dict[str, list[TileShare]] = {}
    for layer, weights in enumerate(network.weights):
        size = len(weights) // split
        shares[f"layer {layer + 1}"] = [
            TileShare(tile=layer * split + part, outputs=range(part * size, (part + 1) * size))
            for part in range(split)
        ]
    return batched(network.graph(), shares)


def batched_lstm(network: LstmNetwork, *, case: int) -> Evaluate:
    """Evaluate an LSTM in one of the mappings of `lstm.LSTM_CASES`: step by step, one sequence.

    Product numbers are those of `batched_mlp`, the cell taking the first layer's place.
    """
    cells = cell_shares(network.hidden, case)
    step = 2 if case == 2 else 1
    dense = TileShare(tile=0, placement=1, first=1, step=case)
    if case in (3, 4):
        dense = TileShare(tile=len(cells))
    shares = {
        "cell": [
            TileShare(
                tile=tile,
                outputs=[gate * network.hidden + unit for gate in Gate for unit in units],
                step=step,
            )
            for tile, units in enumerate(cells)
        ],
        "dense": [dense],
    }
    return batched(network.graph(), shares)


def batched_cnn(network: CnnNetwork) -> Evaluate:
    """Evaluate a convolutional network: a tile per convolution, a product per output position."""
    shares = {
        layer_name(network.shape, layer): [TileShare(tile=layer)]
        for layer in range(len(network.shape.convolutions))
    }
    on_tiles = batched(network.graph(), shares)

    def evaluate(inputs: Codes, products: TileProducts) -> NDArray[Any]:
        network.check_inputs(inputs)
        return on_tiles(inputs, products)

    return evaluate
