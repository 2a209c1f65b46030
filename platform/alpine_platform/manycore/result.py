# SPDX-License-Identifier: Apache-2.0
"""What a simulated batch on a many-core took, and where its clusters and links were busy."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alpine_platform.time import FS_PER_S

from .config import ManyCoreConfig
from .durations import StagePeriod
from .stages import StageGraph

__all__ = ["ClusterUse", "LayerUse", "LinkUse", "ManyCoreResult"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterUse:
    """What a cluster did, in cycles; what is left of the batch, it had no more to do.

    Members
    -------
    cluster, stage, layer, copy, index : which it is.
    chunks, jobs : that it has done.
    analog, digital : cycles in which the accelerator and the cores worked; they overlap.
    software : cycles of core 0 in which neither did.
    busy : from the begin of chunks to their end.
    waited_input : until producers had computed what it needed.
    waited_communication : until bytes had arrived, or had left its output buffer.
    waited_output : until consumers had room.
    """

    cluster: int
    stage: str
    layer: str
    copy: int
    index: int
    chunks: int
    jobs: int
    analog: int
    digital: int
    software: int
    busy: int
    waited_input: int
    waited_communication: int
    waited_output: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerUse:
    """The clusters of a layer together: means over them, as shares of the batch's time."""

    layer: str
    clusters: int
    analog: float
    digital: float
    software: float
    waited_input: float
    waited_communication: float
    waited_output: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkUse:
    """How long a link of the tree was taken.

    Members
    -------
    level : of the node below it: 0 for clusters, the last for the router at the HBM.
    node : number of that node within its level.
    upwards : towards the HBM.
    reads : wires of reads, or those of writes.
    busy : cycles.
    """

    level: int
    node: int
    upwards: bool
    reads: bool
    busy: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ManyCoreResult:
    """A simulated batch; times are cycles of the machine's clock.

    Members
    -------
    config, graph, images : what was simulated.
    cycles : of the whole batch.
    image_cycles : per image, when its last result was there.
    clusters : with work.
    links : that carried anything.
    bursts, events : that were simulated.
    slowest : the stage that bounds the throughput where no link does.
    starts : when every chunk of a cluster began, in the order of ``clusters``.
    """

    config: ManyCoreConfig
    graph: StageGraph
    images: int
    cycles: int
    image_cycles: tuple[int, ...]
    clusters: tuple[ClusterUse, ...]
    links: tuple[LinkUse, ...]
    bursts: int
    events: int
    slowest: StagePeriod
    starts: tuple[npt.NDArray[np.int64], ...]

    @property
    def time_fs(self) -> int:
        """Time of the batch."""
        return self.cycles * self.config.period_fs

    @property
    def images_per_s(self) -> float:
        """Images over the time of the batch, in which the pipeline fills and drains."""
        return self.images * FS_PER_S / self.time_fs

    @property
    def steady_cycles(self) -> float:
        """Cycles per image between the first image's end and the last one's; 0 for one image."""
        if self.images == 1:
            return 0.0
        return (self.image_cycles[-1] - self.image_cycles[0]) / (self.images - 1)

    @property
    def used_clusters(self) -> int:
        """Clusters with work or with stored chunks."""
        stores = {cluster for edge in self.graph.edges for cluster in edge.storage}
        return len(self.clusters) + len(stores)

    def layers(self) -> list[LayerUse]:
        """Add the clusters up by layer, in the order of the stages."""
        groups: defaultdict[str, list[ClusterUse]] = defaultdict(list)
        for each in self.clusters:
            groups[each.layer].append(each)
        return [self._layer(name, group) for name, group in groups.items()]

    def _layer(self, name: str, group: list[ClusterUse]) -> LayerUse:
        total = len(group) * self.cycles
        return LayerUse(
            layer=name,
            clusters=len(group),
            analog=sum(each.analog for each in group) / total,
            digital=sum(each.digital for each in group) / total,
            software=sum(each.software for each in group) / total,
            waited_input=sum(each.waited_input for each in group) / total,
            waited_communication=sum(each.waited_communication for each in group) / total,
            waited_output=sum(each.waited_output for each in group) / total,
        )
