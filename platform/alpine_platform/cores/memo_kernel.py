# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled memory of what loops did: a segment seen before is not computed again.

Between two accesses to memory (a segment of `pipeline_kernel`) the pipeline is an automaton: its
state, taken relative to its issue cycle, and how long the access took give the next state and the
cycles to it. States recur, in loops that hit as well as in loops that miss. `capture` turns a state
into numbers, in which whatever is too old to have an effect looks alike; `enter` numbers the
states; a step from one state to the next is kept with what it adds to the counts. So the results
are those of computing every operation. After Schnarr and Larus, "Fast out-of-order processor
simulation using memoization", ASPLOS 1998.
"""

from collections.abc import Sequence

import numpy as np

from alpine_platform.compiled.compiling import called, compiled
from alpine_platform.compiled.kernel_state import (
    H_COUNT,
    H_KNOWN,
    K_COMMIT_WIDTH,
    K_FETCH_WIDTH,
    K_FRESH,
    K_GROUPS,
    K_ISSUE_WIDTH,
    K_NEAR,
    K_STORES,
    K_TAKEN,
    K_TAKEN_FIRST,
    L_CONTEXT,
    L_DEPTH,
    L_REGISTERS,
    LOADS,
    NO_SOURCE,
    O_MEMORY,
    REGISTERS,
    RING,
    S_COMMIT,
    S_COMMITTED,
    S_EXTRA,
    S_FETCH,
    S_FETCHED,
    S_GROUP,
    S_INDEX,
    S_ISSUE,
    S_ISSUED,
    S_LATE,
    S_LOAD,
    S_MEMORY,
    S_STORE,
    S_TARGET,
    T_AT,
    T_CM,
    T_CODE,
    T_COUNT,
    T_ISSUE,
    T_OWNER,
    T_STATE,
    T_WAIT,
    UNITS,
    Memo,
)  # fmt: skip
from alpine_platform.config import CoreConfig

from .pipeline_kernel import asks_in

STATES = 1 << 14
BUCKETS = 1 << 16
STEPS = 1 << 16
"""Steps from a state beyond its first one."""
CM_TIMES = 1 << 16
PRIME = 1099511628211  # of the Fowler-Noll-Vo hash
OLD_UNIT = 64  # cycles after which no operation holds a unit
OLD_REQUEST = 1024  # cycles after which a core that has been passed by is far behind

# Scalars of the table.
C_STATES, C_STEPS, C_CM, C_FULL = 0, 1, 2, 3


@compiled
def capture(k, pipe, mem, loops, core, out):
    """Write a core's state relative to its issue cycle; returns how many numbers it takes."""
    s, ready, committed = pipe.scalars[core], pipe.ready[core], pipe.committed[core]
    groups, loads = pipe.groups[core], pipe.loads[core]
    units, unit_state, stores = pipe.units[core], pipe.unit_state[core], mem.stores[core]
    issue = s[S_ISSUE]
    out[0] = loops.sizes[core, L_CONTEXT] + s[S_INDEX]
    out[1] = min(s[S_ISSUED], k[K_ISSUE_WIDTH])
    out[2] = s[S_COMMIT] - issue
    out[3] = min(s[S_COMMITTED], k[K_COMMIT_WIDTH]) if s[S_COMMIT] >= issue else 0
    count = k[K_GROUPS]
    # What the front end waited for is forgotten once it has waited for the present issue, which it
    # has after `count` further groups.
    slowest = max(2, k[K_TAKEN], k[K_TAKEN_FIRST])
    fetch = max(s[S_FETCH], 2 * issue - (count + 1) * slowest)
    out[4] = fetch - 2 * issue
    out[5] = min(s[S_FETCHED], k[K_FETCH_WIDTH])
    out[6] = (s[S_TARGET] - s[S_GROUP] + count) % count
    memory = max(s[S_MEMORY] - issue, -OLD_REQUEST)
    out[7] = memory
    out[8] = s[S_EXTRA]
    out[9] = max(mem.store_begun[core] - issue, 0)
    # Of commits too old to make an address fresh only their order and nearness to `late` matter.
    near = k[K_NEAR]
    old = k[K_FRESH] + near + 1
    oldest = old + 2 * near + 2
    true_late = s[S_LATE] - issue
    late = max(true_late, -oldest)
    out[10] = late
    n = 11
    following = s[S_GROUP] + 1
    for place in range(count):
        if following >= count:
            following = 0
        floor = max(fetch, 2 * issue - (count - place) * slowest) >> 1
        out[n] = max(groups[following], floor) - issue
        n += 1
        following += 1
    registers = loops.sizes[core, L_REGISTERS]
    for register in range(registers + 1):
        place = register if register < registers else NO_SOURCE
        value = committed[place] - issue
        if value <= -old:
            if value - true_late > near:
                value = -old
            elif value - true_late >= -near:
                value = min(late + near, -old)
            else:
                value = -oldest - near - 1
        out[n] = value
        out[n + 1] = max(ready[place] - issue, 0)
        n += 2
    depth = loops.sizes[core, L_DEPTH]
    for unit in range(UNITS):
        out[n] = max(unit_state[unit, 0] - issue, -OLD_UNIT)
        n += 1
        last = unit_state[unit, 1] - 1
        for index in range(depth):
            out[n] = max(units[unit, (last - index) & (RING - 1)] - issue, -1)
            n += 1
    for index in range(LOADS - 1):
        out[n] = max(loads[(s[S_LOAD] - 1 - index) & (LOADS - 1)] - issue, memory)
        n += 1
    size = k[K_STORES]
    place = s[S_STORE]
    for _ in range(size):
        out[n] = max(stores[place] - issue, 0)
        n += 1
        place += 1
        if place >= size:
            place = 0
    return n


