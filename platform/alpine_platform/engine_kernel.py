# pyright: basic
# Reason for the header: numba gives no types; everything compiled lives in this one module and
# in `memory_kernel`, behind `engine.Engine`, which is typed.
"""Compiled pipeline model: when each operation of a loop is delivered, issued and committed.

One pass over the operations, in program order, computes three times per operation (delivery by the
front end, issue, commit), each the maximum of what it waits for; there is no loop over cycles. All
times are core cycles; front-end times are half cycles. What an operation waits for:

- delivery: the front end's width, a taken branch, room in its buffers, a mispredicted branch;
- issue: the operation before (in order), the issue width (a memory operation ends the cycle's
  group), its sources, room in its unit (an operation stays in its unit until it commits);
- memory request: its issue, the one before, commit of whatever produced its address or data, room
  among the loads in flight (so misses overlap only between loads whose addresses are old enough);
- commit: the operation before, its latency or its line, the commit width (memory ends the group).
"""

from collections import namedtuple

from numba import njit

from .memory_kernel import access, would_miss

K_ISSUE_WIDTH = 0
K_COMMIT_WIDTH = 1
K_FETCH_WIDTH = 2
K_GROUPS = 3
K_TAKEN = 4
K_TAKEN_FIRST = 5
K_REFILL = 6
K_PREDICTED = 7
K_ALUS = 8
K_LOADS = 9
K_STORES = 10
K_LATENCY = 11  # eight units
K_FORWARD = 19  # eight units
K_RESULT = 27  # eight units: cycles after issue at which the scoreboard takes a result as committed
K_COUNT = 35

# Scalars of a core's state.
S_ISSUE = 0
S_ISSUED = 1
S_CLOSED = 2
S_COMMIT = 3
S_COMMITTED = 4
S_COMMIT_CLOSED = 5
S_FETCH = 6
S_FETCHED = 7
S_TARGET = 8
S_GROUP = 9
S_MEMORY = 10
S_LOAD = 11
S_STORE = 12
S_WAIT = 13
S_INSTRUCTIONS = 14
S_OPERATIONS = 15
S_REPEAT = 16
S_PHASE = 17
S_ITERATION = 18
S_CM = 19
S_MISPREDICTED = 20
S_SERIAL = 21
S_STALL_BASE = 22
S_COUNT = 24

RING = 16  # entries kept of each unit, power of two
UNITS = 10  # alu 0, alu 1 and the other seven

DONE = 0
LIMIT = 1
MISS = 2

Pipeline = namedtuple("Pipeline", "scalars ready committed source groups units unit_state loads")
Loop = namedtuple("Loop", "operations phases streams table repeats cm_issue extra")


@njit(cache=True)
def reset_pipeline(pipe, cycle):
    """Empty a core's pipeline at a cycle; statistics and the store buffer stay."""
    s = pipe.scalars
    s[S_ISSUE] = cycle
    s[S_ISSUED] = 0
    s[S_CLOSED] = 0
    s[S_COMMIT] = cycle
    s[S_COMMITTED] = 0
    s[S_COMMIT_CLOSED] = 0
    s[S_FETCH] = 2 * cycle
    s[S_FETCHED] = 0
    s[S_TARGET] = s[S_GROUP]
    s[S_MEMORY] = cycle - 1
    s[S_REPEAT] = 0
    s[S_PHASE] = 0
    s[S_ITERATION] = 0
    s[S_CM] = 0
    pipe.ready[:] = cycle
    pipe.committed[:] = cycle
    pipe.source[:] = 0
    pipe.groups[:] = 0
    pipe.units[:] = -1
    pipe.unit_state[:, 0] = -1
    pipe.loads[:] = 0


@njit(cache=True)
def shift_pipeline(pipe, cycles):
    """Delay everything in flight in a core, as a late answer from the tile does."""
    s = pipe.scalars
    s[S_ISSUE] += cycles
    s[S_COMMIT] += cycles
    s[S_FETCH] += 2 * cycles
    s[S_MEMORY] += cycles
    pipe.ready[:] += cycles
    pipe.committed[:] += cycles
    pipe.units[:] += cycles
    pipe.unit_state[:, 0] += cycles
    pipe.loads[:] += cycles


