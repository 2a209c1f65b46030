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

from .dram_kernel import C_ROW_HIT, dram_read, dram_write
from .holders_kernel import H_CACHES, H_LINE, NO_TAG, leave, lowest, place_of

# Constants of what cores share.
M_PERIOD = 0
M_LINE_SHIFT = 1
M_L2_SETS = 2
M_L2_LOOKUP = 3
M_L2_RESPONSE = 4
M_REQUEST = 5
M_RESPONSE = 6
M_SNOOP = 7
M_BUS_PERIOD = 8
M_BUS_REQUEST = 9
M_BUS_RESPONSE = 10
M_CROSSING = 11
M_BUS_BEATS = 12
M_COUNT = 13

# Constants of a core's L1.
A_PERIOD = 0
A_LOOKUP = 1
A_RESPONSE = 2
A_SETS = 3
A_SNOOPED = 4  # cycles of the L2's clock in which it looks a line up for another core
A_COUNT = 5

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

# Clocks, each with an edge not long ago, and their columns.
SHARED_CLOCK, BUS = 0, 1
E_PERIOD, E_RECIPROCAL, E_SHIFT, E_EDGE, E_TIME = 0, 1, 2, 3, 4
E_FREE = 5  # edge from which the memory bus takes the next line from the DRAM
E_COUNT = 6
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
    line = address >> mem.config[M_LINE_SHIFT]
    return find(mem.l1[core, line & (mem.cores[core, A_SETS] - 1)], line) < 0


@compiled
def free_mshr(mem, core):
    """Cycle from which an L1 has room for another miss."""
    slots = mem.l1_mshr[core]
    return slots[slots[slots.shape[0] - 1]]


@compiled
def access(mem, core, address, write, cycle):
    """Cycle in which an access that starts at a cycle has its data or its line."""
    m = mem.config
    line = address >> m[M_LINE_SHIFT]
    lines = mem.l1[core, line & (mem.cores[core, A_SETS] - 1)]
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
    return max(cycle + mem.cores[core, A_LOOKUP] - 1, ready)


@compiled
def upgraded(mem, core, cycle):
    """Cycle in which a core may write a line that others have shared.

    The request goes to the L2, which answers as for a hit; the snoop is no slower.
    """
    m = mem.config
    arrival = arrives(mem, core, cycle)
    ready = returns(mem, core, arrival + max(m[M_L2_LOOKUP], m[M_SNOOP]))
    take_slot(mem.l1_mshr[core], ready + 1)
    return ready


