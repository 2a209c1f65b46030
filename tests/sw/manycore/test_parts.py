# SPDX-License-Identifier: Apache-2.0
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine_platform.manycore import MANY_CORES
from alpine_sw.manycore import LayerWork, chunked_layers
from alpine_sw.manycore.parts import even_ranges, fewest_parts, tree_of, tree_parts
from alpine_sw.manycore.work import job_rows
from alpine_sw.networks.resnet import resnet_graph

CONFIG = MANY_CORES["manycore-512"]

# Facts of Bruschi et al.: arrays per layer with whole channels in each.
ARRAYS = {
    0: 1, 2: 3, 3: 3, 5: 3, 6: 3, 8: 3, 9: 5, 10: 1, 11: 5, 12: 5, 14: 5, 15: 10, 16: 1, 17: 10,
    18: 10, 20: 20, 21: 38, 22: 2, 23: 38, 24: 38, 27: 8,
}  # fmt: skip


def test_arrays_of_the_published_network():
    layers = chunked_layers(resnet_graph())
    matrices = [layer for layer in layers if layer.kind is LayerWork.MATRIX]
    parts = {int(layer.name.split()[0]): fewest_parts(layer, CONFIG) for layer in matrices}
    assert {number: rows * columns for number, (rows, columns) in parts.items()} == ARRAYS
    assert sum(ARRAYS.values()) == 212


def test_rows_of_parts():
    """512 channels of 9 inputs in 19 parts: 18 of 27 channels and one of 26."""
    layers = {layer.name: layer for layer in chunked_layers(resnet_graph())}
    assert job_rows(layers["21 conv"], 19) == (243,) * 18 + (234,)
    assert job_rows(layers["27 dense"], 2) == (256, 256)


@given(st.integers(1, 400), st.integers(1, 40))
def test_parts_differ_by_one(total: int, parts: int):
    ranges = even_ranges(total, parts)
    sizes = [end - first for first, end in ranges]
    assert sum(sizes) == total
    assert max(sizes) - min(sizes) <= 1
    assert ranges[-1][1] == total


def trees(partials: int):
    """Every tree of so many partial sums."""
    if partials == 1:
        yield ()
        return
    for clusters in range(1, partials):
        for rest in trees(clusters):
            yield (clusters, *rest)


@pytest.mark.parametrize(("partials", "fan_in"), [*product((2, 3, 5, 10), (2, 3, 4, 10))])
def test_no_tree_has_fewer_clusters(partials: int, fan_in: int):
    def widest(tree: tuple[int, ...]) -> int:
        return max(max(level) for level in tree_parts(partials, tree))

    found = tree_of(partials, fan_in)
    assert widest(found) <= fan_in
    assert sum(found) == min(sum(tree) for tree in trees(partials) if widest(tree) <= fan_in)


def test_a_tree_takes_every_part_once():
    assert tree_parts(5, (2, 1)) == [(3, 2), (2,)]
    assert tree_parts(19, (1,)) == [(19,)]
