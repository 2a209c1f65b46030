# SPDX-License-Identifier: Apache-2.0
"""State and statistics of the compiled memory system."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alpine_platform.compiled import kernel_state
from alpine_platform.compiled.kernel_state import MemoryState, Records
from alpine_platform.config import (
    CacheConfig,
    CoreComplexConfig,
    CoreConfig,
    DramConfig,
    SystemConfig,
)
from alpine_platform.time import cycles_until

from . import dram_kernel, holders_kernel
from . import memory_kernel as kernel

__all__ = [
    "L1Stats",
    "MemoryStats",
    "dram_constants",
    "l1_stats",
    "memory_state",
    "memory_stats",
]

FS_PER_NS = 1_000_000

BURST_BYTES = 64
"""Of a DDR4 channel: eight transfers of 64 bits (reference configuration, DDR4_2400_4x16)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class L1Stats:
    """What some L1 data caches did during a run.

    Members
    -------
    accesses, misses : all of them, and how many found no line.
    merged : misses to a line that was on its way already.
    writebacks : dirty lines that left.
    snoop_transfers : lines that came from another core's L1.
    upgrades : writes to a shared line, which invalidate the other copies.
    """

    accesses: int
    misses: int
    merged: int
    writebacks: int
    snoop_transfers: int
    upgrades: int


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
    dram_reads, dram_writes : lines moved.
    dram_row_hits : reads that found their row open.
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

    @property
    def dram_row_hit_share(self) -> float:
        """Share of the DRAM's reads that found their row open; 0 where it was not read."""
        return self.dram_row_hits / max(self.dram_reads, 1)


def memory_state(config: SystemConfig) -> MemoryState:
    """Return the empty memory system of a configuration."""
    l2, dram = config.last_level_cache, config.dram
    of_cores = [each for numbers, each in config.core_complexes() for _ in numbers]
    first = config.complexes[0].core
    return MemoryState(
        shared=constants(config),
        l1_constants=np.array(
            [l1_constants(each, first.period_fs) for each in of_cores], kernel_state.L1
        ),
        counters=np.zeros((config.cached_cores + 1, 16), np.int64),
        stores=np.zeros((config.cached_cores, max(map(store_entries, config.complexes))), np.int64),
        store_begun=np.zeros(config.cached_cores, np.int64),
        l1=empty_l1([each.l1 for each in of_cores]),
        holders=empty_holders([each.l1 for each in of_cores]),
        l1_mshr=empty_slots([each.l1.mshrs for each in of_cores]),
        l2=empty_sets((l2.sets,), l2.associativity),
        l2_mshr=empty_slots([l2.mshrs])[0],
        clocks=np.array([clock(first.period_fs), clock(config.bus.period_fs)], kernel_state.CLOCK),
        dram=dram_constants(dram, l2.line_bytes),
        banks=empty_banks(dram.ranks * dram.banks),
        channel=np.zeros(1, kernel_state.CHANNEL),
        writes=np.zeros(dram_kernel.QUEUE, np.int64),
    )


def store_entries(of: CoreComplexConfig) -> int:
    """Entries of the store buffer of a complex's cores; those of other core types are their own."""
    core = of.core
    return core.store_buffer_entries if isinstance(core, CoreConfig) else 1


def l1_constants(of: CoreComplexConfig, shared_period_fs: int) -> tuple[int, ...]:
    """Return the fields of a record `L1` for a complex's cores."""
    l1, period = of.l1, of.core.period_fs
    snooped = cycles_until(l1.lookup_cycles * period, shared_period_fs)
    return period, l1.lookup_cycles, l1.response_cycles, l1.sets, snooped


def empty_l1(caches: Sequence[CacheConfig]) -> npt.NDArray[np.int64]:
    """Return the sets of all L1 caches, without a valid line.

    Where caches differ, the smaller ones have sets and ways that are never used.
    """
    ways = max(cache.associativity for cache in caches)
    l1 = empty_sets((len(caches), max(cache.sets for cache in caches)), ways)
    for sets, cache in zip(l1, caches, strict=True):
        sets[:, kernel.USED, cache.associativity :] = np.iinfo(np.int64).max
    return l1