@compiled
def arrives(mem, core, cycle):
    """Cycle of the L2's clock in which a miss that its L1 begins at a cycle is at the bus's end."""
    a, m = mem.cores[core], mem.config
    leaves = max(cycle, free_mshr(mem, core)) + a[A_LOOKUP]
    if a[A_PERIOD] != m[M_PERIOD]:
        leaves = -(-leaves * a[A_PERIOD] // m[M_PERIOD])
    return leaves + m[M_REQUEST]


@compiled
def returns(mem, core, cycle):
    """Last cycle of a core's clock before it has a line that leaves the L2's side at a cycle."""
    a, m = mem.cores[core], mem.config
    back = cycle + m[M_RESPONSE]
    if a[A_PERIOD] != m[M_PERIOD]:
        back = -(-back * m[M_PERIOD] // a[A_PERIOD])
    return back + a[A_RESPONSE] - 1


@compiled
def invalidate(mem, caches, line):
    """Take a line away from some L1 caches; returns which of them held it dirty, or -1."""
    dirty = NOBODY
    while caches != 0:
        other = lowest(caches)
        caches &= caches - 1
        lines = mem.l1[other, line & (mem.cores[other, A_SETS] - 1)]
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
        lines = mem.l1[other, line & (mem.cores[other, A_SETS] - 1)]
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
    place, own = place_of(mem, line), np.int64(1) << core
    invalidate(mem, mem.holders[place, H_CACHES] & ~own, line)
    mem.holders[place, H_CACHES] = own


@called
def fill_l1(mem, core, line, write, cycle):
    """Bring a line into an L1; returns the cycle in which it is there."""
    lines = mem.l1[core, line & (mem.cores[core, A_SETS] - 1)]
    arrival = arrives(mem, core, cycle)
    place, own = place_of(mem, line), np.int64(1) << core
    caches = mem.holders[place, H_CACHES]
    mem.holders[place, H_LINE] = line
    mem.holders[place, H_CACHES] = own if write else caches | own
    supplier = invalidate(mem, caches, line) if write else share(mem, caches, line)
    state = MODIFIED if write else EXCLUSIVE if caches == 0 else SHARED
    if supplier >= 0:
        mem.counters[core, SNOOPS] += 1
        ready = arrival + mem.config[M_SNOOP] + mem.cores[supplier, A_SNOOPED]
    else:
        ready = read_l2(mem, line, arrival)
    ready = returns(mem, core, ready)
    way = victim(lines)
    if lines[STATE, way] >= MODIFIED:
        mem.counters[core, L1_WRITEBACKS] += 1
        write_l2(mem, lines[TAG, way], arrival)
    if lines[TAG, way] != NO_TAG:
        leave(mem, core, lines[TAG, way])
    lines[TAG, way] = line
    lines[STATE, way] = state
    use(lines, way, mem.counters[core, STAMP])
    lines[READY, way] = ready
    take_slot(mem.l1_mshr[core], ready + 1)
    return ready


@compiled
def read_l2(mem, line, cycle):
    """Cycle in which the L2 gives a line that is asked for at a cycle."""
    m = mem.config
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[L2_ACCESSES] += 1
    shared[LLC_READ] += 1
    shared[STAMP] += 1
    lines = mem.l2[line & (m[M_L2_SETS] - 1)]
    way = find_wide(lines, line)
    if way >= 0:
        use(lines, way, shared[STAMP])
        return max(cycle + m[M_L2_LOOKUP], lines[READY, way])
    shared[L2_MISSES] += 1
    shared[LLC_WRITTEN] += 1
    slots = mem.l2_mshr
    begun = max(cycle + m[M_L2_LOOKUP] + m[M_CROSSING], slots[slots[slots.shape[0] - 1]])
    ready = read_memory(mem, line, begun)
    take_slot(slots, ready)
    ready += m[M_L2_RESPONSE]
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
        dram_write(mem.dram, mem.banks, mem.channel, mem.writes, lines[TAG, way], time)
    return way


@compiled
def write_l2(mem, line, cycle):
    """Take a dirty line from an L1."""
    m = mem.config
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[LLC_WRITTEN] += 1
    shared[STAMP] += 1
    lines = mem.l2[line & (m[M_L2_SETS] - 1)]
    way = find_wide(lines, line)
    if way < 0:
        way = replace_l2(mem, lines, cycle)
        lines[TAG, way] = line
        lines[READY, way] = cycle + m[M_L2_LOOKUP]
    lines[STATE, way] = MODIFIED
    use(lines, way, shared[STAMP])


@compiled
def edge_after(clock, time):
    """Number of a clock's first edge at or after a time.

    Divisions are slow. Most times come soon after an edge that is remembered; for them, rounding
    the reciprocal up does not change a quotient.
    """
    period = clock[E_PERIOD]
    dividend = time - clock[E_TIME] + period - 1
    if dividend >= 0 and dividend < NEAR:
        return clock[E_EDGE] + (dividend * clock[E_RECIPROCAL] >> clock[E_SHIFT])
    edge = -(-time // period)
    clock[E_EDGE] = edge
    clock[E_TIME] = edge * period
    return edge


@compiled
def to_memory(mem, cycle):
    """Time at which a request that leaves the L2 at a cycle reaches the memory controller."""
    m = mem.config
    edge = edge_after(mem.clocks[BUS], cycle * m[M_PERIOD])
    return (edge + m[M_BUS_REQUEST]) * m[M_BUS_PERIOD]


@compiled
def read_memory(mem, line, cycle):
    """Cycle in which the L2 has a line that it asks memory for at a cycle.

    Lines cross the bus one after the other, as in gem5's crossbars: each takes it for a header and
    its beats, while the first beat is on its way already. Requests and lines that are written back
    go the other way and are taken not to disturb each other.
    """
    m = mem.config
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[READS] += 1
    time = dram_read(mem.dram, mem.banks, mem.channel, mem.writes, line, to_memory(mem, cycle))
    shared[ROW_HITS] += mem.channel[C_ROW_HIT]
    bus = mem.clocks[BUS]
    edge = max(edge_after(bus, time), bus[E_FREE])
    bus[E_FREE] = edge + m[M_BUS_BEATS]
    return edge_after(mem.clocks[SHARED_CLOCK], (edge + m[M_BUS_RESPONSE]) * m[M_BUS_PERIOD])
