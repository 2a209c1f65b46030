# SPDX-License-Identifier: Apache-2.0
"""A network that is a graph and its data alone: the library maps it and writes its programs.

A convolution finds edges in images of 6 x 6 pixels, a dense layer says which way they run.
"""

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.spec.graph_network import Samples, chain_cases, graph_network
from alpine_cosim.spec.network import NetworkOptions
from alpine_sw.graph import (
    Convolution,
    Dense,
    Graph,
    GraphBuilder,
    MaxPool,
    Relu,
    Requantise,
    Reshape,
    int8,
    square,
)

__all__ = ["CLASSIFIER"]

SIDE = 6
EDGE = np.array([[60, -60], [60, -60]], np.int8)
FILTERS = np.stack([EDGE, -EDGE, EDGE.T, -EDGE.T])[..., np.newaxis]
"""From bright to dark and back, to the right and downwards."""


def graph(options: NetworkOptions) -> Graph:
    """Return the network: an image in, two codes out, the larger one for the way its edges run."""
    net = GraphBuilder("toy-classifier", {"image": int8(SIDE, SIDE, 1)})
    sums = net.add("edges", Convolution(weights=FILTERS, window=square(2)), "image")
    codes = net.add("edge codes", Requantise(lsb=np.full(4, 120, np.float32)), sums)
    pooled = net.add("pool", MaxPool(window=square(5)), net.add("edge relu", Relu(), codes))
    vector = net.add("vector", Reshape(), pooled)
    votes = np.array([[30, 30, 0, 0], [0, 0, 30, 30]], np.int8)
    sums = net.add("ways", Dense(weights=votes), vector)
    return net.build(net.add("way codes", Requantise(lsb=np.full(2, 60, np.float32)), sums))


def samples() -> Samples:
    """Return images with one edge each: class 0 has its columns alike, class 1 its rows."""
    images: list[NDArray[np.int8]] = []
    labels: list[int] = []
    for place in range(1, SIDE):
        image = np.zeros((SIDE, SIDE, 1), np.int8)
        image[:, place:] = 100
        images += [image, image.transpose(1, 0, 2)]
        labels += [0, 1]
    return Samples(inputs=np.stack(images), labels=np.array(labels))


CLASSIFIER = graph_network(graph=graph, samples=samples, cases=chain_cases(cores=2), inferences=10)
"""`alpine run toy-classifier`."""
