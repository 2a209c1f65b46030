# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; see `turns_kernel`.
"""Compiled entry point: time the blocks that a core executed, on the pipeline of loop bodies.

Each segment is computed by `pipeline_kernel.run_segment`, as those of loops are. That a branch is
taken, or predicted wrongly, is told to it as the iteration of a loop that stands for the block: a
branch that went one way more often than the predictor's history is long is taken to go that way
again, which is the rule of a loop's exit.

Where the core waits for a cell to be programmed, the answer comes when the tile port's rules say,
so that one call goes on over any number of cells. Other answers are known to who has the tile.
"""

from collections.abc import Callable

from alpine_platform.accelerators.timed_tile_kernel import cell_complete
from alpine_platform.compiled.compiling import entry, fingerprint
from alpine_platform.compiled.kernel_state import record
from alpine_platform.memory.memory_kernel import access

from .machine_code import AnswerKind
from .pipeline_kernel import asks_in, run_segment, shift_in_flight

__all__ = ["AWAITED_CELL", "TILE_ANSWERS", "time_blocks"]

AWAITED_CELL = int(AnswerKind.AWAITED_CELL)

TILE_ANSWERS = record(
    "part",  # from which a call begins, and the one behind where it ended
    "core_period_fs",
    "tile_period_fs",
    "latency",  # cycles after which the pipeline expects an answer
    "complete",  # edge of the tile's last completion
)
"""What the answers to CM instructions follow from."""


def entry_point(fingerprint):
    """Make the function that Python calls; see `compiling` for the fingerprint."""

    @entry
    def time_blocks(
        constants, pipe, mem, loops, core, spans, blocks, counts, trace, parts, answers
    ):
        """Advance a core's pipeline over a trace: `spans` and `blocks` of its code, its counts.

        `counts` holds runs and executions, `trace` the arrays of `Trace`; `parts` are of
        `RunTrace`. It ends with the first part that does not end with the answer to a cell.
        `answers` has one record of `TILE_ANSWERS`, and the core's cycle of each answer to a cell.
        """
        runs, executions = counts
        numbers, following, first_accesses, accesses = trace
        known, responses = answers
        w = known[0]
        k, s = constants[core], pipe.progress[core]
        phase = loops.phases[core, 0]
        ops = loops.operations[core]
        address = fingerprint * 0
        begin = address * 0
        if w.part > 0:
            begin += parts[w.part - 1, 0]
        answered = 0
        while w.part < parts.shape[0]:
            for n in range(begin, parts[w.part, 0]):
                number = numbers[n]
                block = blocks[number]
                executions[number] += 1
                place, beyond = first_accesses[n], first_accesses[n + 1]
                s.iteration = 0
                phase.iterations = 0
                if block.last > block.first and ops[block.last - 1].branch == 3:
                    run = runs[number]
                    taken = following[n] != block.end_address
                    if taken:
                        wrong = run < -k.predicted
                        runs[number] = run + 1 if run > 0 else 1
                        phase.iterations = 2
                    else:
                        wrong = run > k.predicted
                        runs[number] = run - 1 if run < 0 else -1
                    if wrong:
                        s.iteration = k.predicted
                        phase.iterations = k.predicted + 1
                index = block.first
                while index < block.last:
                    end, memory = ops[index].end, ops[index].memory
                    answer = address * 0 - 1
                    if memory != 0:
                        left = spans[index]
                        if left > 0 and place < beyond:
                            address = accesses[place, 0]
                        while left > 0 and place < beyond:
                            left -= accesses[place, 1]
                            place += 1
                        asks = asks_in(k, pipe, mem, loops, core, index)
                        answer = access(mem, core, address + ops[index].base, memory == 2, asks)
                    run_segment(k, pipe, mem, loops, core, index, end, answer)
                    index = end
                s.instructions += block.instructions
            begin, kind = parts[w.part, 0], parts[w.part, 2]
            w.part += 1
            if kind != AWAITED_CELL:
                break
            issue = loops.cm_issue[core, s.cm - 1]
            # One that is issued before the last answer does not wait for it: the tile takes it at
            # the edge of that completion already.
            early = answered > 0 and issue < responses[answered - 1]
            complete = w.complete - (1 if early else 0)
            w.complete = cell_complete(issue * w.core_period_fs, w.tile_period_fs, complete)
            response = -(-(w.complete * w.tile_period_fs) // w.core_period_fs)
            responses[answered] = response
            answered += 1
            late = response - (issue + w.latency)
            if late > 0:
                shift_in_flight(pipe, core, late)

    return time_blocks


time_blocks: Callable[..., None] = entry_point(
    fingerprint(
        "accelerators/timed_tile_kernel.py",
        "memory/dram_kernel.py",
        "memory/holders_kernel.py",
        "memory/memory_kernel.py",
        "compiled/kernel_state.py",
        "cores/pipeline_kernel.py",
        "cores/trace_kernel.py",
    )
)
