# pyright: basic
# Reason for the header: numba gives no types; see `engine_kernel`.
"""Compiled memory system: private L1 data caches, shared L2, snooping coherence, buses.

Addresses are bytes; cache times are core cycles. An access returns the cycle in which its data or
its line is there; the state a miss leaves behind (tags, fill times, busy banks) is what later
accesses meet. L1 lines are invalid, shared, exclusive, modified or owned (dirty and shared). The
L2 is mostly inclusive: its evictions leave L1 copies alone, L1 write-backs allocate in it.
"""

from .compiling import compiled
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
M_COUNT = 16

INVALID, SHARED, EXCLUSIVE, MODIFIED, OWNED = 0, 1, 2, 3, 4

# Columns of a cache line's record.
TAG, STATE, USED, READY = 0, 1, 2, 3

# Counters of a core's row.
L1_ACCESSES, L1_MISSES, L1_MERGED, L1_WRITEBACKS, SNOOPS, UPGRADES = 0, 1, 2, 3, 4, 5
# Counters of the shared row.
L2_ACCESSES, L2_MISSES, L2_WRITEBACKS, READS, WRITES, ROW_HITS, LLC_READ, LLC_WRITTEN = (
    0, 1, 2, 3, 4, 5, 6, 7,
)  # fmt: skip
STAMP = 15


@compiled
def find(lines, tag):
    """Way of a set that holds a line, or -1."""
    for way in range(lines.shape[0]):
        if lines[way, TAG] == tag and lines[way, STATE] != INVALID:
            return way
    return -1


@compiled
def victim(lines):
    """Way of a set to replace: an invalid one, or the least recently used."""
    best = 0
    for way in range(lines.shape[0]):
        if lines[way, STATE] == INVALID:
            return way
        if lines[way, USED] < lines[best, USED]:
            best = way
    return best


@compiled
def earliest(slots):
    """Index of the slot that is free first."""
    best = 0
    for index in range(1, slots.shape[0]):
        if slots[index] < slots[best]:
            best = index
    return best


@compiled
def would_miss(mem, core, address):
    """Whether an access would miss its L1, without touching anything."""
    line = address >> mem.config[M_LINE_SHIFT]
    return find(mem.l1[core, line & (mem.config[M_L1_SETS] - 1)], line) < 0


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
        return fill_l1(mem, core, line, lines, write, cycle)
    record = lines[way]
    record[USED] = counters[STAMP]
    ready = record[READY]
    if ready > cycle:
        counters[L1_MERGED] += 1
    if write and record[STATE] != MODIFIED:
        if record[STATE] != EXCLUSIVE:
            counters[UPGRADES] += 1
            invalidate_others(mem, core, line)
            ready = max(ready, cycle + m[M_L1_LOOKUP] + m[M_REQUEST] + m[M_SNOOP] + m[M_RESPONSE])
            record[READY] = ready
        record[STATE] = MODIFIED
    return max(cycle + m[M_L1_LOOKUP] - 1, ready)


@compiled
def invalidate_others(mem, core, line):
    """Take a line away from all other L1 caches; true if one of them held it dirty."""
    dirty = False
    for other in range(mem.config[M_CORES]):
        if other != core:
            lines = mem.l1[other, line & (mem.config[M_L1_SETS] - 1)]
            way = find(lines, line)
            if way >= 0:
                dirty = dirty or lines[way, STATE] >= MODIFIED
                lines[way, STATE] = INVALID
    return dirty


@compiled
def share_others(mem, core, line):
    """Make the other L1 copies of a line shared; 0 nobody has it, 1 somebody, 2 somebody dirty."""
    held = 0
    for other in range(mem.config[M_CORES]):
        if other != core:
            lines = mem.l1[other, line & (mem.config[M_L1_SETS] - 1)]
            way = find(lines, line)
            if way >= 0:
                if lines[way, STATE] >= MODIFIED:
                    lines[way, STATE] = OWNED
                    held = 2
                else:
                    lines[way, STATE] = SHARED
                    held = max(held, 1)
    return held


