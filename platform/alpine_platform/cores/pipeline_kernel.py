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
    AT_CYCLE,
    AT_ZERO,
    CLOSED,
    LOADS,
    PROGRESS,
    RING,
    Ints,
    Pipeline,
)

ZEROS, OTHERS = len(AT_CYCLE), len(AT_CYCLE) + len(AT_ZERO)
FETCH, MEMORY, ENTRY = map((PROGRESS.names or ()).index, ("fetch", "memory", "entry"))
"""Places in the words of `PROGRESS`."""


@compiled
def address_of(ops, table, index, iteration, repeat):
    """Address of a memory operation in one iteration."""
    place = ops[index].table
    if place >= 0:
        return ops[index].base + table[place + repeat * ops[index].table_repeat + iteration]
    moved = repeat * ops[index].repeat_stride + iteration * ops[index].stride
    return ops[index].base + moved


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
        if fetched >= k.fetch_width or (starts == 2 and fetched > 0):
            fetch += 2
            fetched = 0
            group += 1
            if group >= k.groups:
                group = 0
        if fetched == 0:
            fetch = max(fetch, 2 * groups[group])
        fetched += 1
    return fetch, fetched, group


@compiled
def issued_in(k, op, ready, units, unit_state, issue, issued, fetch):
    """Cycle in which a delivered operation issues, and the place of its unit."""
    unit, latency = op.unit, op.latency
    t = max(ready[op.source0], ready[op.source1], ready[op.source2]) - op.forward
    t = max(t, issue, (fetch + 1) >> 1)
    if t == issue and issued >= k.issue_width:
        t += 1
    chosen = unit + 1
    if unit == 0:
        chosen = 0
        free = room_in(units, unit_state, 0, latency, False)
        if free > t and k.alus > 1:
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
    address_commit = max(committed[op.source0], committed[op.source1], committed[op.source2])
    start = max(t + 1, s.memory + 1, address_commit)
    late = s.late
    if op.memory == 1:
        window = k.loads
        if address_commit + k.fresh > t:
            late = address_commit
            window = k.late_loads
        elif abs(address_commit - late) <= k.near:
            window = k.late_loads
        leaves = max(start, loads[(s.load - window) & (LOADS - 1)])
        return start, leaves, leaves, late
    leaves = max(start, stores[s.store])
    return start, leaves, max(leaves + 1, begun), late


