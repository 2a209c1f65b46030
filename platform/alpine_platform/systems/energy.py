# SPDX-License-Identifier: Apache-2.0
"""Energy by component, from counts: ALPINE, Table I(B) and I(C).

Not modelled: CM_QUEUE, CM_DEQUEUE and CM_INITIALIZE, for which the sources give no constant; the
level-1 caches, which the sources count with the core; the tile's leakage; converters of other than
8 bits.
"""

from dataclasses import asdict, dataclass

from alpine_platform.config import EnergyConfig

__all__ = ["Energy", "EnergyCounts", "energy_of"]

PJ_PER_J = 1e12


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyCounts:
    """What energy is computed from; cycles are summed over cores."""

    time_s: float
    active_cycles: int
    wait_cycles: int
    idle_cycles: int
    llc_read_bytes: int = 0
    llc_written_bytes: int = 0
    dram_accesses: int = 0
    tile_energy_pj: float = 0.0


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


def energy_of(config: EnergyConfig, counts: EnergyCounts) -> Energy:
    """Return the energy that the counts add up to."""
    core = (
        counts.active_cycles * config.core_active_pj_per_cycle
        + counts.wait_cycles * config.core_wait_pj_per_cycle
        + counts.idle_cycles * config.core_idle_pj_per_cycle
    )
    cache = (
        counts.llc_read_bytes * config.llc_read_pj_per_byte
        + counts.llc_written_bytes * config.llc_write_pj_per_byte
    )
    return Energy(
        core=core / PJ_PER_J,
        cache=cache / PJ_PER_J + counts.time_s * config.llc_leakage_w,
        dram=counts.dram_accesses * config.dram_pj_per_access / PJ_PER_J,
        tile=counts.tile_energy_pj / PJ_PER_J,
        memory_controller_io=counts.time_s * config.memory_controller_io_w,
    )
