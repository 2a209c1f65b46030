# SPDX-License-Identifier: Apache-2.0
"""The compiled models behind typed methods: pipelines of all cores of a system."""

from collections.abc import Sequence

import numpy as np

from alpine_platform.compiled.kernel_state import NEST, OPERATION, PHASE, Ints, Loops, words
from alpine_platform.config import CoreConfig, SystemConfig
from alpine_platform.memory.memory_system import MemorySystem
from alpine_platform.time import LAST_FS, check_time

from . import turns_kernel as kernel
from .loop_body import LoopBody
from .memo_kernel import empty_memo
from .pipeline import Blocks, FlatLoop, Phase, core_constants, flatten, in_order, pipeline_state
from .pipeline_kernel import reset_pipeline, shift_pipeline

__all__ = ["FOREVER", "Pipelines"]

FOREVER = 1 << 62
"""A cycle, and a time, that no run reaches."""


class Pipelines:
    """Pipelines of all in-order cores of a system, and the loops they run.

    Cores of other types have numbers here as well, but never run.

    Parameters
    ----------
    config : the system.
    memory : the memory system that all share.
    remember : keep what loops did and do not compute it again; results do not depend on it.
    """

    def __init__(
        self, config: SystemConfig, memory: MemorySystem, *, remember: bool = True
    ) -> None:
        types = [each.core for numbers, each in config.core_complexes() for _ in numbers]
        self.remember = remember
        self.memory = memory.state
        self.periods_fs = [core.period_fs for core in types]
        self.tile_period_fs = config.tile_clock.period_fs
        self.constants = np.stack([core_constants(core) for core in types])
        self.pipelines = pipeline_state(types)
        self.memo = empty_memo(in_order(types))
        self._blocks = {
            place: Blocks(each.core)
            for place, each in enumerate(config.complexes)
            if isinstance(each.core, CoreConfig)
        }
        self._complexes = [
            place for place, each in enumerate(config.complexes) for _ in range(each.cores)
        ]
        self._contexts: dict[tuple[int, tuple[LoopBody, ...]], int] = {}
        self._next_context = 0
        # The last edges that can be counted, of the clock whose one comes first.
        self._last_fs = min(LAST_FS // period * period for period in self.periods_fs)
        # Python reads and writes numbers faster than records.
        self._progress = words(self.pipelines.progress)
        progress = self.pipelines.progress
        self._commit, self._next, self._cm = progress["commit"], progress["next"], progress["cm"]
        self._instructions, self._wait = progress["instructions"], progress["wait"]
        self._use(empty_loops(config.cached_cores, operations=64, phases=4, table=1, cm_issue=1))

    def begin(
        self, core: int, phases: Sequence[Phase], repeats: int, *, cycle: int, cm_capacity: int = 0
    ) -> None:
        """Start a nest of loops on a core at a cycle."""
        flat = flatten(self._blocks[self._complexes[core]], phases, repeats)
        self._reserve(len(flat.operations), len(flat.phases), len(flat.table), cm_capacity)
        self._operations[core, : len(flat.operations)] = flat.operations
        self._phases[core, : len(flat.phases)] = flat.phases
        self.loops.table[core, : len(flat.table)] = flat.table
        self._nests[core] = (*flat.sizes, self._context(core, flat) if self.remember else -1)
        reset_pipeline(self.pipelines, self._progress, core, cycle)

    def advance(self, core: int, *, limit_cycle: int = FOREVER, stop_at_miss: bool = False) -> bool:
        """Run a core until its loop ends, its issue passes the limit, or a load would miss L1.

        Returns whether the loop has ended.
        """
        return self._run((core,), limit_cycle * self.periods_fs[core], stop_at_miss) >= 0

    def advance_together(self, cores: Sequence[int], *, limit_fs: int = FOREVER) -> int | None:
        """Run several cores in step until one's loop ends, or all have passed the limit.

        Returns the core whose loop has ended, or None.
        """
        core = self._run(cores, limit_fs, False)
        return None if core < 0 else core

    def cycle(self, core: int) -> int:
        """Cycle in which a core's last operation commits."""
        return int(self._commit[core])

    def next_cycle(self, core: int) -> int:
        """Cycle, at or after a limit that stopped a core's loop, in which it would go on."""
        return int(self._next[core])

    def stored_cycle(self, core: int) -> int:
        """Cycle in which the last of a core's stores so far has its line."""
        return int(self.memory.stores[core].max())

    def cm_issue(self, core: int) -> Ints:
        """Issue cycles of the CM instructions of a core's loop so far."""
        return self.loops.cm_issue[core, : self._cm[core]]

    def delay(self, core: int, cycles: int) -> None:
        """Push everything in flight on a core back by some cycles."""
        if cycles > 0:
            shift_pipeline(self.pipelines, core, cycles)
            self.cm_issue(core)[:] += cycles

    def instructions(self, core: int) -> int:
        """Instructions that a core's loops have committed."""
        return int(self._instructions[core])

    def wait_cycles(self, core: int) -> int:
        """Cycles in which a core waited for memory."""
        return int(self._wait[core])

    def _context(self, core: int, flat: FlatLoop) -> int:
        """Number from which a nest's operations count in the remembered states of a complex."""
        key = self._complexes[core], flat.bodies
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = self._next_context
            self._next_context += len(flat.operations)
        return context

    def _run(self, cores: Sequence[int], limit_fs: int, stop: bool) -> int:
        ended = int(
            kernel.run_together(
                self.constants,
                self.pipelines,
                self.memory,
                self.memo,
                np.array(cores, np.int64),
                self.loops,
                min(limit_fs, self._last_fs),
                stop,
            )
        )
        if ended < 0 and limit_fs >= self._last_fs:
            # The edge after the one from which a loop would go on.
            check_time(min((self.next_cycle(core) + 1) * self.periods_fs[core] for core in cores))
        return ended

    def _reserve(self, operations: int, phases: int, table: int, cm_issue: int) -> None:
        have = self.loops
        sizes = (
            max(operations, have.operations.shape[1]),
            max(phases, have.phases.shape[1]),
            max(table, have.table.shape[1]),
            max(cm_issue, have.cm_issue.shape[1]),
        )
        current = (
            have.operations.shape[1],
            have.phases.shape[1],
            have.table.shape[1],
            have.cm_issue.shape[1],
        )
        if sizes == current:
            return
        grown = empty_loops(
            len(have.nests),
            operations=sizes[0],
            phases=sizes[1],
            table=sizes[2],
            cm_issue=sizes[3],
        )
        # Other cores may be in the middle of theirs.
        grown.operations[:, : current[0]] = have.operations
        grown.phases[:, : current[1]] = have.phases
        grown.table[:, : current[2]] = have.table
        grown.cm_issue[:, : current[3]] = have.cm_issue
        grown.nests[:] = have.nests
        self._use(grown)

    def _use(self, loops: Loops) -> None:
        self.loops = loops
        self._operations, self._phases = words(loops.operations), words(loops.phases)
        self._nests = words(loops.nests)


def empty_loops(cores: int, *, operations: int, phases: int, table: int, cm_issue: int) -> Loops:
    """Return room for one loop nest per core."""
    return Loops(
        operations=np.zeros((cores, operations), OPERATION),
        phases=np.zeros((cores, phases), PHASE),
        table=np.zeros((cores, table), np.int64),
        nests=np.zeros(cores, NEST),
        cm_issue=np.zeros((cores, cm_issue), np.int64),
    )
