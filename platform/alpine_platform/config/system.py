# SPDX-License-Identifier: Apache-2.0
"""A whole system."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from alpine_models.errors import AlpineError

from .cache import CacheConfig
from .cluster import ClusterConfig
from .complexes import CoreComplexConfig
from .core import CoreConfig
from .energy import EnergyConfig
from .fields import Checked, described
from .io import IoConfig, TileClockConfig
from .memory import BusConfig, DramConfig
from .placement import BufferPlacement
from .replacing import override
from .sync import SyncConfig

__all__ = ["SystemConfig"]

MAX_CACHED_CORES = 64
"""Cores of all complexes together: who holds a line is a bit of a 64-bit number."""
MAX_CACHE_LINES = 1 << 23
"""Lines of all caches together: 32 bytes of the host's memory each."""
BEHIND_CACHES = frozenset({"bus", "dram", "io", "placement"})
"""Parts that systems of clusters alone do not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemConfig(Checked):
    """A whole system as a tree: complexes of cores and what they share, and clusters.

    Members
    -------
    complexes : of cores with caches, each with a clock and a core type. The L2 and the buses before
        it run on the clock of the first one.
    clusters : of cores on scratch-pad memories. Each has memories of its own; cores are numbered
        through the complexes, then through the clusters.
    l2, bus, dram, io : the memory system that all complexes share; a system of clusters alone has
        none of it.
    sync : costs of synchronisation, in cycles of the core that bears them.
    tile_clock : of the tiles of all cores.
    energy : constants of what complexes share, and of tiles; None in a system without either.
    """

    name: str = described("name of the system", source="this project")
    complexes: tuple[CoreComplexConfig, ...] = ()
    clusters: tuple[ClusterConfig, ...] = ()
    l2: CacheConfig | None = None
    bus: BusConfig = field(default_factory=BusConfig)
    dram: DramConfig = field(default_factory=DramConfig)
    io: IoConfig = field(default_factory=IoConfig)
    sync: SyncConfig = field(default_factory=SyncConfig)
    tile_clock: TileClockConfig = field(default_factory=TileClockConfig)
    energy: EnergyConfig | None = None
    placement: BufferPlacement = described(
        "where programs' buffers lie (docs/placement.md)",
        source="this project; glibc as in the reference's programs",
        default=BufferPlacement.GLIBC,
    )

    def __post_init__(self) -> None:
        super(SystemConfig, self).__post_init__()
        self._check_names()
        if not self.complexes:
            return
        if self.l2 is None or self.energy is None:
            missing = "l2" if self.l2 is None else "energy"
            raise ValueError(f"{missing} must be given where there are complexes of cores")
        line = self.l2.line_bytes
        for each in self.complexes:
            if each.l1.line_bytes != line:
                raise ValueError(
                    f"{self.prefix(each)}l1.line_bytes must equal l2.line_bytes {line}, not"
                    f" {each.l1.line_bytes}: set both"
                )
        if line > self.dram.row_bytes:
            raise ValueError(
                f"l2.line_bytes must be at most dram.row_bytes {self.dram.row_bytes}, not {line}"
            )
        l1_bytes = sum(each.cores * each.l1.size_bytes for each in self.complexes)
        lines = (l1_bytes + self.l2.size_bytes) // line
        if lines > MAX_CACHE_LINES:
            raise ValueError(
                f"cores x l1.size_bytes + l2.size_bytes must be at most {MAX_CACHE_LINES} lines of"
                f" {line} bytes, which the simulator can hold, not {lines}"
            )

    def _check_names(self) -> None:
        names = [each.name for each in (*self.complexes, *self.clusters)]
        if not names:
            raise ValueError(
                "complexes must hold at least one complex of cores, or clusters one cluster"
            )
        if self.cached_cores > MAX_CACHED_CORES:
            raise ValueError(
                f"cores must be at most {MAX_CACHED_CORES} in all, not {self.cached_cores}"
            )
        parts = {item.name for item in fields(self)}
        for name, count in Counter(names).items():
            if count > 1 or not name.isidentifier() or (len(names) > 1 and name in parts):
                raise ValueError(
                    f"complexes must have names of their own that are no part's, letters, digits"
                    f" and underscores, not {name!r}"
                )

    @property
    def absent(self) -> frozenset[str]:
        """Fields that say nothing about this system."""
        return frozenset() if self.complexes else BEHIND_CACHES

    @property
    def last_level_cache(self) -> CacheConfig:
        """The L2.

        Raises
        ------
        AlpineError
            The system has no caches.
        """
        if self.l2 is None:
            raise AlpineError(f"the cores of {self.name} have no caches: choose another system")
        return self.l2

    @property
    def constants(self) -> EnergyConfig:
        """Energy constants of what is shared, and of tiles.

        Raises
        ------
        AlpineError
            The system has none.
        """
        if self.energy is None:
            raise AlpineError(f"{self.name} has no energy constants: choose another system")
        return self.energy

    @property
    def cores(self) -> int:
        """Number of cores in all complexes and clusters."""
        return self.cached_cores + sum(each.cores for each in self.clusters)

    @property
    def cached_cores(self) -> int:
        """Number of cores in all complexes."""
        return sum(each.cores for each in self.complexes)

    def core_complexes(self) -> Iterator[tuple[range, CoreComplexConfig]]:
        """Every complex with the numbers of its cores."""
        first = 0
        for each in self.complexes:
            yield range(first, first + each.cores), each
            first += each.cores

    def core_clusters(self) -> Iterator[tuple[range, ClusterConfig]]:
        """Every cluster with the numbers of its cores."""
        first = self.cached_cores
        for each in self.clusters:
            yield range(first, first + each.cores), each
            first += each.cores

    def prefix(self, part: CoreComplexConfig | ClusterConfig) -> str:
        """What dotted names of a complex's fields begin with: nothing where it is the only one."""
        return f"{part.name}." if len(self.complexes) + len(self.clusters) > 1 else ""

    @property
    def core(self) -> CoreConfig:
        """Core type of a system with one, the in-order core.

        Raises
        ------
        AlpineError
            There are several complexes, or its cores are of another type.
        """
        core = self._only("core").core
        if not isinstance(core, CoreConfig):
            raise AlpineError(f"the cores of {self.name} are a {type(core).__name__}, not in-order")
        return core

    @property
    def l1(self) -> CacheConfig:
        """L1 data cache of a system with one complex.

        Raises
        ------
        AlpineError
            There are several, or none.
        """
        part = self._only("l1")
        if isinstance(part, ClusterConfig):
            raise AlpineError(f"the cores of {self.name} have no caches: choose another system")
        return part.l1

    def _only(self, part: str) -> CoreComplexConfig | ClusterConfig:
        first, *others = (*self.complexes, *self.clusters)
        if others:
            names = " or ".join(f"{each.name}.{part}" for each in (first, *others))
            raise AlpineError(f"{self.name} has several complexes of cores: say which, {names}")
        return first

    def override(self, settings: Mapping[str, Any]) -> "SystemConfig":
        """Return this configuration with fields replaced by dotted name.

        Raises
        ------
        AlpineError
            A field does not exist or its value is impossible.
        """
        return override(self, settings)
