# SPDX-License-Identifier: Apache-2.0
"""Stages that work on whole tensors, and nodes that are cut: outputs are the golden model's."""

from dataclasses import replace

import numpy as np
import pytest
from played import Net, played
from small_graphs import perceptron

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dequantise,
    GlobalAveragePool,
    Graph,
    Interpreter,
    MaxPool,
    Quantise,
    Relu,
    Requantise,
    Reshape,
    Slice,
    Transpose,
    float32,
    golden,
    square,
)
from alpine_sw.mapping import (
    Link,
    MappedTile,
    Mapping,
    NodeSplit,
    Part,
    SplitAxis,
    split_graph,
    stages_of,
)
from alpine_sw.mapping.chain import chain_mapping
from alpine_sw.mapping.yaml_file import mapping_from_yaml, mapping_to_yaml


def residual(*, odd_window: bool = False) -> Graph:
    """A depthwise convolution, an image with two readers, a mean over it, a dense layer."""
    net = Net(6, 5, 4)
    first = net.add("relu", Relu(), net.convolution("first", 4, "x", pad=1))
    window = replace(square(3, pad=1), size=(3, 1), pads=(1, 0, 1, 0)) if odd_window else square(3)
    size = window.size
    depthwise = Convolution(weights=net.weights(4, *size, 1), window=window, groups=4)
    inner = net.add("depthwise", depthwise, first)
    inner = net.add("depthwise codes", Requantise(lsb=np.full(4, 300, np.float32)), inner)
    if not odd_window:
        inner = net.convolution("second", 4, first, pad=1)
    total = net.add("total", Add(), inner, first)
    codes = net.add("total codes", Requantise(lsb=np.float32(2)), total)
    pooled = net.add("pool", MaxPool(window=square(2, stride=2, pad=1)), codes)
    mean = net.add("mean", AveragePool(window=square(2)), pooled)
    mean = net.add("global", GlobalAveragePool(), mean)
    turned = net.add("turned", Transpose(axes=(2, 0, 1)), mean)
    return net.build(net.dense("last", 7, net.add("vector", Reshape(), turned)))


def on_cores(graph: Graph, cores: dict[str, int], *links: Link, split: NodeSplit | None = None):
    """A mapping with a tile per node."""
    splits = () if split is None else (split,)
    mapping = Mapping(name="m", network=graph.name, parts=(), splits=splits)
    cut = split_graph(graph, mapping)
    turns = {name: list(cores.values())[:number].count(core) for number, (name, core)
             in enumerate(cores.items())}  # fmt: skip
    shapes = {name: cut[name].operator.matrix.shape for name in cores}
    return replace(
        mapping,
        tiles=tuple(
            MappedTile(name=f"tile of {name}", core=core, rows=shapes[name][1],
                       columns=shapes[name][0])
            for name, core in cores.items()
        ),
        parts=tuple(
            Part(node=name, core=core, tile=f"tile of {name}", turn=turns[name])
            for name, core in cores.items()
        ),
        links=links,
    )  # fmt: skip


def test_an_image_may_have_two_readers_on_one_core_or_on_another():
    graph = residual()
    alone = played(graph, on_cores(graph, {"first": 0, "second": 0, "last": 0}))
    link = Link(value="relu", to=("second",))
    shared = played(graph, on_cores(graph, {"first": 0, "second": 1, "last": 1}, link))
    assert shared.time_fs < alone.time_fs
    assert played(graph, chain_mapping(graph, on_tiles=False)).cm_instructions == 0


def test_windows_without_a_program_by_rows_run_on_the_core():
    graph = residual(odd_window=True)
    played(graph, on_cores(graph, {"first": 0, "last": 0}))
    net = Net(6, 6, 3)
    wide = Convolution(
        weights=net.weights(5, 2, 3, 3), window=replace(square(2), size=(2, 3), dilation=(2, 1))
    )
    codes = net.add("codes", Requantise(lsb=np.float32(99)), net.add("wide", wide, "x"))
    graph = net.build(net.add("relu", Relu(), codes))
    played(graph, chain_mapping(graph, on_tiles=False))


def test_values_may_come_in_and_any_operator_follow():
    net = Net(12, element=float32)
    codes = net.add("in", Quantise(scale=1.0), "x")
    one = net.dense("one", 8, net.add("half", Slice(start=0, stop=6), codes))
    other = net.dense("two", 8, net.add("rest", Slice(start=6, stop=12), codes))
    both = net.add("both", Concatenate(), one, other)
    real = net.add("real", Dequantise(scale=0.5), both)
    graph = net.build(real)
    played(graph, on_cores(graph, {"one": 0, "two": 0}))