@called
def restore(k, pipe, mem, loops, core, state):
    """Make a captured state a core's, at the issue cycle that is set."""
    s, ready, committed = pipe.scalars[core], pipe.ready[core], pipe.committed[core]
    groups, loads = pipe.groups[core], pipe.loads[core]
    units, unit_state, stores = pipe.units[core], pipe.unit_state[core], mem.stores[core]
    issue = s[S_ISSUE]
    count = k[K_GROUPS]
    s[S_ISSUED] = state[1]
    s[S_COMMIT] = issue + state[2]
    s[S_COMMITTED] = state[3]
    s[S_FETCH] = 2 * issue + state[4]
    s[S_FETCHED] = state[5]
    s[S_GROUP] = count - 1
    s[S_TARGET] = (count - 1 + state[6]) % count
    s[S_MEMORY] = issue + state[7]
    s[S_EXTRA] = state[8]
    mem.store_begun[core] = issue + state[9]
    s[S_LATE] = issue + state[10]
    n = 11
    for index in range(count):
        groups[index] = issue + state[n]
        n += 1
    registers = loops.sizes[core, L_REGISTERS]
    for register in range(registers + 1):
        place = register if register < registers else NO_SOURCE
        committed[place] = issue + state[n]
        ready[place] = issue + state[n + 1]
        n += 2
    depth = loops.sizes[core, L_DEPTH]
    for unit in range(UNITS):
        unit_state[unit, 0] = issue + state[n]
        unit_state[unit, 1] = RING
        n += 1
        for index in range(depth):
            units[unit, RING - 1 - index] = issue + state[n]
            n += 1
    s[S_LOAD] = LOADS
    for index in range(LOADS - 1):
        loads[LOADS - 1 - index] = issue + state[n]
        n += 1
    s[S_STORE] = 0
    for index in range(k[K_STORES]):
        stores[index] = issue + state[n]
        n += 1


