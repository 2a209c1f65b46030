# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from alpine_models.errors import AlpineError
from alpine_platform.manycore import MANY_CORES, slowest
from alpine_sw.manycore import (
    ALLOCATIONS,
    Allocation,
    LayerAllocation,
    auto,
    chunked_layers,
    lower,
    naive,
    residual_l1,
)
from alpine_sw.manycore.balance import fastest, fewest_clusters, with_copies
from alpine_sw.manycore.records import ResidualPlace
from alpine_sw.manycore.yaml_file import (
    allocation_from_yaml,
    allocation_to_yaml,
    read_allocation,
    write_allocation,
)
from alpine_sw.networks.resnet import ResNetShape, resnet_graph

CONFIG = MANY_CORES["manycore-512"]
SMALL = ResNetShape(side=64, widths=(64, 128), classes=10)


@pytest.fixture(scope="module")
def graph():
    return resnet_graph()


@pytest.fixture(scope="module")
def small():
    return resnet_graph(SMALL)


# By hand from the parts of tests/sw/manycore/test_parts.py: 212 crossbars, ten layers of cores
# (1, 4, 7, 10, 13, 16, 19, 22, 25, 26), and one cluster for each tree: 12 layers with parts by
# inputs alone, 20, 21, 23 and 24 in two column splits and 27 in four: 12 + 8 + 4 = 24 trees.
# Layer 0 has three or seven more copies; 2, 3, 5 and 6 one more of 3 crossbars and a tree, and 12
# one more of 5.


@pytest.mark.parametrize(
    ("name", "clusters"),
    [
        ("naive", 212 + 3 + 10 + 24),
        ("replicated", 212 + 7 + 10 + 24 + 4 * 4 + 6),
        ("residual-l1", 212 + 7 + 10 + 24 + 4 * 4 + 6 + 2),
    ],
)
def test_clusters_of_the_published_steps(graph, name: str, clusters: int):
    allocation = ALLOCATIONS[name](graph, CONFIG)
    assert allocation.clusters == clusters <= 322
    assert {entry.layer: entry.copies for entry in allocation.layers}["2 conv"] == (
        1 if name == "naive" else 2
    )


def test_periods_of_the_published_steps(graph):
    """Layer 2, 64 columns of 64 products of 131 cycles: two copies halve it.

    In front of the first product come the vector in three runs of 63 or 66 bytes, two beats each,
    and a cycle; behind the last one 64 bytes in one beat.
    """
    column = 700 + (3 * 2 + 1) + 64 * 131 + 1
    for name, copies in (("naive", 1), ("replicated", 2)):
        found = slowest(lower(graph, ALLOCATIONS[name](graph, CONFIG), CONFIG), CONFIG)
        assert found.cycles == 64 * column / copies


def test_auto_is_as_fast_with_no_more_clusters(graph):
    published, found = residual_l1(graph, CONFIG), auto(graph, CONFIG)
    assert found.clusters <= published.clusters
    ours, theirs = (slowest(lower(graph, each, CONFIG), CONFIG) for each in (found, published))
    assert ours.cycles <= theirs.cycles


def test_auto_uses_what_it_is_given(graph):
    periods = [
        slowest(lower(graph, auto(graph, CONFIG, clusters=count), CONFIG), CONFIG).cycles
        for count in (260, 320, 400, 512)
    ]
    assert periods == sorted(periods, reverse=True)
    assert periods[0] > 3 * periods[-1]


@pytest.mark.parametrize("clusters", [22, 24, 27, 33])
def test_auto_is_the_fastest_of_all(clusters: int):
    """All numbers of copies and all trees of four layers, one by one."""
    config = replace(CONFIG, partial_sum_cycles_per_element=0.9)
    layers = chunked_layers(resnet_graph(SMALL))
    # 2 conv and 8 conv in three parts, 9 conv in five, and an addition.
    chosen = [layer for layer in layers if layer.name in ("2 conv", "4 res", "8 conv", "9 conv")]
    best = None
    plans = [
        {
            with_copies(layer, copies, config, period=Fraction(period))
            for copies in range(1, 9)
            for period in (1, *range(4000, 80000, 4000), 10**9)
        }
        for layer in chosen
    ]
    for choice in product(*plans):
        if sum(plan.clusters for plan in choice) <= clusters:
            period = max(plan.period for plan in choice)
            best = period if best is None else min(best, period)
    found = fastest(chosen, clusters, config)
    assert best is not None
    assert found is not None
    assert sum(plan.clusters for plan in found) <= clusters
    # Exact to a cycle.
    assert best - 1 < max(plan.period for plan in found) <= best + 1


def test_work_that_takes_no_time_has_one_copy(small):
    free = replace(
        CONFIG,
        software_cycles=0,
        residual_cycles_per_element=0.0,
        partial_sum_cycles_per_element=0.0,
    )
    found = {each.layer: each.copies for each in auto(small, free).layers}
    assert found["4 res"] == 1


