# SPDX-License-Identifier: Apache-2.0
"""Many-cores: clusters with crossbars under a tree of routers, executing stages chunk by chunk.

The simulator, `simulate.simulate`, stands apart, as its compiled code takes a moment to load.
"""

from .checks import buffer_bytes, check_graph
from .config import MANY_CORES, ManyCoreConfig, changed_many_core
from .durations import StagePeriod, accelerator_cycles, chunk_cycles, slowest, stage_periods
from .result import ClusterUse, LayerUse, LinkUse, ManyCoreResult
from .stages import (
    Carrier,
    Route,
    StageEdge,
    StageGraph,
    StageRole,
    WorkStage,
    broadcast,
    paired,
    scattered,
)

__all__ = [
    "MANY_CORES",
    "Carrier",
    "ClusterUse",
    "LayerUse",
    "LinkUse",
    "ManyCoreConfig",
    "ManyCoreResult",
    "Route",
    "StageEdge",
    "StageGraph",
    "StagePeriod",
    "StageRole",
    "WorkStage",
    "accelerator_cycles",
    "broadcast",
    "buffer_bytes",
    "changed_many_core",
    "check_graph",
    "chunk_cycles",
    "paired",
    "scattered",
    "slowest",
    "stage_periods",
]
