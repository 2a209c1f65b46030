# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled memory system: private L1 data caches, shared L2, snooping coherence, buses.

Addresses are bytes; cache times are core cycles. An access returns the cycle in which its data or
its line is there; the state a miss leaves behind (tags, fill times, busy banks) is what later
accesses meet. L1 lines are invalid, shared, exclusive, modified or owned (dirty and shared). The
L2 is mostly inclusive: its evictions leave L1 copies alone, L1 write-backs allocate in it.

A set is an array with a row per property and a column per way. The row USED holds the stamp of the
last access above the number of the way, so that its minimum names the way to replace; an invalid
way has no tag and no stamp. Loops over ways have no exits where sets are wide: they become vector
instructions. `holders` is a hash table from lines to the L1 caches that hold them, a bit each, so
that coherence costs the host time by sharers and not by cores.

Each core has a clock, in which its L1 counts. The L2 and the buses before it have one too: a
request is taken at its first edge after it leaves an L1, an answer at the core's first edge after
it leaves the bus. Where both clocks are one, neither takes a cycle.
"""

import numpy as np

from alpine_platform.compiled.compiling import called, compiled

from .dram_kernel import dram_read, dram_write
from .holders_kernel import NO_TAG, column_of, leave, lowest, row_of

INVALID, SHARED, EXCLUSIVE, MODIFIED, OWNED = 0, 1, 2, 3, 4

# Rows of a cache set.
TAG, STATE, USED, READY = 0, 1, 2, 3
WAY_BITS = 16

# Counters of a core's row.
L1_ACCESSES, L1_MISSES, L1_MERGED, L1_WRITEBACKS, SNOOPS, UPGRADES = 0, 1, 2, 3, 4, 5
# Counters of the shared row.
L2_ACCESSES, L2_MISSES, L2_WRITEBACKS, READS, WRITES, ROW_HITS, LLC_READ, LLC_WRITTEN = (
    0, 1, 2, 3, 4, 5, 6, 7,
)  # fmt: skip
STAMP = 15

# Clocks.
SHARED_CLOCK, BUS = 0, 1
NEAR = 1 << 31

NOBODY = np.int64(-1)


@compiled
def find(lines, tag):
    """Way of a narrow set that holds a line, or -1."""
    for way in range(lines.shape[1]):
        if lines[TAG, way] == tag:
            return way
    return -1


@compiled
def find_wide(lines, tag):
    """Way of a wide set that holds a line, or -1."""
    found = 0
    for way in range(lines.shape[1]):
        found += way + 1 if lines[TAG, way] == tag else 0
    return found - 1


@compiled
def victim(lines):
    """Way of a set to replace: an invalid one, or the least recently used."""
    oldest = lines[USED, 0]
    for way in range(1, lines.shape[1]):
        oldest = min(oldest, lines[USED, way])
    return oldest & ((1 << WAY_BITS) - 1)


@compiled
def use(lines, way, stamp):
    """Note the latest use of a way."""
    lines[USED, way] = stamp << WAY_BITS | way


@compiled
def drop(lines, way):
    """Make a way invalid."""
    lines[TAG, way] = NO_TAG
    lines[STATE, way] = INVALID
    lines[USED, way] = way


@compiled
def take_slot(slots, end):
    """Occupy the slot that is free first until a cycle.

    The slots are a ring in order of time; the last element says where it begins, the one before
    how long it is.
    """
    last = slots.shape[0] - 1
    size = slots[last - 1]
    place = slots[last]
    slots[last] = place + 1 if place + 1 < size else 0
    for _ in range(size - 1):
        before = place - 1 if place > 0 else size - 1
        if slots[before] <= end:
            break
        slots[place] = slots[before]
        place = before
    slots[place] = end


@compiled
def would_miss(mem, core, address):
    """Whether an access would miss its L1, without touching anything."""
    line = address >> mem.shared[0].line_shift
    return find(mem.l1[core, line & (mem.l1_constants[core].sets - 1)], line) < 0


@compiled
def free_mshr(mem, core):
    """Cycle from which an L1 has room for another miss."""
    slots = mem.l1_mshr[core]
    return slots[slots[slots.shape[0] - 1]]


@compiled
def access(mem, core, address, write, cycle):
    """Cycle in which an access that starts at a cycle has its data or its line."""
    m = mem.shared[0]
    line = address >> m.line_shift
    lines = mem.l1[core, line & (mem.l1_constants[core].sets - 1)]
    counters = mem.counters[core]
    counters[L1_ACCESSES] += 1
    counters[STAMP] += 1
    way = find(lines, line)
    if way < 0:
        counters[L1_MISSES] += 1
        return fill_l1(mem, core, line, write, cycle)
    use(lines, way, counters[STAMP])
    ready = lines[READY, way]
    if ready > cycle:
        counters[L1_MERGED] += 1
    if write and lines[STATE, way] != MODIFIED:
        if lines[STATE, way] != EXCLUSIVE:
            counters[UPGRADES] += 1
            claim(mem, core, line)
            ready = max(ready, upgraded(mem, core, cycle))
            lines[READY, way] = ready
        lines[STATE, way] = MODIFIED
    return max(cycle + mem.l1_constants[core].lookup - 1, ready)


@compiled
def upgraded(mem, core, cycle):
    """Cycle in which a core may write a line that others have shared.

    The request goes to the L2, which answers as for a hit; the snoop is no slower.
    """
    m = mem.shared[0]
    arrival = arrives(mem, core, cycle)
    ready = returns(mem, core, arrival + max(m.l2_lookup, m.snoop))
    take_slot(mem.l1_mshr[core], ready + 1)
    return ready


@compiled
def arrives(mem, core, cycle):
    """Cycle of the L2's clock in which a miss that its L1 begins at a cycle is at the bus's end."""
    a, m = mem.l1_constants[core], mem.shared[0]
    leaves = max(cycle, free_mshr(mem, core)) + a.lookup
    if a.period_fs != m.period_fs:
        leaves = -(-leaves * a.period_fs // m.period_fs)
    return leaves + m.request


@compiled
def returns(mem, core, cycle):
    """Last cycle of a core's clock before it has a line that leaves the L2's side at a cycle."""
    a, m = mem.l1_constants[core], mem.shared[0]
    back = cycle + m.response
    if a.period_fs != m.period_fs:
        back = -(-back * m.period_fs // a.period_fs)
    return back + a.response - 1


@compiled
def invalidate(mem, caches, line):
    """Take a line away from some L1 caches; returns which of them held it dirty, or -1."""
    dirty = NOBODY
    while caches != 0:
        other = lowest(caches)
        caches &= caches - 1
        lines = mem.l1[other, line & (mem.l1_constants[other].sets - 1)]
        way = find(lines, line)
        if lines[STATE, way] >= MODIFIED:
            dirty = other
        drop(lines, way)
    return dirty


@compiled
def share(mem, caches, line):
    """Make a line shared in the L1 caches that hold it; returns which held it dirty, or -1."""
    dirty = NOBODY
    while caches != 0:
        other = lowest(caches)
        caches &= caches - 1
        lines = mem.l1[other, line & (mem.l1_constants[other].sets - 1)]
        way = find(lines, line)
        if lines[STATE, way] >= MODIFIED:
            lines[STATE, way] = OWNED
            dirty = other
        else:
            lines[STATE, way] = SHARED
    return dirty


@compiled
def claim(mem, core, line):
    """Make a core that holds a line its only holder."""
    row, own = row_of(mem.holders, line), np.int64(1) << core
    holders = mem.holders[row, column_of(mem.holders, line)]
    invalidate(mem, holders.caches & ~own, line)
    holders.caches = own


@called
def fill_l1(mem, core, line, write, cycle):
    """Bring a line into an L1; returns the cycle in which it is there."""
    lines = mem.l1[core, line & (mem.l1_constants[core].sets - 1)]
    arrival = arrives(mem, core, cycle)
    row, own = row_of(mem.holders, line), np.int64(1) << core
    holders = mem.holders[row, column_of(mem.holders, line)]
    caches = holders.caches
    holders.line = line
    holders.caches = own if write else caches | own
    supplier = invalidate(mem, caches, line) if write else share(mem, caches, line)
    state = MODIFIED if write else EXCLUSIVE if caches == 0 else SHARED
    if supplier >= 0:
        mem.counters[core, SNOOPS] += 1
        ready = arrival + mem.shared[0].snoop + mem.l1_constants[supplier].snooped
    else:
        ready = read_l2(mem, line, arrival)
    ready = returns(mem, core, ready)
    way = victim(lines)
    if lines[STATE, way] >= MODIFIED:
        mem.counters[core, L1_WRITEBACKS] += 1
        write_l2(mem, lines[TAG, way], arrival)
    if lines[TAG, way] != NO_TAG:
        leave(mem.holders, core, lines[TAG, way])
    lines[TAG, way] = line
    lines[STATE, way] = state
    use(lines, way, mem.counters[core, STAMP])
    lines[READY, way] = ready
    take_slot(mem.l1_mshr[core], ready + 1)
    return ready


@compiled
def read_l2(mem, line, cycle):
    """Cycle in which the L2 gives a line that is asked for at a cycle."""
    m = mem.shared[0]
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[L2_ACCESSES] += 1
    shared[LLC_READ] += 1
    shared[STAMP] += 1
    lines = mem.l2[line & (m.l2_sets - 1)]
    way = find_wide(lines, line)
    if way >= 0:
        use(lines, way, shared[STAMP])
        return max(cycle + m.l2_lookup, lines[READY, way])
    shared[L2_MISSES] += 1
    shared[LLC_WRITTEN] += 1
    slots = mem.l2_mshr
    begun = max(cycle + m.l2_lookup + m.crossing, slots[slots[slots.shape[0] - 1]])
    ready = read_memory(mem, line, begun)
    take_slot(slots, ready)
    ready += m.l2_response
    way = replace_l2(mem, lines, begun)
    lines[TAG, way] = line
    lines[STATE, way] = EXCLUSIVE
    use(lines, way, shared[STAMP])
    lines[READY, way] = ready
    return ready


@compiled
def replace_l2(mem, lines, cycle):
    """Way of an L2 set that is free now; a dirty line in it goes to memory."""
    way = victim(lines)
    if lines[STATE, way] == MODIFIED:
        shared = mem.counters[mem.counters.shape[0] - 1]
        shared[L2_WRITEBACKS] += 1
        shared[WRITES] += 1
        shared[LLC_READ] += 1
        time = to_memory(mem, cycle)
        dram_write(mem.dram[0], mem.banks, mem.channel[0], mem.writes, lines[TAG, way], time)
    return way


@compiled
def write_l2(mem, line, cycle):
    """Take a dirty line from an L1."""
    m = mem.shared[0]
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[LLC_WRITTEN] += 1
    shared[STAMP] += 1
    lines = mem.l2[line & (m.l2_sets - 1)]
    way = find_wide(lines, line)
    if way < 0:
        way = replace_l2(mem, lines, cycle)
        lines[TAG, way] = line
        lines[READY, way] = cycle + m.l2_lookup
    lines[STATE, way] = MODIFIED
    use(lines, way, shared[STAMP])


@compiled
def edge_after(clock, time):
    """Number of a clock's first edge at or after a time.

    Divisions are slow. Most times come soon after an edge that is remembered; for them, rounding
    the reciprocal up does not change a quotient.
    """
    period = clock.period_fs
    dividend = time - clock.time_fs + period - 1
    if dividend >= 0 and dividend < NEAR:
        return clock.edge + (dividend * clock.reciprocal >> clock.shift)
    edge = -(-time // period)
    clock.edge = edge
    clock.time_fs = edge * period
    return edge


@compiled
def to_memory(mem, cycle):
    """Time at which a request that leaves the L2 at a cycle reaches the memory controller."""
    m = mem.shared[0]
    edge = edge_after(mem.clocks[BUS], cycle * m.period_fs)
    return (edge + m.bus_request) * m.bus_period_fs


@compiled
def read_memory(mem, line, cycle):
    """Cycle in which the L2 has a line that it asks memory for at a cycle.

    Lines cross the bus one after the other, as in gem5's crossbars: each takes it for a header and
    its beats, while the first beat is on its way already. Requests and lines that are written back
    go the other way and are taken not to disturb each other.
    """
    m = mem.shared[0]
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[READS] += 1
    asked = to_memory(mem, cycle)
    time = dram_read(mem.dram[0], mem.banks, mem.channel[0], mem.writes, line, asked)
    shared[ROW_HITS] += mem.channel[0].row_hit
    bus = mem.clocks[BUS]
    edge = max(edge_after(bus, time), bus.free)
    bus.free = edge + m.bus_beats
    return edge_after(mem.clocks[SHARED_CLOCK], (edge + m.bus_response) * m.bus_period_fs)
