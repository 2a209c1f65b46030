# SPDX-License-Identifier: Apache-2.0
"""Configuration of a system: frozen dataclasses whose every number has a unit and a source.

The presets are the two systems of Klein et al., "ALPINE: Analog In-Memory Acceleration with Tight
Processor Integration for Deep Learning", IEEE TC 2022 (below: ALPINE), Table I; what the paper
leaves open is set as in the reference runs (`data/gem5/README.md`, below: reference), which use
gem5's MinorCPU with ALPINE's released parameters.
"""

from .cache import CacheConfig
from .cluster import (
    ClusterConfig,
    ClusterMemoryConfig,
    DmaConfig,
    EventUnitConfig,
    ScratchPadConfig,
)
from .complexes import CoreComplexConfig
from .core import CoreConfig, CoreTypeConfig
from .energy import CoreEnergyConfig, EnergyConfig
from .fields import OBSERVED
from .io import IoConfig, TileClockConfig
from .memory import BusConfig, DramConfig
from .sync import SyncConfig
from .system import SystemConfig

__all__ = [
    "OBSERVED",
    "BusConfig",
    "CacheConfig",
    "ClusterConfig",
    "ClusterMemoryConfig",
    "CoreComplexConfig",
    "CoreConfig",
    "CoreEnergyConfig",
    "CoreTypeConfig",
    "DmaConfig",
    "DramConfig",
    "EnergyConfig",
    "EventUnitConfig",
    "IoConfig",
    "ScratchPadConfig",
    "SyncConfig",
    "SystemConfig",
    "TileClockConfig",
]
