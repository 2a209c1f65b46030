# SPDX-License-Identifier: Apache-2.0
"""From a network and its clusters to the stages and edges that a many-core executes.

Parts of a matrix by inputs give codes of one byte, which trees add up in two bytes; the last
cluster of a tree limits the sum to a code. Images and results lie in the HBM column by column, in
one run; residuals that wait there lie row by row, as they would in an image, so that a column has a
run for every row. What a layer does to single elements (ReLU, conversion) is hidden beside its
products.
"""

from collections.abc import Mapping
from typing import Any

from alpine_platform.manycore import (
    Carrier,
    ManyCoreConfig,
    Route,
    StageEdge,
    StageGraph,
    StageRole,
    WorkStage,
    check_graph,
)
from alpine_sw.graph import Graph
from alpine_sw.mapping.records import Range

from .checks import check_allocation
from .chunked_layers import ChunkedLayer, ChunkSource, LayerWork, chunked_layers
from .parts import column_parts, row_parts, tree_parts
from .records import Allocation, LayerAllocation, ResidualPlace, numbers_in
from .work import addition_cycles, core_cycles, job_rows, job_runs

__all__ = ["lower"]

PARTIAL_BYTES, SUM_BYTES = 1, 2
"""Of a partial sum as a crossbar's converters give it, and of a sum of several."""


def lower(graph: Graph, allocation: Allocation, config: ManyCoreConfig) -> StageGraph:
    """Return the stages and edges of a network on the clusters of an allocation.

    Raises
    ------
    AlpineError
        A node has an operator that clusters have no work for, the allocation does not fit the
        network or the machine, or buffers do not fit a cluster's L1.
    """
    layers = chunked_layers(graph)
    check_allocation(graph.name, layers, allocation, config)
    entries = {entry.layer: entry for entry in allocation.layers}
    places = {layer.name: LayerStages(layer, entries[layer.name], config) for layer in layers}
    stages = [stage for place in places.values() for stage in place.stages]
    edges = [edge for place in places.values() for edge in place.inner_edges()]
    storage = numbers_in(allocation.storage)
    for place in places.values():
        edges += [
            edge_to(place, number, places, storage) for number in range(len(place.layer.sources))
        ]
        if place.layer.is_output:
            edges.append(results_of(place))
    lowered = StageGraph(stages=tuple(stages), edges=tuple(edges))
    check_graph(lowered, config)
    return lowered


