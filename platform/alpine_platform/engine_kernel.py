# pyright: basic
# Reason for the header: numba gives no types; everything compiled lives in this module,
# `memory_kernel` and `dram_kernel`, behind `engine.Engine`, which is typed.
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

from .compiling import FINGERPRINT, compiled, entry
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
K_COUNT = 11

# Scalars of a core's state; those up to S_LIVE are live inside `run_loop`.
S_ISSUE = 0
S_ISSUED = 1
S_COMMIT = 2
S_COMMITTED = 3
S_FETCH = 4
S_FETCHED = 5
S_TARGET = 6
S_GROUP = 7
S_MEMORY = 8
S_LOAD = 9
S_STORE = 10
S_REPEAT = 11
S_PHASE = 12
S_ITERATION = 13
S_CM = 14
S_EXTRA = 15
S_WAIT = 16
S_INSTRUCTIONS = 17
S_OPERATIONS = 18
S_MISPREDICTED = 19
S_COUNT = 20

# Columns of an operation, as `pipeline.flatten` lays it out.
O_UNIT = 0
O_SOURCE0 = 1
O_SOURCE1 = 2
O_SOURCE2 = 3
O_DEST = 4
O_MEMORY = 5
O_BRANCH = 6
O_STARTS = 7
O_LATENCY = 8
O_FORWARD = 9
O_RESULT = 10
O_BASE = 11
O_STRIDE = 12
O_REPEAT_STRIDE = 13
O_TABLE = 14
O_TABLE_REPEAT = 15
O_ADDRESS = 16
O_COUNT = 17

# Columns of a phase.
P_FIRST = 0
P_LAST = 1
P_ITERATIONS = 2
P_EXTRA = 3

REGISTERS = 66
NO_SOURCE = 64  # always ready
NO_DEST = 65  # never read
RING = 16  # operations remembered per unit, a power of two
UNITS = 9  # two integer units and the other seven
CLOSED = 64  # added to a count of operations in a cycle: no more in this one

DONE = 0
LIMIT = 1
MISS = 2

Pipeline = namedtuple("Pipeline", "scalars ready committed groups units unit_state loads")
Loop = namedtuple("Loop", "operations phases table repeats cm_issue")


@compiled
def locate(operations, first, last, repeat):
    """Compute where each memory operation of a phase starts in this repetition."""
    for index in range(first, last):
        operations[index, O_ADDRESS] = (
            operations[index, O_BASE] + repeat * operations[index, O_REPEAT_STRIDE]
        )


@compiled
def address_of(operations, table, index, iteration, repeat):
    """Address of a memory operation in one iteration."""
    place = operations[index, O_TABLE]
    if place >= 0:
        offset = table[place + repeat * operations[index, O_TABLE_REPEAT] + iteration]
        return operations[index, O_BASE] + offset
    return operations[index, O_ADDRESS] + iteration * operations[index, O_STRIDE]


@compiled
def iteration_misses(mem, core, loop, first, last, iteration, repeat):
    """Whether a load of the iteration would miss its L1, without touching anything."""
    for index in range(first, last):
        if loop.operations[index, O_MEMORY] == 1 and would_miss(
            mem, core, address_of(loop.operations, loop.table, index, iteration, repeat)
        ):
            return True
    return False


@compiled
def room_in(pipe, unit, latency, exclusive):
    """Cycle from which a unit takes an operation.

    A unit holds one operation more than its latency; one leaves when it commits.
    """
    free = pipe.unit_state[unit, 0] + 1
    if exclusive:
        free += latency - 1
    if latency < RING - 1:
        held = pipe.unit_state[unit, 1] - latency - 1
        free = max(free, pipe.units[unit, held & (RING - 1)] + 1)
    return free


