# SPDX-License-Identifier: Apache-2.0
"""State and statistics of the compiled memory system."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alpine_platform.compiled.kernel_state import MemoryState
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
    l2, dram = config.l2, config.dram
    of_cores = [each for numbers, each in config.core_complexes() for _ in numbers]
    first = config.complexes[0].core
    return MemoryState(
        config=constants(config),
        cores=np.array([l1_constants(each, first.period_fs) for each in of_cores], np.int64),
        counters=np.zeros((config.cores + 1, 16), np.int64),
        stores=np.zeros((config.cores, max(map(store_entries, config.complexes))), np.int64),
        store_begun=np.zeros(config.cores, np.int64),
        l1=empty_l1([each.l1 for each in of_cores]),
        holders=empty_holders(sum(each.l1.sets * each.l1.associativity for each in of_cores)),
        l1_mshr=empty_slots([each.l1.mshrs for each in of_cores]),
        l2=empty_sets((l2.sets,), l2.associativity),
        l2_mshr=empty_slots([l2.mshrs])[0],
        clocks=np.array([clock(first.period_fs), clock(config.bus.period_fs)], np.int64),
        dram=dram_constants(dram, l2.line_bytes),
        banks=empty_banks(dram.ranks * dram.banks),
        channel=np.zeros(dram_kernel.C_COUNT, np.int64),
        writes=np.zeros(dram_kernel.QUEUE, np.int64),
    )


def store_entries(of: CoreComplexConfig) -> int:
    """Entries of the store buffer of a complex's cores; those of other core types are their own."""
    core = of.core
    return core.store_buffer_entries if isinstance(core, CoreConfig) else 1


def l1_constants(of: CoreComplexConfig, shared_period_fs: int) -> list[int]:
    """Return what the compiled memory system knows of the L1 of a complex's cores."""
    l1, period = of.l1, of.core.period_fs
    a = [0] * kernel.A_COUNT
    a[kernel.A_PERIOD] = period
    a[kernel.A_LOOKUP] = l1.lookup_cycles
    a[kernel.A_RESPONSE] = l1.response_cycles
    a[kernel.A_SETS] = l1.sets
    a[kernel.A_SNOOPED] = cycles_until(l1.lookup_cycles * period, shared_period_fs)
    return a


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


def empty_holders(lines: int) -> npt.NDArray[np.int64]:
    """Return a table of holders for so many lines, at most half full."""
    holders = np.zeros((1 << (2 * lines).bit_length(), 2), np.int64)
    holders[:, holders_kernel.H_LINE] = holders_kernel.NO_TAG
    return holders


def clock(period_fs: int) -> list[int]:
    """Return a row of `MemoryState.clocks`: quotients of numbers below `NEAR` by it are exact."""
    shift = (kernel.NEAR * period_fs).bit_length()
    reciprocal = -(-(1 << shift) // period_fs)
    return [period_fs, reciprocal, shift, 0, 0, 0]


def empty_sets(shape: tuple[int, ...], ways: int) -> npt.NDArray[np.int64]:
    """Return cache sets without a valid line; see `memory_kernel`."""
    sets = np.zeros((*shape, 4, ways), np.int64)
    sets[..., kernel.TAG, :] = holders_kernel.NO_TAG
    sets[..., kernel.USED, :] = np.arange(ways)
    return sets


def constants(config: SystemConfig) -> npt.NDArray[np.int64]:
    """Return the constants of the caches and buses."""
    bus = config.bus
    line = config.l2.line_bytes
    m = np.zeros(kernel.M_COUNT, np.int64)
    m[kernel.M_PERIOD] = config.complexes[0].core.period_fs
    m[kernel.M_LINE_SHIFT] = line.bit_length() - 1
    m[kernel.M_L2_SETS] = config.l2.sets
    m[kernel.M_L2_LOOKUP] = config.l2.lookup_cycles
    m[kernel.M_L2_RESPONSE] = config.l2.response_cycles
    m[kernel.M_REQUEST] = bus.core_frontend_cycles
    # The line follows its header by all beats but the first.
    m[kernel.M_RESPONSE] = bus.core_response_cycles + -(-line // bus.core_width_bytes) - 1
    m[kernel.M_SNOOP] = bus.core_snoop_cycles
    m[kernel.M_BUS_PERIOD] = bus.period_fs
    m[kernel.M_BUS_REQUEST] = bus.frontend_cycles + bus.forward_cycles
    m[kernel.M_BUS_RESPONSE] = bus.response_cycles
    m[kernel.M_CROSSING] = bus.crossing_cycles
    # The bus is taken by a line's header and by its beats.
    m[kernel.M_BUS_BEATS] = 1 + -(-line // bus.width_bytes)
    return m


def dram_constants(dram: DramConfig, line_bytes: int) -> npt.NDArray[np.int64]:
    """Return the constants of the DRAM channel, times in femtoseconds.

    A line longer than a burst is several of its row, as close as columns of a bank group may be.
    """
    bursts = max(1, line_bytes // BURST_BYTES)
    others_ns = (bursts - 1) * max(dram.t_burst_ns, dram.t_ccd_l_ns)
    d = np.zeros(dram_kernel.D_COUNT, np.int64)
    d[dram_kernel.D_BANKS] = dram.banks
    d[dram_kernel.D_RANKS] = dram.ranks
    d[dram_kernel.D_ROW_SHIFT] = dram.row_bytes.bit_length() - 1
    d[dram_kernel.D_LINE_SHIFT] = line_bytes.bit_length() - 1
    d[dram_kernel.D_ROW_ACCESSES] = dram.row_accesses
    d[dram_kernel.D_HIGH] = dram.write_high
    d[dram_kernel.D_LOW] = dram.write_low
    d[dram_kernel.D_SWITCH] = dram.writes_per_switch
    times = {
        dram_kernel.D_BURST: dram.t_burst_ns + others_ns,
        dram_kernel.D_CCD: dram.t_ccd_l_ns + others_ns,
        dram_kernel.D_RCD: dram.t_rcd_ns,
        dram_kernel.D_CL: dram.t_cl_ns,
        dram_kernel.D_RP: dram.t_rp_ns,
        dram_kernel.D_RAS: dram.t_ras_ns,
        dram_kernel.D_RTP: dram.t_rtp_ns,
        dram_kernel.D_WR: dram.t_wr_ns,
        dram_kernel.D_WTR: dram.t_wtr_ns,
        dram_kernel.D_RTW: dram.t_rtw_ns,
        dram_kernel.D_REFI: dram.t_refi_ns,
        dram_kernel.D_RFC: dram.t_rfc_ns,
        dram_kernel.D_STATIC: dram.frontend_ns + dram.backend_ns,
    }
    for place, nanoseconds in times.items():
        d[place] = round(nanoseconds * FS_PER_NS)
    return d


def empty_banks(count: int) -> npt.NDArray[np.int64]:
    """Return banks without an open row."""
    banks = np.zeros((count, 6), np.int64)
    banks[:, dram_kernel.B_ROW] = -1
    banks[:, dram_kernel.B_LAST] = -1
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
    line = config.l2.line_bytes
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
