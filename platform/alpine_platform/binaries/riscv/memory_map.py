# SPDX-License-Identifier: Apache-2.0
"""What stands at which addresses of a cluster."""

from dataclasses import dataclass
from functools import cached_property

from alpine_platform.config.cluster import ClusterConfig

__all__ = ["MemoryMap", "MemoryRange"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryRange:
    """Neighbouring addresses.

    Members
    -------
    name : what stands there. base : first address. size_bytes : how many.
    """

    name: str
    base: int
    size_bytes: int

    @property
    def end(self) -> int:
        """Address behind the last one."""
        return self.base + self.size_bytes

    def __contains__(self, address: int) -> bool:
        return self.base <= address < self.end

    def __str__(self) -> str:
        return f"{self.name} {self.base:#010x} to {self.end - 1:#010x}"


@dataclass(frozen=True)
class MemoryMap:
    """Addresses of a cluster's memories and registers."""

    config: ClusterConfig

    @cached_property
    def tcdm(self) -> MemoryRange:
        """Tightly coupled data memory."""
        pad = self.config.scratch_pad
        return MemoryRange(name="TCDM", base=pad.address, size_bytes=pad.size_bytes)

    @cached_property
    def l2(self) -> MemoryRange:
        """The memory behind the cluster."""
        memory = self.config.memory
        return MemoryRange(name="L2", base=memory.address, size_bytes=memory.size_bytes)

    @cached_property
    def event_unit(self) -> MemoryRange:
        """Events and barriers."""
        base = self.config.event_unit.address
        return MemoryRange(name="event unit", base=base, size_bytes=0x400)

    @cached_property
    def accelerators(self) -> tuple[MemoryRange, ...]:
        """Register files that other parts of a cluster answer; an access stops without them."""
        return (
            MemoryRange(name="IMA", base=0x10201000, size_bytes=0x400),
            MemoryRange(name="depthwise accelerator", base=0x10201400, size_bytes=0x400),
            MemoryRange(name="DMA", base=self.config.dma.address, size_bytes=0x400),
        )

    @cached_property
    def arguments(self) -> MemoryRange:
        """Memory of this simulator's own, for argc and argv; L2's latency."""
        return MemoryRange(name="arguments", base=0x1B000000, size_bytes=64 << 10)

    @property
    def l2_latency_cycles(self) -> int:
        """Of the cores' clock, from a load's or store's grant to its answer; at least one."""
        memory = self.config.memory
        return max(1, -(-memory.latency_cycles * memory.period_fs // self.config.core.period_fs))
