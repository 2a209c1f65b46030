# SPDX-License-Identifier: Apache-2.0
"""What has time: cores, memory system, synchronisation, tile port, systems and their energy.

`SystemConfig` holds every number of a system, and `HIGH_POWER` and `LOW_POWER` are the published
ones. `System` puts cores and memory together and runs programs on them; what stands behind a core's
`TilePort`, the platform does not know.
"""

from alpine_models.lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .accelerators.tile_port import TilePort
    from .config import (
        BusConfig,
        CacheConfig,
        CoreComplexConfig,
        CoreConfig,
        CoreEnergyConfig,
        CoreTypeConfig,
        DramConfig,
        EnergyConfig,
        SystemConfig,
    )
    from .cores.core_models import core_model
    from .systems.presets import HIGH_POWER, LOW_POWER
    from .systems.system import System

__all__ = [
    "HIGH_POWER",
    "LOW_POWER",
    "BusConfig",
    "CacheConfig",
    "CoreComplexConfig",
    "CoreConfig",
    "CoreEnergyConfig",
    "CoreTypeConfig",
    "DramConfig",
    "EnergyConfig",
    "System",
    "SystemConfig",
    "TilePort",
    "core_model",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "accelerators.tile_port": ["TilePort"],
        "config": [
            "BusConfig",
            "CacheConfig",
            "CoreComplexConfig",
            "CoreConfig",
            "CoreEnergyConfig",
            "CoreTypeConfig",
            "DramConfig",
            "EnergyConfig",
            "SystemConfig",
        ],
        "cores.core_models": ["core_model"],
        "systems.presets": ["HIGH_POWER", "LOW_POWER"],
        "systems.system": ["System"],
    },
)
