# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled pipeline model: when each operation is delivered, issued and committed.

One pass over the operations, in program order, computes three times per operation (delivery by the
front end, issue, commit), each the maximum of what it waits for; there is no loop over cycles. All
times are core cycles; front-end times are half cycles. What an operation waits for:

- delivery: the front end's width, a taken branch, room in its buffers, a mispredicted branch;
- issue: the operation before (in order), the issue width (a memory operation ends the cycle's
  group), its sources, room in its unit (an operation stays in its unit until it commits);
- memory request: its issue, the one before, commit of whatever produced its address or data, room
  among the loads in flight (fewer of them where the address is fresh);
- commit: the operation before, its latency or its line, the commit width (memory ends the group).

A segment is what runs between two accesses: it begins with a memory operation, or where a body
begins, and ends before the next one or with the body. `asks_in` says when a segment's access will
be asked for, without a change of anything, so that cores can take their turns at the memory in the
order of their requests; `run_segment` is given the answer.
"""

from alpine_platform.compiled.compiling import compiled
from alpine_platform.compiled.kernel_state import (
    CLOSED,
    K_ALUS,
    K_COMMIT_WIDTH,
    K_FETCH_WIDTH,
    K_FRESH,
    K_GROUPS,
    K_ISSUE_WIDTH,
    K_LATE_LOADS,
    K_LOADS,
    K_NEAR,
    K_PREDICTED,
    K_REFILL,
    K_STORES,
    K_TAKEN,
    K_TAKEN_FIRST,
    LOADS,
    O_BASE,
    O_BRANCH,
    O_DEST,
    O_FORWARD,
    O_LATENCY,
    O_MEMORY,
    O_REPEAT_STRIDE,
    O_RESULT,
    O_SOURCE0,
    O_SOURCE1,
    O_SOURCE2,
    O_STARTS,
    O_STRIDE,
    O_TABLE,
    O_TABLE_REPEAT,
    O_UNIT,
    P_EXTRA,
    P_ITERATIONS,
    P_LAST,
    RING,
    S_CM,
    S_COMMIT,
    S_COMMITTED,
    S_ENTRY,
    S_EXTRA,
    S_FETCH,
    S_FETCHED,
    S_GROUP,
    S_INDEX,
    S_ISSUE,
    S_ISSUED,
    S_ITERATION,
    S_LATE,
    S_LOAD,
    S_MEMORY,
    S_NEXT,
    S_PHASE,
    S_REPEAT,
    S_STALE,
    S_STORE,
    S_TARGET,
    S_WAIT,
    Pipeline,
)  # fmt: skip


@compiled
def address_of(ops, table, index, iteration, repeat):
    """Address of a memory operation in one iteration."""
    place = ops[index, O_TABLE]
    if place >= 0:
        return ops[index, O_BASE] + table[place + repeat * ops[index, O_TABLE_REPEAT] + iteration]
    moved = repeat * ops[index, O_REPEAT_STRIDE] + iteration * ops[index, O_STRIDE]
    return ops[index, O_BASE] + moved


@compiled
def room_in(units, unit_state, unit, latency, exclusive):
    """Cycle from which a unit takes an operation.

    A unit holds as many operations as its latency has cycles; one leaves when it commits, and the
    next may enter in that cycle. (MinorCPU's functional units are such queues: they stand still
    while their oldest operation waits for its commit.)
    """
    free = unit_state[unit, 0] + 1
    if exclusive:
        free += latency - 1
    if latency < RING - 1:
        held = unit_state[unit, 1] - latency
        free = max(free, units[unit, held & (RING - 1)])
    return free


@compiled
def delivered(k, starts, groups, fetch, fetched, group):
    """Front end after the delivery of an operation: its half cycle, its group's size and place.

    Fetch groups hold instructions and wait for room in the buffers; `starts` is 2 for the first
    instruction of a fetch line, 0 for an operation that begins no instruction.
    """
    if starts != 0:
        if fetched >= k[K_FETCH_WIDTH] or (starts == 2 and fetched > 0):
            fetch += 2
            fetched = 0
            group += 1
            if group >= k[K_GROUPS]:
                group = 0
        if fetched == 0:
            fetch = max(fetch, 2 * groups[group])
        fetched += 1
    return fetch, fetched, group


@compiled
def issued_in(k, op, ready, units, unit_state, issue, issued, fetch):
    """Cycle in which a delivered operation issues, and the place of its unit."""
    unit, latency = op[O_UNIT], op[O_LATENCY]
    t = max(ready[op[O_SOURCE0]], ready[op[O_SOURCE1]], ready[op[O_SOURCE2]]) - op[O_FORWARD]
    t = max(t, issue, (fetch + 1) >> 1)
    if t == issue and issued >= k[K_ISSUE_WIDTH]:
        t += 1
    chosen = unit + 1
    if unit == 0:
        chosen = 0
        free = room_in(units, unit_state, 0, latency, False)
        if free > t and k[K_ALUS] > 1:
            other = room_in(units, unit_state, 1, latency, False)
            if other < free:
                chosen = 1
                free = other
    else:
        free = room_in(units, unit_state, chosen, latency, unit == 2)
    return max(t, free), chosen


@compiled
def requested_in(k, s, op, committed, loads, stores, begun, t):
    """When a memory operation that issues in a cycle could leave, leaves, and asks for its line.

    The fourth cycle is the latest commit of a late address. Loads whose address has hardly
    committed when they issue, and those that share it, overlap less.
    """
    address_commit = max(
        committed[op[O_SOURCE0]], committed[op[O_SOURCE1]], committed[op[O_SOURCE2]]
    )
    start = max(t + 1, s[S_MEMORY] + 1, address_commit)
    late = s[S_LATE]
    if op[O_MEMORY] == 1:
        window = k[K_LOADS]
        if address_commit + k[K_FRESH] > t:
            late = address_commit
            window = k[K_LATE_LOADS]
        elif abs(address_commit - late) <= k[K_NEAR]:
            window = k[K_LATE_LOADS]
        leaves = max(start, loads[(s[S_LOAD] - window) & (LOADS - 1)])
        return start, leaves, leaves, late
    leaves = max(start, stores[s[S_STORE]])
    return start, leaves, max(leaves + 1, begun), late


@compiled
def asks_in(k, pipe, mem, loops, core, index):
    """Cycle in which a core's next operation, a memory operation, will ask for its line."""
    s, op = pipe.scalars[core], loops.operations[core, index]
    fetch, _, _ = delivered(
        k, op[O_STARTS], pipe.groups[core], s[S_FETCH], s[S_FETCHED], s[S_GROUP]
    )
    t, _ = issued_in(
        k, op, pipe.ready[core], pipe.units[core], pipe.unit_state[core], s[S_ISSUE], s[S_ISSUED],
        fetch,
    )  # fmt: skip
    _, _, asked, _ = requested_in(
        k, s, op, pipe.committed[core], pipe.loads[core], mem.stores[core], mem.store_begun[core], t
    )
    return asked


