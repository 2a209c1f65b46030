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
    DONE,
    LIMIT,
    MISS,
)  # fmt: skip
from alpine_platform.memory.memory_kernel import access, free_mshr, would_miss

from .hits_kernel import run_hits
from .memo_kernel import add_step, enter, restore, step_from
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
        if not earlier(time, core, turns[above].time_fs, turns[above].core):
            break
        turns[place].time_fs, turns[place].core = turns[above].time_fs, turns[above].core
        place = above
    turns[place].time_fs, turns[place].core = time, core


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
            turns[below + 1].time_fs, turns[below + 1].core, turns[below].time_fs, turns[below].core
        ):
            below += 1
        if not earlier(turns[below].time_fs, turns[below].core, time, core):
            break
        turns[place].time_fs, turns[place].core = turns[below].time_fs, turns[below].core
        place = below
    turns[place].time_fs, turns[place].core = time, core


@compiled
def earlier(time, core, other_time, other_core):
    """Whether a core's turn comes before another's."""
    return time < other_time or (time == other_time and core < other_core)


@compiled
def next_turn(k, pipe, waiting, period):
    """Cycle of a clock, of a period, at or before which the second of the waiting cores goes on."""
    turns = pipe.turns
    place = 1
    if waiting > 2 and turns[2].time_fs < turns[1].time_fs:
        place = 2
    second = turns[place].core
    if k[second].period_fs == period:
        return pipe.progress[second].next
    return turns[place].time_fs // period


@compiled
def iteration_misses(mem, core, ops, table, first, last, iteration, repeat):
    """Whether a load of the iteration would miss its L1, without touching anything."""
    for index in range(first, last):
        if ops[index].memory == 1 and would_miss(
            mem, core, address_of(ops, table, index, iteration, repeat)
        ):
            return True
    return False


@compiled
def refresh(k, pipe, mem, memo, loops, core):
    """Bring what is out of date in a core up to its remembered state."""
    s = pipe.progress[core]
    if s.stale != 0:
        restore(k, pipe, mem, loops, core, memo.states[s.entry])
        s.stale = 0


@compiled
def forget(k, pipe, mem, memo, loops):
    """Empty the full table; no core may be left with a state in it."""
    for core in range(pipe.progress.shape[0]):
        refresh(k[core], pipe, mem, memo, loops, core)
        pipe.progress[core].entry = -1
    memo.buckets[:] = 0
    for row in range(memo.steps.shape[0]):
        memo.steps[row].owner = 0
    counts = memo.counts[0]
    counts.states = counts.steps = counts.full = 0
    counts.cm = 1


