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
from alpine_platform.memory.memory_kernel import (
    L1_ACCESSES,
    MODIFIED,
    READY,
    STATE,
    find,
)

from .memo_kernel import CM_TIMES, step_from


@compiled
def hitting_iterations(mem, core, ops, first, last, iteration, repeat, most, issue):
    """How many iterations stay on the lines of the one before; 0 if the next may not hit them all.

    A line that is still on its way, or that a store would have to make its own, counts as not hit.
    """
    shift = mem.shared[0].line_shift
    room = (1 << shift) - 1
    for index in range(first, last):
        memory = ops[index].memory
        if memory == 0:
            continue
        if ops[index].table >= 0:
            return 0
        stride = ops[index].stride
        moved = repeat * ops[index].repeat_stride + iteration * stride
        address = ops[index].base + moved
        offset = address & room
        if offset < stride or offset - stride > room:
            return 0
        line = address >> shift
        lines = mem.l1[core, line & (mem.l1_constants[core].sets - 1)]
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
    hit = 4 * (mem.l1_constants[core].lookup + 1)
    begin = memo.counts[0].cm
    cm = begin + 1
    cycles = wait = latest = accesses = 0
    index, here = first, state
    while index < last:
        code = 0
        if ops[index].memory != 0:
            latest = max(latest, cycles + steps[here].at)
            code = hit
            accesses += 1
        row = step_from(memo, here, code)
        if row < 0:
            return
        place = steps[row].cm
        if place != 0:
            number = times[place]
            if cm + number > CM_TIMES:
                return
            for offset in range(number):
                times[cm + offset] = cycles + times[place + 1 + offset]
            cm += number
        cycles += steps[row].issue
        wait += steps[row].wait
        here = steps[row].state
        index = ops[index].end
    known = memo.hits[state]
    known.cm = 0
    if cm > begin + 1:
        times[begin] = cm - begin - 1
        memo.counts[0].cm = cm
        known.cm = begin
    known.issue = cycles
    known.state = here
    known.wait = wait
    known.latest = latest
    known.accesses = accesses
    known.known = 1


@compiled
def run_hits(
    mem, memo, loops, core, phase, iteration, repeat, limit, state, issue, wait, cm
):  # fmt: skip
    """Take iterations from one on while every access hits, asks before the limit, and one is left.

    The last is another matter, because its branch is not taken. State, issue, wait and CM
    instructions are parameters and results, and not a record, so that they stay in registers.
    Returns how many, the state after them and the advanced issue, wait and CM instructions.
    """
    hits, times = memo.hits, memo.cm_times
    ops, cm_issue = loops.operations[core], loops.cm_issue[core]
    first, last = phase.first, phase.last
    most = phase.iterations - 1 - iteration
    taken = 0
    if most > 0 and (hits[state].known == 0 or issue + hits[state].latest < limit):
        most = hitting_iterations(mem, core, ops, first, last, iteration, repeat, most, issue)
        while taken < most:
            if hits[state].known == 0:
                learn_iteration(mem, memo, core, ops, first, last, state)
            if hits[state].known == 0 or issue + hits[state].latest >= limit:
                break
            place = hits[state].cm
            if place != 0:
                for number in range(times[place]):
                    cm_issue[cm] = issue + times[place + 1 + number]
                    cm += 1
            mem.counters[core, L1_ACCESSES] += hits[state].accesses
            issue += hits[state].issue
            wait += hits[state].wait
            state = hits[state].state
            taken += 1
    return taken, state, issue, wait, cm
