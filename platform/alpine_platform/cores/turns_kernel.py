# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; what is compiled of cores and memory lives in the
# modules whose sources make `compiling.FINGERPRINT`, behind `pipelines.Pipelines`, which is typed.
"""Compiled entry point: run the loops of several cores in step.

Cores whose loops run wait in a heap, in the order of the times from which they go on; of equal ones
the core of the lowest number comes first. So a turn costs the host time by the logarithm of how
many there are. Each core counts the cycles of its own clock.
"""

from collections.abc import Callable

import numpy as np

from alpine_platform.compiled.compiling import FINGERPRINT, compiled, entry
from alpine_platform.compiled.kernel_state import (
    CORE,
    DONE,
    K_AHEAD,
    K_PERIOD,
    K_PREDICTED,
    L_CONTEXT,
    L_PHASES,
    L_REPEATS,
    LIMIT,
    MISS,
    O_END,
    O_MEMORY,
    P_FIRST,
    P_INSTRUCTIONS,
    P_ITERATIONS,
    P_LAST,
    S_CM,
    S_ENTRY,
    S_INDEX,
    S_INSTRUCTIONS,
    S_ISSUE,
    S_ITERATION,
    S_LIMIT,
    S_NEW,
    S_NEXT,
    S_PHASE,
    S_REPEAT,
    S_REST,
    S_ROUNDS,
    S_SINCE,
    S_STALE,
    S_WAIT,
    T_AT,
    T_CM,
    T_ISSUE,
    T_STATE,
    T_WAIT,
    TIME,
)  # fmt: skip
from alpine_platform.memory.memory_kernel import access, free_mshr, would_miss

from .hits_kernel import run_hits
from .memo_kernel import C_CM, C_FULL, add_step, enter, restore, step_from
from .pipeline_kernel import address_of, asks_in, run_segment

TRIAL = 4096  # segments computed, after which remembering must have paid
NONE = np.int64(-1)  # a plain -1 is a type of its own, for which everything is compiled again


@compiled
def add_turn(pipe, waiting, core, time):
    """Let a core go on at a time, after so many that wait already."""
    turns = pipe.turns
    place = waiting
    while place > 0:
        above = (place - 1) >> 1
        if not earlier(time, core, turns[above, TIME], turns[above, CORE]):
            break
        turns[place, TIME], turns[place, CORE] = turns[above, TIME], turns[above, CORE]
        place = above
    turns[place, TIME], turns[place, CORE] = time, core


@compiled
def wait_for_turn(pipe, waiting, core, time):
    """Put a core in the place of the one that has had its turn."""
    turns = pipe.turns
    place = 0
    while True:
        below = 2 * place + 1
        if below >= waiting:
            break
        if below + 1 < waiting and earlier(
            turns[below + 1, TIME], turns[below + 1, CORE], turns[below, TIME], turns[below, CORE]
        ):
            below += 1
        if not earlier(turns[below, TIME], turns[below, CORE], time, core):
            break
        turns[place, TIME], turns[place, CORE] = turns[below, TIME], turns[below, CORE]
        place = below
    turns[place, TIME], turns[place, CORE] = time, core


@compiled
def earlier(time, core, other_time, other_core):
    """Whether a core's turn comes before another's."""
    return time < other_time or (time == other_time and core < other_core)


@compiled
def next_turn(pipe, waiting):
    """When the second of several waiting cores goes on."""
    time = pipe.turns[1, TIME]
    return min(time, pipe.turns[2, TIME]) if waiting > 2 else time


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
def refresh(k, pipe, mem, memo, loops, core):
    """Bring what is out of date in a core up to its remembered state."""
    s = pipe.scalars[core]
    if s[S_STALE] != 0:
        restore(k, pipe, mem, loops, core, memo.states[s[S_ENTRY]])
        s[S_STALE] = 0