@called
def enter(k, pipe, mem, memo, loops, core):
    """Number of the state that a core is in, or -1 where the table is full."""
    out = memo.states[STATES]
    width = capture(k, pipe, mem, loops, core, out)
    code = np.int64(0)
    for index in range(width):
        code = (code ^ out[index]) * PRIME
        code ^= code >> 29
    bucket = (code ^ (code >> 23)) & (BUCKETS - 1)
    while memo.buckets[bucket] != 0:
        state = memo.buckets[bucket] - 1
        if memo.codes[state] == code:
            known = memo.states[state]
            difference = 0
            for index in range(width):
                difference |= known[index] ^ out[index]
            if difference == 0:
                return state
        bucket = (bucket + 1) & (BUCKETS - 1)
    state = memo.counts[C_STATES]
    if state >= STATES:
        memo.counts[C_FULL] = 1
        return -1
    memo.counts[C_STATES] = state + 1
    memo.buckets[bucket] = state + 1
    memo.codes[state] = code
    for index in range(width):
        memo.states[state, index] = out[index]
    step = memo.steps[state]
    step[T_CODE] = -1
    memo.hits[state, H_KNOWN] = 0
    s = pipe.scalars[core]
    if loops.operations[core, s[S_INDEX], O_MEMORY] != 0:
        step[T_AT] = asks_in(k, pipe, mem, loops, core, s[S_INDEX]) - s[S_ISSUE]
    return state


@compiled
def step_from(memo, state, code):
    """Row of the step that a state takes with an outcome, or -1."""
    if memo.steps[state, T_CODE] == code:
        return state
    place = (state * 31 + code) * PRIME
    place = (place ^ (place >> 20)) & (STEPS - 1)
    while True:
        row = STATES + place
        owner = memo.steps[row, T_OWNER]
        if owner == state + 1 and memo.steps[row, T_CODE] == code:
            return row
        if owner == 0:
            return -1
        place = (place + 1) & (STEPS - 1)


@compiled
def room_for_step(memo, state, code):
    """Row for a new step, or -1 where the table is full.

    The row of the state itself is for its shortest access, which is the most frequent one.
    """
    first = memo.steps[state, T_CODE]
    if first < 0:
        return state
    if memo.counts[C_STEPS] >= STEPS // 2:
        memo.counts[C_FULL] = 1
        return -1
    memo.counts[C_STEPS] += 1
    moved = max(code, first)
    place = (state * 31 + moved) * PRIME
    place = (place ^ (place >> 20)) & (STEPS - 1)
    while memo.steps[STATES + place, T_OWNER] != 0:
        place = (place + 1) & (STEPS - 1)
    row = STATES + place
    if code < first:
        for column in range(T_CODE, T_COUNT):
            memo.steps[row, column] = memo.steps[state, column]
        memo.steps[row, T_OWNER] = state + 1
        return state
    memo.steps[row, T_OWNER] = state + 1
    return row


@called
def add_step(memo, cm_issue, state, code, issue, cycles, following, wait, cm, cm_count):
    """Keep a step: what it takes and adds, and when its CM instructions issue."""
    place = 0
    if cm_count > 0:
        place = memo.counts[C_CM]
        if place + cm_count + 1 > CM_TIMES:
            memo.counts[C_FULL] = 1
            return
        memo.counts[C_CM] = place + cm_count + 1
        memo.cm_times[place] = cm_count
        for index in range(cm_count):
            memo.cm_times[place + 1 + index] = cm_issue[cm + index] - issue
    row = room_for_step(memo, state, code)
    if row >= 0:
        step = memo.steps[row]
        step[T_CODE] = code
        step[T_ISSUE] = cycles
        step[T_STATE] = following
        step[T_WAIT] = wait
        step[T_CM] = place


def empty_memo(cores: Sequence[CoreConfig]) -> Memo:
    """Return a table that holds no state of cores of some types."""
    width = 11 + 2 * REGISTERS + UNITS * (1 + RING) + LOADS
    buffers = (core.fetch_buffer_groups + core.store_buffer_entries for core in cores)
    width += max(buffers, default=0)
    memo = Memo(
        states=np.zeros((STATES + 1, width), np.int32),
        codes=np.zeros(STATES, np.int64),
        steps=np.zeros((STATES + STEPS, T_COUNT), np.int64),
        hits=np.zeros((STATES, H_COUNT), np.int64),
        buckets=np.zeros(BUCKETS, np.int64),
        cm_times=np.zeros(CM_TIMES, np.int64),
        counts=np.zeros(4, np.int64),
    )
    memo.counts[C_CM] = 1
    return memo