def test_fewest_clusters_keep_up(small):
    for layer in chunked_layers(small):
        for period in (5000, 20000, 70001):
            plan = fewest_clusters(layer, Fraction(period), CONFIG)
            assert plan.period <= period
            assert (
                plan.copies == 1
                or with_copies(layer, plan.copies - 1, CONFIG, period=Fraction(period)).period
                > period
            )


def test_a_network_that_does_not_fit(graph):
    few = replace(CONFIG, wrapper_children=1)
    with pytest.raises(AlpineError, match=r"naive of resnet-18 needs 249 clusters, but .* has 64"):
        lower(graph, naive(graph, few), few)
    # Three copies of layer 0 fewer, and two clusters for residuals.
    with pytest.raises(AlpineError, match=r"resnet-18 needs at least 248 clusters"):
        auto(graph, few)


def test_published_steps_are_of_one_network():
    # One stage: there is no layer 12.
    small = resnet_graph(ResNetShape(side=64, widths=(64,), classes=10))
    with pytest.raises(AlpineError, match=r"^allocation replicated is published for layers"):
        ALLOCATIONS["replicated"](small, CONFIG)


def test_written_edited_and_given_back(small, tmp_path: Path):
    path = tmp_path / "allocation.yaml"
    allocation = naive(small, CONFIG)
    write_allocation(allocation, path)
    assert read_allocation(path) == allocation
    path.write_text(path.read_text().replace("copies: 4", "copies: 2").replace("[0, 4]", "[0, 2]"))
    edited = read_allocation(path)
    assert edited.layers[0] == LayerAllocation(layer="0 conv", clusters=((0, 2),), copies=2)
    assert lower(small, edited, CONFIG).stage("0 conv").copies == 2


def changed(allocation: Allocation, layer: str, /, **members: object) -> Allocation:
    entries = tuple(
        replace(entry, **members) if entry.layer == layer else entry for entry in allocation.layers
    )
    return replace(allocation, layers=entries)


MISTAKES = {
    "allocation naive of resnet-18 misses layer 2 conv: give it clusters": lambda a: replace(
        a, layers=tuple(entry for entry in a.layers if entry.layer != "2 conv")
    ),
    "allocation naive has layer 0 conv twice": lambda a: replace(
        a, layers=(a.layers[0], *a.layers)
    ),
    "unknown layer of resnet-18 '2 conf': did you mean": lambda a: changed(
        a, "2 conv", layer="2 conf"
    ),
    "cluster 4 of allocation naive belongs to layer 1 pool and to layer 4 res": lambda a: changed(
        a, "4 res", clusters=((4, 5),)
    ),
    "layer 4 res of allocation naive has cluster 512, but .* are 0 to 511": lambda a: changed(
        a, "4 res", clusters=((512, 513),)
    ),
    "layer 2 conv of allocation naive has 4 clusters, .* need 8: change": lambda a: changed(
        a, "2 conv", copies=2
    ),
    "layer 2 conv .* in 2 rows needs crossbars of 288 rows, .* have 256: set rows to 3": lambda a: (
        changed(a, "2 conv", rows=2, clusters=((5, 8),))
    ),
    "layer 4 res of allocation naive has no matrix to cut": lambda a: changed(
        a, "4 res", columns=2, clusters=((500, 502),)
    ),
    "layer 4 res of allocation naive keeps its residual in the L1 .* add storage": lambda a: (
        changed(a, "4 res", residual=ResidualPlace.L1)
    ),
    "layer 4 res of allocation naive keeps a residual: set residual to hbm or l1": lambda a: (
        changed(a, "4 res", residual=None)
    ),
    "layer 1 pool of allocation naive keeps no residual": lambda a: changed(
        a, "1 pool", residual="hbm"
    ),
    "allocation naive is for network other, not resnet-18": lambda a: replace(a, network="other"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes_are_one_line(small, message: str):
    with pytest.raises(AlpineError, match=f"^{message}") as caught:
        lower(small, MISTAKES[message](naive(small, CONFIG)), CONFIG)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("copies: 4", "copys: 4", r"layers\[0\]: unknown field 'copys': did you mean copies"),
        ("tree: [1]", "tree: [2]", r"layers\[2\]: tree of layer 2 conv leaves 2 partial sums"),
        ("tree: [1]", "tree: [3]", r"layers\[2\]: tree of layer 2 conv has a level of 3 clusters"),
        ("[0, 4]", "[4, 4]", r"layers\[0\]: clusters of layer 0 conv are \[4, 4\]"),
        ("residual: hbm", "residual: l2", "unknown place of a residual 'l2'"),
        ("name: naive", "name: [", "is no YAML"),
    ],
)
def test_mistakes_in_a_file(small, old: str, new: str, message: str):
    text = allocation_to_yaml(naive(small, CONFIG))
    assert old in text
    with pytest.raises(AlpineError, match=message):
        allocation_from_yaml(text.replace(old, new, 1))


def test_buffers_that_do_not_fit(graph):
    small_l1 = replace(CONFIG, l1_bytes=1 << 15)
    with pytest.raises(
        AlpineError, match=r"^cluster \d+ needs \d+ bytes of buffers, more than its"
    ):
        lower(graph, naive(graph, small_l1), small_l1)
