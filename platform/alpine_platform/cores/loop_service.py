# SPDX-License-Identifier: Apache-2.0
"""Advances the loops of all cores in step, between the events of everything else."""

from collections.abc import Generator
from typing import Any

import simpy

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
    pipelines : pipelines and memory.
    period_fs : period of the core clock.
    """

    def __init__(self, env: simpy.Environment, pipelines: Pipelines, period_fs: int) -> None:
        self.env = env
        self.pipelines = pipelines
        self.period_fs = period_fs
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

    def limit_cycle(self) -> int:
        """First core cycle at or after the next event of anything else."""
        following = self.env.peek()
        return FOREVER if following == float("inf") else -(-int(following) // self.period_fs)

    def _serve(self) -> Generator[simpy.Event, Any, None]:
        while True:
            if not self._ends:
                self._wake = self.env.event()
                yield self._wake
                # Let everything else that happens now begin its loops, too.
                yield self.env.timeout(0)
            limit = self.limit_cycle()
            core = self.pipelines.advance_together(sorted(self._ends), limit_cycle=limit)
            if core is not None:
                self._finish(core)
            else:
                # The next event is due; it was scheduled first, so it comes first.
                yield self.env.timeout(max(limit * self.period_fs - int(self.env.now), 0))

    def _finish(self, core: int) -> None:
        delay = self.pipelines.cycle(core) * self.period_fs - int(self.env.now)
        self.env.process(self._end(self._ends.pop(core), max(delay, 0)))

    def _end(self, event: simpy.Event, delay: int) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(delay)
        event.succeed()