@pytest.mark.parametrize(
    ("split", "cores"),
    [
        (NodeSplit(node="first", by=SplitAxis.OUTPUTS, ranges=((0, 3), (3, 4))), (0, 1)),
        (NodeSplit(node="second", by=SplitAxis.INPUTS, ranges=((0, 1), (1, 4))), (0, 0)),
        (NodeSplit(node="second", by=SplitAxis.ROWS, ranges=((0, 2), (2, 5), (5, 6))), (1, 2, 3)),
    ],
)
def test_a_convolution_is_cut_along_any_axis(split: NodeSplit, cores: tuple[int, ...]):
    graph = residual()
    pieces = dict(zip((split.piece(*one) for one in split.ranges), cores, strict=True))
    others = {"first": 0, "second": max(cores), "last": max(cores)}
    order = {**others, **pieces}
    del order[split.node]
    cut = split_graph(graph, Mapping(name="", network="net", parts=(), splits=(split,)))
    placed = {node.name: order[node.name] for node in cut.nodes if node.name in order}
    whole, pieced = (golden(one, np.ones((2, 120), np.int8)) for one in (graph, cut))
    if split.by is not SplitAxis.INPUTS:
        assert np.array_equal(whole, pieced)
    links = needed_links(cut, placed)
    played(graph, on_cores(graph, placed, *links, split=split))


def needed_links(graph: Graph, cores: dict[str, int]) -> list[Link]:
    """A buffer for whatever a node reads that another core makes."""
    mapping = on_cores(graph, cores)
    stages = stages_of(graph, mapping)
    made = {name: stage for stage in stages for name in stage.makes}
    readers: dict[str, list[str]] = {}
    for stage in stages:
        for tensor in stage.reads:
            if tensor in made and made[tensor].core != stage.core:
                readers.setdefault(tensor, []).append(stage.node.name)
    return [Link(value=tensor, to=tuple(names), slots=4) for tensor, names in readers.items()]


def test_the_pieces_of_a_matrix_are_digitised_one_by_one():
    graph = perceptron()
    split = NodeSplit(node="layer 1", by=SplitAxis.INPUTS, ranges=((0, 3), (3, 6)))
    mapping = Mapping(name="m", network=graph.name, parts=(), splits=(split,))
    cut = split_graph(graph, mapping)
    inputs = np.array([[1, 1, 1, 1, 1, 1]], np.int8)
    observed: dict[str, list[int]] = {}
    for made in (graph, cut):
        Interpreter(
            made, observe=lambda name, values: observed.setdefault(name, values[0].tolist())
        ).run({"x": inputs})
    # Sums of 3 with steps of 2: 1.5 is rounded to 2 in every half, 6 / 2 = 3 in one piece.
    assert observed["layer 1 inputs 0-2 codes"] == [2] * 4
    assert observed["codes 1"] == [3] * 4
    assert golden(cut, inputs).tolist() == [[8, 8]]
    assert golden(graph, inputs).tolist() == [[6, 6]]


def test_a_split_is_part_of_the_file():
    graph = perceptron()
    split = NodeSplit(node="layer 1", by=SplitAxis.INPUTS, ranges=((0, 2), (2, 6)))
    names = [split.piece(*one) for one in split.ranges]
    mapping = on_cores(graph, {**dict.fromkeys(names, 0), "layer 2": 0}, split=split)
    text = mapping_to_yaml(mapping)
    assert "splits:" in text
    assert mapping_from_yaml(text) == mapping
    with pytest.raises(AlpineError, match=r"unknown axis of a split 'input': did you mean inputs"):
        mapping_from_yaml(text.replace("by: inputs", "by: input"))


@pytest.mark.parametrize(
    ("by", "ranges", "message"),
    [
        (SplitAxis.INPUTS, ((0, 2), (2, 5)), r"but there are 6: let the last range end at 6"),
        (SplitAxis.INPUTS, ((0, 2), (3, 6)), r"let every range begin where the one before ends"),
        (SplitAxis.OUTPUTS, ((0, 4),), r"split into one piece: give two"),
        (SplitAxis.ROWS, ((0, 2), (2, 4)), r"is no convolution, whose rows could be split"),
    ],
)
def test_splits_that_do_not_fit_are_one_line(by: SplitAxis, ranges, message: str):
    with pytest.raises(AlpineError, match=message):
        split_graph(
            perceptron(),
            Mapping(
                name="m",
                network="two layers",
                parts=(),
                splits=(NodeSplit(node="layer 1", by=by, ranges=ranges),),
            ),
        )
    with pytest.raises(AlpineError, match=r"node relu 1 of network two layers cannot be split"):
        split = NodeSplit(node="relu 1", by=SplitAxis.OUTPUTS, ranges=((0, 2), (2, 4)))
        split_graph(perceptron(), Mapping(name="", network="two layers", parts=(), splits=(split,)))
