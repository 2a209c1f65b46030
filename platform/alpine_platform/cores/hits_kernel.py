# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled shortcut of `memo_kernel`: iterations whose accesses all hit L1 are one step each.

While every access of a loop stays on a line that its L1 holds ready, nothing is to be looked up:
the steps of an iteration are known in advance, and their sum is one step from the state in which an
iteration begins to that in which the next one does. The lines keep their order of use, which is
that of the iteration before.
"""

from alpine_platform.compiled.compiling import compiled
from alpine_platform.compiled.kernel_state import (
    H_ACCESSES,
    H_CM,
    H_ISSUE,
    H_KNOWN,
    H_LATEST,
    H_STATE,
    H_WAIT,
    O_BASE,
    O_END,
    O_MEMORY,
    O_REPEAT_STRIDE,
    O_STRIDE,
    O_TABLE,
    T_AT,
    T_CM,
    T_ISSUE,
    T_STATE,
    T_WAIT,
)
from alpine_platform.memory.memory_kernel import (
    A_LOOKUP,
    A_SETS,
    L1_ACCESSES,
    M_LINE_SHIFT,
    MODIFIED,
    READY,
    STATE,
    find,
)

from .memo_kernel import C_CM, CM_TIMES, step_from


@compiled
def hitting_iterations(mem, core, ops, first, last, iteration, repeat, most, issue):
    """How many iterations stay on the lines of the one before; 0 if the next may not hit them all.

    A line that is still on its way, or that a store would have to make its own, counts as not hit.
    """
    shift = mem.config[M_LINE_SHIFT]
    room = (1 << shift) - 1
    for index in range(first, last):
        memory = ops[index, O_MEMORY]
        if memory == 0:
            continue
        if ops[index, O_TABLE] >= 0:
            return 0
        stride = ops[index, O_STRIDE]
        moved = repeat * ops[index, O_REPEAT_STRIDE] + iteration * stride
        address = ops[index, O_BASE] + moved
        offset = address & room
        if offset < stride or offset - stride > room:
            return 0
        line = address >> shift
        lines = mem.l1[core, line & (mem.cores[core, A_SETS] - 1)]
        way = find(lines, line)
        if way < 0 or lines[READY, way] > issue:
            return 0
        if memory == 2 and lines[STATE, way] != MODIFIED:
            return 0
        end = offset + (most - 1) * stride
        if end > room:
            most = (room - offset) // stride + 1
        elif end < 0:
            most = offset // -stride + 1
    return most


@compiled
def learn_iteration(mem, memo, core, ops, first, last, state):
    """Sum the steps that an iteration of hits takes from a state, if all of them are known."""
    steps, times = memo.steps, memo.cm_times
    hit = 4 * (mem.cores[core, A_LOOKUP] + 1)
    begin = memo.counts[C_CM]
    cm = begin + 1
    cycles = wait = latest = accesses = 0
    index, here = first, state
    while index < last:
        code = 0
        if ops[index, O_MEMORY] != 0:
            latest = max(latest, cycles + steps[here, T_AT])
            code = hit
            accesses += 1
        row = step_from(memo, here, code)
        if row < 0:
            return
        place = steps[row, T_CM]
        if place != 0:
            number = times[place]
            if cm + number > CM_TIMES:
                return
            for offset in range(number):
                times[cm + offset] = cycles + times[place + 1 + offset]
            cm += number
        cycles += steps[row, T_ISSUE]
        wait += steps[row, T_WAIT]
        here = steps[row, T_STATE]
        index = ops[index, O_END]
    known = memo.hits[state]
    known[H_CM] = 0
    if cm > begin + 1:
        times[begin] = cm - begin - 1
        memo.counts[C_CM] = cm
        known[H_CM] = begin
    known[H_ISSUE] = cycles
    known[H_STATE] = here
    known[H_WAIT] = wait
    known[H_LATEST] = latest
    known[H_ACCESSES] = accesses
    known[H_KNOWN] = 1


@compiled
def run_hits(
    mem, memo, core, ops, cm_issue, first, last, iteration, repeat, most, limit,
    state, issue, wait, cm,
):  # fmt: skip
    """Take iterations as long as every access hits, asks before the limit and none is the last.

    Returns how many, the state after them and the advanced issue, wait and CM instructions.
    """
    hits, times = memo.hits, memo.cm_times
    taken = 0
    if most > 0 and (hits[state, H_KNOWN] == 0 or issue + hits[state, H_LATEST] < limit):
        most = hitting_iterations(mem, core, ops, first, last, iteration, repeat, most, issue)
        while taken < most:
            if hits[state, H_KNOWN] == 0:
                learn_iteration(mem, memo, core, ops, first, last, state)
            if hits[state, H_KNOWN] == 0 or issue + hits[state, H_LATEST] >= limit:
                break
            place = hits[state, H_CM]
            if place != 0:
                for number in range(times[place]):
                    cm_issue[cm] = issue + times[place + 1 + number]
                    cm += 1
            mem.counters[core, L1_ACCESSES] += hits[state, H_ACCESSES]
            issue += hits[state, H_ISSUE]
            wait += hits[state, H_WAIT]
            state = hits[state, H_STATE]
            taken += 1
    return taken, state, issue, wait, cm
