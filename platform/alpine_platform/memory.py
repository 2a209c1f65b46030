"""State and statistics of the compiled memory system."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import memory_kernel as kernel
from .config import SystemConfig

__all__ = ["MemoryStats", "memory_state", "memory_stats"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryStats:
    """What the memory system did during a run, summed over cores.

    Members
    -------
    l1_accesses, l1_misses : accesses of all L1 data caches, and how many found no line.
    l1_merged : misses to a line that was on its way already.
    l1_writebacks : dirty lines that left an L1.
    snoop_transfers : lines that came from another core's L1.
    upgrades : writes to a shared line, which invalidate the other copies.
    l2_accesses, l2_misses, l2_writebacks : of the shared last-level cache.
    dram_reads, dram_writes, dram_row_hits : lines moved, and reads that found their row open.
    llc_read_bytes, llc_written_bytes : bytes read from and written to the last-level cache.
    """

    l1_accesses: int
    l1_misses: int
    l1_merged: int
    l1_writebacks: int
    snoop_transfers: int
    upgrades: int
    l2_accesses: int
    l2_misses: int
    l2_writebacks: int
    dram_reads: int
    dram_writes: int
    dram_row_hits: int
    llc_read_bytes: int
    llc_written_bytes: int


def memory_state(config: SystemConfig) -> kernel.MemoryState:
    """Return the empty memory system of a configuration."""
    return kernel.MemoryState(
        config=np.zeros(kernel.M_COUNT, np.int64),
        counters=np.zeros((config.cores + 1, 16), np.int64),
        stores=np.zeros((config.cores, config.core.store_buffer_entries), np.int64),
        store_begun=np.zeros(config.cores, np.int64),
    )


def memory_stats(config: SystemConfig, counters: npt.NDArray[np.int64]) -> MemoryStats:
    """Name the counters: one row per core, the last one shared."""
    private = counters[:-1].sum(axis=0)
    shared = counters[-1]
    line = config.l2.line_bytes
    return MemoryStats(
        l1_accesses=int(private[0]),
        l1_misses=int(private[1]),
        l1_merged=int(private[2]),
        l1_writebacks=int(private[3]),
        snoop_transfers=int(private[4]),
        upgrades=int(private[5]),
        l2_accesses=int(shared[0]),
        l2_misses=int(shared[1]),
        l2_writebacks=int(shared[2]),
        dram_reads=int(shared[3]),
        dram_writes=int(shared[4]),
        dram_row_hits=int(shared[5]),
        llc_read_bytes=int(shared[6]) * line,
        llc_written_bytes=int(shared[7]) * line,
    )
