# SPDX-License-Identifier: Apache-2.0
"""Mappings that do not fit their network: one line with node, core, tile, number and remedy."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_graphs import perceptron, recurrent

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Convolution,
    Dense,
    Graph,
    GraphBuilder,
    Requantise,
    Reshape,
    int8,
    square,
)
from alpine_sw.library.software import InputFormat
from alpine_sw.mapping import Link, LinkKind, MappedTile, Mapping, Part, TileAttachment, stages_of
from alpine_sw.mapping.chain import chain_mapping
from alpine_sw.mapping.published_lstm import analog_lstm
from alpine_sw.mapping.published_mlp import analog_mlp, digital_mlp, loose_mlp
from alpine_sw.programs.generate import Writing, mapped_workload


def convolutional() -> Graph:
    net = GraphBuilder("images", {"x": int8(5, 5, 1)})
    value = "x"
    for number in (1, 2):
        kernels = Convolution(weights=np.ones((2, 2, 2, number), np.int8), window=square(2))
        sums = net.add(f"convolution {number}", kernels, value)
        value = net.add(f"codes {number}", Requantise(lsb=np.float32(2)), sums)
    value = net.add("vector", Reshape(), value)
    sums = net.add("dense", Dense(weights=np.ones((2, 18), np.int8)), value)
    return net.build(net.add("codes 3", Requantise(lsb=np.float32(2)), sums))


def part_of(mapping: Mapping, number: int, **changes: Any) -> Mapping:
    """A mapping with one part changed."""
    parts = list(mapping.parts)
    parts[number] = replace(parts[number], **changes)
    return replace(mapping, parts=tuple(parts))


def tile_of(mapping: Mapping, number: int, **changes: Any) -> Mapping:
    """A mapping with one tile changed."""
    tiles = list(mapping.tiles)
    tiles[number] = replace(tiles[number], **changes)
    return replace(mapping, tiles=tuple(tiles))


MLP, LSTM, CNN = perceptron(), recurrent(), convolutional()
ONE, TWO, FOUR = (analog_mlp(MLP, case=case) for case in (1, 3, 4))
CELLS = analog_lstm(LSTM, case=4)
ROWS = chain_mapping(CNN, cores=3)

WRONG: dict[str, tuple[Graph, Callable[[], Mapping], str]] = {
    "another network": (
        LSTM,
        lambda: ONE,
        r"mapping case 1 is for network two layers, not for cell and dense: give it the",
    ),
    "an unknown node": (
        MLP,
        lambda: part_of(ONE, 0, node="layer 3"),
        r"unknown node of mapping case 1 'layer 3': did you mean layer",
    ),
    "a node without a matrix": (
        MLP,
        lambda: part_of(ONE, 0, node="relu 1"),
        r"part of node relu 1, which has no matrix of codes .*: leave the part out",
    ),
    "a node on no core": (
        MLP,
        lambda: replace(ONE, parts=ONE.parts[:1]),
        r"node layer 2 of network two layers is on no core: give it a part",
    ),
    "outputs that there are not": (
        MLP,
        lambda: part_of(ONE, 0, outputs=((0, 5),)),
        r"outputs 0 to 4 of node layer 1 on core 0 are not all there: it has 4",
    ),
    "outputs made nowhere": (
        MLP,
        lambda: part_of(FOUR, 1, outputs=((3, 4),)),
        r"results 2 to 2 of node layer 1 are made nowhere: let its parts cover 0 to 3 in order",
    ),
    "outputs made twice": (
        MLP,
        lambda: part_of(FOUR, 1, outputs=((1, 4),)),
        r"results 1 to 1 of node layer 1 are made twice",
    ),
    "outputs that end early": (
        MLP,
        lambda: part_of(ONE, 0, outputs=((0, 3),)),
        r"results 3 to 3 of node layer 1 are made nowhere: add a part",
    ),
    "gates of other units": (
        LSTM,
        lambda: part_of(CELLS, 0, outputs=((0, 1), (4, 5), (8, 9), (13, 14))),
        r"outputs of cell cell on core 0 are not the four gates .* \[0, 1\], \[4, 5\], \[8, 9\]",
    ),
    "a tile that there is not": (
        MLP,
        lambda: part_of(ONE, 0, tile="tiles"),
        r"unknown tile of node layer 1 'tiles': did you mean tile",
    ),
    "a tile of another core": (
        MLP,
        lambda: part_of(TWO, 0, tile="tile 1"),
        r"node layer 1 on core 0 lies in tile tile 1, which core 1 has: move one of them",
    ),
    "two tiles of one name": (
        MLP,
        lambda: replace(TWO, tiles=TWO.tiles[:1] * 2),
        r"mapping case 3 has two tiles called tile 0: give each its own name",
    ),
    "a tile too small": (
        MLP,
        lambda: tile_of(ONE, 0, rows=9),
        r"tile tile of core 0: matrix layer 2 .* needs word lines 6 to 9 .* use a larger tile",
    ),
    "two matrices on the same cells": (
        MLP,
        lambda: part_of(ONE, 1, row=0, column=3),
        r"tile tile of core 0: matrix layer 2 .* overlaps matrix layer 1 .*: move it",
    ),
    "a layer before the one that it reads": (
        MLP,
        lambda: part_of(ONE, 1, behind=0),
        r"core 0 works on node layer 2 in turn 0, but on node layer 1, .* in turn 0: give it",
    ),
    "a layer that comes too late": (
        MLP,
        lambda: part_of(ONE, 1, behind=2),
        r"node layer 2 on core 0 works 2 behind node layer 1, .*replace relu 1 .*: give it turn 0",
    ),
    "no buffer between cores": (
        MLP,
        lambda: replace(TWO, links=()),
        r"node layer 2 on core 1 reads relu 1, which core 0 makes: add a buffer that carries it",
    ),
    "a buffer to a node that does not read it": (
        MLP,
        lambda: replace(TWO, links=(Link(value="relu 1", to=("layer 2", "layer 1")),)),
        r"buffer with relu 1 names node layer 1 as a reader, which reads x: leave it out",
    ),
    "rows for a dense layer": (
        MLP,
        lambda: replace(TWO, links=(replace(TWO.links[0], kind=LinkKind.ROW_RING),)),
        r"buffer with relu 1 is a row-ring, but node layer 2 reads vectors: make it a ping-pong",
    ),
    "units of a cell without the whole h": (
        LSTM,
        lambda: replace(CELLS, links=(Link(value="cell", to=("dense",)), CELLS.links[1])),
        r"cell cell is split over 4 cores, each of which needs the whole h: add cell",
    ),
    "a cell that reads codes": (
        LSTM,
        lambda: replace(CELLS, inputs=InputFormat.INT8),
        r"cell cell reads values, but x lies in memory as codes: set inputs of mapping case 4 to",
    ),
    "a convolution that reads values": (
        CNN,
        lambda: replace(ROWS, inputs=InputFormat.FP32),
        r"convolution convolution 1 reads codes, but x lies in memory as values",
    ),
    "a convolution on two cores": (
        CNN,
        lambda: replace(
            chain_mapping(CNN, cores=3, on_tiles=False),
            parts=(
                Part(node="convolution 1", core=0, outputs=((0, 1),)),
                Part(node="convolution 1", core=3, outputs=((1, 2),)),
                *chain_mapping(CNN, cores=3, on_tiles=False).parts[1:],
            ),
        ),
        r"convolution convolution 1 is split over 2 cores: give it one",
    ),
    "too few slots for a window": (
        CNN,
        lambda: replace(ROWS, links=(replace(ROWS.links[0], slots=1), ROWS.links[1])),
        r"row ring with codes 1 has 1 slots, but node convolution 2 reads 2 rows at a time",
    ),
    "chained tiles out of order": (
        MLP,
        lambda: replace(loose_mlp(MLP), tiles=loose_mlp(MLP).tiles[::-1]),
        r"tile tile 0 feeds tile tile 1, but a tile of the accelerator can feed the next one only",
    ),
    "an accelerator of two cores": (
        MLP,
        lambda: part_of(tile_of(loose_mlp(MLP), 1, core=1), 1, core=1),
        r"tiles tile 0 and tile 1 behind the I/O path belong to cores 0 and 1: give them one",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_mistakes_are_one_line(what: str):
    graph, mapping, message = WRONG[what]
    with pytest.raises(AlpineError, match=message) as caught:
        mapped_workload(graph, mapping())
    assert "\n" not in str(caught.value)


def test_tiles_of_cores_feed_no_other():
    with pytest.raises(AlpineError, match=r"tile a feeds tile b, .*: set attached to io, or leave"):
        MappedTile(name="a", core=0, rows=1, columns=1, feeds="b")
    MappedTile(name="a", core=0, rows=1, columns=1, feeds="b", attached=TileAttachment.IO)


def test_what_a_network_chooses_is_waited_for():
    writing = Writing(given=1, draws=None, symbols=2)
    mapping = replace(CELLS, links=CELLS.links[:1])
    with pytest.raises(AlpineError, match=r"node cell on core 0 reads what the network chooses on"):
        mapped_workload(LSTM, mapping, writing=writing)


@pytest.mark.parametrize(
    ("memory", "message"),
    [
        (
            ("weights layer 1", "weights layer 3"),
            r"unknown block in the memory .* 'weights layer 3'",
        ),
        (("weights layer 1", "weights layer 1"), r"names block 'weights layer 1' twice: name it"),
        (("weights layer 1",), r"leaves out block 'weights layer 2': add it, or leave memory out"),
    ],
)
def test_memory_names_every_block_once(memory: tuple[str, ...], message: str):
    from alpine_platform.systems.presets import HIGH_POWER
    from alpine_platform.systems.system import System

    workload = mapped_workload(MLP, replace(digital_mlp(MLP, cores=1), memory=memory))
    with pytest.raises(AlpineError, match=message):
        workload.programs(System(HIGH_POWER), np.zeros((1, 6), np.int8), lambda: None)


def test_nodes_run_behind_the_matrix_whose_results_they_take():
    found = [
        (stage.name, stage.outputs, [node.name for node in stage.followers])
        for stage in stages_of(MLP, FOUR)
    ]
    assert found == [
        ("layer 1 on core 0", (0, 2), ["codes 1", "relu 1"]),
        ("layer 1 on core 1", (2, 4), ["codes 1", "relu 1"]),
        ("layer 2 on core 2", (0, 1), ["codes 2", "relu 2"]),
        ("layer 2 on core 3", (1, 2), ["codes 2", "relu 2"]),
    ]
