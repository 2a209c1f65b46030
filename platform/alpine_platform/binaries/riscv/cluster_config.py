# SPDX-License-Identifier: Apache-2.0
"""Configuration of a cluster of RISC-V cores: addresses, sizes and cycles."""

from dataclasses import dataclass, field

__all__ = ["MAX_CORES", "ClusterConfig", "CoreTiming", "MemoryRange"]

MAX_CORES = 16
"""Of one cluster; the event unit has a bit for each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreTiming:
    """Cycles of CV32E40P's instructions; all others take one.

    Source: CV32E40P User Manual, chapter "Pipeline Details", table "Cycle counts per instruction
    type", unless a member says otherwise.

    Members
    -------
    taken_branch_cycles, jump_cycles : with the fetch of the target.
    unaligned_target_cycles : more where a target of 32 bits lies across a word.
    high_product_cycles : mulh, mulhu, mulhsu.
    division_least_cycles : for a divisor without leading zeros; each of them takes one more.
    slow_csr_cycles : of the registers that the manual lists. event_load_cycles : cv.elw.
    peripheral_cycles : a load or store of the event unit, through the peripheral interconnect;
    source: comment in the public simulator model of the in-memory accelerator.
    trap_cycles : from an exception to the first instruction of its handler; assumed to be a jump's.
    """

    taken_branch_cycles: int = 3
    jump_cycles: int = 2
    unaligned_target_cycles: int = 1
    high_product_cycles: int = 5
    division_least_cycles: int = 3
    slow_csr_cycles: int = 4
    event_load_cycles: int = 4
    peripheral_cycles: int = 4
    trap_cycles: int = 2


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

    def __str__(self) -> str:
        return f"{self.name} {self.base:#010x} to {self.end - 1:#010x}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterConfig:
    """A cluster of CV32E40P cores around a TCDM.

    Size and banks of the TCDM: Garofalo et al., JETCAS 2022 (arXiv 2201.01089).

    Members
    -------
    cores : how many. tcdm : tightly coupled data memory. banks : of it, interleaved by words.
    event_unit : events and barriers.
    accelerators : ranges of register files that other parts of a cluster answer.
    l2 : memory outside the cluster; its size is assumed.
    arguments : plain memory that holds the program's arguments; assumed.
    l2_latency_cycles : from a load's or store's grant to its answer, where the TCDM takes one;
    assumed. timing : of the cores.
    """

    cores: int = 1
    tcdm: MemoryRange = MemoryRange(name="TCDM", base=0x10000000, size_bytes=512 << 10)
    banks: int = 32
    event_unit: MemoryRange = MemoryRange(name="event unit", base=0x10200000, size_bytes=0x1000)
    accelerators: tuple[MemoryRange, ...] = (
        MemoryRange(name="IMA", base=0x10201000, size_bytes=0x400),
        MemoryRange(name="depthwise accelerator", base=0x10201400, size_bytes=0x400),
        MemoryRange(name="DMA", base=0x10201800, size_bytes=0x400),
    )
    l2: MemoryRange = MemoryRange(name="L2", base=0x1C000000, size_bytes=8 << 20)
    arguments: MemoryRange = MemoryRange(name="arguments", base=0x1B000000, size_bytes=64 << 10)
    l2_latency_cycles: int = 10
    timing: CoreTiming = field(default_factory=CoreTiming)

    def __post_init__(self) -> None:
        if not 1 <= self.cores <= MAX_CORES:
            raise ValueError(f"{self.cores} cores: must be 1 to {MAX_CORES}")
        if self.l2_latency_cycles < 1:
            raise ValueError(f"l2_latency_cycles {self.l2_latency_cycles}: must be 1 or more")
