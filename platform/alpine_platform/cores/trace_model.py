# SPDX-License-Identifier: Apache-2.0
"""The pipeline of one in-order core under machine code, block after block."""

import numpy as np

from alpine_platform.compiled.kernel_state import Ints, words

from .machine_code import CODE_REGISTERS, MachineCode, Trace
from .pipeline_kernel import reset_pipeline, shift_pipeline
from .pipelines import Pipelines, empty_loops
from .trace_kernel import time_blocks

__all__ = ["TracePipeline"]


class TracePipeline:
    """What a core's pipeline remembers from one part of a trace to the next.

    Parameters
    ----------
    pipelines : of all cores, for constants and memory. core : which one.
    code : what it executes. cycle : in which it begins.
    """

    def __init__(self, pipelines: Pipelines, core: int, code: MachineCode, *, cycle: int) -> None:
        self.code = code
        self._shared, self._core = pipelines, core
        rows = pipelines.pipelines.ready.shape[0]
        # Machine code has more registers than loop bodies.
        wide = {name: np.zeros((rows, CODE_REGISTERS), np.int64) for name in ("ready", "committed")}
        self._pipe = pipelines.pipelines._replace(
            progress=pipelines.pipelines.progress.copy(),
            groups=pipelines.pipelines.groups.copy(),
            units=pipelines.pipelines.units.copy(),
            unit_state=pipelines.pipelines.unit_state.copy(),
            loads=pipelines.pipelines.loads.copy(),
            **wide,
        )
        reset_pipeline(self._pipe, words(self._pipe.progress), core, cycle)
        self._loops = empty_loops(rows, operations=1, phases=1, table=1, cm_issue=1)
        self._known = 0
        self.last_cm_cycle = cycle
        """Issue of the last CM instruction, or the beginning."""

    def time(self, trace: Trace, *, cm_instructions: int) -> Ints:
        """Time the next part; return the issue cycles of its CM instructions."""
        count = len(self.code.operations)
        loops = self._loops
        if loops.operations.shape[1] < count or loops.cm_issue.shape[1] < cm_instructions:
            rows = len(loops.nests)
            loops = self._loops = empty_loops(
                rows, operations=2 * count, phases=1, table=1, cm_issue=2 * cm_instructions + 1
            )
            # No block is the last of a loop's iteration, which calibration may make longer.
            loops.phases["last"] = -1
            self._known = 0
        loops.operations[self._core, self._known : count] = self.code.operations[self._known :]
        self._known = count
        progress = self._pipe.progress[self._core]
        progress["cm"] = 0
        code = self.code
        time_blocks(
            self._shared.constants, self._pipe, self._shared.memory, loops, self._core,
            code.spans, code.blocks, (code.runs, code.executions),
            (trace.blocks, trace.following, trace.first_accesses, trace.accesses),
        )  # fmt: skip
        cycles = loops.cm_issue[self._core, : int(progress["cm"])].copy()
        if len(cycles):
            self.last_cm_cycle = int(cycles[-1])
        return cycles

    @property
    def cycle(self) -> int:
        """Cycle in which the last operation commits."""
        return int(self._pipe.progress["commit"][self._core])

    @property
    def counts(self) -> tuple[int, int]:
        """Cycles of waiting for memory, and instructions."""
        progress = self._pipe.progress[self._core]
        return int(progress["wait"]), int(progress["instructions"])

    def delay(self, cycles: int) -> None:
        """Push everything in flight back by some cycles."""
        if cycles > 0:
            shift_pipeline(self._pipe, self._core, cycles)
            self.last_cm_cycle += cycles
