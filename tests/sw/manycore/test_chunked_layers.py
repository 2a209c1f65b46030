# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    Convolution,
    Graph,
    GraphBuilder,
    Multiply,
    Node,
    Relu,
    Requantise,
    int8,
    square,
)
from alpine_sw.manycore import ChunkSource, LayerWork, chunked_layers
from alpine_sw.networks.resnet import ResNetShape, resnet_graph

SMALL = ResNetShape(side=32, widths=(4, 8), classes=3)


def test_layers_of_a_residual_network():
    layers = {layer.name: layer for layer in chunked_layers(resnet_graph(SMALL))}
    assert list(layers)[:5] == ["0 conv", "1 pool", "2 conv", "3 conv", "4 res"]
    first = layers["0 conv"]
    assert first.kind is LayerWork.MATRIX
    assert (first.rows, first.chunks, first.channels, first.inputs) == (16, 16, 4, 147)
    assert first.sources == (
        ChunkSource(
            layer="", rows=32, chunks=32, channels=3, element_bytes=1, window=7, stride=2, padding=3
        ),
    )
    pool = layers["1 pool"]
    assert (pool.kind, pool.area, pool.sources[0].layer) == (LayerWork.POOL, 9, "0 conv")


def test_an_addition_keeps_what_is_there_first():
    layers = {layer.name: layer for layer in chunked_layers(resnet_graph(SMALL))}
    # The block's input, and where a stage begins its projection: second operand of the addition.
    assert [layers[name].sources[layers[name].kept].layer for name in ("4 res", "10 res")] == [
        "1 pool",
        "10 projection",
    ]
    # 0, 1, 2, 3: the input of the addition has two layers in front, its other operand four.
    assert layers["4 res"].depth == 5


def test_whole_images_are_one_window():
    layers = {layer.name: layer for layer in chunked_layers(resnet_graph(SMALL))}
    (source,) = layers["14 pool"].sources
    assert (source.window, source.stride, source.chunks) == (4, 4, 4)
    assert layers["14 pool"].area == 16
    assert layers["15 dense"].is_output
    assert [layer.is_output for layer in layers.values()].count(True) == 1


def convolved(*, groups: int = 1) -> tuple[GraphBuilder, str]:
    net = GraphBuilder("odd", {"image": int8(4, 4, 2)})
    weights = np.ones((2, 1, 1, 2 // groups), np.int8)
    sums = net.add("c", Convolution(weights=weights, window=square(1), groups=groups), "image")
    return net, net.add("codes", Requantise(lsb=np.ones((), np.float32)), sums)


def test_unknown_operators_are_refused():
    net, codes = convolved()
    graph = net.build(net.add("product", Multiply(), codes, codes))
    with pytest.raises(AlpineError, match=r"^node product of odd computes multiply, which"):
        chunked_layers(graph)
    net, codes = convolved(groups=2)
    with pytest.raises(AlpineError, match=r"^node c of odd computes convolution, which"):
        chunked_layers(net.build(codes))


def test_an_addition_to_itself_is_refused():
    net, codes = convolved()
    with pytest.raises(AlpineError, match="node sum of odd computes add, which"):
        chunked_layers(net.build(net.add("sum", Add(), codes, codes)))


def test_circles_are_refused():
    nodes = (
        Node(name="a", operator=Relu(), operands=("b",)),
        Node(name="b", operator=Relu(), operands=("a",)),
    )
    with pytest.raises(
        AlpineError, match="node a of graph round reads tensor 'b', which is neither"
    ):
        Graph(name="round", inputs={"image": int8(4, 4, 2)}, nodes=nodes, outputs=("b",))
