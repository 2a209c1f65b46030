# SPDX-License-Identifier: Apache-2.0
"""The published systems: ALPINE, Table I, high-power and low-power; and those of other packages."""

from alpine_models.extension_points import ExtensibleTable
from alpine_platform.config import (
    BusConfig,
    CacheConfig,
    CoreComplexConfig,
    CoreConfig,
    CoreEnergyConfig,
    DramConfig,
    EnergyConfig,
    IoConfig,
    SystemConfig,
    TileClockConfig,
)

__all__ = ["HIGH_POWER", "LOW_POWER", "PUBLISHED_SYSTEMS", "SYSTEMS"]

QUARTER_MEGABYTE = 256 * 1024


def l1(size_bytes: int) -> CacheConfig:
    """Return a level-1 data cache as in the reference runs."""
    return CacheConfig(size_bytes=size_bytes, lookup_cycles=2, response_cycles=2, mshrs=4)


def l2(size_bytes: int) -> CacheConfig:
    """Return the shared last-level cache as in the reference runs."""
    return CacheConfig(size_bytes=size_bytes, lookup_cycles=20, response_cycles=20, mshrs=20)


HIGH_POWER = SystemConfig(
    name="high-power",
    complexes=(
        CoreComplexConfig(
            cores=8,
            core=CoreConfig(frequency_hz=2.3e9),
            l1=l1(64 * 1024),
            energy=CoreEnergyConfig(
                core_idle_pj_per_cycle=126.03,
                core_wait_pj_per_cycle=638.99,
                core_active_pj_per_cycle=845.39,
            ),
        ),
    ),
    l2=l2(4 * QUARTER_MEGABYTE),
    bus=BusConfig(),
    dram=DramConfig(),
    io=IoConfig(),
    tile_clock=TileClockConfig(frequency_hz=1e9),
    energy=EnergyConfig(
        llc_leakage_w=4 * 874.08e-3,
        llc_read_pj_per_byte=5.60,
        llc_write_pj_per_byte=5.02,
        memory_controller_io_w=5.82,
        tile_scaling=5.3,
    ),
)
"""2.3 GHz, 1.3 V, 64 kB L1, 1 MB L2."""

LOW_POWER = SystemConfig(
    name="low-power",
    complexes=(
        CoreComplexConfig(
            cores=8,
            core=CoreConfig(frequency_hz=0.8e9),
            l1=l1(32 * 1024),
            energy=CoreEnergyConfig(
                core_idle_pj_per_cycle=10.72,
                core_wait_pj_per_cycle=46.04,
                core_active_pj_per_cycle=60.92,
            ),
        ),
    ),
    l2=l2(2 * QUARTER_MEGABYTE),
    bus=BusConfig(),
    dram=DramConfig(),
    io=IoConfig(),
    tile_clock=TileClockConfig(frequency_hz=1e9),
    energy=EnergyConfig(
        llc_leakage_w=2 * 271.62e-3,
        llc_read_pj_per_byte=1.81,
        llc_write_pj_per_byte=1.63,
        memory_controller_io_w=3.03,
        tile_scaling=2.0,
    ),
)
"""0.8 GHz, 0.75 V, 32 kB L1, 512 kB L2."""

PUBLISHED_SYSTEMS: dict[str, SystemConfig] = {
    system.name: system for system in (HIGH_POWER, LOW_POWER)
}
"""The published presets by name."""

SYSTEMS = ExtensibleTable("alpine.systems", SystemConfig, PUBLISHED_SYSTEMS)
"""Every preset by name."""