@compiled
def forget(k, pipe, mem, memo, loops):
    """Empty the full table; no core may be left with a state in it."""
    for core in range(pipe.scalars.shape[0]):
        refresh(k[core], pipe, mem, memo, loops, core)
        pipe.scalars[core, S_ENTRY] = -1
    memo.buckets[:] = 0
    memo.steps[:] = 0
    memo.counts[:] = 0
    memo.counts[C_CM] = 1


@compiled
def run(constants, pipe, mem, memo, core, loops, limit, turn, stop):
    """Advance a core's loop until it ends, its issue passes a limit, or a load would miss.

    `turn` is the end of its turn, not after the limit, at what the cores share: a miss that starts
    then or later is left to the next call.
    """
    k, s = constants[core], pipe.scalars[core]
    ops, phases, table = loops.operations[core], loops.phases[core], loops.table[core]
    cm_issue, steps = loops.cm_issue[core], memo.steps
    repeats = loops.sizes[core, L_REPEATS]
    issue, index = s[S_ISSUE], s[S_INDEX]
    repeat, phase, iteration = s[S_REPEAT], s[S_PHASE], s[S_ITERATION]
    cm, wait, instructions = s[S_CM], s[S_WAIT], s[S_INSTRUCTIONS]
    state, stale = s[S_ENTRY], s[S_STALE] != 0
    before = NONE  # state from which the step is new that has just been computed
    outcome = from_issue = from_wait = from_cm = np.int64(0)
    code = DONE
    begun = False
    leaves = iteration  # iteration that need not hit the lines of the one before
    while repeat < repeats:
        first, last = phases[phase, P_FIRST], phases[phase, P_LAST]
        count = phases[phase, P_ITERATIONS]
        while iteration < count:
            if issue >= limit:
                s[S_NEXT] = issue
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
            if iteration > leaves and state >= 0 and index == first:
                # The last iteration is another matter, because its branch is not taken.
                taken, state, issue, wait, cm = run_hits(
                    mem, memo, core, ops, cm_issue, first, last, iteration, repeat,
                    count - 1 - iteration, limit, state, issue, wait, cm,
                )  # fmt: skip
                iteration += taken
                leaves = iteration
                if taken > 0:
                    s[S_ROUNDS] += taken
                    instructions += taken * phases[phase, P_INSTRUCTIONS]
                    stale = True
                    continue
            remember = loops.sizes[core, L_CONTEXT] >= 0 and s[S_ROUNDS] >= s[S_REST]
            ending = 0
            if iteration + 1 >= count:
                ending = 2 if count > k[K_PREDICTED] else 1
            while index < last:
                if state < 0 and remember:
                    s[S_INDEX] = index
                    state = enter(k, pipe, mem, memo, loops, core)
                    if before >= 0 and state >= 0:
                        add_step(
                            memo, cm_issue, before, outcome, from_issue, issue - from_issue, state,
                            wait - from_wait, from_cm, cm - from_cm,
                        )  # fmt: skip
                    before = NONE
                    if memo.counts[C_FULL] != 0:
                        s[S_STALE] = 0
                        forget(constants, pipe, mem, memo, loops)
                        state = NONE
                    s[S_NEW] += 1
                    if s[S_NEW] == TRIAL:
                        # Where states hardly recur, recognising them is not worth its time.
                        if s[S_ROUNDS] - s[S_SINCE] < 2 * TRIAL:
                            s[S_REST] = s[S_ROUNDS] + 8 * TRIAL
                            remember = False
                            state = NONE
                        s[S_NEW], s[S_SINCE] = 0, s[S_ROUNDS]
                end, memory = ops[index, O_END], ops[index, O_MEMORY]
                outcome = ending if end == last else 0
                answer = NONE
                if memory != 0:
                    if state >= 0:
                        asks = issue + steps[state, T_AT]
                    else:
                        asks = asks_in(k, pipe, mem, loops, core, index)
                    address = address_of(ops, table, index, iteration, repeat)
                    starts = max(asks, free_mshr(mem, core))
                    early = starts >= turn and would_miss(mem, core, address)
                    if early or asks >= limit:
                        s[S_NEXT] = starts if early else asks
                        code = LIMIT
                        break
                    answer = access(mem, core, address, memory == 2, asks)
                    outcome += 4 * (answer - asks + 2)
                if state >= 0:
                    row = step_from(memo, state, outcome)
                    if row >= 0:
                        place = steps[row, T_CM]
                        if place != 0:
                            for number in range(memo.cm_times[place]):
                                cm_issue[cm] = issue + memo.cm_times[place + 1 + number]
                                cm += 1
                        issue += steps[row, T_ISSUE]
                        wait += steps[row, T_WAIT]
                        state = steps[row, T_STATE]
                        stale = True
                        index = end
                        continue
                s[S_ISSUE], s[S_CM], s[S_WAIT] = issue, cm, wait
                s[S_REPEAT], s[S_PHASE], s[S_ITERATION] = repeat, phase, iteration
                if stale:
                    restore(k, pipe, mem, loops, core, memo.states[state])
                    stale = False
                run_segment(k, pipe, mem, loops, core, index, end, answer)
                before, from_issue, from_wait, from_cm = state, issue, wait, cm
                issue, cm, wait = s[S_ISSUE], s[S_CM], s[S_WAIT]
                state = NONE
                index = end
            if index < last:
                break
            index = first
            iteration += 1
            s[S_ROUNDS] += 1
            instructions += phases[phase, P_INSTRUCTIONS]
        if code != DONE:
            break
        iteration = 0
        phase += 1
        if phase >= loops.sizes[core, L_PHASES]:
            phase = 0
            repeat += 1
        index = phases[phase, P_FIRST]
        leaves = 0
    s[S_ISSUE], s[S_INDEX] = issue, index
    s[S_REPEAT], s[S_PHASE], s[S_ITERATION] = repeat, phase, iteration
    s[S_CM], s[S_WAIT], s[S_INSTRUCTIONS] = cm, wait, instructions
    s[S_ENTRY], s[S_STALE] = state, int(stale)
    return code


