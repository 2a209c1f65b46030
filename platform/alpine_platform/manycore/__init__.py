# SPDX-License-Identifier: Apache-2.0
"""Many-cores: clusters with crossbars under a tree of routers, executing stages chunk by chunk."""

from .config import MANY_CORES, ManyCoreConfig
from .durations import StagePeriod, accelerator_cycles, chunk_cycles, slowest, stage_periods
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
    "ManyCoreConfig",
    "Route",
    "StageEdge",
    "StageGraph",
    "StagePeriod",
    "StageRole",
    "WorkStage",
    "accelerator_cycles",
    "broadcast",
    "chunk_cycles",
    "paired",
    "scattered",
    "slowest",
    "stage_periods",
]