@compiled
def run_segment(k, pipe, mem, loops, core, begin, end, answer):
    """Compute one segment of the iteration that a core is in.

    Parameters
    ----------
    begin, end : its first operation and the one after its last.
    answer : cycle in which memory has answered its access, which is asked for in `asks_in`.
    """
    s, ready, committed = pipe.scalars[core], pipe.ready[core], pipe.committed[core]
    groups, loads = pipe.groups[core], pipe.loads[core]
    units, unit_state = pipe.units[core], pipe.unit_state[core]
    ops, phase = loops.operations[core], loops.phases[core, s[S_PHASE]]
    issue, issued = s[S_ISSUE], s[S_ISSUED]
    commit, commits = s[S_COMMIT], s[S_COMMITTED]
    fetch, fetched = s[S_FETCH], s[S_FETCHED]
    target, group = s[S_TARGET], s[S_GROUP]
    final = s[S_ITERATION] + 1 >= phase[P_ITERATIONS]
    for index in range(begin, end):
        op = ops[index]
        memory = op[O_MEMORY]
        fetch, fetched, group = delivered(k, op[O_STARTS], groups, fetch, fetched, group)
        t, chosen = issued_in(k, op, ready, units, unit_state, issue, issued, fetch)
        issued = 1 if t > issue else issued + 1
        issue = t
        groups[group] = t
        # Memory.
        done = t + op[O_LATENCY]
        leaves = 0
        if memory != 0:
            issued += CLOSED
            stores = mem.stores[core]
            start, leaves, asked, s[S_LATE] = requested_in(
                k, s, op, committed, loads, stores, mem.store_begun[core], t
            )
            if memory == 1:
                done = answer
                stall = done - leaves - 1
            else:
                mem.store_begun[core] = asked
                store = s[S_STORE]
                stores[store] = answer
                store += 1
                s[S_STORE] = store if store < k[K_STORES] else 0
                done = leaves
                stall = done - start
            s[S_MEMORY] = leaves
            if stall > 0:
                s[S_WAIT] += max(0, min(stall, done - commit - 1))
        # Commit.
        if done > commit:
            commit = done
            commits = 1
        elif commits >= k[K_COMMIT_WIDTH]:
            commit += 1
            commits = 1
        else:
            commits += 1
        dest = op[O_DEST]
        ready[dest] = t + op[O_RESULT]
        committed[dest] = commit
        if memory == 0:
            leaves = commit
        else:
            commits += CLOSED
            if memory == 1:
                committed[dest] = commit + 1
                loads[s[S_LOAD] & (LOADS - 1)] = done + 1
                s[S_LOAD] += 1
        held = unit_state[chosen, 1]
        units[chosen, held & (RING - 1)] = leaves
        unit_state[chosen, 0] = t
        unit_state[chosen, 1] = held + 1
        if op[O_UNIT] >= 5:
            loops.cm_issue[core, s[S_CM]] = t
            s[S_CM] += 1
        # Branches steer the front end.
        branch = op[O_BRANCH]
        if branch != 0:
            if branch == 1 or (branch == 3 and not final):
                fetch += k[K_TAKEN_FIRST] if group == target else k[K_TAKEN]
                fetched = k[K_FETCH_WIDTH]
                fetch -= 2
                target = group + 1 if group + 1 < k[K_GROUPS] else 0
            elif branch == 3 and phase[P_ITERATIONS] > k[K_PREDICTED]:
                fetch = max(fetch, 2 * (commit + k[K_REFILL]) - 2)
                fetched = k[K_FETCH_WIDTH]
                target = group + 1 if group + 1 < k[K_GROUPS] else 0
    if end == phase[P_LAST]:
        extra = s[S_EXTRA] + phase[P_EXTRA]
        issue += extra >> 16
        fetch += 2 * (extra >> 16)
        s[S_EXTRA] = extra & 0xFFFF
    s[S_ISSUE], s[S_ISSUED] = issue, issued
    s[S_COMMIT], s[S_COMMITTED] = commit, commits
    s[S_FETCH], s[S_FETCHED] = fetch, fetched
    s[S_TARGET], s[S_GROUP] = target, group


