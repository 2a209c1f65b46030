# SPDX-License-Identifier: Apache-2.0
"""Counters and meters of every component of a system after a run, by its place in the tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from alpine_platform.accelerators.peripheral_port import PeripheralPort
from alpine_platform.cluster.cluster import Counters
from alpine_platform.config import SystemConfig
from alpine_platform.cores.core import CoreStats
from alpine_platform.memory.memory_state import MemoryStats
from alpine_platform.memory.memory_system import MemorySystem
from alpine_platform.time import FS_PER_S

from .cluster_cores import ClusterSurroundings
from .energy import (
    ComponentReading,
    cores_reading,
    dram_reading,
    l1_reading,
    l2_reading,
    memory_controller_io_reading,
    tiles_reading,
)

__all__ = ["PERIPHERAL", "Meters"]

PERIPHERAL = "peripheral_"
"""With what the names of peripherals begin; their addresses follow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Counters at the beginning of a run.

    Members
    -------
    memory : of the memory system, if there is one.
    clusters : of each cluster, by part.
    peripherals : of each, by address.
    products_pj : energy of the products of peripherals.
    """

    memory: npt.NDArray[np.int64] | None
    clusters: list[Counters]
    peripherals: dict[int, Mapping[str, int]]
    products_pj: float


class Meters:
    """Reads what a system counts.

    Parameters
    ----------
    config : the system.
    memory_system : of its complexes, if it has any.
    clusters : in order.
    peripherals : by first address.
    """

    def __init__(
        self,
        config: SystemConfig,
        memory_system: MemorySystem | None,
        clusters: Sequence[ClusterSurroundings],
        peripherals: Mapping[int, PeripheralPort],
    ) -> None:
        self._config, self._memory_system, self._clusters = config, memory_system, clusters
        self._peripherals = peripherals

    def begin(self, products_pj: float) -> Snapshot:
        """Remember the counters at the beginning of a run."""
        memory = self._memory_system
        return Snapshot(
            memory=None if memory is None else memory.counters(),
            clusters=[each.counters() for each in self._clusters],
            peripherals={base: dict(each.counters) for base, each in self._peripherals.items()},
            products_pj=products_pj,
        )

    def memory(self, since: Snapshot) -> MemoryStats:
        """Return what caches and DRAM did; nothing where there are none."""
        if self._memory_system is None:
            return MemoryStats(**{item.name: 0 for item in fields(MemoryStats)})
        return self._memory_system.stats(since.memory)

    def read(
        self, since: Snapshot, time_fs: int, cores: Mapping[int, CoreStats], products_pj: float
    ) -> dict[str, ComponentReading]:
        """Read every component of the tree, of a run that took a time.

        Parameters
        ----------
        since : its beginning.
        cores : statistics of those that ran programs.
        products_pj : energy of the products of peripherals, so far.
        """
        readings = self._complexes(since, time_fs, cores)
        for (numbers, each), meters, before in zip(
            self._config.core_clusters(), self._clusters, since.clusters, strict=True
        ):
            used = [cores[number] for number in numbers if number in cores]
            readings[each.name] = cores_reading(each.energy, used, unused_cycles=0)
            for part, counts in meters.counters().items():
                readings[f"{each.name}.{part}"] = unmetered(counts, before[part])
        for base, port in self._peripherals.items():
            counters = unmetered(port.counters, since.peripherals[base])
            readings[f"{PERIPHERAL}{base:#x}"] = counters
        readings["tiles"] = tiles_reading(
            cores.values(), peripheral_products_pj=products_pj - since.products_pj
        )
        if self._config.complexes:
            readings["memory_controller_io"] = memory_controller_io_reading(
                self._config.constants, time_s=time_fs / FS_PER_S
            )
        return readings

    def _complexes(
        self, since: Snapshot, time_fs: int, cores: Mapping[int, CoreStats]
    ) -> dict[str, ComponentReading]:
        """Read the complexes and the memory that they share."""
        readings: dict[str, ComponentReading] = {}
        if self._memory_system is None or since.memory is None:
            return readings
        energy, time_s = self._config.constants, time_fs / FS_PER_S
        memory = self._memory_system.stats(since.memory)
        for numbers, each in self._config.core_complexes():
            used = [cores[number] for number in numbers if number in cores]
            unused = len(numbers) - len(used) if energy.count_unused_cores else 0
            readings[each.name] = cores_reading(
                each.energy, used, unused_cycles=unused * (time_fs // each.core.period_fs)
            )
            l1 = self._memory_system.l1_stats(numbers, since.memory)
            readings[f"{each.name}.l1"] = l1_reading(l1)
        readings["l2"] = l2_reading(energy, memory, time_s=time_s)
        readings["dram"] = dram_reading(energy, memory)
        return readings


def unmetered(counts: Mapping[str, int], before: Mapping[str, int]) -> ComponentReading:
    """Read the counters of a component without a meter since earlier ones."""
    counters = {name: count - before[name] for name, count in counts.items()}
    return ComponentReading(counters=counters, energy_j=None)