@compiled
def run(constants, pipe, mem, memo, core, loops, limit, turn, stop):
    """Advance a core's loop until it ends, its issue passes a limit, or a load would miss.

    `turn` is the end of its turn, not after the limit, at what the cores share: a miss that starts
    then or later is left to the next call.
    """
    k, s = constants[core], pipe.progress[core]
    ops, phases, table = loops.operations[core], loops.phases[core], loops.table[core]
    cm_issue, steps = loops.cm_issue[core], memo.steps
    repeats = loops.nests[core].repeats
    issue, index = s.issue, s.index
    repeat, phase, iteration = s.repeat, s.phase, s.iteration
    cm, wait, instructions = s.cm, s.wait, s.instructions
    state, stale = s.entry, s.stale != 0
    before = NONE  # state from which the step is new that has just been computed
    outcome = from_issue = from_wait = from_cm = np.int64(0)
    code = DONE
    begun = False
    leaves = iteration  # iteration that need not hit the lines of the one before
    while repeat < repeats:
        first, last = phases[phase].first, phases[phase].last
        count = phases[phase].iterations
        while iteration < count:
            if issue >= limit:
                s.next = issue
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
                taken, state, issue, wait, cm = run_hits(
                    mem, memo, loops, core, phases[phase], iteration, repeat, limit,
                    state, issue, wait, cm,
                )  # fmt: skip
                iteration += taken
                leaves = iteration
                if taken > 0:
                    s.rounds += taken
                    instructions += taken * phases[phase].instructions
                    stale = True
                    continue
            remember = loops.nests[core].context >= 0 and s.rounds >= s.rest
            ending = 0
            if iteration + 1 >= count:
                ending = 2 if count > k.predicted else 1
            while index < last:
                if state < 0 and remember:
                    s.index = index
                    state = enter(k, pipe, mem, memo, loops, core)
                    if before >= 0 and state >= 0:
                        add_step(
                            memo, cm_issue, before, outcome, from_issue, issue - from_issue, state,
                            wait - from_wait, from_cm, cm - from_cm,
                        )  # fmt: skip
                    before = NONE
                    if memo.counts[0].full != 0:
                        s.stale = 0
                        forget(constants, pipe, mem, memo, loops)
                        state = NONE
                    s.new += 1
                    if s.new == TRIAL:
                        # Where states hardly recur, recognising them is not worth its time.
                        if s.rounds - s.since < 2 * TRIAL:
                            s.rest = s.rounds + 8 * TRIAL
                            remember = False
                            state = NONE
                        s.new, s.since = 0, s.rounds
                end, memory = ops[index].end, ops[index].memory
                outcome = ending if end == last else 0
                answer = NONE
                if memory != 0:
                    if state >= 0:
                        asks = issue + steps[state].at
                    else:
                        asks = asks_in(k, pipe, mem, loops, core, index)
                    address = address_of(ops, table, index, iteration, repeat)
                    starts = max(asks, free_mshr(mem, core))
                    early = starts >= turn and would_miss(mem, core, address)
                    if early or asks >= limit:
                        s.next = starts if early else asks
                        code = LIMIT
                        break
                    answer = access(mem, core, address, memory == 2, asks)
                    outcome += 4 * (answer - asks + 2)
                if state >= 0:
                    row = step_from(memo, state, outcome)
                    if row >= 0:
                        place = steps[row].cm
                        if place != 0:
                            for number in range(memo.cm_times[place]):
                                cm_issue[cm] = issue + memo.cm_times[place + 1 + number]
                                cm += 1
                        issue += steps[row].issue
                        wait += steps[row].wait
                        state = steps[row].state
                        stale = True
                        index = end
                        continue
                s.issue, s.cm, s.wait = issue, cm, wait
                s.repeat, s.phase, s.iteration = repeat, phase, iteration
                if stale:
                    restore(k, pipe, mem, loops, core, memo.states[state])
                    stale = False
                run_segment(k, pipe, mem, loops, core, index, end, answer)
                before, from_issue, from_wait, from_cm = state, issue, wait, cm
                issue, cm, wait = s.issue, s.cm, s.wait
                state = NONE
                index = end
            if index < last:
                break
            index = first
            iteration += 1
            s.rounds += 1
            instructions += phases[phase].instructions
        if code != DONE:
            break
        iteration = 0
        phase += 1
        if phase >= loops.nests[core].phases:
            phase = 0
            repeat += 1
        index = phases[phase].first
        leaves = 0
    s.issue, s.index = issue, index
    s.repeat, s.phase, s.iteration = repeat, phase, iteration
    s.cm, s.wait, s.instructions = cm, wait, instructions
    s.entry, s.stale = state, int(stale)
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
            s, period = pipe.progress[core], k[core].period_fs
            s.limit = -(-limit_fs // period)
            if s.next < s.limit:
                add_turn(pipe, waiting, core, s.next * period)
                waiting += 1
        while fingerprint != 0 and waiting > 0:
            core = pipe.turns[0].core
            limit, period = pipe.progress[core].limit, k[core].period_fs
            turn = until = limit
            if waiting > 1:
                second = next_turn(k, pipe, waiting, period)
                until = min(limit, second + k[core].ahead)
                turn = min(limit, second + 1)
            code = run(k, pipe, mem, memo, core, loops, until, turn, stop)
            if code != LIMIT:
                refresh(k[core], pipe, mem, memo, loops, core)
                return core if code == DONE else -1
            following = pipe.progress[core].next
            if following < limit:
                wait_for_turn(pipe, waiting, core, following * period)
            else:
                waiting -= 1
                last = pipe.turns[waiting].core
                wait_for_turn(pipe, waiting, last, pipe.turns[waiting].time_fs)
        if stop:
            refresh(k[active[0]], pipe, mem, memo, loops, active[0])
        return -1

    return run_together


run_together: Callable[..., int] = entry_point(FINGERPRINT)