def reset_pipeline(pipe: Pipeline, core: int, cycle: int) -> None:
    """Empty a core's pipeline at a cycle; statistics and the store buffer stay."""
    s = pipe.scalars[core]
    s[S_ISSUE] = s[S_COMMIT] = cycle
    s[S_ISSUED] = s[S_COMMITTED] = 0
    s[S_FETCH] = 2 * cycle
    s[S_FETCHED] = s[S_GROUP] = s[S_TARGET] = 0
    s[S_MEMORY] = cycle - 1
    s[S_LOAD] = s[S_LATE] = s[S_INDEX] = 0
    s[S_NEXT] = cycle
    s[S_ENTRY] = -1
    s[S_STALE] = 0
    s[S_REPEAT : S_EXTRA + 1] = 0
    pipe.ready[core] = cycle
    pipe.committed[core] = cycle
    pipe.groups[core] = 0
    pipe.units[core] = -1
    pipe.unit_state[core, :, 0] = -64
    pipe.unit_state[core, :, 1] = 0
    pipe.loads[core] = 0


def shift_pipeline(pipe: Pipeline, core: int, cycles: int) -> None:
    """Delay everything in flight in a core, as a late answer from the tile does."""
    s = pipe.scalars[core]
    s[S_FETCH] += 2 * cycles
    for place in (S_ISSUE, S_COMMIT, S_MEMORY, S_LATE, S_NEXT):
        s[place] += cycles
    for array in (pipe.ready, pipe.committed, pipe.units, pipe.loads):
        array[core] += cycles
    pipe.unit_state[core, :, 0] += cycles
    s[S_ENTRY] = -1
