# SPDX-License-Identifier: Apache-2.0
"""Stages executed on a many-core, held against arithmetic.

The machine has eight clusters in two quadrants of four. A way within a quadrant passes one router
of 4 cycles, from one quadrant to the other three, and to the HBM four and the link of 100.
"""

from dataclasses import replace

import pytest

from alpine_models.errors import AlpineError
from alpine_platform.manycore import (
    Carrier,
    ManyCoreConfig,
    ManyCoreResult,
    StageEdge,
    StageGraph,
    StageRole,
    WorkStage,
    broadcast,
    slowest,
)
from alpine_platform.manycore.sequences import chunk_sequence
from alpine_platform.manycore.simulate import simulate

MACHINE = ManyCoreConfig(
    name="small", wrapper_children=1, l3_children=1, l2_children=2, l1_children=4,
    software_cycles=0, hbm_run_wait_cycles=0,
)  # fmt: skip
TO_HBM = 4 * 4 + 100


def work(name: str, *clusters: int, cycles: int, chunks: int = 4, copies: int = 1) -> WorkStage:
    """A stage of the cores."""
    width = len(clusters) // copies
    return WorkStage(
        name=name, layer=name, role=StageRole.DIGITAL, clusters=clusters, copies=copies,
        chunks=chunks, digital_cycles=(cycles,) * width,
    )  # fmt: skip


def images(target: str, size: int = 64, *, width: int = 1, chunks: int = 4) -> StageEdge:
    """The way of the images to a stage."""
    return StageEdge(
        source="", target=target, carrier=Carrier.HBM, reads=(size,) * width, source_chunks=chunks
    )


def results(source: str, *, width: int = 1) -> StageEdge:
    """The way of the results from a stage."""
    return StageEdge(source=source, target="", carrier=Carrier.HBM, writes=(64,) * width)


def direct(
    source: str,
    target: str,
    size: int = 64,
    *,
    sources: int = 1,
    window: int = 1,
    stride: int = 1,
    padding: int = 0,
) -> StageEdge:
    """Bytes from L1 to L1, to one cluster."""
    routes = broadcast(sources, 1, size)
    return StageEdge(
        source=source, target=target, routes=routes, window=window, stride=stride, padding=padding
    )


def run(
    stages: list[WorkStage],
    edges: list[StageEdge],
    *,
    batch: int = 1,
    config: ManyCoreConfig = MACHINE,
) -> ManyCoreResult:
    return simulate(StageGraph(stages=tuple(stages), edges=tuple(edges)), config, images=batch)


def test_one_stage_between_reads_and_writes():
    found = run([work("a", 0, cycles=10)], [images("a"), results("a")])
    # A chunk of one beat takes 117 cycles from the HBM. The next one is asked for when the one
    # before begins, and 10 cycles of work hide behind it. The last result takes 117 as well.
    assert found.cycles == 4 * (TO_HBM + 1) + 10 + (TO_HBM + 1)
    (cluster,) = found.clusters
    assert (cluster.busy, cluster.digital, cluster.software) == (40, 40, 0)
    # All lies in the HBM, so the cluster waits for bytes alone.
    assert (cluster.waited_input, cluster.waited_output) == (0, 0)
    assert cluster.waited_communication == 4 * (TO_HBM + 1) - 3 * 10


def test_software_delays_the_reads_of_the_next_chunk():
    config = replace(MACHINE, software_cycles=50)
    found = run([work("a", 0, cycles=10)], [images("a"), results("a")], config=config)
    # 50 + 117 from chunk to chunk, and 60 for the last one.
    assert found.cycles == 117 + 3 * 167 + 60 + 117


@pytest.mark.parametrize(("cluster", "way"), [(1, 4), (4, 12)])
def test_the_way_from_cluster_to_cluster(cluster: int, way: int):
    stages = [work("a", 0, cycles=200), work("b", cluster, cycles=10)]
    found = run(stages, [images("a"), direct("a", "b", 640), results("b")])
    # Ten beats behind the routers; a's work decides from chunk to chunk.
    assert found.cycles == 117 + 4 * 200 + way + 10 + 10 + 117


