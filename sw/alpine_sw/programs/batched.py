# SPDX-License-Identifier: Apache-2.0
"""Networks without the system around them: whole data sets at once, through numbered products.

A mapping decides which product of which tile computes what: `TileProducts` is asked for products by
their numbers, counted from the first CM_PROCESS of a run on, as the programs of the mapping would
issue them. An imperfect tile that draws its noise by product number therefore gives the same codes
here as behind any engine.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_models import golden
from alpine_models.golden_lstm import STATE_SCALE, Gate, LstmState, combine_gates, quantise
from alpine_sw.networks import MlpNetwork
from alpine_sw.networks.cnn import CnnNetwork, forward
from alpine_sw.networks.lstm import LstmNetwork

from .lstm import cell_shares

__all__ = ["Evaluate", "TileProducts", "batched_cnn", "batched_lstm", "batched_mlp"]

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


def batched_mlp(network: MlpNetwork, *, case: int) -> Evaluate:
    """Evaluate a perceptron in one of the mappings of `mlp.MLP_CASES`.

    In case 1 the second layer of inference k is in product k + 1, beside the first layer of the
    next one; in case 2 layers take turns. Case 3 has a tile per layer, as the loose mapping has.
    """

    def evaluate(inputs: Codes, products: TileProducts) -> Codes:
        if case in (1, 2):
            step = case
            hidden = golden.relu(products(inputs, tile=0, step=step))
            return golden.relu(products(hidden, tile=0, placement=1, first=1, step=step))
        shares = case - 2
        codes = inputs
        for layer in range(len(network.weights)):
            parts = [products(codes, tile=layer * shares + share) for share in range(shares)]
            codes = golden.relu(np.concatenate(parts, axis=1))
        return codes

    return evaluate


def batched_lstm(network: LstmNetwork, *, case: int) -> Evaluate:
    """Evaluate an LSTM in one of the mappings of `lstm.LSTM_CASES`: step by step, one sequence.

    Product numbers are those of `batched_mlp`, the cell taking the first layer's place. The dense
    layer, which nothing waits for, is computed at once behind all steps.
    """
    reference = network.reference()
    shares = cell_shares(network.hidden, case)
    order = [gate * network.hidden + unit for part in shares for gate in Gate for unit in part]
    place = np.argsort(order)
    dense = {"tile": 0, "placement": 1, "first": 1, "step": case}
    if case in (3, 4):
        dense = {"tile": len(shares)}

    def evaluate(inputs: Codes, products: TileProducts) -> NDArray[np.float32]:
        state = LstmState.zero(hidden=network.hidden)
        h = np.empty((len(inputs), network.hidden), np.int8)
        for step in range(len(inputs)):
            vector = np.concatenate([state.h, inputs[step : step + 1]], axis=1)
            first = step * (2 if case == 2 else 1)
            parts = [products(vector, tile=tile, first=first) for tile in range(len(shares))]
            codes = np.ascontiguousarray(np.concatenate(parts, axis=1)[:, place])
            value, c = combine_gates(reference.gates(codes), state.c)
            state = LstmState(h=quantise(value, STATE_SCALE), c=c)
            h[step] = state.h[0]
        return reference.probabilities(products(h, **dense))

    return evaluate


def batched_cnn(network: CnnNetwork) -> Evaluate:
    """Evaluate a convolutional network: a tile per convolution, a product per output position."""

    def evaluate(inputs: Codes, products: TileProducts) -> Codes:
        network.check_inputs(inputs)
        convolutions = len(network.shape.convolutions)

        def codes(layer: int, vectors: Codes) -> Codes:
            if layer < convolutions:
                return products(vectors, tile=layer)
            return golden.dense(vectors, network.weights[layer], network.lsb[layer])

        return forward(network.shape, inputs, codes)

    return evaluate