def entry_point(fingerprint):
    """Make the function that Python calls; see `compiling` for the fingerprint."""

    @entry
    def run_together(k, pipe, mem, memo, active, loops, limit_fs, stop):
        """Advance several cores, always the one that is furthest behind, and not far.

        Returns the core whose loop has ended, or -1 when all have passed the limit or, if asked to
        stop there, one is about to miss. There is one entry point, because compiling takes long.
        """
        waiting = 0
        for index in range(active.shape[0]):
            core = active[index]
            # A core passes the limit at its own first edge at or after it.
            s, period = pipe.scalars[core], k[core, K_PERIOD]
            s[S_LIMIT] = -(-limit_fs // period)
            if s[S_NEXT] < s[S_LIMIT]:
                add_turn(pipe, waiting, core, s[S_NEXT] * period)
                waiting += 1
        while fingerprint != 0 and waiting > 0:
            core = pipe.turns[0, CORE]
            limit, period = pipe.scalars[core, S_LIMIT], k[core, K_PERIOD]
            turn = until = limit
            if waiting > 1:
                second = next_turn(pipe, waiting) // period
                until = min(limit, second + k[core, K_AHEAD])
                turn = min(limit, second + 1)
            code = run(k, pipe, mem, memo, core, loops, until, turn, stop)
            if code != LIMIT:
                refresh(k[core], pipe, mem, memo, loops, core)
                return core if code == DONE else -1
            following = pipe.scalars[core, S_NEXT]
            if following < limit:
                wait_for_turn(pipe, waiting, core, following * period)
            else:
                waiting -= 1
                last = pipe.turns[waiting, CORE]
                wait_for_turn(pipe, waiting, last, pipe.turns[waiting, TIME])
        if stop:
            refresh(k[active[0]], pipe, mem, memo, loops, active[0])
        return -1

    return run_together


run_together: Callable[..., int] = entry_point(FINGERPRINT)
