# SPDX-License-Identifier: Apache-2.0
"""Many runs with one fault each: drawn by seed, spread over processes, resumed where they ended."""

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from alpine_cosim.campaigns.completion import Finished, completed
from alpine_cosim.campaigns.executor import (
    Executor,
    LocalProcesses,
    ThisProcess,
    WorkerDiedError,
)
from alpine_cosim.campaigns.store import ResultStore
from alpine_cosim.spec.network import Task
from alpine_cosim.spec.specification import RunSpec
from alpine_models.errors import AlpineError

from .kinds import Fault, fault_text, parse_fault
from .repeated_run import FaultResult, FaultSession
from .sites import Group, check_fault, draw_fault, groups, sites_of

__all__ = ["Campaign", "CampaignPlan", "Failure", "Injection", "InjectionResult", "run_campaign"]

RUNS_PER_WORKER = 50
"""Runs that take about as long as starting a process for them."""

CHOSEN = "chosen"
"""Group of the faults that a person names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignPlan:
    """Everything that decides a campaign's results.

    Members
    -------
    spec : of the run into which faults are injected, on engine rtl, its first chip; its seed is
        that of the draws as well.
    runs : faults drawn in each group.
    sites : names of groups, see `sites.groups`; empty for every block and all registers together.
    by_register : one group per register.
    faults : texts of chosen faults, instead of drawn ones.

    Raises
    ------
    AlpineError
        The run is of a program, whose outputs are not known.
    """

    spec: RunSpec
    runs: int
    sites: tuple[str, ...] = ()
    by_register: bool = False
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.spec.check_network("a fault campaign")

    def task(self) -> Task:
        """Return what runs; raises `AlpineError` for what the network cannot do."""
        return self.spec.task()

    def session(self, task: Task, *, trace: Path | None = None) -> FaultSession:
        """Return tiles with the task's weights."""
        spec = self.spec
        return FaultSession(task, spec.system.config, device=spec.chip_series, trace=trace)


@dataclass(frozen=True, kw_only=True, slots=True)
class Injection:
    """One run that is to be made. Members: group, index : its place. fault : Fault."""

    group: str
    index: int
    fault: Fault


@dataclass(frozen=True, kw_only=True, slots=True)
class InjectionResult:
    """One run that was made. Members: injection : Injection. result : FaultResult."""

    injection: Injection
    result: FaultResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Runs that this program could not make.

    Members
    -------
    injection : the run; None for all that were left when processes died.
    error : what the exception says.
    """

    injection: Injection | None
    error: str

    def __str__(self) -> str:
        """Name the run and what happened."""
        injection = self.injection
        if injection is None:
            return self.error
        fault = fault_text(injection.fault)
        return f"run {injection.index} of {injection.group}, fault {fault}: {self.error}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """What a campaign found.

    Members
    -------
    plan : CampaignPlan. groups : the compared groups, in order.
    records : of all runs made, by group and index. failures : of runs that could not be.
    score : of the run without faults, accuracy or bits per character, or None.
    score_is_accuracy : bool. time_s : simulated time of that run.
    busy_cycles : its busy tile cycles, over all tiles.
    planned : runs that the plan asks for. interrupted : whether a person ended it earlier.
    reused : records that an earlier campaign made.
    """

    plan: CampaignPlan
    groups: Sequence[Group]
    records: Sequence[InjectionResult]
    failures: Sequence[Failure]
    score: float | None
    score_is_accuracy: bool
    time_s: float
    busy_cycles: int
    planned: int
    interrupted: bool
    reused: int = 0

    @property
    def complete(self) -> bool:
        """Whether every planned run was made."""
        return len(self.records) == self.planned


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultyRun:
    """One run that is to be made, for the campaign's executor and store."""

    plan: CampaignPlan
    injection: Injection

    def identity(self) -> dict[str, Any]:
        """Return what the result depends on, but for the code."""
        return {"spec": self.plan.spec.identity(), "fault": fault_text(self.injection.fault)}


@dataclass
class _Progress:
    """What came of the runs so far; what an interruption leaves."""

    made: list[InjectionResult] = field(default_factory=list[InjectionResult])
    failures: list[Failure] = field(default_factory=list[Failure])
    interrupted: bool = False
    reused: int = 0

    @classmethod
    def beginning_with(
        cls, known: Sequence[InjectionResult], wanted: Sequence[Injection]
    ) -> "tuple[_Progress, list[Injection]]":
        """Return what is known already, and what is missing.

        That is row by row in turn, so that an interrupted campaign has runs of every row.
        """
        found = {each.injection: each for each in known}
        made = [found[injection] for injection in wanted if injection in found]
        missing = [injection for injection in wanted if injection not in found]
        progress = cls(made=made, reused=len(made))
        return progress, sorted(missing, key=lambda injection: injection.index)

    def add(self, finished: Finished[FaultyRun]) -> None:
        """Note how a run ended; other runs do not depend on that."""
        injection, error = finished.work.injection, finished.error
        self.reused += finished.reused
        if finished.record is not None:
            result = FaultResult.of(finished.record)
            self.made.append(InjectionResult(injection=injection, result=result))
        elif isinstance(error, WorkerDiedError):
            # Every run that is left has this error, and none says which process died.
            if not any(failure.injection is None for failure in self.failures):
                self.failures.append(Failure(injection=None, error=str(error)))
        else:
            # Whatever it is: hours of other runs are worth more than its traceback.
            text = f"{type(error).__name__}: {error}"
            self.failures.append(Failure(injection=injection, error=text))


