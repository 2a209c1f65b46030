# SPDX-License-Identifier: Apache-2.0
"""Stages on a many-core: what a graph may be, and periods by arithmetic."""

from dataclasses import replace

import pytest

from alpine_models.errors import AlpineError
from alpine_platform.manycore import (
    MANY_CORES,
    Carrier,
    ManyCoreConfig,
    Route,
    StageEdge,
    StageGraph,
    StageRole,
    WorkStage,
    accelerator_cycles,
    broadcast,
    paired,
    scattered,
    slowest,
)
from alpine_platform.manycore.checks import buffer_bytes, check_graph

SMALL = ManyCoreConfig(
    name="small", wrapper_children=1, l3_children=1, l2_children=2, l1_children=4, l1_bytes=4096
)
FIRST = WorkStage(
    name="first", layer="conv 0", role=StageRole.ANALOG, clusters=(0, 1), copies=2, chunks=8,
    jobs=4, rows=(27,), columns=(16,),
)  # fmt: skip
SUMS = WorkStage(
    name="sums", layer="conv 1", role=StageRole.REDUCTION, clusters=(2,), copies=1, chunks=8,
    digital_cycles=(40,),
)  # fmt: skip
IMAGES = StageEdge(
    source="", target="first", carrier=Carrier.HBM, window=3, stride=2, padding=1, reads=(48,),
    source_chunks=16,
)  # fmt: skip
BETWEEN = StageEdge(
    source="first", target="sums", routes=(Route(source=0, target=0, size_bytes=64),)
)
RESULTS = StageEdge(source="sums", target="", carrier=Carrier.HBM, writes=(64,))
GRAPH = StageGraph(stages=(FIRST, SUMS), edges=(IMAGES, BETWEEN, RESULTS))


def test_the_published_machine():
    config = MANY_CORES["manycore-512"]
    assert config.clusters == 512 and config.clusters * config.cores == 8192
    assert config.stream_bytes == 64 and config.period_fs == 10**6
    # 256 cells squared, two operations each, in 130 ns, and 512 of them: 516 TOPS.
    peak = 2 * 256 * 256 / 130e-9 * 512
    assert peak == pytest.approx(516e12, rel=1e-3)


def test_cycles_of_the_accelerator():
    config = MANY_CORES["manycore-512"]
    # 576 / 3 = 192 rows: three beats and a cycle of rest in, one beat out.
    assert accelerator_cycles(config, jobs=1, rows=192, columns=64) == 4 + 131 + 1
    assert accelerator_cycles(config, jobs=64, rows=192, columns=64) == 4 + 64 * 131 + 1
    # Three runs of 66 bytes take two beats each.
    assert accelerator_cycles(config, jobs=1, rows=198, columns=64, runs=3) == 7 + 131 + 1
    short = replace(config, product_cycles=4)
    # The stream of 256 rows, 5 cycles, is longer than such a product.
    assert accelerator_cycles(short, jobs=3, rows=256, columns=64) == 5 + 4 + 1 + 2 * 5
    assert accelerator_cycles(config, jobs=0, rows=0, columns=0) == 0


def test_the_slowest_stage_decides():
    # 8 chunks on 2 copies: 4 chunks of 700 + (1 + 1) + 4 * 131 + 1 = 1227 cycles. The sums have 8.
    assert slowest(GRAPH, replace(SMALL, software_cycles=700)).cycles == 8 * 740
    without = slowest(GRAPH, replace(SMALL, software_cycles=0))
    assert (without.stage, without.cycles) == ("first", 4 * 527)


def test_shares_of_routes():
    assert sum(route.size_bytes for route in broadcast(3, 2, 64)) == 128
    assert [r.size_bytes for r in scattered(2, (5, 0, 4))] == [2, 3, 2, 2]
    assert [(r.source, r.target) for r in paired(5, 3, 8)] == [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 1),
        (4, 2),
    ]


def test_bytes_of_buffers():
    # Window 3 and what the next chunk of the same copy needs beside it, min(3, 2 * 2): 6 columns of
    # 48 bytes, and twice the output of 64. The sums: 2 chunks of 64, twice 64.
    assert buffer_bytes(GRAPH) == {0: 416, 1: 416, 2: 256}


def test_a_good_graph_passes():
    check_graph(GRAPH, SMALL)


BACK = replace(BETWEEN, source="sums", target="first")
STORED = StageEdge(
    source="first", target="sums", carrier=Carrier.STORAGE, writes=(64,), reads=(64,), storage=(5,),
    capacity_chunks=100,
)  # fmt: skip


def changed(stage: WorkStage | None = None, edge: StageEdge | None = None) -> StageGraph:
    """The graph with another first stage, or another edge in the middle."""
    return StageGraph(stages=(stage or FIRST, SUMS), edges=(IMAGES, edge or BETWEEN, RESULTS))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (StageGraph(stages=(), edges=()), "is empty"),
        (StageGraph(stages=(FIRST, FIRST), edges=()), "stage first is there twice"),
        (changed(replace(FIRST, clusters=(0, 2))), "cluster 2 has two stages"),
        (changed(replace(FIRST, clusters=(0, 8))), "numbers up to 8, and small has 8"),
        (changed(replace(FIRST, clusters=(0, 1, 3))), "3 clusters for 2 copies"),
        (changed(replace(FIRST, rows=(27, 27))), "gives 2 rows for 1 clusters of a copy"),
        (changed(replace(FIRST, rows=(257,))), "jobs of 257 rows, and a crossbar has 256"),
        (changed(replace(FIRST, chunks=0)), "has 0 chunks"),
        (changed(edge=replace(BETWEEN, target="other")), "there is no stage other"),
        (changed(edge=replace(BETWEEN, source="")), "images and results need hbm"),
        (changed(edge=replace(BETWEEN, routes=broadcast(2, 1, 8))), "route from cluster 1 to 0"),
        (changed(edge=replace(BETWEEN, routes=())), "no route to some cluster"),
        (changed(edge=replace(STORED, storage=())), "needs clusters in storage"),
        (changed(edge=replace(STORED, storage=(0,))), "cluster 0 has two stages"),
        (changed(edge=replace(STORED, reads=())), "gives 0 reads"),
        (changed(edge=STORED), "cluster 5 needs 6400 bytes of buffers, more than its L1 of 4096"),
        (changed(edge=replace(BETWEEN, stride=2)), "needs no chunk of 8 with window 1, stride 2"),
        (
            StageGraph(stages=GRAPH.stages, edges=(BETWEEN, BACK)),
            "in a circle",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(graph: StageGraph, message: str):
    with pytest.raises(AlpineError) as raised:
        check_graph(graph, SMALL)
    assert message in str(raised.value) and "\n" not in str(raised.value)
