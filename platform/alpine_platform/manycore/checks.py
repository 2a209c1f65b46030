# SPDX-License-Identifier: Apache-2.0
"""What a graph of stages must be so that a many-core can execute it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from alpine_models.errors import AlpineError

from .config import ManyCoreConfig
from .stages import Carrier, StageEdge, StageGraph, WorkStage

__all__ = ["buffer_bytes", "check_graph"]


def check_graph(graph: StageGraph, config: ManyCoreConfig) -> None:
    """Check a graph against a machine.

    Raises
    ------
    AlpineError
        A name or a cluster is missing or there twice, a job is larger than a crossbar, an edge does
        not fit its stages, stages wait for one another in a circle, or buffers do not fit an L1.
    """
    names = [stage.name for stage in graph.stages]
    if not names:
        raise AlpineError("the graph of stages is empty: give at least one stage")
    if twice := repeated(names):
        raise AlpineError(f"stage {twice} is there twice: give every stage a name of its own")
    _check_clusters(graph, config)
    for stage in graph.stages:
        _check_stage(stage, config)
    for edge in graph.edges:
        _check_edge(graph, edge)
    _check_order(graph)
    for cluster, size in buffer_bytes(graph).items():
        if size > config.l1_bytes:
            raise AlpineError(
                f"cluster {cluster} needs {size} bytes of buffers, more than its L1 of"
                f" {config.l1_bytes}: split its stage over more clusters, or set a larger l1_bytes"
            )


Value = TypeVar("Value", str, int)


def repeated(values: Iterable[Value]) -> Value | None:
    """Return the first value that is there twice."""
    seen: set[Value] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def _check_clusters(graph: StageGraph, config: ManyCoreConfig) -> None:
    stores = {cluster for edge in graph.edges for cluster in edge.storage}
    working = [cluster for stage in graph.stages for cluster in stage.clusters]
    used = [*working, *stores]
    most = max(used)
    if len(set(used)) > config.clusters or most >= config.clusters or min(used) < 0:
        needed = len(set(used))
        raise AlpineError(
            f"the stages need {needed} clusters with numbers up to {most}, and {config.name} has"
            f" {config.clusters}: choose a larger system or fewer copies"
        )
    if (twice := repeated(used)) is not None:
        raise AlpineError(f"cluster {twice} has two stages: give each a cluster of its own")


def _check_stage(stage: WorkStage, config: ManyCoreConfig) -> None:
    if stage.copies < 1 or not stage.clusters or len(stage.clusters) % stage.copies:
        raise AlpineError(
            f"stage {stage.name} has {len(stage.clusters)} clusters for {stage.copies} copies: give"
            " every copy as many"
        )
    if stage.chunks < 1:
        raise AlpineError(f"stage {stage.name} has {stage.chunks} chunks: give it at least one")
    wanted = stage.width
    for what, values in (
        ("rows", stage.rows),
        ("columns", stage.columns),
        ("digital_cycles", stage.digital_cycles),
    ):
        needed = stage.jobs > 0 and what != "digital_cycles"
        if (values or needed) and len(values) != wanted:
            raise AlpineError(
                f"stage {stage.name} gives {len(values)} {what} for {wanted} clusters of a copy"
            )
    for what, values, side in (
        ("rows", stage.rows, config.crossbar_rows),
        ("columns", stage.columns, config.crossbar_columns),
    ):
        if max(values, default=0) > side:
            raise AlpineError(
                f"stage {stage.name} has jobs of {max(values)} {what}, and a crossbar has {side}:"
                " split the stage"
            )


def _check_edge(graph: StageGraph, edge: StageEdge) -> None:
    named = f"edge from {edge.source or 'the images'} to {edge.target or 'the results'}"
    names = {stage.name for stage in graph.stages}
    for name in (edge.source, edge.target):
        if name and name not in names:
            raise AlpineError(f"{named}: there is no stage {name}")
    source = graph.stage(edge.source) if edge.source else None
    target = graph.stage(edge.target) if edge.target else None
    if (source is None or target is None) and edge.carrier is not Carrier.HBM:
        raise AlpineError(f"{named} is carried by {edge.carrier}: images and results need hbm")
    if source is None and target is None:
        raise AlpineError(f"{named} has no stage at all")
    if (edge.carrier is Carrier.STORAGE) != bool(edge.storage):
        raise AlpineError(f"{named}: carrier storage needs clusters in storage, no other has any")
    if source is not None and target is not None and edge.carrier is Carrier.DIRECT:
        _check_routes(edge, source, target, named)
    else:
        for stage, sizes, what in ((source, edge.writes, "writes"), (target, edge.reads, "reads")):
            if len(sizes) != (stage.width if stage else 0):
                raise AlpineError(f"{named} gives {len(sizes)} {what}: give one per cluster")
    if target is not None:
        _check_window(graph, edge, target, named)


def _check_routes(edge: StageEdge, source: WorkStage, target: WorkStage, named: str) -> None:
    for route in edge.routes:
        if not (0 <= route.source < source.width and 0 <= route.target < target.width):
            raise AlpineError(
                f"{named} has a route from cluster {route.source} to {route.target} of copies of"
                f" {source.width} and {target.width}"
            )
    if {route.target for route in edge.routes} != set(range(target.width)):
        raise AlpineError(f"{named} has no route to some cluster of {target.name}")


def _check_window(graph: StageGraph, edge: StageEdge, target: WorkStage, named: str) -> None:
    chunks = graph.source_chunks(edge)
    if chunks < 1 or edge.window < 1 or edge.stride < 1:
        raise AlpineError(f"{named}: window, stride and chunks of the source must be at least 1")
    if not all(edge.needed(chunk, chunks) for chunk in range(target.chunks)):
        raise AlpineError(
            f"{named}: a chunk of {target.name} needs no chunk of {chunks} with window"
            f" {edge.window}, stride {edge.stride}, padding {edge.padding}"
        )


def _check_order(graph: StageGraph) -> None:
    before: dict[str, set[str]] = {stage.name: set() for stage in graph.stages}
    for edge in graph.edges:
        if edge.source and edge.target:
            before[edge.target].add(edge.source)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        raise AlpineError(
            f"stages wait for one another in a circle: {' -> '.join(reversed(error.args[1]))}"
        ) from None


def buffer_bytes(graph: StageGraph) -> dict[int, int]:
    """Bytes of L1 that each cluster needs: inputs buffered, outputs twice, what it stores."""
    sizes: defaultdict[int, int] = defaultdict(int)
    for edge in graph.edges:
        for stage, index, size in _buffered(graph, edge):
            for copy in range(stage.copies):
                sizes[stage.clusters[copy * stage.width + index]] += size
        for cluster in edge.storage:
            share = -(-edge.capacity_chunks // len(edge.storage))
            sizes[cluster] += share * sum(edge.writes)
    return dict(sizes)


def _buffered(graph: StageGraph, edge: StageEdge) -> Iterator[tuple[WorkStage, int, int]]:
    """Stage, cluster of a copy and bytes of an edge's buffers, some of them in parts."""
    source = graph.stage(edge.source) if edge.source else None
    target = graph.stage(edge.target) if edge.target else None
    held = target and min(edge.buffered_chunks(target.copies), graph.source_chunks(edge))
    for route in edge.routes:
        if target:
            yield target, route.target, (held or 0) * route.size_bytes
    for index, size in enumerate(edge.reads):
        if target:
            yield target, index, (held or 0) * size
    sent = dict(enumerate(edge.writes))
    for route in edge.routes:
        # What goes to several consumers is there once.
        sent[route.source] = max(sent.get(route.source, 0), route.size_bytes)
    for index, size in sent.items():
        if source:
            yield source, index, 2 * size
