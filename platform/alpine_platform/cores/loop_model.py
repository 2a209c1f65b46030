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
from .trace_model import TracePipeline

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
        traced, batch = self._traced, operation.batch
        if traced is None or traced.code is not operation.code:
            traced = self._traced = TracePipeline(
                self._pipelines, self._number, operation.code, cycle=self._cycle
            )
        before = traced.counts
        previous = traced.last_cm_cycle
        cycles = traced.time(operation.trace, cm_instructions=len(batch))
        if len(cycles) != len(batch):
            raise ValueError(miscounted(len(cycles), batch))
        parts: list[CmResult] = []
        late = 0
        if len(batch):
            self._set_gaps(batch, cycles, previous, wait=False)
            parts.append(execute(batch, previous * self._period_fs))
            late = self._late(parts[0], cycles, wait=operation.wait)
            traced.delay(late)
        delay = traced.cycle * self._period_fs - int(self._env.now)
        if delay > 0:
            yield self._env.timeout(delay)
        wait_cycles, instructions = traced.counts
        loop = LoopCost(wait_cycles=wait_cycles - before[0], instructions=instructions - before[1])
        return CoupledCost(loop=loop, parts=parts, late_cycles=late)

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