def test_bursts_follow_one_another():
    stages = [work("a", 0, cycles=200), work("b", 1, cycles=10)]
    found = run(stages, [images("a"), direct("a", "b", 5000), results("b")])
    # 2048, 2048 and 904 bytes: 32 + 32 + 15 beats, the latency once.
    assert found.cycles == 117 + 4 * 200 + 4 + 79 + 10 + 117
    assert found.bursts == 4 + 4 * 3 + 4


def test_two_producers_share_the_wire_of_their_consumer():
    stages = [work("a", 0, 1, cycles=200), work("b", 2, cycles=10)]
    edges = [images("a", width=2), direct("a", "b", 2 * 640, sources=2), results("b")]
    found = run(stages, edges)
    # The images' two reads share the wires from the HBM to the quadrant: the second cluster begins
    # a beat later. The first one's ten beats then end 4 + 10 behind its work; the second one's
    # follow them.
    assert found.cycles == 117 + 4 * 200 + 4 + 10 + 10 + 10 + 117
    used = {(link.level, link.node): link.busy for link in found.links if not link.upwards}
    assert used[0, 2] == 4 * 20


def test_a_slow_consumer_holds_its_producer_back():
    stages = [work("a", 0, cycles=10, chunks=32), work("b", 1, cycles=300, chunks=32)]
    edges = [images("a", chunks=32), direct("a", "b"), results("b")]
    found = run(stages, edges)
    first, second = found.clusters
    assert found.cycles == 117 + 10 + 5 + 32 * 300 + 117
    # Two chunks lie with the consumer, one waits to leave and one is done: the producer ends its
    # last but one chunk when chunk 28 is freed, which is 29 chunks of 300 behind the first.
    assert first.waited_output > 0 and second.waited_output == 0
    for cluster in found.clusters:
        waits = cluster.waited_input + cluster.waited_communication + cluster.waited_output
        assert cluster.busy + waits <= found.cycles
    assert second.busy + second.waited_input + second.waited_communication == found.cycles - 117


def test_copies_take_turns():
    stages = [work("a", 0, 1, cycles=1000, copies=2), work("b", 2, cycles=10)]
    found = run(stages, [images("a"), direct("a", "b"), results("b")])
    # Chunks 0 and 1 at once, 2 and 3 behind them; chunk 3's beat comes behind chunk 2's.
    first, second = (cluster for cluster in found.clusters if cluster.stage == "a")
    assert first.chunks == second.chunks == 2
    # The second copy's first read comes behind the first one's; b does chunk 2, then 3.
    assert found.cycles == 117 + 1 + 2 * 1000 + 5 + 10 + 117 + 9


def test_a_window_needs_chunks_ahead():
    stages = [work("a", 0, cycles=200), work("b", 1, cycles=10)]
    edges = [images("a"), direct("a", "b", window=3, padding=1), results("b")]
    found = run(stages, edges, batch=2)
    # b's chunk 0 needs a's chunk 1, its last chunk a's last: no image waits for the next one.
    assert found.image_cycles[0] == 117 + 4 * 200 + 5 + 10 + 10 + 117
    assert found.image_cycles[1] == found.image_cycles[0] + 4 * 200


def test_the_stricter_reading_waits_for_the_next_chunk():
    strict = replace(MACHINE, wait_for_next_chunk=True)
    stages = [work("a", 0, cycles=200), work("b", 1, cycles=10)]
    edges = [images("a"), direct("a", "b"), results("b")]
    loose, found = run(stages, edges, batch=2), run(stages, edges, batch=2, config=strict)
    # The first image's last chunk waits until the second one's first is computed.
    assert found.image_cycles[0] - loose.image_cycles[0] == 200 - 5
    # At the end, two chunks of b follow a's last one in place of its way and one chunk.
    assert found.cycles - loose.cycles == 2 * 10 - (5 + 10)