def run_campaign(
    plan: CampaignPlan,
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    known: Sequence[InjectionResult] = (),
    store: ResultStore | None = None,
    trace: Path | None = None,
    on_stage: Callable[[str, int], None] = lambda stage, total: None,
    on_step: Callable[[], None] = lambda: None,
) -> Campaign:
    """Run a campaign; Ctrl-C ends it early with the runs made so far, an exception its run only.

    A run's fault depends on the seed, its group's name and its number in the group alone, and its
    result on the fault alone, so neither the number of processes nor the other groups matter.

    Parameters
    ----------
    workers : processes; with 1, everything happens in this one. None is one per processor, but
        none for fewer than `RUNS_PER_WORKER` runs.
    executor : makes the runs in place of those, but for the one without faults; or None.
    known : records of an earlier campaign; runs among them that this plan asks for are not made
        again.
    store : keeps every run as soon as it is made, and has those which need not be made again; or
        None.
    trace : directory for a waveform of every run and tile, of chosen faults only; or None.
    on_stage, on_step : told what begins, in how many steps, and each step.

    Raises
    ------
    AlpineError
        A number is out of range, a site does not exist, or a flip comes after the run.
    """
    _check_numbers(plan, workers)
    task = plan.task()
    sites = sites_of(task.workload)
    compared = [] if plan.faults else groups(sites, plan.sites, by_register=plan.by_register)
    chosen = [
        Injection(group=CHOSEN, index=index, fault=parse_fault(text))
        for index, text in enumerate(plan.faults)
    ]
    for injection in chosen:
        check_fault(injection.fault, sites, task.workload)
    on_stage("building the tile and running it without faults", 0)
    with plan.session(task, trace=trace) as session:
        for injection in chosen:
            session.check(injection.fault)
        wanted = chosen or list(_draw(plan, compared, task, session))
        progress, missing = _Progress.beginning_with(known, wanted)
        on_stage("injecting faults", len(missing))
        used = 1 if trace is not None else _workers(workers, len(missing))
        here = executor is None and used == 1
        made = completed(
            [FaultyRun(plan=plan, injection=injection) for injection in missing],
            partial(_run_here, session) if here else _run_elsewhere,
            store=store,
            executor=executor or (ThisProcess() if here else LocalProcesses(used)),
        )
        try:
            with closing(made):
                for finished in made:
                    progress.add(finished)
                    on_step()
        except KeyboardInterrupt:
            # What was made is the result.
            progress.interrupted = True
        golden = session.golden
    order = {injection: place for place, injection in enumerate(wanted)}
    return Campaign(
        plan=plan,
        groups=compared,
        records=sorted(progress.made, key=lambda made: order[made.injection]),
        failures=progress.failures,
        score=golden.score,
        score_is_accuracy=task.accuracy is not None,
        time_s=golden.time_s,
        busy_cycles=golden.busy_cycles,
        planned=len(wanted),
        interrupted=progress.interrupted,
        reused=progress.reused,
    )


def _check_numbers(plan: CampaignPlan, workers: int | None) -> None:
    if plan.runs < 1:
        raise AlpineError(f"runs must be 1 or more, not {plan.runs}")
    if workers is not None and workers < 1:
        raise AlpineError(f"workers must be 1 or more, not {workers}")


def _workers(asked: int | None, runs: int) -> int:
    most = max(runs, 1) if asked else max(runs // RUNS_PER_WORKER, 1)
    return min(asked or os.cpu_count() or 1, most)


def _draw(
    plan: CampaignPlan, compared: Sequence[Group], task: Task, session: FaultSession
) -> Iterator[Injection]:
    for group in compared:
        for index in range(plan.runs):
            random = np.random.default_rng([plan.spec.seed, zlib.crc32(group.name.encode()), index])
            fault = draw_fault(group, task.workload, session.golden.busy, random)
            yield Injection(group=group.name, index=index, fault=fault)


def _run_here(session: FaultSession, run: FaultyRun) -> dict[str, Any]:
    return asdict(session.run(run.injection.fault, name=f"fault{run.injection.index}"))


def _run_elsewhere(run: FaultyRun) -> dict[str, Any]:
    return _run_here(_session_of(run.plan), run)


@lru_cache(maxsize=1)
def _session_of(plan: CampaignPlan) -> FaultSession:
    """The session of this process, when it is one of several."""
    return plan.session(plan.task())
