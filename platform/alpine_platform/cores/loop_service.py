# SPDX-License-Identifier: Apache-2.0
"""Advances the loops of all cores in step, between the events of everything else."""

from collections.abc import Generator
from typing import Any

import simpy

from alpine_platform.time import ceil_to_edge

from .pipelines import FOREVER, Pipelines

__all__ = ["LoopService"]


class LoopService:
    """Runs the loops that cores hand over and wakes each core when its loop has ended.

    Loops are advanced by compiled code, always the core that is furthest behind, up to the next
    event of the discrete-event kernel, which no loop may pass. L2, bus and DRAM are visited in the
    order in which misses start; what hits L1 is up to 7 ns early (`pipeline.AHEAD_FS`). So there is
    no event per line.

    Parameters
    ----------
    env : the discrete-event kernel.
    pipelines : of all cores.
    """

    def __init__(self, env: simpy.Environment, pipelines: Pipelines) -> None:
        self.env = env
        self.pipelines = pipelines
        self._ends: dict[int, simpy.Event] = {}
        self._wake = env.event()
        env.process(self._serve())

    def run(self, core: int) -> simpy.Event:
        """Hand over the loop that a core has begun; the event comes when it has ended."""
        event = self.env.event()
        self._ends[core] = event
        if not self._wake.triggered:
            self._wake.succeed()
        return event

    def limit_fs(self) -> int:
        """Time of the next event of anything else."""
        following = self.env.peek()
        return FOREVER if following == float("inf") else int(following)

    def _serve(self) -> Generator[simpy.Event, Any, None]:
        while True:
            if not self._ends:
                self._wake = self.env.event()
                yield self._wake
                # Let everything else that happens now begin its loops, too.
                yield self.env.timeout(0)
            limit = self.limit_fs()
            cores = sorted(self._ends)
            core = self.pipelines.advance_together(cores, limit_fs=limit)
            if core is not None:
                self._finish(core)
            else:
                # The next event is due; it was scheduled first, so it comes first.
                periods = (self.pipelines.periods_fs[core] for core in cores)
                edge = min(ceil_to_edge(limit, period) for period in periods)
                yield self.env.timeout(max(edge - int(self.env.now), 0))

    def _finish(self, core: int) -> None:
        end = self.pipelines.cycle(core) * self.pipelines.periods_fs[core]
        delay = end - int(self.env.now)
        self.env.process(self._end(self._ends.pop(core), max(delay, 0)))

    def _end(self, event: simpy.Event, delay: int) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(delay)
        event.succeed()