@compiled
def asks_in(k, pipe, mem, loops, core, index):
    """Cycle in which a core's next operation, a memory operation, will ask for its line."""
    s, op = pipe.progress[core], loops.operations[core, index]
    fetch, _, _ = delivered(k, op.starts, pipe.groups[core], s.fetch, s.fetched, s.group)
    t, _ = issued_in(
        k, op, pipe.ready[core], pipe.units[core], pipe.unit_state[core], s.issue, s.issued,
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
    s, ready, committed = pipe.progress[core], pipe.ready[core], pipe.committed[core]
    groups, loads = pipe.groups[core], pipe.loads[core]
    units, unit_state = pipe.units[core], pipe.unit_state[core]
    ops, phase = loops.operations[core], loops.phases[core, s.phase]
    issue, issued = s.issue, s.issued
    commit, commits = s.commit, s.committed
    fetch, fetched = s.fetch, s.fetched
    target, group = s.target, s.group
    final = s.iteration + 1 >= phase.iterations
    for index in range(begin, end):
        op = ops[index]
        memory = op.memory
        fetch, fetched, group = delivered(k, op.starts, groups, fetch, fetched, group)
        t, chosen = issued_in(k, op, ready, units, unit_state, issue, issued, fetch)
        issued = 1 if t > issue else issued + 1
        issue = t
        groups[group] = t
        # Memory.
        done = t + op.latency
        leaves = 0
        if memory != 0:
            issued += CLOSED
            stores = mem.stores[core]
            start, leaves, asked, s.late = requested_in(
                k, s, op, committed, loads, stores, mem.store_begun[core], t
            )
            if memory == 1:
                done = answer
                stall = done - leaves - 1
            else:
                mem.store_begun[core] = asked
                store = s.store
                stores[store] = answer
                store += 1
                s.store = store if store < k.stores else 0
                done = leaves
                stall = done - start
            s.memory = leaves
            if stall > 0:
                s.wait += max(0, min(stall, done - commit - 1))
        # Commit.
        if done > commit:
            commit = done
            commits = 1
        elif commits >= k.commit_width:
            commit += 1
            commits = 1
        else:
            commits += 1
        dest = op.dest
        ready[dest] = t + op.result
        committed[dest] = commit
        if memory == 0:
            leaves = commit
        else:
            commits += CLOSED
            if memory == 1:
                committed[dest] = commit + 1
                loads[s.load & (LOADS - 1)] = done + 1
                s.load += 1
        held = unit_state[chosen, 1]
        units[chosen, held & (RING - 1)] = leaves
        unit_state[chosen, 0] = t
        unit_state[chosen, 1] = held + 1
        if op.unit >= 5:
            loops.cm_issue[core, s.cm] = t
            s.cm += 1
        # Branches steer the front end.
        branch = op.branch
        if branch != 0:
            if branch == 1 or (branch == 3 and not final):
                fetch += k.taken_first if group == target else k.taken
                fetched = k.fetch_width
                fetch -= 2
                target = group + 1 if group + 1 < k.groups else 0
            elif branch == 3 and phase.iterations > k.predicted:
                fetch = max(fetch, 2 * (commit + k.refill) - 2)
                fetched = k.fetch_width
                target = group + 1 if group + 1 < k.groups else 0
    if end == phase.last:
        extra = s.extra + phase.extra
        issue += extra >> 16
        fetch += 2 * (extra >> 16)
        s.extra = extra & 0xFFFF
    s.issue, s.issued = issue, issued
    s.commit, s.committed = commit, commits
    s.fetch, s.fetched = fetch, fetched
    s.target, s.group = target, group


def reset_pipeline(pipe: Pipeline, progress: Ints, core: int, cycle: int) -> None:
    """Empty a core's pipeline at a cycle; statistics and the store buffer stay.

    ``progress`` are the words of the pipelines' records of that name.
    """
    row = progress[core]
    row[:ZEROS] = cycle
    row[ZEROS:OTHERS] = 0
    row[FETCH] = 2 * cycle
    row[MEMORY] = cycle - 1
    row[ENTRY] = -1
    pipe.ready[core] = cycle
    pipe.committed[core] = cycle
    pipe.groups[core] = 0
    pipe.units[core] = -1
    pipe.unit_state[core, :, 0] = -64
    pipe.unit_state[core, :, 1] = 0
    pipe.loads[core] = 0


@compiled
def shift_in_flight(pipe, core, cycles):
    """What `shift_pipeline` does, for compiled callers."""
    s = pipe.progress[core]
    s.fetch += 2 * cycles
    s.issue += cycles
    s.commit += cycles
    s.memory += cycles
    s.late += cycles
    s.next += cycles
    s.entry = -1
    for i in range(pipe.ready.shape[1]):
        pipe.ready[core, i] += cycles
        pipe.committed[core, i] += cycles
    for unit in range(pipe.units.shape[1]):
        pipe.unit_state[core, unit, 0] += cycles
        for i in range(pipe.units.shape[2]):
            pipe.units[core, unit, i] += cycles
    for i in range(pipe.loads.shape[1]):
        pipe.loads[core, i] += cycles


def shift_pipeline(pipe: Pipeline, core: int, cycles: int) -> None:
    """Delay everything in flight in a core, as a late answer from the tile does."""
    progress = pipe.progress[core]
    progress["fetch"] += 2 * cycles
    for name in ("issue", "commit", "memory", "late", "next"):
        progress[name] += cycles
    for array in (pipe.ready, pipe.committed, pipe.units, pipe.loads):
        array[core] += cycles
    pipe.unit_state[core, :, 0] += cycles
    progress["entry"] = -1
