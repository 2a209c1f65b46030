# SPDX-License-Identifier: Apache-2.0
"""What the cores of a cluster see of their system: its memories, registers and event unit."""

import simpy

from alpine_platform.accelerators.peripheral_port import IoTimes, PeripheralPort
from alpine_platform.cluster.cluster import Cluster, Counters
from alpine_platform.cores import operations as op
from alpine_platform.cores.core import Core, Surroundings
from alpine_platform.cores.working_sets import WorkingSets
from alpine_platform.memory.address_space import AddressSpace

from .sync import Steps

__all__ = ["ClusterSurroundings"]


class ClusterSurroundings:
    """`Surroundings` of the cores of a cluster.

    They meet at barriers in its event unit: a waiting core sleeps, clock-gated, and the last to
    arrive costs nothing. Everything else is as in the rest of the system.

    Parameters
    ----------
    system : that the cluster is part of.
    cluster : its memories and its DMA.
    waits : what each core waits for, in words; kept up to date.
    """

    def __init__(self, system: Surroundings, cluster: Cluster, waits: dict[int, str]) -> None:
        self.cluster = cluster
        self.env: simpy.Environment = system.env
        self.memory: AddressSpace = cluster.memory
        self.working_sets: WorkingSets = system.working_sets
        self.trace: bool = system.trace
        config, period = cluster.config, cluster.period_fs
        # The register's own cycle is the one between.
        there = config.peripheral_cycles // 2
        self.io_times = IoTimes(
            request_fs=there * period,
            response_fs=(config.peripheral_cycles - 1 - there) * period,
            taken_fs=there * period,
            posted_stores=False,
        )
        self._system = system
        self._waits = waits
        self._arrived: dict[op.Barrier, list[simpy.Event]] = {}
        self._meetings = 0
        self._gated_cycles = 0

    def synchronise(self, core: Core, operation: op.Operation) -> Steps:
        """Do a synchronising operation for a core; returns what it yields to the program."""
        if not isinstance(operation, op.Arrive):
            return (yield from self._system.synchronise(core, operation))
        barrier = operation.barrier
        arrived = self._arrived.setdefault(barrier, [])
        if len(arrived) + 1 < barrier.parties:
            event = self.env.event()
            arrived.append(event)
            missing = barrier.parties - len(arrived)
            self._waits[core.number] = f"barrier {barrier.name}, {missing} more to arrive"
            before = core.stats.idle_cycles
            yield from core.sleep(event)
            yield from core.doze(self.cluster.config.event_unit.wake_cycles, 0)
            self._gated_cycles += core.stats.idle_cycles - before
            self._waits.pop(core.number)
            return None
        self._meetings += 1
        for event in self._arrived.pop(barrier):
            event.succeed()
        yield from core.doze(self.cluster.config.event_unit.wake_cycles, 0)
        return None

    def peripheral(self, base: int, core: int) -> PeripheralPort:
        """Return the peripheral at an address, for a core: the DMA, or one of the system."""
        if base == self.cluster.config.dma.address:
            return self.cluster.dma
        return self._system.peripheral(base, core)

    def product_energy_pj(self, core: int, tile: int) -> float:
        """Energy of one CM_PROCESS on a core's tile; see `Surroundings`."""
        return self._system.product_energy_pj(core, tile)

    def counters(self) -> Counters:
        """Return everything that was counted so far, by part."""
        event_unit = {"barriers": self._meetings, "gated_cycles": self._gated_cycles}
        return {**self.cluster.counters(), "event_unit": event_unit}
