# SPDX-License-Identifier: Apache-2.0
"""The composition root: cores with their tiles, the memory they share, and clusters."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import simpy

from alpine_models.energy import ProductRule, product_energy_pj, within_published_sizes
from alpine_models.errors import AlpineError
from alpine_models.plurals import counted
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.io_path import io_times
from alpine_platform.accelerators.peripheral_port import PeripheralPort
from alpine_platform.accelerators.program_memory import ProgramMemory
from alpine_platform.accelerators.register_port import MemoryUser
from alpine_platform.accelerators.tile_port import TilePort
from alpine_platform.cluster.cluster import Cluster
from alpine_platform.config import CoreTypeConfig, SystemConfig
from alpine_platform.config.placement import (
    Allocator,
    BufferPlacement,
    GlibcAllocator,
    PackedAllocator,
    SkewedAllocator,
    VirtualAllocator,
)
from alpine_platform.cores.core import Core, CoreStats
from alpine_platform.cores.core_model import ClusterPlace
from alpine_platform.cores.core_models import core_model
from alpine_platform.cores.operations import Operation, Program
from alpine_platform.cores.pipelines import Pipelines
from alpine_platform.cores.working_sets import WorkingSets
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.memory.memory_system import MemorySystem

from .cached_cores import CachedCores
from .cluster_cores import ClusterSurroundings
from .energy import total_energy
from .readings import Meters
from .result import SystemResult
from .sync import Steps, Synchronisation

__all__ = ["DeadlockError", "System", "allocator_of", "check_cores"]


class DeadlockError(RuntimeError):
    """All unfinished programs wait for each other; the message says who waits for what."""


class System:
    """A multi-core system on which programs run.

    Parameters
    ----------
    config : the system, usually one of `presets.SYSTEMS`.
    tile_ports : tiles of the cores that own some.
    tile_configs : geometry of each core's tiles, from which the energy of a product follows.
    peripherals : memory-mapped peripherals by their first address; each serves one core.
    check_reads : complain about reading memory that nobody wrote.
    trace : keep a timeline of every core's operations.
    """

    def __init__(
        self,
        config: SystemConfig,
        *,
        tile_ports: Mapping[int, TilePort] | None = None,
        tile_configs: Mapping[int, Sequence[TileConfig]] | None = None,
        peripherals: Mapping[int, PeripheralPort] | None = None,
        check_reads: bool = False,
        trace: bool = False,
    ) -> None:
        ports = dict(tile_ports or {})
        self.config = config
        check_cores(self.config, (*ports, *(tile_configs or {})))
        self.trace = trace
        self.env = simpy.Environment(initial_time=0)
        self.memory = AddressSpace(allocator_of(config), check_reads=check_reads)
        self.working_sets = WorkingSets()
        self.synchronisation = Synchronisation(self.env, config.sync)
        self._caches = CachedCores(self.env, config) if config.complexes else None
        self.clusters = [
            ClusterSurroundings(
                self,
                Cluster(self.env, each, check_reads=check_reads),
                self.synchronisation.waits,
            )
            for each in config.clusters
        ]
        self.cores = [
            *(
                self._core(number, each.core, ports.get(number))
                for numbers, each in config.core_complexes()
                for number in numbers
            ),
            *(
                self._cluster_core(number, number - numbers.start, surroundings)
                for (numbers, _), surroundings in zip(
                    config.core_clusters(), self.clusters, strict=True
                )
                for number in numbers
            ),
        ]
        self.io_times = io_times(config.io)
        self._peripherals = dict(peripherals or {})
        memory_system = None if self._caches is None else self._caches.memory_system
        self._meters = Meters(config, memory_system, self.clusters, self._peripherals)
        for port in self._peripherals.values():
            if isinstance(port, MemoryUser):
                port.connect_memory(ProgramMemory(self.memory))
        self._users: dict[int, int] = {}
        self._product_pj = {
            (core, tile): self.energy_of_product_pj(shape)
            for core, shapes in (tile_configs or {}).items()
            for tile, shape in enumerate(shapes)
        }
        self._shapes = [
            *chain.from_iterable((tile_configs or {}).values()),
            *chain.from_iterable(port.configs for port in self._peripherals.values()),
        ]

    def _core(self, number: int, config: CoreTypeConfig, port: TilePort | None) -> Core:
        model = core_model(config, self._cached.place(number))
        return Core(self, number, model=model, period_fs=config.period_fs, port=port)

    def _cluster_core(self, number: int, master: int, surroundings: ClusterSurroundings) -> Core:
        cluster = surroundings.cluster
        place = ClusterPlace(
            env=self.env,
            number=number,
            master=master,
            period_fs=cluster.period_fs,
            cluster=cluster,
        )
        model = core_model(cluster.config.core, place)
        return Core(surroundings, number, model=model, period_fs=cluster.period_fs, port=None)

    @property
    def _cached(self) -> CachedCores:
        if self._caches is None:
            raise AlpineError(f"the cores of {self.config.name} have no caches")
        return self._caches

    @property
    def memory_system(self) -> MemorySystem:
        """The memory that cores with caches share.

        Raises
        ------
        AlpineError
            The system has none.
        """
        return self._cached.memory_system

    @property
    def pipelines(self) -> Pipelines:
        """The compiled pipelines of in-order cores.

        Raises
        ------
        AlpineError
            The system has no cores with caches.
        """
        return self._cached.pipelines

    @property
    def llc_misses(self) -> int:
        """Misses of the last-level cache since the system was made."""
        return 0 if self._caches is None else self._caches.memory_system.stats().l2_misses

    def product_energy_pj(self, core: int, tile: int) -> float:
        """Energy of one CM_PROCESS on a core's tile; 0 where its geometry was not given."""
        return self._product_pj.get((core, tile), 0.0)

    def energy_of_product_pj(self, shape: TileConfig) -> float:
        """Energy of one product on a tile of a geometry."""
        energy = self.config.constants
        return product_energy_pj(
            shape.rows,
            shape.columns,
            tops_per_w=energy.tile_tops_per_w,
            scaling=energy.tile_scaling,
            rule=energy.tile_energy_rule,
        )

    def synchronise(self, core: Core, operation: Operation) -> Steps:
        """Do a synchronising operation for a core; returns what it yields to the program."""
        return self.synchronisation.execute(core, operation)

    def peripheral(self, base: int, core: int) -> PeripheralPort:
        """Return the peripheral at an address for a core.

        Raises
        ------
        ValueError
            There is none, or another core uses it: accesses of several cores are not put in order.
        """
        if base not in self._peripherals:
            raise ValueError(f"core {core} accesses {base:#x}, where no peripheral is")
        user = self._users.setdefault(base, core)
        if user != core:
            raise ValueError(f"core {core} accesses the peripheral at {base:#x} of core {user}")
        return self._peripherals[base]

    def run(self, programs: Mapping[int, Program]) -> SystemResult:
        """Run one program per core to their ends; caches and time go on from the run before.

        Raises
        ------
        AlpineError
            A core does not exist, or simulated time passes what can be counted.
        ValueError
            A program used an operation wrongly.
        DeadlockError
            The programs wait for each other.
        """
        check_cores(self.config, programs)
        start = int(self.env.now)
        before = self._meters.begin(self._peripheral_products_pj())
        self.working_sets.clear()
        processes: dict[int, simpy.Process] = {}
        ends: dict[int, int] = {}
        for number, program in programs.items():
            core = self.cores[number]
            core.stats = CoreStats()
            core.timeline = []
            processes[number] = self.env.process(self._guarded(core, program, ends))
        self.env.run()
        if len(ends) < len(programs):
            raise DeadlockError(self._deadlock_message(programs, ends))
        time_fs = max(ends.values(), default=start) - start
        for number in programs:
            core = self.cores[number]
            core.stats.idle_cycles += (start + time_fs - ends[number]) // core.period_fs
        cores = {number: self.cores[number].stats for number in programs}
        components = self._meters.read(before, time_fs, cores, self._peripheral_products_pj())
        energy = self.config.energy
        counts_unused = energy is not None and energy.count_unused_cores
        counted = self.config.cores if counts_unused else len(programs)
        return SystemResult(
            time_fs=time_fs,
            cores=cores,
            unused_cores=counted - len(programs),
            memory=self._meters.memory(before),
            energy=total_energy(
                components,
                [each.name for each in (*self.config.complexes, *self.config.clusters)],
            ),
            components=components,
            product_rule=ProductRule.BILINEAR if energy is None else energy.tile_energy_rule,
            products_extrapolated=any(
                not within_published_sizes(shape.rows, shape.columns) for shape in self._shapes
            ),
            returned={number: process.value for number, process in processes.items()},
            timeline=[event for number in programs for event in self.cores[number].timeline],
            working_sets=self.working_sets.as_dict(),
        )

    def _guarded(
        self, core: Core, program: Program, ends: dict[int, int]
    ) -> Generator[simpy.Event, Any, Any]:
        result = yield from core.run(program)
        ends[core.number] = int(self.env.now)
        return result

    def _peripheral_products_pj(self) -> float:
        return sum(
            count * self.energy_of_product_pj(shape)
            for port in self._peripherals.values()
            for shape, count in zip(port.configs, port.products, strict=True)
        )

    def _deadlock_message(self, programs: Mapping[int, Program], ends: dict[int, int]) -> str:
        waits = self.synchronisation.waits
        stuck = "; ".join(
            f"core {number} waits for {waits.get(number, 'something unknown')}"
            for number in programs
            if number not in ends
        )
        return f"deadlock at {int(self.env.now)} fs: {stuck}"


