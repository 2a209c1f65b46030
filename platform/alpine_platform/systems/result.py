# SPDX-License-Identifier: Apache-2.0
"""What one run of programs on a system took."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from alpine_models.energy import ProductRule
from alpine_platform.cores.core import CoreStats, TimelineEvent
from alpine_platform.memory.memory_state import MemoryStats
from alpine_platform.time import FS_PER_S

from .energy import ComponentReading, Energy

__all__ = ["SystemResult"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemResult:
    """What one run of programs took.

    Members
    -------
    time_fs : from the run's start to the end of its last program.
    cores : statistics per core that ran a program.
    unused_cores : cores without a program, whose idle energy counts.
    memory : counters of the memory system during the run.
    energy : by kind of component.
    components : counters and meter of every component by its place in the tree: the complexes of
        cores by name, their caches as ``cpu.l1``, ``l2``, ``dram``, ``tiles``,
        ``memory_controller_io``, parts of clusters as ``cluster.dma``, and by their addresses
        ``peripheral_0x3000000``.
    returned : what each core's program returned.
    timeline : operations and their times, if the system traces.
    product_rule : how a product's energy depends on the tile's lines.
    products_extrapolated : whether a tile lies beyond the sizes for which it is published.
    working_sets : bytes by loop body, smallest and largest (`WorkingSets`).
    """

    time_fs: int
    cores: dict[int, CoreStats]
    unused_cores: int
    memory: MemoryStats
    energy: Energy
    components: Mapping[str, ComponentReading] = field(repr=False)
    product_rule: ProductRule
    products_extrapolated: bool
    returned: dict[int, Any]
    timeline: list[TimelineEvent] = field(repr=False)
    working_sets: dict[str, tuple[int, int]] = field(repr=False)

    @property
    def time_s(self) -> float:
        """Simulated time in seconds."""
        return self.time_fs / FS_PER_S

    @property
    def instructions(self) -> int:
        """Committed instructions of all cores."""
        return sum(core.instructions for core in self.cores.values())

    @property
    def cm_instructions(self) -> int:
        """CM instructions of all cores."""
        return sum(core.cm_instructions for core in self.cores.values())

    @property
    def llc_misses_per_instruction(self) -> float:
        """Last-level cache misses per committed instruction."""
        return self.memory.l2_misses / max(self.instructions, 1)

    @property
    def breakdown(self) -> dict[str, float]:
        """Fraction of the cores' time spent in each named section; the fractions sum to 1."""
        total: dict[str, int] = {}
        for core in self.cores.values():
            for name, time in core.sections_fs.items():
                total[name] = total.get(name, 0) + time
        whole = sum(total.values())
        return {name: time / whole for name, time in total.items()} if whole else {}

    @property
    def stats(self) -> dict[str, Any]:
        """Every number of the run as a tree of dictionaries."""
        return {
            "time_fs": self.time_fs,
            "instructions": self.instructions,
            "cores": {
                str(number): {
                    "active_cycles": core.active_cycles,
                    "wait_cycles": core.wait_cycles,
                    "idle_cycles": core.idle_cycles,
                    "instructions": core.instructions,
                    "cm_instructions": core.cm_instructions,
                    "cm_products": core.cm_products,
                    "io_reads": core.io_reads,
                    "io_writes": core.io_writes,
                    "sections_fs": dict(core.sections_fs),
                }
                for number, core in self.cores.items()
            },
            "unused_cores": self.unused_cores,
            "memory": {
                **asdict(self.memory),
                "dram_row_hit_share": self.memory.dram_row_hit_share,
            },
            "llc_misses_per_instruction": self.llc_misses_per_instruction,
            "energy_j": self.energy.as_dict(),
            "components": {name: asdict(each) for name, each in self.components.items()},
            "tile_energy": {
                "rule": str(self.product_rule),
                "extrapolated": self.products_extrapolated,
            },
        }
