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
    HITS,
    LOADS,
    MEMO_COUNTS,
    NO_SOURCE,
    REGISTERS,
    RING,
    STEP,
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


@compiled
def capture(k, pipe, mem, loops, core, out):
    """Write a core's state relative to its issue cycle; returns how many numbers it takes."""
    s, ready, committed = pipe.progress[core], pipe.ready[core], pipe.committed[core]
    groups, loads = pipe.groups[core], pipe.loads[core]
    units, unit_state, stores = pipe.units[core], pipe.unit_state[core], mem.stores[core]
    issue = s.issue
    out[0] = loops.nests[core].context + s.index
    out[1] = min(s.issued, k.issue_width)
    out[2] = s.commit - issue
    out[3] = min(s.committed, k.commit_width) if s.commit >= issue else 0
    count = k.groups
    # What the front end waited for is forgotten once it has waited for the present issue, which it
    # has after `count` further groups.
    slowest = max(2, k.taken, k.taken_first)
    fetch = max(s.fetch, 2 * issue - (count + 1) * slowest)
    out[4] = fetch - 2 * issue
    out[5] = min(s.fetched, k.fetch_width)
    out[6] = (s.target - s.group + count) % count
    memory = max(s.memory - issue, -OLD_REQUEST)
    out[7] = memory
    out[8] = s.extra
    out[9] = max(mem.store_begun[core] - issue, 0)
    # Of commits too old to make an address fresh only their order and nearness to `late` matter.
    near = k.near
    old = k.fresh + near + 1
    oldest = old + 2 * near + 2
    true_late = s.late - issue
    late = max(true_late, -oldest)
    out[10] = late
    n = 11
    following = s.group + 1
    for place in range(count):
        if following >= count:
            following = 0
        floor = max(fetch, 2 * issue - (count - place) * slowest) >> 1
        out[n] = max(groups[following], floor) - issue
        n += 1
        following += 1
    registers = loops.nests[core].registers
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
    depth = loops.nests[core].depth
    for unit in range(UNITS):
        out[n] = max(unit_state[unit, 0] - issue, -OLD_UNIT)
        n += 1
        last = unit_state[unit, 1] - 1
        for index in range(depth):
            out[n] = max(units[unit, (last - index) & (RING - 1)] - issue, -1)
            n += 1
    for index in range(LOADS - 1):
        out[n] = max(loads[(s.load - 1 - index) & (LOADS - 1)] - issue, memory)
        n += 1
    size = k.stores
    place = s.store
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
    s, ready, committed = pipe.progress[core], pipe.ready[core], pipe.committed[core]
    groups, loads = pipe.groups[core], pipe.loads[core]
    units, unit_state, stores = pipe.units[core], pipe.unit_state[core], mem.stores[core]
    issue = s.issue
    count = k.groups
    s.issued = state[1]
    s.commit = issue + state[2]
    s.committed = state[3]
    s.fetch = 2 * issue + state[4]
    s.fetched = state[5]
    s.group = count - 1
    s.target = (count - 1 + state[6]) % count
    s.memory = issue + state[7]
    s.extra = state[8]
    mem.store_begun[core] = issue + state[9]
    s.late = issue + state[10]
    n = 11
    for index in range(count):
        groups[index] = issue + state[n]
        n += 1
    registers = loops.nests[core].registers
    for register in range(registers + 1):
        place = register if register < registers else NO_SOURCE
        committed[place] = issue + state[n]
        ready[place] = issue + state[n + 1]
        n += 2
    depth = loops.nests[core].depth
    for unit in range(UNITS):
        unit_state[unit, 0] = issue + state[n]
        unit_state[unit, 1] = RING
        n += 1
        for index in range(depth):
            units[unit, RING - 1 - index] = issue + state[n]
            n += 1
    s.load = LOADS
    for index in range(LOADS - 1):
        loads[LOADS - 1 - index] = issue + state[n]
        n += 1
    s.store = 0
    for index in range(k.stores):
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
    state = memo.counts[0].states
    if state >= STATES:
        memo.counts[0].full = 1
        return -1
    memo.counts[0].states = state + 1
    memo.buckets[bucket] = state + 1
    memo.codes[state] = code
    for index in range(width):
        memo.states[state, index] = out[index]
    step = memo.steps[state]
    step.code = -1
    memo.hits[state].known = 0
    s = pipe.progress[core]
    if loops.operations[core, s.index].memory != 0:
        step.at = asks_in(k, pipe, mem, loops, core, s.index) - s.issue
    return state


@compiled
def step_from(memo, state, code):
    """Row of the step that a state takes with an outcome, or -1."""
    if memo.steps[state].code == code:
        return state
    place = (state * 31 + code) * PRIME
    place = (place ^ (place >> 20)) & (STEPS - 1)
    while True:
        row = STATES + place
        owner = memo.steps[row].owner
        if owner == state + 1 and memo.steps[row].code == code:
            return row
        if owner == 0:
            return -1
        place = (place + 1) & (STEPS - 1)


@compiled
def room_for_step(memo, state, code):
    """Row for a new step, or -1 where the table is full.

    The row of the state itself is for its shortest access, which is the most frequent one.
    """
    first = memo.steps[state].code
    if first < 0:
        return state
    if memo.counts[0].steps >= STEPS // 2:
        memo.counts[0].full = 1
        return -1
    memo.counts[0].steps += 1
    moved = max(code, first)
    place = (state * 31 + moved) * PRIME
    place = (place ^ (place >> 20)) & (STEPS - 1)
    while memo.steps[STATES + place].owner != 0:
        place = (place + 1) & (STEPS - 1)
    row = STATES + place
    if code < first:
        from_step, step = memo.steps[state], memo.steps[row]
        step.code, step.issue, step.state = from_step.code, from_step.issue, from_step.state
        step.wait, step.cm = from_step.wait, from_step.cm
        memo.steps[row].owner = state + 1
        return state
    memo.steps[row].owner = state + 1
    return row


@called
def add_step(memo, cm_issue, state, code, issue, cycles, following, wait, cm, cm_count):
    """Keep a step: what it takes and adds, and when its CM instructions issue."""
    place = 0
    if cm_count > 0:
        place = memo.counts[0].cm
        if place + cm_count + 1 > CM_TIMES:
            memo.counts[0].full = 1
            return
        memo.counts[0].cm = place + cm_count + 1
        memo.cm_times[place] = cm_count
        for index in range(cm_count):
            memo.cm_times[place + 1 + index] = cm_issue[cm + index] - issue
    row = room_for_step(memo, state, code)
    if row >= 0:
        step = memo.steps[row]
        step.code = code
        step.issue = cycles
        step.state = following
        step.wait = wait
        step.cm = place


def empty_memo(cores: Sequence[CoreConfig]) -> Memo:
    """Return a table that holds no state of cores of some types."""
    width = 11 + 2 * REGISTERS + UNITS * (1 + RING) + LOADS
    buffers = (core.fetch_buffer_groups + core.store_buffer_entries for core in cores)
    width += max(buffers, default=0)
    memo = Memo(
        states=np.zeros((STATES + 1, width), np.int32),
        codes=np.zeros(STATES, np.int64),
        steps=np.zeros(STATES + STEPS, STEP),
        hits=np.zeros(STATES, HITS),
        buckets=np.zeros(BUCKETS, np.int64),
        cm_times=np.zeros(CM_TIMES, np.int64),
        counts=np.zeros(1, MEMO_COUNTS),
    )
    memo.counts["cm"] = 1
    return memo
