# SPDX-License-Identifier: Apache-2.0
"""Allocations by name: the published steps, and the balanced one.

Source: Bruschi et al., arXiv 2211.12877, Sec. V. Published are the gains (1.6x by copies, 1.9x with
residuals in L1), two copies of layer 12 and two clusters for residuals; that the throughput needs
eight copies of layer 0 and two of layers 2, 3, 5 and 6 is derived, that the naive step has four
copies of layer 0 is assumed: no other whole number fits a gain of 1.9. Trees are not published:
they have the fewest clusters with which no tree is slower than the slowest crossbar.
"""

from collections.abc import Callable, Mapping, Sequence

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_platform.manycore import ManyCoreConfig
from alpine_platform.manycore.simulate import simulate
from alpine_sw.graph import Graph
from alpine_sw.mapping.records import Range

from .balance import (
    LayerPlan,
    fastest,
    fewest_clusters,
    own_period,
    smallest,
    with_copies,
)
from .chunked_layers import ChunkedLayer, LayerWork, chunked_layers
from .lowering import lower
from .records import Allocation, LayerAllocation, ResidualPlace

__all__ = ["ALLOCATIONS", "auto", "naive", "replicated", "residual_l1"]

STORAGE = 2
"""Clusters in whose L1 residuals wait, published; more where these are too small."""

BATCH = 16
"""Images of a batch, published."""

NAIVE = {0: 4}
REPLICATED = {0: 8, 2: 2, 3: 2, 5: 2, 6: 2, 12: 2}
"""Copies by the number that a layer's name begins with."""


def naive(graph: Graph, config: ManyCoreConfig) -> Allocation:
    """Return the allocation of the first step: one copy of all layers but the first."""
    return _published("naive", graph, config, NAIVE)


def replicated(graph: Graph, config: ManyCoreConfig) -> Allocation:
    """Return the allocation with copies of the slow layers; residuals wait in the HBM."""
    return _published("replicated", graph, config, REPLICATED)


def residual_l1(graph: Graph, config: ManyCoreConfig) -> Allocation:
    """Return the same with residuals in the L1 of two further clusters."""
    return _published("residual-l1", graph, config, REPLICATED, place=ResidualPlace.L1)


def auto(graph: Graph, config: ManyCoreConfig, *, clusters: int | None = None) -> Allocation:
    """Return the allocation whose slowest layer is the fastest possible; `balance.fastest`.

    A published allocation that is not larger than allowed takes its place where a simulated batch
    is faster with it: layers that are not the slowest move the time of a batch a little.

    Parameters
    ----------
    clusters : at most in use; None is as many as the published allocation has, or all of the
        machine where the network has no published one or it does not fit.

    Raises
    ------
    AlpineError
        The network does not fit: the message says how many clusters it needs.
    """
    layers = chunked_layers(graph)
    storage = _storage(layers, config)
    known = _plans(layers, config, REPLICATED) if _copies_known(layers, REPLICATED) else None
    published = storage + sum(plan.clusters for plan in known) if known else config.clusters
    most = min(config.clusters, published)
    if clusters is not None:
        most = min(config.clusters, whole_number("clusters of allocation auto", clusters, least=1))
    found = fastest(layers, most - storage, config)
    if found is None:
        least = sum(plan.clusters for plan in smallest(layers, config)) + storage
        raise AlpineError(
            f"network {graph.name} needs at least {least} clusters, one copy of every layer, but "
            f"may have {most} of {config.name}: choose a larger system"
        )
    choices = [found, known] if known and published <= most else [found]
    allocations = [
        _numbered("auto", graph.name, plans, place=ResidualPlace.L1, storage=storage)
        for plans in choices
    ]
    if len(allocations) == 1:
        return allocations[0]

    def batch_fs(allocation: Allocation) -> int:
        return simulate(lower(graph, allocation, config), config, images=BATCH).time_fs

    return min(allocations, key=batch_fs)


ALLOCATIONS: Mapping[str, Callable[[Graph, ManyCoreConfig], Allocation]] = {
    "naive": naive,
    "replicated": replicated,
    "residual-l1": residual_l1,
    "auto": auto,
}
"""Every allocation by name."""


def _published(
    name: str,
    graph: Graph,
    config: ManyCoreConfig,
    copies: Mapping[int, int],
    *,
    place: ResidualPlace = ResidualPlace.HBM,
) -> Allocation:
    layers = chunked_layers(graph)
    if not _copies_known(layers, copies):
        raise AlpineError(
            f"allocation {name} is published for layers with numbers {', '.join(map(str, copies))} "
            f"at the beginning of their names, which {graph.name} has not: choose auto"
        )
    storage = _storage(layers, config) if place is ResidualPlace.L1 else 0
    plans = _plans(layers, config, copies)
    return _numbered(name, graph.name, plans, place=place, storage=storage)


def _number(layer: ChunkedLayer) -> int:
    first = layer.name.split()[0]
    return int(first) if first.isdecimal() else -1


def _copies_known(layers: Sequence[ChunkedLayer], copies: Mapping[int, int]) -> bool:
    return set(copies) <= set(map(_number, layers))


def _plans(
    layers: Sequence[ChunkedLayer], config: ManyCoreConfig, copies: Mapping[int, int]
) -> list[LayerPlan]:
    """Plans with so many copies of layers with a matrix, which nothing else holds up."""

    def of(layer: ChunkedLayer) -> int:
        return copies.get(_number(layer), 1)

    matrices = [layer for layer in layers if layer.kind is LayerWork.MATRIX]
    period = max(own_period(layer, of(layer), config) for layer in matrices)
    return [
        with_copies(layer, of(layer), config, period=period)
        if layer.kind is LayerWork.MATRIX
        else fewest_clusters(layer, period, config)
        for layer in layers
    ]


def _storage(layers: Sequence[ChunkedLayer], config: ManyCoreConfig) -> int:
    """Clusters in which one image of every residual has room."""
    kept = [layer.sources[layer.kept] for layer in layers if layer.kept is not None]
    size = sum(source.chunks * source.column_bytes for source in kept)
    return max(STORAGE, -(-size // config.l1_bytes)) if kept else 0


def _numbered(
    name: str, network: str, plans: Sequence[LayerPlan], *, place: ResidualPlace, storage: int
) -> Allocation:
    """Allocation with clusters numbered in the order of layers, storage behind them."""
    entries: list[LayerAllocation] = []
    first = 0
    for plan in plans:
        end = first + plan.clusters
        entries.append(
            LayerAllocation(
                layer=plan.layer.name,
                clusters=((first, end),),
                copies=plan.copies,
                rows=plan.rows,
                columns=plan.columns,
                tree=plan.tree,
                residual=None if plan.layer.kept is None else place,
            )
        )
        first = end
    places: tuple[Range, ...] = ((first, first + storage),) if storage else ()
    return Allocation(name=name, network=network, layers=tuple(entries), storage=places)