def test_runs_in_the_hbm_cost_waiting():
    config = replace(MACHINE, hbm_run_wait_cycles=60)
    edges = [replace(images("a", 640), runs=10), results("a")]
    found = run([work("a", 0, cycles=10)], edges, config=config)
    # Ten runs of 64 bytes: 10 beats and 600 cycles of waiting; the result is one run.
    assert found.cycles == 4 * (116 + 10 + 600) + 10 + (116 + 1 + 60)


def residual(capacity: int) -> list[StageEdge]:
    """a feeds b and skips to c; b's first chunk needs all four of a's."""
    skip = StageEdge(
        source="a", target="c", carrier=Carrier.STORAGE, writes=(64,), reads=(64,), storage=(5,),
        capacity_chunks=capacity,
    )  # fmt: skip
    return [
        images("a"),
        direct("a", "b", window=7, padding=3),
        direct("b", "c"),
        skip,
        results("c"),
    ]


RESIDUAL = [work("a", 0, cycles=200), work("b", 1, cycles=200), work("c", 2, cycles=200)]


def test_storage_holds_what_skips_a_stage():
    found = run(RESIDUAL, residual(8), batch=3)
    assert found.used_clusters == 4
    # Once the pipeline is full, each image takes four chunks.
    assert found.steady_cycles == 800


def test_too_little_storage_is_one_line():
    # Chunk 0 lies with c, chunk 1 in the storage, chunk 2 waits, and chunk 3 does not begin.
    with pytest.raises(AlpineError, match="stage a stands still at its chunk 3 for ever"):
        run(RESIDUAL, residual(1), batch=3)


def test_a_batch_has_images():
    with pytest.raises(AlpineError, match="1 to 4096 images, not 0"):
        run(RESIDUAL, residual(8), batch=0)


def test_the_slowest_stage_decides_where_no_link_is_contended():
    stages = [
        work("a", 0, 1, cycles=900, chunks=16, copies=2),
        work("b", 2, cycles=500, chunks=16),
        work("c", 3, cycles=800, chunks=8),
    ]
    edges = [
        images("a", chunks=16),
        direct("a", "b", window=3, padding=1),
        direct("b", "c", window=3, stride=2, padding=1),
        results("c"),
    ]
    found = run(stages, edges, batch=12)
    # a: 8 x 900 = 7200; b: 16 x 500 = 8000; c: 8 x 800 = 6400 cycles an image.
    assert slowest(found.graph, MACHINE).stage == "b" and found.slowest.cycles == 8000
    assert found.steady_cycles == pytest.approx(8000, rel=0.01)


def test_a_sequence_by_hand():
    edge = direct("a", "b", window=3, stride=2, padding=1)
    found = chunk_sequence(edge, source_chunks=6, target_chunks=3, copies=2, copy=1, images=2)
    # Chunks 1, 3 (0 of the second image) and 5 of six: windows 1-3, 6-7 and 9-11 (3-5 of its six).
    assert found.chunks.tolist() == [1, 2, 3, 6, 7, 9, 10, 11]
    assert found.needs.tolist() == [3, 5, 8]
    assert found.frees.tolist() == [3, 5, 8]
    assert found.ranks.tolist() == [-1, 0, 1, 2, -1, -1, 3, 4, -1, 5, 6, 7]
    alone = chunk_sequence(edge, source_chunks=6, target_chunks=3, copies=1, copy=0, images=2)
    # Windows 0-1, 1-3 and 3-5; what two of them need is freed by the later one.
    assert alone.needs.tolist() == [2, 4, 6, 8, 10, 12]
    assert alone.frees.tolist() == [1, 3, 6, 7, 9, 12]
