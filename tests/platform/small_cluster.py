# SPDX-License-Identifier: Apache-2.0
"""A small cluster: four cores on four banks."""

from alpine_platform.config import CoreConfig
from alpine_platform.config.cluster import (
    ClusterConfig,
    ClusterMemoryConfig,
    DmaConfig,
    EventUnitConfig,
    ScratchPadConfig,
)

__all__ = ["CLUSTER"]

CLUSTER = ClusterConfig(
    cores=4,
    accelerators=2,
    core=CoreConfig(frequency_hz=500e6),
    scratch_pad=ScratchPadConfig(size_bytes=1024, banks=4),
    dma=DmaConfig(queued=3),
    event_unit=EventUnitConfig(),
    memory=ClusterMemoryConfig(size_bytes=4096),
)
