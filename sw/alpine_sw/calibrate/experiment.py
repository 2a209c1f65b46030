"""An experiment: how to repeat a reference run on the platform."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from alpine_models import isa
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Operation, Program
from alpine_platform.system import RunResult, System
from alpine_platform.tile_port import NO_DEPENDENCY, CmBatch, CmResult
from alpine_platform.time import ceil_to_edge

__all__ = ["EXPERIMENTS", "Experiment", "Measured", "ReferenceUnits", "experiment", "play", "timed"]

PROCESS_FS = 100_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What the platform says, per unit of work but for the misses."""

    cycles: float
    instructions: float
    llc_misses: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """A reference run's counterpart.

    Members
    -------
    name : of the reference run.
    group : under which the calibration page lists it.
    run : executes it on a system.
    body : loop body that this run may calibrate, or None.
    working_set_bytes : for the range in which the body counts as checked.
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
    yield from operations


def timed(system: System, programs: Mapping[int, Program], reps: float) -> Measured:
    """Run programs and report per unit of work."""
    result: RunResult = system.run(programs)
    return Measured(
        cycles=result.time_fs / system.config.core.period_fs / reps,
        instructions=result.instructions / reps,
        llc_misses=result.memory.l2_misses,
    )


class ReferenceUnits:
    """A tile port that answers as the reference's functional units do, in program order.

    CM_PROCESS takes 100 ns, everything else the latency of the released code, both rounded up to
    core cycles; results are zeros. With it the software's loops are compared, not the tile.
    """

    tile_period_fs = 1_000_000
    tile_count = 1
    busy_cycles = 0

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
