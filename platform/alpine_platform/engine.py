"""The compiled models behind typed methods: one engine per system, shared by its cores."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from . import engine_kernel as kernel
from . import memory_kernel
from .config import SystemConfig
from .memory import memory_state
from .pipeline import Phase, PipelineState, core_constants, flatten

__all__ = ["Engine", "Progress"]

FOREVER = 1 << 62
SCALE_ONE = 1 << 16
"""Calibration factors are fixed-point numbers with 16 fractional bits, to stay deterministic."""


class Progress:
    """One core's loop under way.

    Members
    -------
    done : bool, whether the loop has ended.
    cycle : int, core cycle up to which its last operation has committed.
    cm_issue : int64 array, issue cycles of its CM instructions so far.
    """

    def __init__(self, loop: kernel.Loop, pipeline: PipelineState) -> None:
        self.loop = loop
        self.scalars = pipeline.arrays.scalars
        self.done = False

    @property
    def cycle(self) -> int:
        return int(self.scalars[kernel.S_COMMIT])

    @property
    def cm_count(self) -> int:
        return int(self.scalars[kernel.S_CM])

    @property
    def cm_issue(self) -> npt.NDArray[np.int64]:
        return self.loop.cm_issue[: self.cm_count]


class Engine:
    """Pipelines of all cores and the memory system they share.

    Parameters
    ----------
    config : the system.
    """

    def __init__(self, config: SystemConfig) -> None:
        self.config = config
        self.constants = core_constants(config.core)
        self.pipelines = [PipelineState(config.core) for _ in range(config.cores)]
        self.memory = memory_state(config)

    def begin(
        self, core: int, phases: Sequence[Phase], repeats: int, *, cycle: int, cm_capacity: int = 0
    ) -> Progress:
        """Start a nest of loops on a core at a cycle."""
        pipeline = self.pipelines[core]
        kernel.reset_pipeline(pipeline.arrays, cycle)
        return Progress(flatten(phases, repeats, cm_capacity), pipeline)

    def advance(
        self,
        core: int,
        progress: Progress,
        *,
        limit_cycle: int = FOREVER,
        stop_at_miss: bool = False,
    ) -> None:
        """Run on until the loop ends, its issue passes the limit, or a load would miss L1."""
        code = kernel.run_loop(
            self.constants,
            self.pipelines[core].arrays,
            self.memory,
            core,
            progress.loop,
            limit_cycle,
            stop_at_miss,
        )
        progress.done = code == kernel.DONE

    def delay(self, core: int, progress: Progress, cycles: int) -> None:
        """Push everything in flight on a core back by some cycles."""
        if cycles > 0:
            kernel.shift_pipeline(self.pipelines[core].arrays, cycles)
            progress.loop.cm_issue[: progress.cm_count] += cycles

    def instructions(self, core: int) -> int:
        """Instructions that a core's loops have committed."""
        return int(self.pipelines[core].arrays.scalars[kernel.S_INSTRUCTIONS])

    def wait_cycles(self, core: int) -> int:
        """Cycles in which a core waited for memory."""
        return int(self.pipelines[core].arrays.scalars[kernel.S_WAIT])

    def counters(self) -> npt.NDArray[np.int64]:
        """Copy of the memory system's counters, one row per core and one for shared parts."""
        return np.array(self.memory.counters, np.int64)

    def counter(self, column: int) -> int:
        """Sum of one counter over cores."""
        return int(self.memory.counters[:, column].sum())

    def would_miss(self, core: int, address: int) -> bool:
        """Whether an access of a core would miss its L1."""
        return bool(memory_kernel.would_miss(self.memory, core, address))
