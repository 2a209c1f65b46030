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
  among the loads in flight (fewer of them where the address is fresh);
- commit: the operation before, its latency or its line, the commit width (memory ends the group).
"""

from collections.abc import Callable

from .compiling import FINGERPRINT, compiled, entry
from .kernel_state import Pipeline
from .memo_kernel import ENTRIES, capture, enter, restore, simple_hit
from .memory_kernel import L1_ACCESSES, L1_MERGED, L1_MISSES, UPGRADES, access, would_miss

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
K_LATE_LOADS = 11
K_FRESH = 12
K_NEAR = 13
K_COUNT = 14

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
S_LATE = 20
S_INDEX = 21
S_NEXT = 22
S_COUNT = 23

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
P_INSTRUCTIONS = 4

REGISTERS = 66
NO_SOURCE = 64  # always ready
NO_DEST = 65  # never read
RING = 16  # operations remembered per unit, a power of two
UNITS = 9  # two integer units and the other seven
LOADS = 8  # loads remembered, a power of two
AHEAD = 16  # cycles that a core runs ahead of the next before that one takes over
TRIALS = 200  # iterations after which remembering must have paid
CLOSED = 64  # added to a count of operations in a cycle: no more in this one

DONE = 0
LIMIT = 1
MISS = 2


# Columns of a loop's sizes.
L_PHASES = 0
L_REPEATS = 1
L_REGISTERS = 2
L_DEPTH = 3
L_PLAIN = 4  # no CM instructions, no offset tables: iterations may be remembered


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
def iteration_misses(mem, core, ops, table, first, last, iteration, repeat):
    """Whether a load of the iteration would miss its L1, without touching anything."""
    for index in range(first, last):
        if ops[index, O_MEMORY] == 1 and would_miss(
            mem, core, address_of(ops, table, index, iteration, repeat)
        ):
            return True
    return False


@compiled
def room_in(units, unit_state, unit, latency, exclusive):
    """Cycle from which a unit takes an operation.

    A unit holds one operation more than its latency; one leaves when it commits.
    """
    free = unit_state[unit, 0] + 1
    if exclusive:
        free += latency - 1
    if latency < RING - 1:
        held = unit_state[unit, 1] - latency - 1
        free = max(free, units[unit, held & (RING - 1)] + 1)
    return free


@compiled
def unusual(mem, core):
    """Count of accesses that were no plain hits."""
    counters = mem.counters[core]
    return counters[L1_MISSES] + counters[L1_MERGED] + counters[UPGRADES]


@compiled
def all_hit(mem, core, ops, first, last, iteration, cycle):
    """Whether every access of an iteration is a plain hit; those before one that is not count.

    They are hits when the iteration is computed after all, so looking them up twice changes
    nothing but the number of accesses, which is put right.
    """
    touched = 0
    for index in range(first, last):
        memory = ops[index, O_MEMORY]
        if memory != 0:
            address = ops[index, O_ADDRESS] + iteration * ops[index, O_STRIDE]
            if not simple_hit(mem, core, address, memory == 2, cycle):
                mem.counters[core, L1_ACCESSES] -= touched
                return False
            touched += 1
    return True


@compiled
def run(k, pipe, mem, memo, core, loops, limit, stop):
    """Advance a core's loop until it ends, its issue passes a limit, or a load would miss."""
    s, ready, committed = pipe.scalars[core], pipe.ready[core], pipe.committed[core]
    groups, loads = pipe.groups[core], pipe.loads[core]
    units, unit_state = pipe.units[core], pipe.unit_state[core]
    ops, phases, table = loops.operations[core], loops.phases[core], loops.table[core]
    phase_count, repeats = loops.sizes[core, L_PHASES], loops.sizes[core, L_REPEATS]
    issue, issued = s[S_ISSUE], s[S_ISSUED]
    commit, commits = s[S_COMMIT], s[S_COMMITTED]
    fetch, fetched = s[S_FETCH], s[S_FETCHED]
    target, group = s[S_TARGET], s[S_GROUP]
    memory_time, load, store = s[S_MEMORY], s[S_LOAD], s[S_STORE]
    repeat, phase, iteration = s[S_REPEAT], s[S_PHASE], s[S_ITERATION]
    cm, extra, wait = s[S_CM], s[S_EXTRA], s[S_WAIT]
    instructions, operations, mispredicted = s[S_INSTRUCTIONS], s[S_OPERATIONS], s[S_MISPREDICTED]
    late, resume, next_time = s[S_LATE], s[S_INDEX], s[S_NEXT]
    registers, depth = loops.sizes[core, L_REGISTERS], loops.sizes[core, L_DEPTH]
    entered = issue
    tried = won = 0
    code = DONE
    begun = False
    while repeat < repeats:
        first, last = phases[phase, P_FIRST], phases[phase, P_LAST]
        count = phases[phase, P_ITERATIONS]
        locate(ops, first, last, repeat)
        # Remembering pays in loops of some length; the last iteration's branch differs.
        plain = loops.sizes[core, L_PLAIN] != 0 and count > 3 and not stop
        entry = -1
        odd = 0
        while iteration < count:
            # Where states hardly recur, recognising them is not worth its time.
            worth = tried < TRIALS or 2 * won > tried
            if plain and worth and resume == 0 and iteration + 1 < count and issue < limit:
                s[S_ISSUE], s[S_ISSUED] = issue, issued
                s[S_COMMIT], s[S_COMMITTED] = commit, commits
                s[S_FETCH], s[S_FETCHED] = fetch, fetched
                s[S_TARGET], s[S_GROUP] = target, group
                s[S_MEMORY], s[S_LOAD], s[S_STORE] = memory_time, load, store
                s[S_EXTRA], s[S_LATE] = extra, late
                width = capture(
                    s, ready, committed, groups, units, unit_state, loads, mem.stores[core],
                    mem.store_begun[core], registers, depth, memo.states[core, ENTRIES],
                )  # fmt: skip
                now = enter(memo, core, phase, width)
                if entry >= 0 and now >= 0 and unusual(mem, core) == odd:
                    memo.following[core, entry] = now
                    memo.cycles[core, entry] = issue - entered
                entry = now
                started = issue
                tried += 1
                while (
                    entry >= 0
                    and memo.following[core, entry] >= 0
                    and iteration + 1 < count
                    and issue < limit
                    and all_hit(mem, core, ops, first, last, iteration, issue)
                ):
                    issue += memo.cycles[core, entry]
                    entry = memo.following[core, entry]
                    iteration += 1
                    won += 1
                    operations += last - first
                    instructions += loops.phases[core, phase, P_INSTRUCTIONS]
                if issue != started:
                    s[S_ISSUE] = issue
                    mem.store_begun[core] = restore(
                        s, ready, committed, groups, units, unit_state, loads, mem.stores[core],
                        registers, depth, memo.states[core, entry],
                    )  # fmt: skip
                    issued, commit, commits = s[S_ISSUED], s[S_COMMIT], s[S_COMMITTED]
                    fetch, fetched = s[S_FETCH], s[S_FETCHED]
                    target, group = s[S_TARGET], s[S_GROUP]
                    memory_time, load, store = s[S_MEMORY], s[S_LOAD], s[S_STORE]
                    extra, late = s[S_EXTRA], s[S_LATE]
                odd = unusual(mem, core)
                entered = issue
            else:
                entry = -1
            if issue >= limit:
                next_time = issue
                code = LIMIT
                break
            if (
                stop
                and begun
                and iteration_misses(mem, core, ops, table, first, last, iteration, repeat)
            ):
                code = MISS
                break
            begun = True
            final = iteration + 1 >= count
            paused = False
            for index in range(first + resume, last):
                if ops[index, O_MEMORY] != 0:
                    next_time = max(memory_time, loads[(load - k[K_LOADS]) & (LOADS - 1)])
                    if next_time >= limit:
                        paused = True
                        resume = index - first
                        break
                unit = ops[index, O_UNIT]
                memory = ops[index, O_MEMORY]
                latency = ops[index, O_LATENCY]
                forward = ops[index, O_FORWARD]
                source0, source1 = ops[index, O_SOURCE0], ops[index, O_SOURCE1]
                source2 = ops[index, O_SOURCE2]
                # Delivery: fetch groups hold instructions and wait for room in the buffers; 2 marks
                # the first instruction of a fetch line.
                starts = ops[index, O_STARTS]
                if starts != 0:
                    instructions += 1
                    if fetched >= k[K_FETCH_WIDTH] or (starts == 2 and fetched > 0):
                        fetch += 2
                        fetched = 0
                        group += 1
                        if group >= k[K_GROUPS]:
                            group = 0
                    if fetched == 0:
                        fetch = max(fetch, 2 * groups[group])
                    fetched += 1
                # Issue.
                t = max(ready[source0], ready[source1], ready[source2]) - forward
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
                t = max(t, free)
                issued = 1 if t > issue else issued + 1
                issue = t
                groups[group] = t
                # Memory.
                done = t + latency
                leaves = 0
                if memory != 0:
                    issued += CLOSED
                    address_commit = max(committed[source0], committed[source1], committed[source2])
                    start = max(t + 1, memory_time + 1, address_commit)
                    address = address_of(ops, table, index, iteration, repeat)
                    if memory == 1:
                        # Loads whose address has hardly committed when they issue, and those
                        # that share it, overlap less.
                        window = k[K_LOADS]
                        if address_commit + k[K_FRESH] > t:
                            late = address_commit
                            window = k[K_LATE_LOADS]
                        elif abs(address_commit - late) <= k[K_NEAR]:
                            window = k[K_LATE_LOADS]
                        memory_time = max(start, loads[(load - window) & (LOADS - 1)])
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
                        loads[load & (LOADS - 1)] = done + 1
                        load += 1
                held = unit_state[chosen, 1]
                units[chosen, held & (RING - 1)] = leaves
                unit_state[chosen, 0] = t
                unit_state[chosen, 1] = held + 1
                if unit >= 5:
                    loops.cm_issue[core, cm] = t
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
            if paused:
                code = LIMIT
                break
            resume = 0
            operations += last - first
            iteration += 1
            extra += phases[phase, P_EXTRA]
            issue += extra >> 16
            fetch += 2 * (extra >> 16)
            extra &= 0xFFFF
        if code != DONE:
            break
        iteration = 0
        phase += 1
        if phase >= phase_count:
            phase = 0
            repeat += 1
    s[S_ISSUE], s[S_ISSUED] = issue, issued
    s[S_COMMIT], s[S_COMMITTED] = commit, commits
    s[S_FETCH], s[S_FETCHED] = fetch, fetched
    s[S_TARGET], s[S_GROUP] = target, group
    s[S_MEMORY], s[S_LOAD], s[S_STORE] = memory_time, load, store
    s[S_REPEAT], s[S_PHASE], s[S_ITERATION] = repeat, phase, iteration
    s[S_CM], s[S_EXTRA], s[S_WAIT], s[S_LATE] = cm, extra, wait, late
    s[S_INDEX], s[S_NEXT] = resume, next_time
    s[S_INSTRUCTIONS], s[S_OPERATIONS], s[S_MISPREDICTED] = instructions, operations, mispredicted
    return code


