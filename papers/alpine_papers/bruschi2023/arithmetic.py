# SPDX-License-Identifier: Apache-2.0
"""Operations, ideal throughputs and clusters, counted from stages."""

from collections import Counter
from dataclasses import dataclass

from alpine_platform.manycore import ManyCoreConfig, ManyCoreResult, StageRole
from alpine_sw.manycore import Allocation

from .published import AREA_MM2, CLUSTERS

__all__ = [
    "CLUSTER_MM2",
    "GROUPS",
    "Chain",
    "chain_of",
    "clusters_by_purpose",
    "driven_operations",
    "group_of",
    "operations",
    "tera_per_second",
]

CLUSTER_MM2 = AREA_MM2 / CLUSTERS

GROUPS = {
    "256 x 256 x 3": range(1),
    "128 x 128 x 64": range(1, 2),
    "64 x 64 x 64": range(2, 9),
    "32 x 32 x 128": range(9, 15),
    "16 x 16 x 256": range(15, 21),
    "8 x 8 x 512": range(21, 28),
}
"""Numbers of layers by the feature map that they read, as published."""


def group_of(layer: str) -> str:
    """Return the group of a layer whose name begins with its number."""
    number = int(layer.split(maxsplit=1)[0])
    return next(name for name, numbers in GROUPS.items() if number in numbers)


def operations(result: ManyCoreResult, *, layer: str | None = None) -> int:
    """Multiplications and additions of crossbars for one image, of weights alone."""
    return 2 * sum(
        stage.chunks * stage.jobs * stage.rows_of(index) * stage.columns_of(index)
        for stage in result.graph.stages
        if layer in (None, stage.layer)
        for index in range(stage.width)
    )


def driven_operations(result: ManyCoreResult, *, layer: str | None = None) -> int:
    """The same if every word line of a crossbar counts, with a weight or without."""
    return 2 * sum(
        stage.chunks * stage.jobs * result.config.crossbar_rows * stage.columns_of(index)
        for stage in result.graph.stages
        if layer in (None, stage.layer)
        for index in range(stage.width)
    )


def tera_per_second(operations_per_image: float, result: ManyCoreResult) -> float:
    """Operations of a batch over its time, in TOPS."""
    return operations_per_image * result.images_per_s / 1e12


def clusters_by_purpose(allocation: Allocation, result: ManyCoreResult) -> dict[str, int]:
    """Count clusters: crossbars of one copy, further copies, trees, digital stages, storage."""
    found: Counter[str] = Counter()
    for stage in result.graph.stages:
        if stage.role is StageRole.ANALOG:
            found["crossbars, one copy"] += stage.width
            found["crossbars, further copies"] += stage.width * (stage.copies - 1)
        elif stage.role is StageRole.REDUCTION:
            found["additions of partial sums"] += len(stage.clusters)
        else:
            found["pooling and residuals"] += len(stage.clusters)
    found["storage of residuals"] = sum(end - first for first, end in allocation.storage)
    return dict(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """Throughputs in TOPS from the ideal to what a batch reaches.

    Members
    -------
    ideal : all crossbars of the machine, all cells, one product after the other.
    in_use : those of clusters in use.
    filled : only cells with weights.
    balanced : the slowest layer's crossbars work without a pause, the others wait for them.
    reached : by the batch.
    """

    ideal: float
    in_use: float
    filled: float
    balanced: float
    reached: float

    @property
    def factors(self) -> tuple[float, float, float, float]:
        """The ideal over each of the others."""
        others = (self.in_use, self.filled, self.balanced, self.reached)
        return tuple(self.ideal / each for each in others)  # type: ignore[return-value]


def chain_of(result: ManyCoreResult, allocation: Allocation) -> Chain:
    """Return the chain of a batch; operations are those of weights."""
    config = result.config
    analog = [stage for stage in result.graph.stages if stage.role is StageRole.ANALOG]
    cells = sum(
        stage.copies * stage.rows_of(index) * stage.columns_of(index)
        for stage in analog
        for index in range(stage.width)
    )
    whole = config.crossbar_rows * config.crossbar_columns
    slowest = max(stage.chunks * stage.jobs / stage.copies for stage in analog)
    period_s = slowest * config.product_cycles / config.frequency_hz
    return Chain(
        ideal=_peak(config.clusters * whole, config),
        in_use=_peak(allocation.clusters * whole, config),
        filled=_peak(cells, config),
        balanced=operations(result) / period_s / 1e12,
        reached=tera_per_second(operations(result), result),
    )


def _peak(cells: int, config: ManyCoreConfig) -> float:
    """TOPS of cells in products without a pause."""
    return 2 * cells * config.frequency_hz / config.product_cycles / 1e12
