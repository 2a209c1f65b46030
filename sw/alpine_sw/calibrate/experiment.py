# SPDX-License-Identifier: Apache-2.0
"""An experiment: how to repeat a reference run on the platform."""

import math
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from alpine_models import isa
from alpine_platform.accelerators.tile_port import NO_DEPENDENCY, CmBatch, CmResult
from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Compute, Fence, Operation, Program
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System
from alpine_platform.time import ceil_to_edge
from alpine_sw.kernels.bodies import BODIES

__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Measured",
    "ReferenceUnits",
    "Regions",
    "experiment",
    "play",
    "timed",
]

PROCESS_FS = 100_000_000
MARKER_CYCLES = 25
MARKER_INSTRUCTIONS = 15
"""What the instructions that delimit a region cost, by the reference's README: counted in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Per unit of work, but for misses, row hits and the working sets of loop bodies.

    Members
    -------
    row_hits : share of the DRAM's reads that found their row open; not a number where the region
        is not a whole run.
    """

    cycles: float
    instructions: float
    llc_misses: float
    row_hits: float = math.nan
    working_sets: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """A reference run's counterpart.

    Members
    -------
    name : of the reference run.
    group : under which the calibration page lists it.
    run : executes it on a system.
    body : loop body that this run may calibrate, or None.
    working_set_bytes : for the range in which the body counts as checked, besides what it ran on.
    executions : how often the reference's region repeats what ours does once.
    """

    name: str
    group: str
    run: Callable[[SystemConfig], Measured]
    body: str | None = None
    working_set_bytes: int = 0
    executions: int = 1


EXPERIMENTS: dict[str, Experiment] = {}
"""Every experiment by name."""


def experiment(
    name: str,
    group: str,
    run: Callable[[SystemConfig], Measured],
    *,
    body: str | None = None,
    working_set_bytes: int = 0,
    executions: int = 1,
) -> None:
    """Enter an experiment."""
    EXPERIMENTS[name] = Experiment(
        name=name,
        group=group,
        run=run,
        body=body,
        working_set_bytes=working_set_bytes,
        executions=executions,
    )


def play(operations: Iterable[Operation]) -> Program:
    """Turn operations into a program."""
    # Not `yield from`: a list takes no results.
    for operation in operations:  # noqa: UP028
        yield operation


def timed(
    system: System, programs: Mapping[int, Program], reps: float, *, regions: float = 1
) -> Measured:
    """Run programs and report per unit of work, with the markers of so many regions."""
    result: SystemResult = system.run(programs)
    cycles = result.time_fs / system.config.core.period_fs + regions * MARKER_CYCLES
    return Measured(
        cycles=cycles / reps,
        instructions=(result.instructions + regions * MARKER_INSTRUCTIONS) / reps,
        llc_misses=result.memory.l2_misses,
        row_hits=result.memory.dram_row_hit_share,
        working_sets=result.working_sets,
    )


@contextmanager
def placed(name: str, line_offset_bytes: int) -> Generator[None]:
    """Let a loop body of the library begin somewhere in a fetch line for a while."""
    before = BODIES[name]
    BODIES[name] = replace(before, line_offset_bytes=line_offset_bytes)
    try:
        yield
    finally:
        BODIES[name] = before


class Regions:
    """Counts of a program's regions, as the reference's markers delimit them.

    At a marker all stores end and the marker's own instructions run, which count in the region
    that begins. Counters are sums over cores.

    Parameters
    ----------
    system : whose counters are read.
    instructions : of one marker.
    """

    def __init__(self, system: System, *, instructions: int = MARKER_INSTRUCTIONS) -> None:
        self._system = system
        self._instructions = instructions
        self._totals: dict[str, list[float]] = {}
        self._open: tuple[str, list[float]] | None = None

    def begin(self, name: str) -> Program:
        """End the region before and begin one."""
        yield from self.end()
        self._open = name, self._counts()
        yield Compute(cycles=MARKER_CYCLES, instructions=self._instructions)

    def end(self) -> Program:
        """End the open region, if there is one."""
        yield Fence()
        if self._open is not None:
            name, start = self._open
            total = self._totals.setdefault(name, [0.0] * len(start))
            for place, (now, then) in enumerate(zip(self._counts(), start, strict=True)):
                total[place] += now - then
            self._open = None

    def forget(self) -> None:
        """Drop what was counted so far: it warmed up."""
        self._totals.clear()

    def measured(self, name: str, reps: float, *, spinning: bool = False) -> Measured:
        """Report one region per unit of work.

        Where other cores spin, instructions are not known: a core counts them when it goes on.
        """
        cycles, instructions, misses = self._totals[name]
        return Measured(
            cycles=cycles / reps,
            instructions=math.nan if spinning else instructions / reps,
            llc_misses=misses,
            working_sets=self._system.working_sets.as_dict(),
        )

    def _counts(self) -> list[float]:
        system = self._system
        return [
            int(system.env.now) / system.config.core.period_fs,
            sum(core.stats.instructions for core in system.cores),
            system.llc_misses,
        ]


class ReferenceUnits:
    """A tile port that answers as the reference's functional units do, in program order.

    CM_PROCESS takes 100 ns, everything else the latency of the released code, both rounded up to
    core cycles; results are zeros. With it the software's loops are compared, not the tile.
    """

    tile_period_fs = 1_000_000

    def __init__(self, config: SystemConfig) -> None:
        self.latency = config.core.cm_latency_cycles

    def execute(
        self, batch: CmBatch, *, start_fs: int, core_period_fs: int, tile: int = 0
    ) -> CmResult:
        """Answer a batch."""
        count = len(batch)
        process = (batch["word"] >> 21) == int(isa.CmOpcode.PROCESS)
        latency = np.where(
            process, ceil_to_edge(PROCESS_FS, core_period_fs), self.latency * core_period_fs
        )
        issue = start_fs + np.cumsum(batch["gap_fs"])
        if count > 1 and (batch["response_gap_fs"][1:] != NO_DEPENDENCY).any():
            # Gaps already hold the latency these units have, so no response comes too late.
            needed = issue[:-1] + latency[:-1] + batch["response_gap_fs"][1:]
            late = np.where(batch["response_gap_fs"][1:] == NO_DEPENDENCY, 0, needed - issue[1:])
            issue[1:] += np.maximum.accumulate(np.maximum(late, 0))
        response = issue + latency
        edge = -(-response // self.tile_period_fs)
        return CmResult(
            rd=np.zeros(count, np.uint64),
            status=np.zeros(count, np.uint8),
            issue_fs=issue,
            accept_cycle=-(-issue // self.tile_period_fs),
            complete_cycle=edge,
            response_fs=response,
        )
