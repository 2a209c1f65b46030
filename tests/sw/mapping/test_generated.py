# SPDX-License-Identifier: Apache-2.0
"""Programs of networks that no published case covers: outputs are the golden model's."""

from dataclasses import replace

import numpy as np
import pytest
from played import Net, played

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    Convolution,
    Dequantise,
    Graph,
    LocalResponseNormalisation,
    LstmCell,
    MaxPool,
    Multiply,
    Quantise,
    Relu,
    Requantise,
    Reshape,
    Sigmoid,
    Tanh,
    golden,
    square,
)
from alpine_sw.mapping import MappedTile, Mapping, Part
from alpine_sw.mapping.chain import chain_mapping
from alpine_sw.programs.batched import batched
from alpine_sw.programs.generate import mapped_workload


def chain() -> Graph:
    net = Net(13)
    value = "x"
    for number, outputs in enumerate((11, 12, 9, 5), start=1):
        value = net.dense(f"layer {number}", outputs, value)
        if number != 2:
            value = net.add(f"relu {number}", Relu(), value)
    return net.build(value)


def images() -> Graph:
    """Padding in front, layers with and without ReLU, pooling and normalisation."""
    net = Net(8, 6, 2)
    value = net.convolution("first", 5, "x", pad=1)
    value = net.add("relu", Relu(), value)
    value = net.add("pool", MaxPool(window=square(2, stride=2)), value)
    value = net.convolution("second", 4, value, pad=1)
    value = net.add("norm", LocalResponseNormalisation(), value)
    value = net.add("vector", Reshape(), value)
    return net.build(net.dense("last", 7, value))


def values() -> Graph:
    """Real values between dense layers."""
    net = Net(10)
    real = net.add("first real", Dequantise(scale=0.02), net.dense("first", 8, "x"))
    gated = net.add(
        "gated", Multiply(), net.add("gate", Sigmoid(), real), net.add("squash", Tanh(), real)
    )
    codes = net.add("gated codes", Quantise(scale=100.0), net.add("sum", Add(), gated, real))
    real = net.add("second real", Dequantise(scale=0.02), net.dense("second", 8, codes))
    both = net.add("residual", Add(), real, gated)
    return net.build(net.add("result", Tanh(), both))


def stacked() -> Graph:
    """Two LSTM cells and a dense layer."""
    net = Net(5)
    value = "x"
    for number, (hidden, inputs) in enumerate([(4, 5), (3, 4)], start=1):
        cell = LstmCell(
            weights=net.weights(4 * hidden, hidden + inputs),
            lsb=np.full(4 * hidden, 200, np.float32),
            gate_scale=0.04,
        )
        value = net.add(f"cell {number}", cell, value)
    return net.build(net.dense("dense", 6, value))


@pytest.mark.parametrize("on_tiles", [True, False])
@pytest.mark.parametrize(
    ("graph", "cores"),
    [
        *((chain, cores) for cores in (1, 2, 4)),
        *((images, cores) for cores in (1, 2, 3)),
        (values, 1),
        (stacked, 1),
        (stacked, 3),
    ],
)
def test_any_chain_gives_golden_outputs(graph, cores: int, on_tiles: bool):
    made = graph()
    mapping = chain_mapping(made, cores=cores, on_tiles=on_tiles)
    result = played(made, mapping)
    assert (result.cm_instructions > 0) == on_tiles
    # Without a system the tiles' products give the same.
    if on_tiles and "convolution" not in [node.operator.kind for node in made.nodes]:
        (kind,) = made.inputs.values()
        inputs = np.arange(3 * kind.elements).reshape(3, -1).astype(np.int8)
        tiles = mapped_workload(made, mapping).tiles

        def product(codes, *, tile, placement=0, first=0, step=1):
            matrix = tiles[tile].placements[placement]
            sums = codes.astype(np.int64) @ matrix.weights.T.astype(np.int64)
            return np.clip(np.rint(sums / matrix.lsb.astype(float)), -128, 127).astype(np.int8)

        assert np.array_equal(batched(made, mapping)(inputs, product), golden(made, inputs))


def test_a_layer_may_lie_in_several_tiles_of_its_core():
    """Seven and four outputs in two tiles, which multiply one after the other."""
    made = chain()
    mapping = chain_mapping(made, cores=4)
    first = mapping.parts[0]
    parts = (
        replace(first, outputs=((0, 7),), row=2, column=1),
        replace(first, outputs=((7, 11),), tile="more"),
        *mapping.parts[1:],
    )
    tiles = (
        replace(mapping.tiles[0], rows=15, columns=8),
        MappedTile(name="more", core=0, rows=13, columns=4),
        *mapping.tiles[1:],
    )
    whole = played(made, mapping)
    split = played(made, replace(mapping, parts=parts, tiles=tiles))
    # Per inference the vector once more, one more product; seven and four outputs in as many words.
    assert split.cm_instructions - whole.cm_instructions == 3 * (4 + 1)


def test_layers_pipelined_in_one_tile_take_one_product_per_step():
    """Four layers on the block diagonal, each one inference behind the one before."""
    made = chain()
    sizes = [(13, 11), (11, 12), (12, 9), (9, 5)]
    rows, columns = np.cumsum([(0, 0), *sizes], axis=0).T.tolist()
    mapping = Mapping(
        name="diagonal",
        network="net",
        tiles=(MappedTile(name="tile", core=0, rows=rows[-1], columns=columns[-1]),),
        parts=tuple(
            Part(
                node=f"layer {number + 1}",
                core=0,
                tile="tile",
                row=rows[number],
                column=columns[number],
                behind=number,
            )
            for number in range(4)
        ),
    )
    result = played(made, mapping, count=5)
    assert result.cores[0].cm_products == 5 + 3
    turns = played(made, chain_mapping(made, cores=1), count=5)
    assert turns.cores[0].cm_products == 5 * 4


def test_work_is_spread_so_that_the_busiest_core_has_the_least():
    """143 + 132 + 108 + 45 operations: on two cores 275 and 153, on three 143, 132 and 153."""
    found = {
        cores: [part.core for part in chain_mapping(chain(), cores=cores).parts]
        for cores in (1, 2, 3, 4)
    }
    assert found == {1: [0, 0, 0, 0], 2: [0, 0, 1, 1], 3: [0, 1, 2, 2], 4: [0, 1, 2, 3]}


def test_what_has_no_program_is_named():
    net = Net(6, 6, 1)
    wide = Convolution(weights=net.weights(2, 3, 1, 1), window=replace(square(3), size=(3, 1)))
    graph = net.build(net.add("codes", Requantise(lsb=np.float32(9)), net.add("wide", wide, "x")))
    with pytest.raises(AlpineError, match=r"convolution wide has a window of 3 x 1 with dilation"):
        mapped_workload(graph, chain_mapping(graph))
    with pytest.raises(AlpineError, match=r"cores of a mapping of net 5 is refused: give a whole"):
        chain_mapping(chain(), cores=5)