@compiled
def run(k, pipe, mem, core, loop, limit, stop):
    """Advance a core's loop until it ends, its issue passes a limit, or a load would miss."""
    s = pipe.scalars
    ops = loop.operations
    ready, committed = pipe.ready, pipe.committed
    issue, issued = s[S_ISSUE], s[S_ISSUED]
    commit, commits = s[S_COMMIT], s[S_COMMITTED]
    fetch, fetched = s[S_FETCH], s[S_FETCHED]
    target, group = s[S_TARGET], s[S_GROUP]
    memory_time, load, store = s[S_MEMORY], s[S_LOAD], s[S_STORE]
    repeat, phase, iteration = s[S_REPEAT], s[S_PHASE], s[S_ITERATION]
    cm, extra, wait = s[S_CM], s[S_EXTRA], s[S_WAIT]
    instructions, operations, mispredicted = s[S_INSTRUCTIONS], s[S_OPERATIONS], s[S_MISPREDICTED]
    code = DONE
    begun = False
    while repeat < loop.repeats:
        first, last = loop.phases[phase, P_FIRST], loop.phases[phase, P_LAST]
        count = loop.phases[phase, P_ITERATIONS]
        locate(ops, first, last, repeat)
        while iteration < count:
            if issue >= limit:
                code = LIMIT
                break
            if stop and begun and iteration_misses(mem, core, loop, first, last, iteration, repeat):
                code = MISS
                break
            begun = True
            final = iteration + 1 >= count
            for index in range(first, last):
                unit = ops[index, O_UNIT]
                memory = ops[index, O_MEMORY]
                latency = ops[index, O_LATENCY]
                forward = ops[index, O_FORWARD]
                source0, source1 = ops[index, O_SOURCE0], ops[index, O_SOURCE1]
                source2 = ops[index, O_SOURCE2]
                # Delivery: fetch groups hold instructions and wait for room in the buffers.
                if ops[index, O_STARTS] != 0:
                    instructions += 1
                    if fetched >= k[K_FETCH_WIDTH]:
                        fetch += 2
                        fetched = 0
                        group += 1
                        if group >= k[K_GROUPS]:
                            group = 0
                    if fetched == 0:
                        fetch = max(fetch, 2 * pipe.groups[group])
                    fetched += 1
                # Issue.
                t = max(max(issue, (fetch + 1) >> 1), ready[source0] - forward)
                t = max(t, max(ready[source1], ready[source2]) - forward)
                if t == issue and issued >= k[K_ISSUE_WIDTH]:
                    t += 1
                chosen = unit + 1
                if unit == 0:
                    chosen = 0
                    free = room_in(pipe, 0, latency, False)
                    if free > t and k[K_ALUS] > 1:
                        other = room_in(pipe, 1, latency, False)
                        if other < free:
                            chosen = 1
                            free = other
                else:
                    free = room_in(pipe, chosen, latency, unit == 2)
                t = max(t, free)
                issued = 1 if t > issue else issued + 1
                issue = t
                pipe.groups[group] = t
                # Memory.
                done = t + latency
                leaves = 0
                if memory != 0:
                    issued += CLOSED
                    start = max(max(t, memory_time) + 1, committed[source0])
                    start = max(start, max(committed[source1], committed[source2]))
                    address = address_of(ops, loop.table, index, iteration, repeat)
                    if memory == 1:
                        memory_time = max(start, pipe.loads[load])
                        done = access(mem, core, address, False, memory_time)
                        stall = done - memory_time - 1
                    else:
                        memory_time = max(start, mem.stores[core, store])
                        store_start = max(memory_time + 1, mem.store_begun[core])
                        mem.store_begun[core] = store_start
                        mem.stores[core, store] = access(mem, core, address, True, store_start)
                        store += 1
                        if store >= k[K_STORES]:
                            store = 0
                        done = memory_time
                        stall = memory_time - start
                    leaves = memory_time
                    if stall > 0:
                        wait += max(0, min(stall, done - commit - 1))
                # Commit.
                if done > commit:
                    commit = done
                    commits = 1
                elif commits >= k[K_COMMIT_WIDTH]:
                    commit += 1
                    commits = 1
                else:
                    commits += 1
                dest = ops[index, O_DEST]
                ready[dest] = t + ops[index, O_RESULT]
                committed[dest] = commit
                if memory == 0:
                    leaves = commit
                else:
                    commits += CLOSED
                    if memory == 1:
                        committed[dest] = commit + 1
                        pipe.loads[load] = done + 1
                        load += 1
                        if load >= k[K_LOADS]:
                            load = 0
                held = pipe.unit_state[chosen, 1]
                pipe.units[chosen, held & (RING - 1)] = leaves
                pipe.unit_state[chosen, 0] = t
                pipe.unit_state[chosen, 1] = held + 1
                if unit >= 5:
                    loop.cm_issue[cm] = t
                    cm += 1
                # Branches steer the front end.
                branch = ops[index, O_BRANCH]
                if branch != 0:
                    if branch == 1 or (branch == 3 and not final):
                        fetch += k[K_TAKEN_FIRST] if group == target else k[K_TAKEN]
                        fetched = k[K_FETCH_WIDTH]
                        fetch -= 2
                        target = group + 1 if group + 1 < k[K_GROUPS] else 0
                    elif branch == 3 and count > k[K_PREDICTED]:
                        fetch = max(fetch, 2 * (commit + k[K_REFILL]) - 2)
                        fetched = k[K_FETCH_WIDTH]
                        target = group + 1 if group + 1 < k[K_GROUPS] else 0
                        mispredicted += 1
            operations += last - first
            iteration += 1
            extra += loop.phases[phase, P_EXTRA]
            issue += extra >> 16
            extra &= 0xFFFF
        if code != DONE:
            break
        iteration = 0
        phase += 1
        if phase >= loop.phases.shape[0]:
            phase = 0
            repeat += 1
    s[S_ISSUE], s[S_ISSUED] = issue, issued
    s[S_COMMIT], s[S_COMMITTED] = commit, commits
    s[S_FETCH], s[S_FETCHED] = fetch, fetched
    s[S_TARGET], s[S_GROUP] = target, group
    s[S_MEMORY], s[S_LOAD], s[S_STORE] = memory_time, load, store
    s[S_REPEAT], s[S_PHASE], s[S_ITERATION] = repeat, phase, iteration
    s[S_CM], s[S_EXTRA], s[S_WAIT] = cm, extra, wait
    s[S_INSTRUCTIONS], s[S_OPERATIONS], s[S_MISPREDICTED] = instructions, operations, mispredicted
    return code


