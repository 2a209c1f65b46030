# SPDX-License-Identifier: Apache-2.0
"""Graphs of the published networks: sizes from the papers, products that tiles compute."""

import pytest

from alpine_sw.graph import Graph, matrix_products
from alpine_sw.networks import load_lstm, load_mlp
from alpine_sw.networks.cnn import load_cnn


def macs(graph: Graph) -> list[int]:
    return [graph.macs(node) for node in graph.nodes if graph.macs(node)]


def test_the_perceptron():
    graph = load_mlp().graph()
    assert macs(graph) == [1024 * 1024] * 2
    assert [str(graph.types[name]) for name in graph.outputs] == ["int8 [1024]"]
    assert list(matrix_products(graph)) == ["layer 1", "layer 2"]


@pytest.mark.parametrize("hidden", [256, 750])
def test_the_lstms(hidden: int):
    graph = load_lstm(hidden).graph()
    # Klein et al. 2022, Table II, without the 50 rows that the paper's tiles leave unused.
    assert macs(graph) == [4 * hidden * (hidden + 50), 50 * hidden]
    assert graph.recurrent
    assert [str(graph.types[name]) for name in graph.outputs] == ["float32 [50]"]
    products = matrix_products(graph)
    assert {name: product.converter is None for name, product in products.items()} == {
        "cell": True,
        "dense": False,
    }


def test_a_convolutional_network():
    # cnn-f: products in millions from Fig. 12(b) of Klein et al. 2022, as in test_cnn_networks.
    graph = load_cnn("cnn-f").graph()
    assert [round(count / 1e6, 1) for count in macs(graph)[:5]] == [67.7, 256.0, 84.9, 84.9, 84.9]
    assert macs(graph)[5:] == [9216 * 4096, 4096 * 4096, 4096 * 1000]
    assert [product.vectors for product in matrix_products(graph).values()] == [
        *(2916, 625, 144, 144, 144),
        *(1, 1, 1),
    ]
    assert [str(graph.types[name]) for name in graph.outputs] == ["int8 [1000]", "float32 [1000]"]
    without = load_cnn("cnn-f", normalised=False).graph()
    assert len(graph.nodes) - len(without.nodes) == 2
    assert graph != without
