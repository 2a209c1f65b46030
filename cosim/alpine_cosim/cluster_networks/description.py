# SPDX-License-Identifier: Apache-2.0
"""What a package registers, so that `alpine run NAME --system imc-cluster` runs its network.

The package declares ``[project.entry-points."alpine.cluster_networks"]`` with a line ``name =
"module:NETWORK"``, where ``NETWORK`` is a `ClusterNetwork`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from alpine_models.extension_points import ExtensibleTable
from alpine_models.imc_cluster import ImcConfig

__all__ = [
    "CLUSTER_NETWORKS",
    "ClusterCounts",
    "ClusterLayer",
    "ClusterNetwork",
    "ClusterNetworkResult",
    "ClusterRequest",
]

NO_CM_INSTRUCTIONS = ("cm_instructions", "tile_cycles")
"""Figures of tiles beside cores, which a cluster has not."""


@dataclass(frozen=True, kw_only=True)
class ClusterRequest:
    """What a person asked for.

    Members
    -------
    system : its name. frequency_hz : of the cluster.
    case : one of the network's cases.
    engine : that the accelerators are.
    hardware : their geometry.
    seed : of data and weights.
    options : whole numbers by the names that the network takes.
    on_layer : called after each layer with its number from 1 and how many there are.
    """

    system: str
    frequency_hz: float
    case: str
    engine: str
    hardware: ImcConfig
    seed: int
    options: Mapping[str, int] = field(default_factory=dict[str, int])
    on_layer: Callable[[int, int], None] = lambda number, count: None


@dataclass(frozen=True, kw_only=True)
class ClusterLayer:
    """What a layer took.

    Members
    -------
    name : of it. unit : what computed it.
    macs : multiplications; additions of a residual count as one each.
    cycles : in which what computes it worked.
    total_cycles : with what the DMA held up.
    parts : that it was cut into, as it exceeds the TCDM.
    """

    name: str
    unit: str
    macs: int
    cycles: int
    total_cycles: int
    parts: int = 1


@dataclass(frozen=True, kw_only=True)
class ClusterCounts:
    """What accelerators and DMA did.

    Members
    -------
    jobs : contexts of accelerators. products : of crossbars, and of the depthwise engine pixels
        times blocks of 16 channels.
    stalled_cycles : in which an accelerator's access was not granted.
    dma_bytes : moved.
    """

    jobs: int
    products: int
    stalled_cycles: int
    dma_bytes: int


@dataclass(frozen=True, kw_only=True)
class ClusterNetworkResult:
    """What a network took on a cluster.

    Members
    -------
    network, request : what ran.
    layers : in order. counts : of all of them.
    energy_j : by the layers' rules, or None where none are published.
    wrong : names of layers whose outputs are not what plain integer arithmetic gives.
    notes : one line each: what is inferred, and where energies are from.
    """

    network: str
    request: ClusterRequest
    layers: tuple[ClusterLayer, ...]
    counts: ClusterCounts
    energy_j: float | None
    wrong: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def cycles(self) -> int:
        """Of all layers, what the DMA held up left out."""
        return sum(each.cycles for each in self.layers)

    @property
    def total_cycles(self) -> int:
        """Of all layers."""
        return sum(each.total_cycles for each in self.layers)

    def seconds(self, cycles: int) -> float:
        """Return the time of cycles."""
        return cycles / self.request.frequency_hz

    def to_json(self, host_s: float) -> str:
        """Return everything as a JSON text; figures of CM instructions are null."""
        request = self.request
        tree: dict[str, Any] = {
            "network": self.network,
            "system": request.system,
            "case": request.case,
            "engine": request.engine,
            "inferences": 1,
            "seed": request.seed,
            "options": dict(request.options),
            "time_s": self.seconds(self.total_cycles),
            "time_without_dma_waits_s": self.seconds(self.cycles),
            "energy_j": self.energy_j,
            **dict.fromkeys(NO_CM_INSTRUCTIONS),
            **asdict(self.counts),
            "outputs_equal_golden": not self.wrong,
            "layers": [asdict(each) for each in self.layers],
            "host_seconds": host_s,
        }
        return json.dumps(tree, indent=2)


@dataclass(frozen=True, kw_only=True)
class ClusterNetwork:
    """A network with programs for a cluster.

    Members
    -------
    about : it, in a line.
    cases : what each mapping is, by name; the first one is the default.
    crossbars : that it needs at least.
    options : sizes and other whole numbers, with their defaults.
    run : raises AlpineError where it does not fit.
    """

    about: str
    cases: Mapping[str, str]
    crossbars: int
    options: Mapping[str, int] = field(default_factory=dict[str, int])
    run: Callable[[ClusterRequest], ClusterNetworkResult]


CLUSTER_NETWORKS = ExtensibleTable[ClusterNetwork]("alpine.cluster_networks", ClusterNetwork, {})
"""By name, as registered."""