def entry_points(fingerprint):
    """Make the functions that Python calls; see `compiling` for the fingerprint."""

    @entry
    def run_loop(k, pipe, mem, core, loop, limit, stop):
        if fingerprint == 0:
            return DONE
        return run(k, pipe, mem, core, loop, limit, stop)

    @entry
    def look_up(mem, core, addresses, write, cycle):
        """Time a chain of accesses, each beginning when the one before has its line."""
        if fingerprint != 0:
            for index in range(addresses.shape[0]):
                cycle = access(mem, core, addresses[index], write, cycle) + 1
        return cycle

    return run_loop, look_up


run_loop, look_up = entry_points(FINGERPRINT)


def reset_pipeline(pipe, cycle):
    """Empty a core's pipeline at a cycle; statistics and the store buffer stay."""
    s = pipe.scalars
    s[S_ISSUE] = s[S_COMMIT] = cycle
    s[S_ISSUED] = s[S_COMMITTED] = 0
    s[S_FETCH] = 2 * cycle
    s[S_FETCHED] = s[S_GROUP] = s[S_TARGET] = 0
    s[S_MEMORY] = cycle - 1
    s[S_LOAD] = 0
    s[S_REPEAT : S_EXTRA + 1] = 0
    pipe.ready[:] = cycle
    pipe.committed[:] = cycle
    pipe.groups[:] = 0
    pipe.units[:] = -1
    pipe.unit_state[:, 0] = -64
    pipe.loads[:] = 0


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
