# SPDX-License-Identifier: Apache-2.0
"""The pipeline of one in-order core under machine code, block after block."""

from dataclasses import dataclass

import numpy as np

from alpine_platform.compiled.kernel_state import Ints, Loops, words

from .machine_code import CODE_REGISTERS, MachineCode, Trace
from .pipeline_kernel import reset_pipeline, shift_pipeline
from .pipelines import Pipelines, empty_loops
from .trace_kernel import AWAITED_CELL, TILE_ANSWERS, time_blocks

__all__ = ["TimedParts", "TracePipeline"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedParts:
    """Parts of a trace of which all but the last end with the programming of a cell.

    Members
    -------
    reached : number of the part behind them. cell_cycles, response_cycles : in which each of these
        instructions issued and was answered. cycles : in which the CM instructions of the last part
        issue; empty where that ends with a cell, too.
    """

    reached: int
    cell_cycles: Ints
    response_cycles: Ints
    cycles: Ints


class TracePipeline:
    """What a core's pipeline remembers from one part of a trace to the next.

    Parameters
    ----------
    pipelines : of all cores, for constants and memory. core : which one.
    code : what it executes. cycle : in which it begins.
    cm_latency_cycles : from the issue of a CM instruction to the expected answer.
    """

    def __init__(
        self,
        pipelines: Pipelines,
        core: int,
        code: MachineCode,
        *,
        cycle: int,
        cm_latency_cycles: int,
    ) -> None:
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
        self._answers = np.zeros(1, TILE_ANSWERS)
        self._answers["core_period_fs"] = pipelines.periods_fs[core]
        self._answers["tile_period_fs"] = pipelines.tile_period_fs
        self._answers["latency"] = cm_latency_cycles
        self._completed: dict[int, int] = {}
        self.last_cm_cycle = cycle
        """Issue of the last CM instruction, or the beginning."""

    def time(self, trace: Trace, parts: Ints, first: int, *, tile: int) -> TimedParts:
        """Time parts of a trace from one on, up to the first that does not end with a cell."""
        begun = int(parts[first - 1, 1]) if first else 0
        loops = self._room_for(int(parts[-1, 1]) - begun)
        progress = self._pipe.progress[self._core]
        progress["cm"] = 0
        code, answers = self.code, self._answers
        answers["part"], answers["complete"] = first, self._completed.get(tile, -1)
        responses = np.zeros(len(parts) - first, np.int64)
        time_blocks(
            self._shared.constants, self._pipe, self._shared.memory, loops, self._core,
            code.spans, code.blocks, (code.runs, code.executions),
            (trace.blocks, trace.following, trace.first_accesses, trace.accesses),
            parts, (answers, responses),
        )  # fmt: skip
        reached = int(answers["part"][0])
        cells = int(np.count_nonzero(parts[first:reached, 2] == AWAITED_CELL))
        cycles = loops.cm_issue[self._core, : int(progress["cm"])].copy()
        return TimedParts(
            reached=reached,
            cell_cycles=cycles[:cells],
            response_cycles=responses[:cells],
            cycles=cycles[cells:],
        )

    def completed(self, tile: int, edge: int) -> None:
        """Remember at which edge of its clock a tile completed its last instruction."""
        self._completed[tile] = edge

    def _room_for(self, cm_instructions: int) -> Loops:
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
        return loops

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
