# SPDX-License-Identifier: Apache-2.0
"""The fewest clusters with which a layer keeps up with a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from alpine_platform.manycore import ManyCoreConfig

from .chunked_layers import ChunkedLayer, LayerWork
from .parts import fewest_parts, tree_of
from .work import core_cycles, crossbar_cycles, tree_cycles

__all__ = ["LayerPlan", "fastest", "fewest_clusters", "own_period", "smallest", "with_copies"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerPlan:
    """Copies and parts of a layer, without numbers of clusters.

    Members
    -------
    layer : the layer.
    copies, rows, columns, tree : as in `LayerAllocation`.
    period : cycles per image, if it never waits.
    """

    layer: ChunkedLayer
    copies: int
    rows: int
    columns: int
    tree: tuple[int, ...]
    period: Fraction

    @property
    def clusters(self) -> int:
        """Clusters of all copies."""
        return self.copies * self.columns * (self.rows + sum(self.tree))


def own_period(layer: ChunkedLayer, copies: int, config: ManyCoreConfig) -> Fraction:
    """Cycles per image of a layer's crossbars, in the fewest parts, or of its cores; no trees."""
    if layer.kind is LayerWork.MATRIX:
        cycles = crossbar_cycles(layer, *fewest_parts(layer, config), config)
    else:
        cycles = config.software_cycles + core_cycles(layer, config)
    return Fraction(layer.chunks * cycles, copies)


def with_copies(
    layer: ChunkedLayer, copies: int, config: ManyCoreConfig, *, period: Fraction
) -> LayerPlan:
    """Return the plan with so many copies, in the fewest parts that crossbars allow.

    Its trees are those with the fewest clusters that do not exceed a period in cycles per image;
    where even additions of two parts do, it has a tree of such.
    """
    matrix = layer.kind is LayerWork.MATRIX
    rows, columns = fewest_parts(layer, config) if matrix else (1, 1)
    own, tree = own_period(layer, copies, config), ()
    # The smaller the fan-in, the larger the tree.
    for fan_in in range(rows, 1, -1):
        tree = tree_of(rows, fan_in)
        cycles = layer.chunks * tree_cycles(layer, rows, columns, tree, config)
        if cycles <= period * copies:
            break
    return LayerPlan(
        layer=layer,
        copies=copies,
        rows=rows,
        columns=columns,
        tree=tree,
        period=max(
            own, Fraction(layer.chunks * tree_cycles(layer, rows, columns, tree, config), copies)
        ),
    )


def fewest_clusters(layer: ChunkedLayer, period: Fraction, config: ManyCoreConfig) -> LayerPlan:
    """Return the plan with the fewest clusters that takes no longer than a period.

    All numbers of copies are looked at that can be best: from the least that crossbars or cores
    need, on until these alone need as many clusters as the best plan so far.
    """
    # Work may take no time at all.
    copies = max(ceil(own_period(layer, 1, config) / period), 1)
    best: LayerPlan | None = None
    while best is None or copies * best.rows * best.columns < best.clusters:
        plan = with_copies(layer, copies, config, period=period)
        if plan.period <= period and (best is None or plan.clusters < best.clusters):
            best = plan
        copies += 1
    return best


def smallest(layers: Sequence[ChunkedLayer], config: ManyCoreConfig) -> list[LayerPlan]:
    """Return the plans with the fewest clusters at all: one copy, one cluster per tree."""
    return [with_copies(layer, 1, config, period=_longest(layer, config)) for layer in layers]


def fastest(
    layers: Sequence[ChunkedLayer], clusters: int, config: ManyCoreConfig
) -> list[LayerPlan] | None:
    """Return the plans whose slowest layer is the fastest that so many clusters allow, or None.

    Exact to one cycle per image: for a given period every layer needs its own fewest clusters,
    whatever the others do, so that a period is possible if and only if these fit; a longer period
    needs no more of them. The shortest whole number of cycles is found by bisection. The plans
    have the fewest clusters for it.
    """
    best = smallest(layers, config)
    if sum(plan.clusters for plan in best) > clusters:
        return None
    slow = ceil(max(plan.period for plan in best))
    # Crossbars and cores have no less to do, however they are shared.
    work = sum(own_period(plan.layer, 1, config) * plan.rows * plan.columns for plan in best)
    fast = max(ceil(work / clusters), 1)
    while fast < slow:
        middle = (fast + slow) // 2
        found = [fewest_clusters(layer, Fraction(middle), config) for layer in layers]
        if sum(plan.clusters for plan in found) > clusters:
            fast = middle + 1
        else:
            best, slow = found, middle
    return best


def _longest(layer: ChunkedLayer, config: ManyCoreConfig) -> Fraction:
    """Period with which one copy and the smallest tree keep up."""
    own = own_period(layer, 1, config)
    if layer.kind is not LayerWork.MATRIX:
        return own
    rows, columns = fewest_parts(layer, config)
    tree = tree_of(rows, rows) if rows > 1 else ()
    return max(own, Fraction(layer.chunks * tree_cycles(layer, rows, columns, tree, config)))
