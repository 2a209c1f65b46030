# SPDX-License-Identifier: Apache-2.0
"""A whole system."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .cache import CacheConfig
from .core import CoreConfig
from .energy import EnergyConfig
from .fields import TABLE_I, Checked, described
from .io import IoConfig, TileClockConfig
from .memory import BusConfig, DramConfig
from .placement import BufferPlacement
from .replacing import override
from .sync import SyncConfig

__all__ = ["SystemConfig"]

MAX_CACHE_LINES = 1 << 23
"""Lines of all caches together: 32 bytes of the host's memory each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemConfig(Checked):
    """A whole system: cores, caches, buses, DRAM, I/O, tile clock, energy."""

    name: str = described("name of the system", source="this project")
    cores: int = described("number of cores", source=TABLE_I, minimum=1, maximum=64, default=8)
    core: CoreConfig
    l1: CacheConfig
    l2: CacheConfig
    bus: BusConfig = field(default_factory=BusConfig)
    dram: DramConfig = field(default_factory=DramConfig)
    io: IoConfig = field(default_factory=IoConfig)
    sync: SyncConfig = field(default_factory=SyncConfig)
    tile_clock: TileClockConfig = field(default_factory=TileClockConfig)
    energy: EnergyConfig
    placement: BufferPlacement = described(
        "where programs' buffers lie (docs/placement.md)",
        source="this project; glibc as in the reference's programs",
        default=BufferPlacement.GLIBC,
    )

    def __post_init__(self) -> None:
        super(SystemConfig, self).__post_init__()
        line = self.l2.line_bytes
        if self.l1.line_bytes != line:
            raise ValueError(
                f"l1.line_bytes must equal l2.line_bytes {line}, not {self.l1.line_bytes}: set both"
            )
        if line > self.dram.row_bytes:
            raise ValueError(
                f"l2.line_bytes must be at most dram.row_bytes {self.dram.row_bytes}, not {line}"
            )
        lines = (self.cores * self.l1.size_bytes + self.l2.size_bytes) // line
        if lines > MAX_CACHE_LINES:
            raise ValueError(
                f"cores x l1.size_bytes + l2.size_bytes must be at most {MAX_CACHE_LINES} lines of"
                f" {line} bytes, which the simulator can hold, not {lines}"
            )

    def override(self, settings: Mapping[str, Any]) -> "SystemConfig":
        """Return this configuration with fields replaced by dotted name.

        Raises
        ------
        AlpineError
            A field does not exist or its value is impossible.
        """
        return override(self, settings)
