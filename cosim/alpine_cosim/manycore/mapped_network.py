# SPDX-License-Identifier: Apache-2.0
"""A network with its clusters, stages and crossbars on one machine."""

from dataclasses import dataclass

from alpine_platform.manycore import ManyCoreConfig, StageGraph
from alpine_sw.graph import Graph
from alpine_sw.manycore import Allocation, lower

from .mapped_layers import MappedMatrix, mapped_matrices

__all__ = ["ManyCoreNetwork", "map_network"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ManyCoreNetwork:
    """What the parts of a run share.

    Members
    -------
    graph, allocation, config : the network, its clusters, the machine.
    stages : what the machine executes.
    matrices : by layer, on their crossbars.
    """

    graph: Graph
    allocation: Allocation
    config: ManyCoreConfig
    stages: StageGraph
    matrices: dict[str, MappedMatrix]


def map_network(graph: Graph, allocation: Allocation, config: ManyCoreConfig) -> ManyCoreNetwork:
    """Lower a network onto its clusters.

    Raises
    ------
    AlpineError
        Network, allocation and machine do not fit together.
    """
    return ManyCoreNetwork(
        graph=graph,
        allocation=allocation,
        config=config,
        stages=lower(graph, allocation, config),
        matrices=mapped_matrices(graph, allocation),
    )
