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
instructions. `l1_tags` holds the tags of all L1 caches once more, those of a set side by side, so
that one look finds whether any cache holds a line.
"""

from alpine_platform.compiled.compiling import called, compiled

from .dram_kernel import C_ROW_HIT, dram_read, dram_write

M_PERIOD = 0
M_L1_LOOKUP = 1
M_L1_RESPONSE = 2
M_LINE_SHIFT = 3
M_L1_SETS = 4
M_L2_SETS = 5
M_L2_LOOKUP = 6
M_L2_RESPONSE = 7
M_REQUEST = 8
M_RESPONSE = 9
M_SNOOP = 10
M_BUS_PERIOD = 11
M_BUS_REQUEST = 12
M_BUS_RESPONSE = 13
M_CROSSING = 14
M_CORES = 15
M_BUS_BEATS = 16
M_COUNT = 17

INVALID, SHARED, EXCLUSIVE, MODIFIED, OWNED = 0, 1, 2, 3, 4

# Rows of a cache set.
TAG, STATE, USED, READY = 0, 1, 2, 3
NO_TAG = -1
WAY_BITS = 16

# Counters of a core's row.
L1_ACCESSES, L1_MISSES, L1_MERGED, L1_WRITEBACKS, SNOOPS, UPGRADES = 0, 1, 2, 3, 4, 5
# Counters of the shared row.
L2_ACCESSES, L2_MISSES, L2_WRITEBACKS, READS, WRITES, ROW_HITS, LLC_READ, LLC_WRITTEN = (
    0, 1, 2, 3, 4, 5, 6, 7,
)  # fmt: skip
STAMP = 15

# Clocks, each with an edge not long ago, and their columns.
CORE, BUS = 0, 1
E_PERIOD, E_RECIPROCAL, E_SHIFT, E_EDGE, E_TIME = 0, 1, 2, 3, 4
E_FREE = 5  # edge from which the memory bus takes the next line from the DRAM
E_COUNT = 6
NEAR = 1 << 31


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

    The slots are a ring in order of time, whose last element says where it begins.
    """
    size = slots.shape[0] - 1
    place = slots[size]
    slots[size] = place + 1 if place + 1 < size else 0
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
    return find(mem.l1[core, line & (mem.config[M_L1_SETS] - 1)], line) < 0


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
    lines = mem.l1[core, line & (m[M_L1_SETS] - 1)]
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
            invalidate_others(mem, core, line)
            ready = max(ready, upgraded(mem, core, cycle))
            lines[READY, way] = ready
        lines[STATE, way] = MODIFIED
    return max(cycle + m[M_L1_LOOKUP] - 1, ready)


@compiled
def upgraded(mem, core, cycle):
    """Cycle in which a core may write a line that others have shared.

    The request goes to the L2, which answers as for a hit; the snoop is no slower.
    """
    m = mem.config
    begun = max(cycle, free_mshr(mem, core)) + m[M_L1_LOOKUP] + m[M_REQUEST]
    ready = begun + max(m[M_L2_LOOKUP], m[M_SNOOP]) + m[M_RESPONSE] + m[M_L1_RESPONSE] - 1
    take_slot(mem.l1_mshr[core], ready + 1)
    return ready


@compiled
def held(tags, line):
    """How many of the tags are a line's."""
    count = 0
    for place in range(tags.shape[0]):
        count += 1 if tags[place] == line else 0
    return count


@compiled
def invalidate_others(mem, core, line):
    """Take a line away from all other L1 caches; true if one of them held it dirty."""
    dirty = False
    for other in range(mem.config[M_CORES]):
        if other != core:
            lines = mem.l1[other, line & (mem.config[M_L1_SETS] - 1)]
            way = find(lines, line)
            if way >= 0:
                dirty = dirty or lines[STATE, way] >= MODIFIED
                drop(lines, way)
                tags = mem.l1_tags[line & (mem.config[M_L1_SETS] - 1)]
                tags[other * lines.shape[1] + way] = NO_TAG
    return dirty


@compiled
def share_others(mem, core, line):
    """Make the other L1 copies of a line shared; 0 nobody has it, 1 somebody, 2 somebody dirty."""
    sharers = 0
    for other in range(mem.config[M_CORES]):
        if other != core:
            lines = mem.l1[other, line & (mem.config[M_L1_SETS] - 1)]
            way = find(lines, line)
            if way >= 0:
                if lines[STATE, way] >= MODIFIED:
                    lines[STATE, way] = OWNED
                    sharers = 2
                else:
                    lines[STATE, way] = SHARED
                    sharers = max(sharers, 1)
    return sharers


@called
def fill_l1(mem, core, line, write, cycle):
    """Bring a line into an L1; returns the cycle in which it is there."""
    m = mem.config
    place = line & (m[M_L1_SETS] - 1)
    lines, tags = mem.l1[core, place], mem.l1_tags[place]
    arrival = max(cycle, free_mshr(mem, core)) + m[M_L1_LOOKUP] + m[M_REQUEST]
    state = MODIFIED if write else EXCLUSIVE
    supplied = False
    if held(tags, line) > 0:
        if write:
            supplied = invalidate_others(mem, core, line)
        else:
            supplied = share_others(mem, core, line) == 2
            state = SHARED
    if supplied:
        mem.counters[core, SNOOPS] += 1
        ready = arrival + m[M_SNOOP] + m[M_L1_LOOKUP]
    else:
        ready = read_l2(mem, line, arrival)
    ready += m[M_RESPONSE] + m[M_L1_RESPONSE] - 1
    way = victim(lines)
    if lines[STATE, way] >= MODIFIED:
        mem.counters[core, L1_WRITEBACKS] += 1
        write_l2(mem, lines[TAG, way], arrival)
    lines[TAG, way] = line
    tags[core * lines.shape[1] + way] = line
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
    return edge_after(mem.clocks[CORE], (edge + m[M_BUS_RESPONSE]) * m[M_BUS_PERIOD])