class LayerStages:
    """The stages of one layer: its crossbars or cores, then its trees level by level.

    Members
    -------
    layer, entry : the layer and its clusters.
    stages : in order.
    """

    def __init__(self, layer: ChunkedLayer, entry: LayerAllocation, config: ManyCoreConfig):
        self.layer, self.entry = layer, entry
        self.columns = column_parts(layer, entry.columns)
        self.stages = self._stages(config)

    @property
    def channels(self) -> list[Range]:
        """Channels that every cluster of a copy of the last stage makes."""
        return list(self.columns)

    def _stages(self, config: ManyCoreConfig) -> list[WorkStage]:
        layer, entry = self.layer, self.entry
        matrix = layer.kind is LayerWork.MATRIX
        outputs = [end - first for first, end in self.columns]
        stages = [
            WorkStage(
                name=layer.name,
                layer=layer.name,
                role=StageRole.ANALOG if matrix else StageRole.DIGITAL,
                clusters=self._clusters(0, entry.crossbars),
                copies=entry.copies,
                chunks=layer.chunks,
                jobs=layer.rows if matrix else 0,
                rows=job_rows(layer, entry.rows) * entry.columns if matrix else (),
                columns=tuple(o for o in outputs for _ in range(entry.rows)) if matrix else (),
                runs=job_runs(layer, entry.rows) if matrix else 1,
                digital_cycles=() if matrix else (core_cycles(layer, config),),
            )
        ]
        start = entry.crossbars
        for level, parts in enumerate(tree_parts(entry.rows, entry.tree), start=1):
            stages.append(
                WorkStage(
                    name=f"{layer.name} tree {level}",
                    layer=layer.name,
                    role=StageRole.REDUCTION,
                    clusters=self._clusters(start, len(parts) * entry.columns),
                    copies=entry.copies,
                    chunks=layer.chunks,
                    digital_cycles=tuple(
                        addition_cycles(count, layer.rows * made, config)
                        for made in outputs
                        for count in parts
                    ),
                )
            )
            start += len(parts) * entry.columns
        return stages

    def _clusters(self, start: int, count: int) -> tuple[int, ...]:
        """Numbers from one on within every copy."""
        numbers, of_copy = self.entry.numbers, self.entry.needed // self.entry.copies
        firsts = range(start, len(numbers), of_copy)
        return tuple(number for first in firsts for number in numbers[first : first + count])

    def inner_edges(self) -> list[StageEdge]:
        """Edges from the crossbars through the trees."""
        edges: list[StageEdge] = []
        partials, size = self.entry.rows, PARTIAL_BYTES
        for number, clusters in enumerate(self.entry.tree):
            routes = tuple(
                Route(
                    source=column * partials + part,
                    target=column * clusters + part * clusters // partials,
                    size_bytes=size * self.layer.rows * (end - first),
                )
                for column, (first, end) in enumerate(self.columns)
                for part in range(partials)
            )
            source, target = self.stages[number : number + 2]
            edges.append(StageEdge(source=source.name, target=target.name, routes=routes))
            partials, size = clusters, SUM_BYTES
        return edges

    def wanted(self, source: ChunkSource) -> list[Range]:
        """Channels of a source that every cluster of a copy of the first stage reads."""
        everything = [(0, source.channels)]
        if self.layer.kind is not LayerWork.MATRIX:
            return everything
        rows = row_parts(self.layer, self.entry.rows)
        # Channels are only told apart where parts are made of them.
        whole = rows[-1][1] == source.channels
        return list(rows if whole else everything * len(rows)) * self.entry.columns


def edge_to(
    place: LayerStages,
    number: int,
    places: Mapping[str, LayerStages],
    storage: tuple[int, ...],
) -> StageEdge:
    """Edge that brings an operand to a layer."""
    source, layer = place.layer.sources[number], place.layer
    window: dict[str, Any] = {
        "window": source.window,
        "stride": source.stride,
        "padding": source.padding,
    }
    wanted = place.wanted(source)
    column = source.rows * source.element_bytes
    reads = tuple(column * (end - first) for first, end in wanted)
    if not source.layer:
        return StageEdge(
            source="",
            target=layer.name,
            carrier=Carrier.HBM,
            reads=reads,
            source_chunks=source.chunks,
            **window,
        )
    maker = places[source.layer]
    name = maker.stages[-1].name
    if layer.kept != number:
        routes = overlaps(maker.channels, wanted, column)
        return StageEdge(source=name, target=layer.name, routes=routes, **window)
    in_l1 = place.entry.residual is ResidualPlace.L1
    return StageEdge(
        source=name,
        target=layer.name,
        carrier=Carrier.STORAGE if in_l1 else Carrier.HBM,
        writes=tuple(column * (end - first) for first, end in maker.channels),
        reads=reads,
        runs=1 if in_l1 else source.rows,
        storage=storage if in_l1 else (),
        capacity_chunks=source.chunks if in_l1 else 0,
        **window,
    )


def overlaps(made: list[Range], wanted: list[Range], size_bytes: int) -> tuple[Route, ...]:
    """Routes that bring every target the channels that it reads, of so many bytes each."""
    return tuple(
        Route(source=source, target=target, size_bytes=size_bytes * common)
        for target, (start, stop) in enumerate(wanted)
        for source, (first, end) in enumerate(made)
        if (common := min(end, stop) - max(first, start)) > 0
    )


def results_of(place: LayerStages) -> StageEdge:
    """Edge that leaves a layer's results in the HBM."""
    size = place.layer.rows * place.layer.element_bytes
    return StageEdge(
        source=place.stages[-1].name,
        target="",
        carrier=Carrier.HBM,
        writes=tuple(size * (end - first) for first, end in place.channels),
    )
