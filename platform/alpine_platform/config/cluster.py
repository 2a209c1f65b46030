# SPDX-License-Identifier: Apache-2.0
"""A cluster: cores without caches on one scratch-pad memory, with a DMA and an event unit."""

from dataclasses import dataclass
from itertools import pairwise

from alpine_platform.time import period_fs

from .core import CoreTypeConfig
from .energy import CoreEnergyConfig
from .fields import Checked, described

__all__ = [
    "ClusterConfig",
    "ClusterMemoryConfig",
    "DmaConfig",
    "EventUnitConfig",
    "ScratchPadConfig",
]

GAROFALO = "Garofalo et al., arXiv 2201.01089"
ASSUMED = "this project: assumed, published nowhere"
LAST_ADDRESS = (1 << 32) - 1


def addressed(text: str, *, default: int) -> int:
    """Declare a first address of a 32-bit address space."""
    return described(
        text, source="this project", minimum=0, maximum=LAST_ADDRESS, default=default
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class ScratchPadConfig(Checked):
    """Scratch-pad memory of one cycle in word-interleaved banks (TCDM)."""

    address: int = addressed("first address of the scratch-pad memory", default=0x1000_0000)
    size_bytes: int = described(
        "capacity", source=GAROFALO, minimum=256, maximum=1 << 28, default=512 * 1024
    )
    banks: int = described(
        "banks; a word lies in that of its number modulo this",
        source=GAROFALO,
        minimum=1,
        maximum=32,
        power_of_two=True,
        default=32,
    )
    word_bytes: int = described(
        "width of a bank", source=GAROFALO, minimum=4, maximum=16, power_of_two=True, default=4
    )

    def __post_init__(self) -> None:
        super(ScratchPadConfig, self).__post_init__()
        row = self.banks * self.word_bytes
        if self.size_bytes % row or self.address % row:
            raise ValueError(
                f"size_bytes and address must be multiples of banks x word_bytes, {row}, not"
                f" {self.size_bytes} and {self.address:#x}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class DmaConfig(Checked):
    """Copies rectangles of bytes between the scratch-pad memory and the memory behind it."""

    address: int = addressed("address of the DMA's registers", default=0x1020_1800)
    start_cycles: int = described(
        "from the start of a transfer to its first bytes",
        source=ASSUMED,
        minimum=0,
        maximum=10**6,
        default=100,
    )
    width_bytes: int = described(
        "bytes per cycle",
        source=ASSUMED,
        minimum=1,
        maximum=64,
        power_of_two=True,
        default=8,
    )
    queued: int = described(
        "transfers in the queue, the one under way included",
        source=ASSUMED,
        minimum=1,
        maximum=64,
        default=8,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class EventUnitConfig(Checked):
    """Lets cores sleep, clock-gated, until events come or all have arrived at a barrier."""

    address: int = addressed("address of the event unit's registers", default=0x1020_0000)
    wake_cycles: int = described(
        "from an event to the next cycle of the core that it wakes",
        source=ASSUMED,
        minimum=1,
        maximum=1000,
        default=1,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterMemoryConfig(Checked):
    """The memory behind a cluster, on a clock of its own; nothing else is in its way."""

    address: int = addressed("first address of the memory", default=0x1C00_0000)
    size_bytes: int = described(
        "capacity", source=ASSUMED, minimum=64, maximum=1 << 28, default=16 * 1024 * 1024
    )
    frequency_hz: float = described(
        "clock of the memory", source=ASSUMED, minimum=1e6, maximum=100e9, default=500e6
    )
    width_bytes: int = described(
        "bytes per cycle", source=ASSUMED, minimum=1, maximum=64, power_of_two=True, default=8
    )
    latency_cycles: int = described(
        "cycles of its clock after which a core has the answer to a load or store of its own",
        source=ASSUMED,
        minimum=1,
        maximum=10**6,
        default=10,
    )

    @property
    def period_fs(self) -> int:
        """Period of the memory's clock."""
        return period_fs(self.frequency_hz)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterConfig(Checked):
    """Equal cores without caches on one scratch-pad memory, and the memory behind it.

    Every cluster has an address space of its own, the tree of memories of its cores. All of it but
    that memory runs on the clock of the cores.

    Members
    -------
    core : type of the cores and their clock; `cores.core_models` makes the model.
    energy : what a cycle of a core costs; None where nothing is published.
    """

    name: str = described("name of the cluster", source="this project", default="cluster")
    cores: int = described("number of cores", source=GAROFALO, minimum=1, maximum=62, default=8)
    accelerators: int = described(
        "memory ports of accelerators on the scratch-pad memory",
        source="this project",
        minimum=0,
        maximum=16,
        default=0,
    )
    peripheral_cycles: int = described(
        "from a core's access to a register to its arrival there, and from there to its answer,"
        " together",
        source="GVSoC's public model of the cluster, a comment",
        minimum=2,
        maximum=1000,
        default=4,
    )
    core: CoreTypeConfig
    scratch_pad: ScratchPadConfig
    dma: DmaConfig
    event_unit: EventUnitConfig
    memory: ClusterMemoryConfig
    energy: CoreEnergyConfig | None = None

    def __post_init__(self) -> None:
        super(ClusterConfig, self).__post_init__()
        pad, memory = self.scratch_pad, self.memory
        places = sorted(
            (
                ("scratch_pad", pad.address, pad.size_bytes),
                ("memory", memory.address, memory.size_bytes),
                ("dma", self.dma.address, REGISTER_SPACE_BYTES),
                ("event_unit", self.event_unit.address, REGISTER_SPACE_BYTES),
            ),
            key=lambda place: place[1],
        )
        for (low, begin, size), (high, address, _) in pairwise(places):
            if begin + size > address:
                raise ValueError(
                    f"{high}.address must be at least {begin + size:#x}, where {low} ends, not"
                    f" {address:#x}"
                )


REGISTER_SPACE_BYTES = 1024
"""Addresses of a register port within a cluster."""