def allocator_of(config: SystemConfig, *, heap_offset_bytes: int = 0) -> Allocator:
    """Return the allocator that a system's programs use, with nothing allocated yet.

    Parameters
    ----------
    heap_offset_bytes : by which small buffers lie behind their usual place.
    """
    match config.placement:
        case BufferPlacement.GLIBC:
            return GlibcAllocator(heap_offset_bytes=heap_offset_bytes)
        case BufferPlacement.VIRTUAL:
            return VirtualAllocator(heap_offset_bytes=heap_offset_bytes)
        case BufferPlacement.PACKED:
            return PackedAllocator(heap_offset_bytes=heap_offset_bytes)
        case BufferPlacement.SKEWED:
            banks = config.dram.ranks * config.dram.banks
            # As far apart as the banks allow when every core streams a buffer.
            apart = max(banks // max(config.cached_cores, 1), 1)
            row = config.dram.row_bytes
            return SkewedAllocator(
                heap_offset_bytes=heap_offset_bytes,
                period_bytes=banks * row,
                step_bytes=apart * row,
            )


def check_cores(config: SystemConfig, numbers: Iterable[int]) -> None:
    """Refuse numbers of cores that a system does not have.

    Raises
    ------
    AlpineError
        It has fewer.
    """
    last = max(numbers, default=0)
    if last >= config.cores:
        raise AlpineError(
            f"core {last} does not exist, because {config.name} has"
            f" {counted(config.cores, 'core')}: set cores to {last + 1} or more"
        )
