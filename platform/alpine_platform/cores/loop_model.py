# SPDX-License-Identifier: Apache-2.0
"""The core model of in-order cores: loop bodies on the compiled pipeline."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import simpy

from alpine_platform.accelerators.peripheral_port import IoResult
from alpine_platform.accelerators.tile_port import NO_DEPENDENCY, CmResult
from alpine_platform.config import CoreConfig

from .core_model import Batch, CorePlace, CoupledCost, LoopCost, Result
from .operations import RunTrace
from .pipeline import Phase
from .pipelines import FOREVER
from .trace_model import TimedParts, TracePipeline

__all__ = ["LoopModel"]

CM_WINDOW_CYCLES = 2000
"""How far loops with CM instructions run ahead of other cores: they move a few bytes per hundred
cycles, so that shared resources hardly notice, and a batch per event would be slow."""


class LoopModel:
    """`CoreModel` of an in-order core.

    Parameters
    ----------
    config : the core.
    place : where in the system it stands.
    """

    def __init__(self, config: CoreConfig, place: CorePlace) -> None:
        self._env = place.env
        self._number = place.number
        self._period_fs = place.period_fs
        self._pipelines = place.pipelines
        self._loops = place.loops
        self._cm_latency_cycles = config.cm_latency_cycles
        self._traced: TracePipeline | None = None

    def run_loop(
        self, phases: Sequence[Phase], repeats: int
    ) -> Generator[simpy.Event, Any, LoopCost]:
        """Run a nest of loops; the contract is `CoreModel.run_loop`."""
        self._pipelines.begin(self._number, phases, repeats, cycle=self._cycle)
        before = self._counts()
        yield self._loops.run(self._number)
        return self._since(before)

    def run_coupled_loop(
        self,
        phases: Sequence[Phase],
        repeats: int,
        batch: Batch,
        execute: Callable[[Batch, int], Result],
        *,
        wait: bool,
    ) -> Generator[simpy.Event, Any, CoupledCost[Result]]:
        """Alternate between the pipeline, up to a miss, and what is coupled to the core.

        The contract is `CoreModel.run_coupled_loop`.
        """
        start = self._cycle
        before = self._counts()
        pipelines, number = self._pipelines, self._number
        pipelines.begin(number, phases, repeats, cycle=start, cm_capacity=len(batch))
        parts: list[Result] = []
        issued = late_cycles = 0
        while True:
            done = pipelines.advance(number, limit_cycle=self._limit_cycle(), stop_at_miss=True)
            issue_cycles = pipelines.cm_issue(number)
            count = len(issue_cycles)
            if count > len(batch):
                raise ValueError(miscounted(count, batch))
            if count > issued:
                cycles = issue_cycles[issued:count].copy()
                previous = start if not issued else int(issue_cycles[issued - 1])
                part = batch[issued:count]
                self._set_gaps(part, cycles, previous, wait=wait)
                result = execute(part, previous * self._period_fs)
                parts.append(result)
                late = self._late(result, cycles, wait=wait)
                pipelines.delay(number, late)
                late_cycles += late
                issued = count
            # A loop that the limit has stopped may have nothing to commit until long after it.
            going_on = 0 if done else pipelines.next_cycle(number) - CM_WINDOW_CYCLES
            delay = max(pipelines.cycle(number), going_on) * self._period_fs - int(self._env.now)
            if delay > 0:
                yield self._env.timeout(delay)
            if done:
                break
        if issued != len(batch):
            raise ValueError(miscounted(issued, batch))
        return CoupledCost(loop=self._since(before), parts=parts, late_cycles=late_cycles)

    def run_trace(
        self, operation: RunTrace, execute: Callable[[Batch, int], CmResult]
    ) -> Generator[simpy.Event, Any, CoupledCost[CmResult]]:
        """Go on with the time of a trace; the contract is `TraceModel.run_trace`.

        Only one core runs machine code so far, so that its part of the trace is timed at once.
        """
        traced, batch, parts = self._traced, operation.batch, operation.parts
        if traced is None or traced.code is not operation.code:
            traced = self._traced = TracePipeline(
                self._pipelines,
                self._number,
                operation.code,
                cycle=self._cycle,
                cm_latency_cycles=self._cm_latency_cycles,
            )
        before = traced.counts
        results: list[CmResult] = []
        late = first = issued = 0
        while first < len(parts):
            timed = traced.time(operation.trace, parts, first, tile=operation.tile)
            first, cells = timed.reached, len(timed.cell_cycles)
            end = int(parts[first - 1, 1])
            if cells + len(timed.cycles) != end - issued:
                raise ValueError(miscounted(len(timed.cycles), batch[issued + cells : end]))
            if cells:
                results.append(self._program_cells(traced, timed, batch[issued:][:cells], execute))
            if len(timed.cycles):
                part, previous = batch[issued + cells : end], traced.last_cm_cycle
                self._set_gaps(part, timed.cycles, previous, wait=False)
                results.append(execute(part, previous * self._period_fs))
                traced.last_cm_cycle = int(timed.cycles[-1])
                wait = bool(parts[first - 1, 2])
                delayed = self._late(results[-1], timed.cycles, wait=wait)
                traced.delay(delayed)
                late += delayed
            if results:
                traced.completed(operation.tile, int(results[-1].complete_cycle[-1]))
            issued = end
        delay = traced.cycle * self._period_fs - int(self._env.now)
        if delay > 0:
            yield self._env.timeout(delay)
        wait_cycles, instructions = traced.counts
        loop = LoopCost(wait_cycles=wait_cycles - before[0], instructions=instructions - before[1])
        return CoupledCost(loop=loop, parts=results, late_cycles=late)

    def _program_cells(
        self,
        traced: TracePipeline,
        timed: TimedParts,
        batch: Batch,
        execute: Callable[[Batch, int], CmResult],
    ) -> CmResult:
        """Have cells programmed whose answers the pipeline has already reckoned with."""
        issue, response = timed.cell_cycles, timed.response_cycles
        batch["gap_fs"] = np.diff(issue, prepend=traced.last_cm_cycle) * self._period_fs
        batch["response_gap_fs"] = NO_DEPENDENCY
        batch["response_gap_fs"][1:] = (issue[1:] - response[:-1]) * self._period_fs
        result = execute(batch, traced.last_cm_cycle * self._period_fs)
        if (result.response_fs != response * self._period_fs).any():
            raise ValueError("a tile programs cells at other times than the rules of its port say")
        traced.last_cm_cycle = int(issue[-1]) + max(
            0, int(response[-1]) - int(issue[-1]) - self._cm_latency_cycles
        )
        return result

    def stored_cycle(self) -> int:
        """Cycle in which the last of the core's stores so far has its line."""
        return self._pipelines.stored_cycle(self._number)

    @property
    def _cycle(self) -> int:
        return -(-int(self._env.now) // self._period_fs)

    def _limit_cycle(self) -> int:
        limit = -(-self._loops.limit_fs() // self._period_fs)
        return min(limit + CM_WINDOW_CYCLES, FOREVER)

    def _counts(self) -> tuple[int, int]:
        return (
            self._pipelines.wait_cycles(self._number),
            self._pipelines.instructions(self._number),
        )

    def _since(self, before: tuple[int, int]) -> LoopCost:
        wait_cycles, instructions = self._counts()
        return LoopCost(wait_cycles=wait_cycles - before[0], instructions=instructions - before[1])

    def _set_gaps(
        self, part: Batch, cycles: npt.NDArray[np.int64], previous: int, *, wait: bool
    ) -> None:
        """Set the gaps to those between the cycles that the pipeline model found."""
        gaps = np.diff(cycles, prepend=previous)
        part["gap_fs"] = gaps * self._period_fs
        part["response_gap_fs"] = NO_DEPENDENCY
        if wait and len(part) > 1:
            dependent = np.maximum(gaps[1:] - self._cm_latency_cycles, 0)
            part["response_gap_fs"][1:] = dependent * self._period_fs

    def _late(self, part: CmResult | IoResult, cycles: npt.NDArray[np.int64], *, wait: bool) -> int:
        """Cycles by which the batch is behind what the pipeline model assumed."""
        late = int(part.issue_fs[-1]) // self._period_fs - int(cycles[-1])
        if wait:
            assumed = int(cycles[-1]) + self._cm_latency_cycles
            late = max(late, -(-int(part.response_fs[-1]) // self._period_fs) - assumed)
        return max(late, 0)


def miscounted(count: int, batch: Batch) -> str:
    """Say that loops and batch do not fit together."""
    return f"the loops hold {count} CM instructions or accesses, the batch {len(batch)}"