@njit(cache=True)
def address_of(loop, stream, offset, iteration, repeat):
    """Address of an access in one iteration."""
    row = loop.streams[stream]
    if row[3] >= 0:
        return row[0] + offset + loop.table[row[3] + repeat * row[4] + iteration]
    return row[0] + offset + iteration * row[1] + repeat * row[2]


@njit(cache=True)
def iteration_misses(mem, core, loop, first, last, iteration, repeat):
    """Whether a load of the iteration would miss its L1, without touching anything."""
    for index in range(first, last):
        if loop.operations[index, 7] == 1:
            address = address_of(
                loop, loop.operations[index, 5], loop.operations[index, 6], iteration, repeat
            )
            if would_miss(mem, core, address):
                return True
    return False


@njit(cache=True)
def deliver(k, pipe, s, starts):
    """Half cycle at which the front end delivers the next operation; opens a group if needed.

    Groups hold instructions; the operations an instruction splits into come with it.
    """
    if starts == 0:
        return s[S_FETCH]
    if s[S_FETCHED] >= k[K_FETCH_WIDTH]:
        s[S_FETCH] += 2
        s[S_FETCHED] = 0
        s[S_GROUP] += 1
    if s[S_FETCHED] == 0:
        slot = s[S_GROUP] % k[K_GROUPS]
        room = 2 * pipe.groups[slot]
        s[S_FETCH] = max(s[S_FETCH], room)
    s[S_FETCHED] += 1
    return s[S_FETCH]


@njit(cache=True)
def choose_unit(k, pipe, unit, cycle):
    """Unit that takes the operation first, and the cycle from which it can."""
    low = 0
    high = k[K_ALUS]
    if unit > 0:
        low = unit + 1
        high = low + 1
    best = low
    best_cycle = 1 << 62
    depth = k[K_LATENCY + unit]
    for candidate in range(low, high):
        count = pipe.unit_state[candidate, 1]
        free = pipe.unit_state[candidate, 0] + 1
        if unit == 2:
            free += depth - 1
        if depth < RING - 1 and count > depth:
            full = pipe.units[candidate, (count - depth - 1) & (RING - 1)] + 1
            free = max(free, full)
        if free <= cycle:
            return candidate, cycle
        if free < best_cycle:
            best = candidate
            best_cycle = free
    return best, best_cycle


@njit(cache=True)
def run_operation(k, pipe, mem, core, loop, index, iteration, repeat, last_iteration):
    """Advance a core's pipeline by one operation."""
    s = pipe.scalars
    op = loop.operations[index]
    unit = op[0]
    t = max(s[S_ISSUE], (deliver(k, pipe, s, op[9]) + 1) >> 1)
    for column in range(1, 4):
        source = op[column]
        if source >= 0:
            t = max(t, pipe.ready[source] - k[K_FORWARD + unit])
    if t == s[S_ISSUE] and (s[S_CLOSED] != 0 or s[S_ISSUED] >= k[K_ISSUE_WIDTH]):
        t += 1
    chosen, t = choose_unit(k, pipe, unit, t)
    if t > s[S_ISSUE]:
        s[S_ISSUE] = t
        s[S_ISSUED] = 0
        s[S_CLOSED] = 0
    s[S_ISSUED] += 1
    pipe.groups[s[S_GROUP] % k[K_GROUPS]] = t
    done = t + k[K_LATENCY + unit]
    memory = op[7]
    stall = 0
    if memory != 0:
        s[S_CLOSED] = 1
        done, stall = memory_operation(k, pipe, mem, core, loop, op, t, iteration, repeat)
    c = max(done, s[S_COMMIT])
    if c == s[S_COMMIT] and (s[S_COMMIT_CLOSED] != 0 or s[S_COMMITTED] >= k[K_COMMIT_WIDTH]):
        c += 1
    if stall > 0:
        s[S_WAIT] += max(0, min(stall, c - s[S_COMMIT] - 1))
    if c > s[S_COMMIT]:
        s[S_COMMIT] = c
        s[S_COMMITTED] = 0
        s[S_COMMIT_CLOSED] = 0
    s[S_COMMITTED] += 1
    if memory != 0:
        s[S_COMMIT_CLOSED] = 1
        if memory == 1:
            pipe.loads[s[S_LOAD] % k[K_LOADS]] = c
            s[S_LOAD] += 1
    count = pipe.unit_state[chosen, 1]
    # A memory operation leaves its unit for the load/store queue with its request.
    pipe.units[chosen, count & (RING - 1)] = s[S_MEMORY] if memory != 0 else c
    pipe.unit_state[chosen, 0] = t
    pipe.unit_state[chosen, 1] = count + 1
    dest = op[4]
    if dest >= 0:
        pipe.ready[dest] = t + k[K_RESULT + unit]
        pipe.committed[dest] = c
        pipe.source[dest] = memory
    if unit >= 5:
        loop.cm_issue[s[S_CM]] = t
        s[S_CM] += 1
    s[S_INSTRUCTIONS] += op[9]
    s[S_OPERATIONS] += 1
    branch = op[8]
    if branch == 1 or (branch == 3 and not last_iteration):
        s[S_FETCH] += k[K_TAKEN_FIRST] if s[S_GROUP] == s[S_TARGET] else k[K_TAKEN]
        s[S_FETCHED] = 0
        s[S_GROUP] += 1
        s[S_TARGET] = s[S_GROUP]
    elif branch == 3 and iteration >= k[K_PREDICTED]:
        s[S_FETCH] = max(s[S_FETCH], 2 * (c + k[K_REFILL]))
        s[S_FETCHED] = 0
        s[S_GROUP] += 1
        s[S_TARGET] = s[S_GROUP]
        s[S_MISPREDICTED] += 1


