# SPDX-License-Identifier: Apache-2.0
"""What a sweep will take, from those of its runs that are finished, or from its first ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine_cosim.campaigns.executor import LocalProcesses
from alpine_cosim.campaigns.store import ResultStore
from alpine_models.plurals import counted

from .plan import SweepPlan
from .runs import FILE, measured_run

__all__ = ["Estimate", "estimate"]

FIRST = 3
"""Runs that are made where none is finished."""

KNOWN = 1000
"""Finished runs that are looked at, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What is known of a sweep before it runs.

    Members
    -------
    runs, finished : of the sweep, and in its folder.
    measured : runs from which the rest follows; 0 where all of them failed.
    seconds : of a run, on average.
    memory_bytes : of a process, the most.
    error : of the first of the measured runs that failed, or None.
    """

    runs: int
    finished: int
    measured: int
    seconds: float
    memory_bytes: int
    error: str | None

    def text(self, jobs: int | None) -> str:
        """Return everything in words; of a cluster, whose size may change, only its work."""
        told = f"{counted(self.runs, 'run')}, {self.finished:,} of them finished"
        if self.error is not None:
            told += f"; one failed: {self.error}"
        if not self.measured:
            return told
        left = (self.runs - self.finished) * self.seconds
        told += (
            f"; from {counted(self.measured, 'run')}: {self.seconds:.3g} s each, "
            f"{self.memory_bytes / 2**30:.2g} GB per process, {_duration(left)} of one process"
        )
        if jobs is None:
            return told
        memory = jobs * self.memory_bytes / 2**30
        processes = f"{jobs} process{'' if jobs == 1 else 'es'}"
        return f"{told}; {_duration(left / jobs)} and {memory:.2g} GB on {processes}"


def estimate(plan: SweepPlan, folder: Path) -> Estimate:
    """Return what a sweep will take; runs that are made for it are not kept.

    Runs may differ, so this is no more than a first idea. The first run of a process, which loads
    and compiles, is left out where there are others.

    Raises
    ------
    AlpineError
        The folder cannot be read.
    """
    records: list[dict[str, Any]] = []
    finished = 0
    if (folder / FILE).exists():
        store = ResultStore(folder)
        for run in plan.runs:
            record = store.find(run.identity())
            finished += record is not None
            if record is not None and len(records) < KNOWN:
                records.append(record)
    hosts = [record["host"] for record in records if "host" in record]
    error = next((record["error"] for record in records if "error" in record), None)
    if not hosts:
        for outcome in LocalProcesses(1).outcomes(measured_run, plan.runs[:FIRST]):
            if outcome.value is not None:
                hosts.append(outcome.value["host"])
            elif error is None:
                error = str(outcome.error)
    seconds = [host["run_seconds"] for host in hosts[1:] or hosts]
    return Estimate(
        runs=len(plan.runs),
        finished=finished,
        measured=len(hosts),
        seconds=sum(seconds) / max(len(seconds), 1),
        memory_bytes=max((host["peak_memory_bytes"] for host in hosts), default=0),
        error=error,
    )


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
