# SPDX-License-Identifier: Apache-2.0
"""What a many-core executes: stages of work on clusters, and the bytes between them.

Stages work chunk by chunk; a chunk is a vertical slice of an image's feature map. Nothing here
knows networks: whoever lowers one onto clusters makes these records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Carrier",
    "Route",
    "StageEdge",
    "StageGraph",
    "StageRole",
    "WorkStage",
    "broadcast",
    "paired",
    "scattered",
]


class StageRole(StrEnum):
    """What the clusters of a stage are for."""

    ANALOG = "analog"
    """Products on the crossbars."""
    REDUCTION = "reduction"
    """Additions of partial sums by the cores."""
    DIGITAL = "digital"
    """Anything else that the cores do."""


class Carrier(StrEnum):
    """How bytes get from one stage to another."""

    DIRECT = "direct"
    """The producer's DMA writes them into the consumer's L1."""
    HBM = "hbm"
    """The producer's DMA writes them into the HBM, the consumer's reads them from there."""
    STORAGE = "storage"
    """The same with the L1 of clusters that do nothing else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkStage:
    """One unit of work on a set of clusters, which are copies of one group.

    Copies take turns: the chunk with number g, counted on from image to image, is done by copy g
    modulo the number of copies. All clusters of a copy work on the same chunk, each when it can.

    Members
    -------
    name : of which there is one.
    layer : name under which figures of several stages are added up.
    role : what it does.
    clusters : numbers, copy after copy. No other stage has them.
    copies : how often the group is there.
    chunks : per image.
    jobs : of the accelerator per chunk and cluster; 0 where there are none.
    rows, columns : lines of a job, per cluster of a copy; 0 where there are no jobs.
    runs : contiguous runs in which a job's rows lie in L1.
    digital_cycles : of all cores of a cluster together per chunk, per cluster of a copy. They go on
        while the accelerator works.
    """

    name: str
    layer: str
    role: StageRole
    clusters: tuple[int, ...]
    copies: int
    chunks: int
    jobs: int = 0
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    runs: int = 1
    digital_cycles: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """Clusters of a copy."""
        return len(self.clusters) // self.copies

    def rows_of(self, index: int) -> int:
        """Rows of a job of a copy's cluster."""
        return self.rows[index] if self.rows else 0

    def columns_of(self, index: int) -> int:
        """Columns of a job of a copy's cluster."""
        return self.columns[index] if self.columns else 0

    def digital_cycles_of(self, index: int) -> int:
        """Cycles of a copy's cluster's cores per chunk."""
        return self.digital_cycles[index] if self.digital_cycles else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Bytes that a cluster of a copy sends to one of a consumer's copy per chunk."""

    source: int
    target: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StageEdge:
    """Bytes from stage to stage.

    A chunk k of the target needs those of the source from ``k * stride - padding`` on, ``window``
    of them, as far as the image has them.

    Members
    -------
    source : name of a stage; empty for images, which lie in the HBM from the beginning.
    target : name of a stage; empty for results, which stay in the HBM.
    carrier : how they get there.
    window, stride, padding : which chunks are needed.
    routes : with `Carrier.DIRECT`: who sends how much to whom, alike for all copies.
    writes : otherwise, bytes per chunk that each cluster of a source's copy writes; none of images.
    reads : otherwise, bytes per chunk that each cluster of a target's copy reads; none of results.
    runs : contiguous runs in which a write or read of a chunk lies in the HBM.
    storage : with `Carrier.STORAGE`: clusters in whose L1 chunks lie in turn; stages have others.
    capacity_chunks : chunks that the storage holds; 0 where nothing bounds them.
    source_chunks : of an image; of other sources, the stage says it.
    """

    source: str
    target: str
    carrier: Carrier = Carrier.DIRECT
    window: int = 1
    stride: int = 1
    padding: int = 0
    routes: tuple[Route, ...] = ()
    writes: tuple[int, ...] = ()
    reads: tuple[int, ...] = ()
    runs: int = 1
    storage: tuple[int, ...] = ()
    capacity_chunks: int = 0
    source_chunks: int = 0

    def needed(self, chunk: int, source_chunks: int) -> range:
        """Chunks of the source that a chunk of the target needs."""
        first = chunk * self.stride - self.padding
        return range(max(first, 0), min(first + self.window, source_chunks))

    def buffered_chunks(self, copies: int) -> int:
        """Chunks of the source for which a cluster of a target with such copies has room.

        That is those of the chunk under way, and what the next one needs beside them.
        """
        return self.window + min(self.window, self.stride * copies)


@dataclass(frozen=True, kw_only=True, slots=True)
class StageGraph:
    """Stages and the edges between them."""

    stages: tuple[WorkStage, ...]
    edges: tuple[StageEdge, ...]

    def stage(self, name: str) -> WorkStage:
        """Return a stage by name."""
        return next(stage for stage in self.stages if stage.name == name)

    def source_chunks(self, edge: StageEdge) -> int:
        """Chunks per image at the source of an edge."""
        return self.stage(edge.source).chunks if edge.source else edge.source_chunks


def broadcast(sources: int, targets: int, size_bytes: int) -> tuple[Route, ...]:
    """Every target receives the same bytes, of which every source has an equal share."""
    return scattered(sources, (size_bytes,) * targets)


def scattered(sources: int, sizes_bytes: Sequence[int]) -> tuple[Route, ...]:
    """Every target receives bytes of its own, of which every source has an equal share."""
    return tuple(
        Route(source=source, target=target, size_bytes=part)
        for target, size in enumerate(sizes_bytes)
        for source, part in enumerate(_shares(size, sources))
        if part
    )


def paired(sources: int, targets: int, size_bytes: int) -> tuple[Route, ...]:
    """Neighbouring sources send all that they have to one target, as in a tree of additions.

    Valid where there are at least as many sources as targets.
    """
    return tuple(
        Route(source=source, target=source * targets // sources, size_bytes=size_bytes)
        for source in range(sources)
    )


def _shares(total: int, parts: int) -> list[int]:
    """Cut a whole number into almost equal ones."""
    return [total * (part + 1) // parts - total * part // parts for part in range(parts)]