@njit(cache=True)
def memory_operation(k, pipe, mem, core, loop, op, issued, iteration, repeat):
    """Cycle in which a memory operation can commit, and how much of it its line cost."""
    s = pipe.scalars
    start = max(issued + 1, s[S_MEMORY] + 1)
    for column in range(1, 4):
        source = op[column]
        if source >= 0:
            wait = pipe.committed[source]
            if pipe.source[source] == 1:
                wait += 1
            start = max(start, wait)
    address = address_of(loop, op[5], op[6], iteration, repeat)
    if op[7] == 1:
        start = max(start, pipe.loads[s[S_LOAD] % k[K_LOADS]])
        s[S_MEMORY] = start
        ready = access(mem, core, address, False, start)
        return ready, ready - start - 1
    slot = s[S_STORE] % k[K_STORES]
    entered = max(start, mem.stores[core, slot])
    s[S_MEMORY] = entered
    begun = max(entered + 1, mem.store_begun[core])
    mem.store_begun[core] = begun
    mem.stores[core, slot] = access(mem, core, address, True, begun)
    s[S_STORE] += 1
    return entered, entered - start


@njit(cache=True)
def run_iteration(k, pipe, mem, core, loop):
    """Advance a core by one loop iteration; true when the loop is done."""
    s = pipe.scalars
    phase = s[S_PHASE]
    iteration = s[S_ITERATION]
    first, last, count = loop.phases[phase, 0], loop.phases[phase, 1], loop.phases[phase, 2]
    if count > 0:
        final = iteration + 1 >= count
        for index in range(first, last):
            run_operation(k, pipe, mem, core, loop, index, iteration, s[S_REPEAT], final)
        iteration += 1
    if iteration >= count:
        iteration = 0
        phase += 1
        if phase >= loop.phases.shape[0]:
            phase = 0
            s[S_REPEAT] += 1
    s[S_PHASE] = phase
    s[S_ITERATION] = iteration
    return s[S_REPEAT] >= loop.repeats


@njit(cache=True)
def run_loop(k, pipe, mem, core, loop, limit_cycle, stop_at_miss):
    """Advance one core's loop until it ends, its issue passes a limit, or a load would miss."""
    s = pipe.scalars
    fresh = True
    while s[S_REPEAT] < loop.repeats:
        if s[S_ISSUE] >= limit_cycle:
            return LIMIT
        if stop_at_miss and not fresh:
            phase = s[S_PHASE]
            if iteration_misses(
                mem, core, loop, loop.phases[phase, 0], loop.phases[phase, 1],
                s[S_ITERATION], s[S_REPEAT],
            ):  # fmt: skip
                return MISS
        fresh = False
        if run_iteration(k, pipe, mem, core, loop):
            break
    return DONE
