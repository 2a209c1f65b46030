# SPDX-License-Identifier: Apache-2.0
"""Energy meters: what each component of a system did and what that cost, ALPINE, Table I(B), I(C).

Not modelled: CM_QUEUE, CM_DEQUEUE and CM_INITIALIZE, for which the sources give no constant; the
level-1 caches, which the sources count with the core; the tile's leakage; converters of other than
8 bits.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from alpine_platform.config import CoreEnergyConfig, EnergyConfig
from alpine_platform.cores.core import CoreStats
from alpine_platform.memory.memory_state import L1Stats, MemoryStats

__all__ = [
    "ComponentReading",
    "Energy",
    "cores_reading",
    "dram_reading",
    "l1_reading",
    "l2_reading",
    "memory_controller_io_reading",
    "tiles_reading",
    "total_energy",
]

PJ_PER_J = 1e12


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentReading:
    """What one component of a system did during a run, by its counters and its meter.

    Members
    -------
    counters : by name; what each counts is said where the component is.
    energy_j : None where the sources give no constant or count it with another component.
    """

    counters: Mapping[str, int]
    energy_j: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Energy:
    """Energy of a run in joules.

    Members
    -------
    core, cache, dram, tile : the four parts of the total.
    memory_controller_io : memory controller and I/O, not part of the total.
    """

    core: float
    cache: float
    dram: float
    tile: float
    memory_controller_io: float

    @property
    def total(self) -> float:
        """Core, cache, DRAM and tile."""
        return self.core + self.cache + self.dram + self.tile

    def as_dict(self) -> dict[str, float]:
        """Every member and the total, by name."""
        return {**asdict(self), "total": self.total}


def cores_reading(
    config: CoreEnergyConfig | None, cores: Collection[CoreStats], *, unused_cycles: int
) -> ComponentReading:
    """Read the meter of a complex: the cores that ran programs, and idle cycles of the others."""
    active = sum(core.active_cycles for core in cores)
    wait = sum(core.wait_cycles for core in cores)
    idle = unused_cycles + sum(core.idle_cycles for core in cores)
    counters = {
        "active_cycles": active,
        "wait_cycles": wait,
        "idle_cycles": idle,
        "instructions": sum(core.instructions for core in cores),
        "cm_instructions": sum(core.cm_instructions for core in cores),
    }
    if config is None:
        return ComponentReading(counters=counters, energy_j=None)
    energy_pj = (
        active * config.core_active_pj_per_cycle
        + wait * config.core_wait_pj_per_cycle
        + idle * config.core_idle_pj_per_cycle
    )
    return ComponentReading(counters=counters, energy_j=energy_pj / PJ_PER_J)


def l1_reading(stats: L1Stats) -> ComponentReading:
    """Read the counters of the L1 caches of a complex, whose energy counts with its cores."""
    return ComponentReading(counters=asdict(stats), energy_j=None)


def l2_reading(config: EnergyConfig, memory: MemoryStats, *, time_s: float) -> ComponentReading:
    """Read the meter of the last-level cache: bytes moved, and leakage."""
    energy_pj = (
        memory.llc_read_bytes * config.llc_read_pj_per_byte
        + memory.llc_written_bytes * config.llc_write_pj_per_byte
    )
    counters = {
        "accesses": memory.l2_accesses,
        "misses": memory.l2_misses,
        "writebacks": memory.l2_writebacks,
        "read_bytes": memory.llc_read_bytes,
        "written_bytes": memory.llc_written_bytes,
    }
    energy_j = energy_pj / PJ_PER_J + time_s * config.llc_leakage_w
    return ComponentReading(counters=counters, energy_j=energy_j)


def dram_reading(config: EnergyConfig, memory: MemoryStats) -> ComponentReading:
    """Read the meter of the DRAM: lines moved."""
    accesses = memory.dram_reads + memory.dram_writes
    counters = {
        "reads": memory.dram_reads,
        "writes": memory.dram_writes,
        "row_hits": memory.dram_row_hits,
    }
    energy_j = accesses * config.dram_pj_per_access / PJ_PER_J
    return ComponentReading(counters=counters, energy_j=energy_j)


def tiles_reading(
    cores: Collection[CoreStats], *, peripheral_products_pj: float
) -> ComponentReading:
    """Read the meter of all tiles, those of cores and those of peripherals."""
    energy_pj = peripheral_products_pj + sum(core.tile_energy_pj for core in cores)
    counters = {"products": sum(core.cm_products for core in cores)}
    return ComponentReading(counters=counters, energy_j=energy_pj / PJ_PER_J)


def memory_controller_io_reading(config: EnergyConfig, *, time_s: float) -> ComponentReading:
    """Read the meter of memory controller and I/O."""
    return ComponentReading(counters={}, energy_j=time_s * config.memory_controller_io_w)


def total_energy(components: Mapping[str, ComponentReading], complexes: Collection[str]) -> Energy:
    """Add up what the meters show; ``complexes`` names those of cores."""

    def energy_j(name: str) -> float:
        return (components[name].energy_j or 0.0) if name in components else 0.0

    return Energy(
        core=sum(energy_j(name) for name in complexes),
        cache=energy_j("l2"),
        dram=energy_j("dram"),
        tile=energy_j("tiles"),
        memory_controller_io=energy_j("memory_controller_io"),
    )
