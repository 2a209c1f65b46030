# SPDX-License-Identifier: Apache-2.0
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from tests.random_inputs import examples

from alpine_platform.compiled.kernel_state import CLOCK
from alpine_platform.memory.holders_kernel import NO_TAG
from alpine_platform.memory.memory_kernel import L1_MISSES, NEAR, SNOOPS, UPGRADES
from alpine_platform.memory.memory_kernel import edge_after as compiled_edge_after
from alpine_platform.memory.memory_state import clock, dram_constants
from alpine_platform.memory.memory_system import MemorySystem
from alpine_platform.systems.presets import HIGH_POWER

SMALL = HIGH_POWER.override({"l1.size_bytes": 512, "l2.size_bytes": 4096})
# One compiled signature for all examples; 2 ways, 4 sets.


class NaiveCache:
    def __init__(self, sets: int, ways: int) -> None:
        self.sets = [OrderedDict() for _ in range(sets)]
        self.ways = ways

    def hit(self, line: int) -> bool:
        lines = self.sets[line % len(self.sets)]
        found = line in lines
        if found:
            lines.move_to_end(line)
        else:
            if len(lines) == self.ways:
                lines.popitem(last=False)
            lines[line] = True
        return found


@settings(max_examples=examples(50))
@given(st.lists(st.integers(0, 40), min_size=1, max_size=200))
def test_l1_replaces_the_least_recently_used_line(lines):
    memory = MemorySystem(SMALL)
    naive = NaiveCache(SMALL.l1.sets, SMALL.l1.associativity)
    misses = sum(not naive.hit(line) for line in lines)
    memory.look_up(0, np.array(lines, np.int64) * 64, write=False, cycle=1000)
    assert memory.counters()[0, L1_MISSES] == misses


def latency(memory: MemorySystem, address: int, cycle: int) -> int:
    return memory.look_up(0, np.array([address], np.int64), write=False, cycle=cycle) - cycle


def test_levels_cost_what_their_latencies_add_up_to():
    memory = MemorySystem(HIGH_POWER)
    address = 1 << 20
    # Start after a refresh, in a bank without an open row.
    start = round(400e-9 * HIGH_POWER.core.frequency_hz)
    closed = latency(memory, address, start)
    assert latency(memory, address, start + 1000) == HIGH_POWER.l1.lookup_cycles
    # L1 and bus 3, L2 20, crossing 1, memory, L2 20, bus and L1 4.
    dram, bus = HIGH_POWER.dram, HIGH_POWER.bus
    memory_ns = (
        dram.frontend_ns + dram.backend_ns + dram.t_rcd_ns + dram.t_cl_ns + dram.t_burst_ns
    ) + (bus.frontend_cycles + bus.forward_cycles + bus.response_cycles) * bus.period_fs / 1e6
    cycles = 48 + memory_ns * HIGH_POWER.core.frequency_hz / 1e9
    assert closed == pytest.approx(cycles, abs=4)
    # Out of L1 (three lines of one set), still in L2.
    way = HIGH_POWER.l1.sets * 64
    for index in (1, 2):
        latency(memory, address + index * way, start + 2000 * index)
    assert latency(memory, address, start + 9000) == 27


def test_open_row_is_faster_than_closed_than_conflict():
    memory = MemorySystem(HIGH_POWER)
    dram, clock = HIGH_POWER.dram, HIGH_POWER.core.frequency_hz / 1e9
    start = round(400 * clock)
    closed = latency(memory, 1 << 24, start)
    hit = latency(memory, (1 << 24) + 64, start + 500)
    bank_stride = dram.row_bytes * dram.banks * dram.ranks
    conflict = latency(memory, (1 << 24) + bank_stride, start + 1000)
    assert closed - hit == pytest.approx(dram.t_rcd_ns * clock, abs=2)
    assert conflict - closed == pytest.approx(dram.t_rp_ns * clock, abs=2)


def test_refresh_delays_an_access_by_what_is_left_of_it():
    memory = MemorySystem(HIGH_POWER)
    clock = HIGH_POWER.core.frequency_hz / 1e9
    quiet = latency(memory, 1 << 24, round(1000 * clock))
    refreshed = latency(memory, (1 << 24) + 8192, round(7800 * clock))
    assert refreshed - quiet == pytest.approx(350 * clock, rel=0.2)


def test_line_written_by_one_core_comes_from_it_when_another_reads():
    memory = MemorySystem(HIGH_POWER)
    address = np.array([1 << 20], np.int64)
    memory.look_up(0, address, write=True, cycle=2000)
    taken = memory.look_up(1, address, write=False, cycle=4000) - 4000
    assert memory.counters()[1, SNOOPS] == 1
    assert taken < 27
    # Both share it now; writing it again invalidates the other copy.
    memory.look_up(0, address, write=True, cycle=6000)
    assert memory.counters()[0, UPGRADES] == 1
    memory.look_up(1, address, write=False, cycle=8000)
    assert memory.counters()[1, L1_MISSES] == 2


def test_write_to_a_shared_line_asks_the_last_level_cache():
    """Reference README: about 600 cycles to write a kilobyte that the other core shares."""
    memory = MemorySystem(HIGH_POWER)
    address = np.array([1 << 20], np.int64)
    cycle = memory.look_up(0, address, write=True, cycle=0)
    cycle = memory.look_up(1, address, write=False, cycle=cycle)
    taken = memory.look_up(0, address, write=True, cycle=cycle) - cycle
    # 16 lines in 600 cycles, region markers of 25 apart: 36 a line; an L2 hit takes 27.
    assert 25 <= taken <= 36
    later = cycle + taken
    assert memory.look_up(0, address, write=True, cycle=later) - later < 5