@compiled
def fill_l1(mem, core, line, lines, write, cycle):
    """Bring a line into an L1; returns the cycle in which it is there."""
    m = mem.config
    slots = mem.l1_mshr[core]
    slot = earliest(slots)
    arrival = max(cycle, slots[slot]) + m[M_L1_LOOKUP] + m[M_REQUEST]
    state = MODIFIED
    if write:
        supplied = invalidate_others(mem, core, line)
    else:
        held = share_others(mem, core, line)
        supplied = held == 2
        state = SHARED if held > 0 else EXCLUSIVE
    if supplied:
        mem.counters[core, SNOOPS] += 1
        ready = arrival + m[M_SNOOP] + m[M_L1_LOOKUP]
    else:
        ready = read_l2(mem, line, arrival)
    ready += m[M_RESPONSE] + m[M_L1_RESPONSE] - 1
    way = victim(lines)
    record = lines[way]
    if record[STATE] >= MODIFIED:
        mem.counters[core, L1_WRITEBACKS] += 1
        write_l2(mem, record[TAG], arrival)
    record[TAG] = line
    record[STATE] = state
    record[USED] = mem.counters[core, STAMP]
    record[READY] = ready
    slots[slot] = ready + 1
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
    way = find(lines, line)
    if way >= 0:
        lines[way, USED] = shared[STAMP]
        return max(cycle + m[M_L2_LOOKUP], lines[way, READY])
    shared[L2_MISSES] += 1
    shared[LLC_WRITTEN] += 1
    slot = earliest(mem.l2_mshr)
    begun = max(cycle + m[M_L2_LOOKUP] + m[M_CROSSING], mem.l2_mshr[slot])
    ready = read_memory(mem, line, begun)
    mem.l2_mshr[slot] = ready
    ready += m[M_L2_RESPONSE]
    way = replace_l2(mem, lines, begun)
    lines[way, TAG] = line
    lines[way, STATE] = EXCLUSIVE
    lines[way, USED] = shared[STAMP]
    lines[way, READY] = ready
    return ready


@compiled
def replace_l2(mem, lines, cycle):
    """Way of an L2 set that is free now; a dirty line in it goes to memory."""
    way = victim(lines)
    if lines[way, STATE] == MODIFIED:
        m = mem.config
        shared = mem.counters[mem.counters.shape[0] - 1]
        shared[L2_WRITEBACKS] += 1
        shared[WRITES] += 1
        shared[LLC_READ] += 1
        time = to_memory(m, cycle)
        dram_write(mem.dram, mem.banks, mem.channel, mem.writes, lines[way, TAG], time)
    return way


@compiled
def write_l2(mem, line, cycle):
    """Take a dirty line from an L1."""
    m = mem.config
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[LLC_WRITTEN] += 1
    shared[STAMP] += 1
    lines = mem.l2[line & (m[M_L2_SETS] - 1)]
    way = find(lines, line)
    if way < 0:
        way = replace_l2(mem, lines, cycle)
        lines[way, TAG] = line
        lines[way, READY] = cycle + m[M_L2_LOOKUP]
    lines[way, STATE] = MODIFIED
    lines[way, USED] = shared[STAMP]


@compiled
def to_memory(m, cycle):
    """Time at which a request that leaves the L2 at a cycle reaches the memory controller."""
    edge = -(-cycle * m[M_PERIOD] // m[M_BUS_PERIOD])
    return (edge + m[M_BUS_REQUEST]) * m[M_BUS_PERIOD]


@compiled
def read_memory(mem, line, cycle):
    """Cycle in which the L2 has a line that it asks memory for at a cycle."""
    m = mem.config
    shared = mem.counters[mem.counters.shape[0] - 1]
    shared[READS] += 1
    time = dram_read(mem.dram, mem.banks, mem.channel, mem.writes, line, to_memory(m, cycle))
    shared[ROW_HITS] += mem.channel[C_ROW_HIT]
    edge = -(-time // m[M_BUS_PERIOD])
    time = (edge + m[M_BUS_RESPONSE]) * m[M_BUS_PERIOD]
    return -(-time // m[M_PERIOD])