def entry_points(fingerprint):
    """Make the functions that Python calls; see `compiling` for the fingerprint."""

    @entry
    def run_together(k, pipe, mem, memo, active, loops, limit, stop):
        """Advance several cores, always the one that is furthest behind, and not far.

        Returns the core whose loop has ended, or -1 when all have passed the limit or, if asked to
        stop there, one is about to miss. There is one entry point, because compiling takes long.
        """
        while fingerprint != 0:
            core = -1
            first = limit
            second = limit
            for index in range(active.shape[0]):
                time = pipe.scalars[active[index], S_NEXT]
                if time < first:
                    core, first, second = active[index], time, first
                elif time < second:
                    second = time
            if core < 0:
                return -1
            until = min(limit, second + AHEAD)
            code = run(k, pipe, mem, memo, core, loops, until, stop)
            if code == DONE:
                return core
            if code == MISS:
                return -1
        return -1

    @entry
    def look_up(mem, core, addresses, write, cycle):
        """Time a chain of accesses, each beginning when the one before has its line."""
        if fingerprint != 0:
            for index in range(addresses.shape[0]):
                cycle = access(mem, core, addresses[index], write, cycle) + 1
        return cycle

    return run_together, look_up


run_together: Callable[..., int]
look_up: Callable[..., int]
run_together, look_up = entry_points(FINGERPRINT)


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
