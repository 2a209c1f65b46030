# pyright: basic
# Reason for the header: numba gives no types; see `engine_kernel`.
"""Compiled memory of what loop iterations did: an iteration seen before is not computed again.

Between iterations a pipeline's state, taken relative to its issue cycle, recurs: after a few
iterations without misses, and after every long miss, which empties the pipeline. `capture` turns
the state into numbers (whatever lies too far in the past to matter is cut off), `enter` numbers
the states, and for each state of a loop the table keeps the following state and the cycles to it,
valid while every access hits its L1. After Schnarr and Larus, "Fast out-of-order processor
simulation using memoization", ASPLOS 1998.
"""

from .compiling import compiled
from .memory_kernel import L1_ACCESSES, READY, STAMP, STATE, USED, find

ENTRIES = 512
BUCKETS = 2048  # a power of two
WIDTH = 320
PRIME = 1099511628211  # of the Fowler-Noll-Vo hash

# Scalars of a core's state that the table covers; `engine_kernel` names the same places.
(S_ISSUE, S_ISSUED, S_COMMIT, S_COMMITTED, S_FETCH, S_FETCHED, S_TARGET, S_GROUP) = range(8)
(S_MEMORY, S_LOAD, S_STORE) = range(8, 11)
S_EXTRA = 15
S_LATE = 20

MEMO_UNITS = 6  # those that loops without CM instructions use
LOADS = 8
RING = 16
LEAD = 40  # cycles of the front end's lead that are told apart
OLD_COMMIT = 64  # cycles after which commits are all alike
OLD_LATE = 200
UNUSED = -(1 << 40)  # in place of a unit's state while the loop has not used it


@compiled
def capture(
    s, ready, committed, groups, units, unit_state, loads, stores, begun, registers, depth, out
):
    """Write the state relative to its issue cycle; returns how many numbers it takes."""
    issue = s[S_ISSUE]
    commit = max(s[S_COMMIT], issue)
    out[0] = s[S_ISSUED]
    out[1] = commit - issue
    out[2] = s[S_COMMITTED] if s[S_COMMIT] >= issue else 0
    count = groups.shape[0]
    following = s[S_GROUP] + 1
    if following >= count:
        following = 0
    fetch = max(s[S_FETCH], 2 * groups[following] - 2, 2 * (issue - LEAD))
    out[3] = fetch - 2 * issue
    out[4] = s[S_FETCHED]
    out[5] = (s[S_TARGET] - s[S_GROUP] + count) % count
    out[6] = max(s[S_MEMORY], issue - 1) - issue
    out[7] = s[S_EXTRA]
    out[8] = max(s[S_LATE] - issue, -OLD_LATE)
    out[9] = max(begun - issue, 0)
    n = 10
    floor = fetch >> 1
    for _ in range(count):
        out[n] = max(groups[following], floor) - issue
        n += 1
        following += 1
        if following >= count:
            following = 0
    for register in range(registers):
        out[n] = max(ready[register] - issue, 0)
        out[n + 1] = max(committed[register] - issue, -OLD_COMMIT)
        n += 2
    for unit in range(MEMO_UNITS):
        if unit_state[unit, 1] == 0:
            out[n] = UNUSED
            n += 1
            continue
        out[n] = max(unit_state[unit, 0] - issue, -RING)
        n += 1
        last = unit_state[unit, 1] - 1
        for index in range(depth):
            out[n] = max(units[unit, (last - index) & (RING - 1)] - issue, -1)
            n += 1
    for index in range(LOADS - 1):
        out[n] = max(loads[(s[S_LOAD] - 1 - index) & (LOADS - 1)] - issue, 0)
        n += 1
    size = stores.shape[0]
    place = s[S_STORE]
    for _ in range(size):
        out[n] = max(stores[place] - issue, 0)
        n += 1
        place += 1
        if place >= size:
            place = 0
    return n


@compiled
def restore(s, ready, committed, groups, units, unit_state, loads, stores, registers, depth, state):
    """Make a captured state the pipeline's, at the issue cycle that is set; returns store_begun."""
    issue = s[S_ISSUE]
    count = groups.shape[0]
    s[S_ISSUED] = state[0]
    s[S_COMMIT] = issue + state[1]
    s[S_COMMITTED] = state[2]
    s[S_FETCH] = 2 * issue + state[3]
    s[S_FETCHED] = state[4]
    s[S_GROUP] = count - 1
    s[S_TARGET] = (count - 1 + state[5]) % count
    s[S_MEMORY] = issue + state[6]
    s[S_EXTRA] = state[7]
    s[S_LATE] = issue + state[8]
    n = 10
    for index in range(count):
        groups[index] = issue + state[n]
        n += 1
    for register in range(registers):
        ready[register] = issue + state[n]
        committed[register] = issue + state[n + 1]
        n += 2
    for unit in range(MEMO_UNITS):
        n += 1
        if state[n - 1] == UNUSED:
            continue
        unit_state[unit, 0] = issue + state[n - 1]
        last = unit_state[unit, 1] - 1
        for index in range(depth):
            units[unit, (last - index) & (RING - 1)] = issue + state[n]
            n += 1
    s[S_LOAD] = LOADS
    for index in range(LOADS - 1):
        loads[LOADS - 1 - index] = issue + state[n]
        n += 1
    s[S_STORE] = 0
    for index in range(stores.shape[0]):
        stores[index] = issue + state[n]
        n += 1
    return issue + state[9]


@compiled
def enter(memo, core, phase, width):
    """Number of the state in the core's scratch row, or -1 where the table is full."""
    scratch = memo.states[core, ENTRIES]
    # Four chains at a time: one alone waits for each multiplication.
    a = phase * 31 + 7
    b = c = d = a
    whole = width & ~3
    for index in range(0, whole, 4):
        a = a * PRIME + scratch[index]
        b = b * PRIME + scratch[index + 1]
        c = c * PRIME + scratch[index + 2]
        d = d * PRIME + scratch[index + 3]
    for index in range(whole, width):
        a = a * PRIME + scratch[index]
    code = ((a * PRIME + b) * PRIME + c) * PRIME + d
    bucket = (code ^ (code >> 23)) & (BUCKETS - 1)
    while memo.buckets[core, bucket] != 0:
        entry = memo.buckets[core, bucket] - 1
        if memo.codes[core, entry] == code and memo.phases[core, entry] == phase:
            known = memo.states[core, entry]
            difference = 0
            for index in range(width):
                difference |= known[index] ^ scratch[index]
            if difference == 0:
                return entry
        bucket = (bucket + 1) & (BUCKETS - 1)
    entry = memo.counts[core]
    if entry >= ENTRIES:
        return -1
    memo.counts[core] = entry + 1
    memo.buckets[core, bucket] = entry + 1
    memo.codes[core, entry] = code
    memo.phases[core, entry] = phase
    memo.following[core, entry] = -1
    for index in range(width):
        memo.states[core, entry, index] = scratch[index]
    return entry


@compiled
def simple_hit(mem, core, address, write, cycle):
    """Whether an access finds its line in L1, at rest; if so, marks the line as used."""
    m = mem.config
    line = address >> m[3]
    place = line & (m[4] - 1)
    lines = mem.l1[core, place]
    way = find(lines, line)
    if way < 0 or lines[way, READY] > cycle or (write and lines[way, STATE] != 3):
        return False
    mem.counters[core, STAMP] += 1
    mem.counters[core, L1_ACCESSES] += 1
    lines[way, USED] = mem.counters[core, STAMP]
    return True