class NaiveCoherence:
    """Write-back caches that own (O) or modify (M) what they have written."""

    def __init__(self, cores: int, sets: int, ways: int) -> None:
        self.caches = [[OrderedDict() for _ in range(sets)] for _ in range(cores)]
        self.ways = [ways] * cores
        self.misses = self.transfers = self.upgrades = self.writebacks = 0

    def access(self, core: int, line: int, write: bool) -> None:
        sets = [cache[line % len(cache)] for cache in self.caches]
        own = sets[core]
        others = [lines for lines in sets if lines is not own and line in lines]
        state = own.get(line)
        if state is None:
            self.misses += 1
            self.transfers += any(lines[line] in "MO" for lines in others)
            if len(own) == self.ways[core]:
                self.writebacks += own.popitem(last=False)[1] in "MO"
        if write:
            self.upgrades += state is not None and state in "SO"
            for lines in others:
                del lines[line]
        elif state is None:
            for lines in others:
                lines[line] = "O" if lines[line] in "MO" else "S"
        own[line] = "M" if write else state or ("S" if others else "E")
        own.move_to_end(line)


accesses = st.tuples(st.integers(0, 2), st.integers(0, 15), st.booleans())


@settings(max_examples=examples(50))
@given(st.lists(accesses, min_size=1, max_size=150))
def test_caches_are_coherent(accesses):
    memory = MemorySystem(SMALL)
    naive = NaiveCoherence(SMALL.cores, SMALL.l1.sets, SMALL.l1.associativity)
    for place, (core, line, write) in enumerate(accesses):
        naive.access(core, line, write)
        address = np.array([line * 64], np.int64)
        memory.look_up(core, address, write=write, cycle=1000 * (place + 1))
    stats = memory.stats()
    assert stats.l1_misses == naive.misses
    assert stats.snoop_transfers == naive.transfers
    assert stats.upgrades == naive.upgrades
    assert stats.l1_writebacks == naive.writebacks


UNEQUAL = replace(
    SMALL,
    complexes=(
        replace(SMALL.complexes[0], cores=3, name="a"),
        replace(
            SMALL.complexes[0],
            cores=2,
            name="b",
            l1=replace(SMALL.l1, size_bytes=4096, associativity=16),
        ),
    ),
)
"""Caches of 4 sets of 2 ways, and of 4 sets of 16."""


@settings(max_examples=examples(15))
@given(st.integers(0, 1 << 32), st.integers(4, 400))
def test_unequal_caches_are_coherent_and_their_holders_known(seed: int, lines: int):
    """The table of holders has a column per set and 128 rows, for 3 x 2 + 2 x 16 lines at most."""
    memory = MemorySystem(UNEQUAL)
    naive = NaiveCoherence(5, 4, 2)
    naive.ways[3:] = [16, 16]
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 1 << 40, lines)
    for place in range(300):
        core, line, write = int(rng.integers(5)), int(rng.choice(numbers)), rng.random() < 0.3
        naive.access(core, line, write)
        address = np.array([line * 64], np.int64)
        memory.look_up(core, address, write=write, cycle=1000 * (place + 1))
    stats = memory.stats()
    counts = (stats.l1_misses, stats.snoop_transfers, stats.upgrades, stats.l1_writebacks)
    assert counts == (naive.misses, naive.transfers, naive.upgrades, naive.writebacks)
    held: dict[int, int] = {}
    for core, sets in enumerate(naive.caches):
        for line in (line for lines in sets for line in lines):
            held[line] = held.get(line, 0) | 1 << core
    table = memory.state.holders.reshape(-1)
    assert {int(line): int(caches) for line, caches in table if line != NO_TAG} == held


@njit
def edge_after(clocks, time):
    """What only compiled functions can call."""
    return compiled_edge_after(clocks[0], time)


@given(
    st.sampled_from([1, 3, 1000, 333_333, 434_783, 10**6, 10**9, NEAR - 1, NEAR + 1]),
    st.lists(st.integers(0, NEAR + 1000) | st.integers(0, 10**15), min_size=1, max_size=20),
)
def test_edges_are_exact_quotients(period, times):
    clocks = np.array([clock(period)], CLOCK)
    for time in times:
        for near in (time // period * period, time, -(-time // period) * period + 1):
            assert edge_after(clocks, near) == -(-near // period)
            since = near + int(clocks["time_fs"][0])
            assert edge_after(clocks, since) == -(-since // period)


@pytest.mark.parametrize(("line", "bus_ns"), [(32, 3.332), (64, 3.332), (128, 8.332)])
def test_a_line_longer_than_a_burst_takes_the_data_bus_for_several(line: int, bus_ns: float):
    # DDR4-2400 on 64 bits: 64 bytes take 3.332 ns, and columns of a bank group are 5 ns apart.
    (constants,) = dram_constants(HIGH_POWER.dram, line)
    assert constants["burst"] == round(bus_ns * 1e6)
    assert constants["ccd"] - constants["burst"] == round((5.0 - 3.332) * 1e6)
