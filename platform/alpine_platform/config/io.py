# SPDX-License-Identifier: Apache-2.0
"""What lies outside the memory system: the path to peripherals, the clock of the tiles."""

from dataclasses import dataclass

from alpine_models.tile import MAX_PHASE_CYCLES
from alpine_platform.time import period_fs

from .fields import Checked, described

__all__ = ["IoConfig", "TileClockConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class IoConfig(Checked):
    """Path to memory-mapped peripherals: bridge, I/O crossbar and device."""

    frequency_hz: float = described(
        "I/O crossbar clock",
        source="gem5's IOXBar",
        minimum=1e6,
        maximum=100e9,
        default=1e9,
    )
    width_bytes: int = described(
        "crossbar width", source="gem5's IOXBar", minimum=1, maximum=4096, default=16
    )
    frontend_cycles: int = described(
        "crossbar, request", source="gem5's IOXBar", minimum=0, maximum=1000, default=2
    )
    forward_cycles: int = described(
        "crossbar, forward", source="gem5's IOXBar", minimum=0, maximum=1000, default=1
    )
    response_cycles: int = described(
        "crossbar, response", source="gem5's IOXBar", minimum=0, maximum=1000, default=2
    )
    bridge_ns: float = described(
        "bridge, each way", source="gem5's Bridge", minimum=0, maximum=1e6, default=50.0
    )
    device_ns: float = described(
        "device, besides the cycles of its own bus interface",
        source="gem5's BasicPioDevice",
        minimum=0,
        maximum=1e6,
        default=100.0,
    )
    access_bytes: int = described(
        "bytes per uncached access",
        source="this project",
        minimum=1,
        maximum=4,
        power_of_two=True,
        default=4,
    )
    posted_stores: bool = described(
        "a store does not wait for its answer", source="this project: an option", default=False
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TileClockConfig(Checked):
    """Clock of the tiles' digital parts, and how long a product takes."""

    frequency_hz: float = described(
        "tile clock; one 4-byte transfer per cycle is the published 4 GB/s",
        source="design; ALPINE, Table I(C)",
        minimum=1e6,
        maximum=100e9,
        default=1e9,
    )
    product_cycles: int = described(
        "tile cycles of a matrix-vector product, as far as the hardware's counter of a phase goes",
        source="ALPINE, Table I(C): 100 ns",
        minimum=3,
        maximum=MAX_PHASE_CYCLES + 2,
        default=100,
    )

    @property
    def period_fs(self) -> int:
        """Period of the tile clock."""
        return period_fs(self.frequency_hz)