def empty_slots(sizes: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return rings of free slots, one row each; see `memory_kernel.take_slot`."""
    slots = np.zeros((len(sizes), max(sizes) + 2), np.int64)
    slots[:, -2] = sizes
    return slots


def empty_holders(caches: Sequence[CacheConfig]) -> Records:
    """Return a table of holders for some L1 caches; see `holders_kernel`."""
    lines = sum(cache.associativity for cache in caches)
    shape = 1 << (2 * lines - 1).bit_length(), max(cache.sets for cache in caches)
    holders = np.zeros(shape, kernel_state.HOLDER)
    holders["line"] = holders_kernel.NO_TAG
    return holders


def clock(period_fs: int) -> tuple[int, ...]:
    """Return the fields of a record `CLOCK`: quotients of numbers below `NEAR` by it are exact."""
    shift = (kernel.NEAR * period_fs).bit_length()
    reciprocal = -(-(1 << shift) // period_fs)
    return period_fs, reciprocal, shift, 0, 0, 0


def empty_sets(shape: tuple[int, ...], ways: int) -> npt.NDArray[np.int64]:
    """Return cache sets without a valid line; see `memory_kernel`."""
    sets = np.zeros((*shape, 4, ways), np.int64)
    sets[..., kernel.TAG, :] = holders_kernel.NO_TAG
    sets[..., kernel.USED, :] = np.arange(ways)
    return sets


def constants(config: SystemConfig) -> Records:
    """Return the constants of the caches and buses."""
    bus, l2 = config.bus, config.last_level_cache
    line = l2.line_bytes
    m = np.zeros(1, kernel_state.SHARED)
    m["period_fs"] = config.complexes[0].core.period_fs
    m["line_shift"] = line.bit_length() - 1
    m["l2_sets"] = l2.sets
    m["l2_lookup"] = l2.lookup_cycles
    m["l2_response"] = l2.response_cycles
    m["request"] = bus.core_frontend_cycles
    # The line follows its header by all beats but the first.
    m["response"] = bus.core_response_cycles + -(-line // bus.core_width_bytes) - 1
    m["snoop"] = bus.core_snoop_cycles
    m["bus_period_fs"] = bus.period_fs
    m["bus_request"] = bus.frontend_cycles + bus.forward_cycles
    m["bus_response"] = bus.response_cycles
    m["crossing"] = bus.crossing_cycles
    # The bus is taken by a line's header and by its beats.
    m["bus_beats"] = 1 + -(-line // bus.width_bytes)
    return m


def dram_constants(dram: DramConfig, line_bytes: int) -> Records:
    """Return the constants of the DRAM channel, times in femtoseconds.

    A line longer than a burst is several of its row, as close as columns of a bank group may be.
    """
    bursts = max(1, line_bytes // BURST_BYTES)
    others_ns = (bursts - 1) * max(dram.t_burst_ns, dram.t_ccd_l_ns)
    d = np.zeros(1, kernel_state.DRAM)
    d["banks"] = dram.banks
    d["ranks"] = dram.ranks
    d["row_shift"] = dram.row_bytes.bit_length() - 1
    d["line_shift"] = line_bytes.bit_length() - 1
    d["row_accesses"] = dram.row_accesses
    d["high"] = dram.write_high
    d["low"] = dram.write_low
    d["switch"] = dram.writes_per_switch
    times = {
        "burst": dram.t_burst_ns + others_ns,
        "ccd": dram.t_ccd_l_ns + others_ns,
        "rcd": dram.t_rcd_ns,
        "cl": dram.t_cl_ns,
        "rp": dram.t_rp_ns,
        "ras": dram.t_ras_ns,
        "rtp": dram.t_rtp_ns,
        "wr": dram.t_wr_ns,
        "wtr": dram.t_wtr_ns,
        "rtw": dram.t_rtw_ns,
        "refi": dram.t_refi_ns,
        "rfc": dram.t_rfc_ns,
        "static": dram.frontend_ns + dram.backend_ns,
    }
    for name, nanoseconds in times.items():
        d[name] = round(nanoseconds * FS_PER_NS)
    return d


def empty_banks(count: int) -> Records:
    """Return banks without an open row."""
    banks = np.zeros(count, kernel_state.BANK)
    banks["row"] = -1
    banks["last"] = -1
    return banks


def l1_stats(counters: npt.NDArray[np.int64]) -> L1Stats:
    """Name and add up the counters of some L1 caches, one row each."""
    sums = counters.sum(axis=0)
    return L1Stats(
        accesses=int(sums[kernel.L1_ACCESSES]),
        misses=int(sums[kernel.L1_MISSES]),
        merged=int(sums[kernel.L1_MERGED]),
        writebacks=int(sums[kernel.L1_WRITEBACKS]),
        snoop_transfers=int(sums[kernel.SNOOPS]),
        upgrades=int(sums[kernel.UPGRADES]),
    )


def memory_stats(config: SystemConfig, counters: npt.NDArray[np.int64]) -> MemoryStats:
    """Name the counters: one row per core, the last one shared."""
    l1 = l1_stats(counters[:-1])
    shared = counters[-1]
    line = config.last_level_cache.line_bytes
    return MemoryStats(
        l1_accesses=l1.accesses,
        l1_misses=l1.misses,
        l1_merged=l1.merged,
        l1_writebacks=l1.writebacks,
        snoop_transfers=l1.snoop_transfers,
        upgrades=l1.upgrades,
        l2_accesses=int(shared[kernel.L2_ACCESSES]),
        l2_misses=int(shared[kernel.L2_MISSES]),
        l2_writebacks=int(shared[kernel.L2_WRITEBACKS]),
        dram_reads=int(shared[kernel.READS]),
        dram_writes=int(shared[kernel.WRITES]),
        dram_row_hits=int(shared[kernel.ROW_HITS]),
        llc_read_bytes=int(shared[kernel.LLC_READ]) * line,
        llc_written_bytes=int(shared[kernel.LLC_WRITTEN]) * line,
    )
