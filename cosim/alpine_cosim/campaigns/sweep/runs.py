# SPDX-License-Identifier: Apache-2.0
"""The runs of a sweep: made, kept in a folder, made again where they failed."""

import json
import os
import resource
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from alpine_cosim.campaigns.completion import Finished, completed, error_text
from alpine_cosim.campaigns.executor import Executor, WorkerDiedError
from alpine_cosim.campaigns.store import LARGE, Record, ResultStore
from alpine_cosim.code_digest import LIBRARIES
from alpine_cosim.spec.specification import RunSpec
from alpine_cosim.spec.trees import tree
from alpine_models import __version__
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder, write_text
from alpine_models.provenance import library_versions

from .definition import SweepDefinition, definition_from_text, read_definition
from .plan import SweepPlan

__all__ = ["FILE", "SweepOutcome", "failed_record", "measured_run", "open_folder", "run_sweep"]

FILE, LOCK = "sweep.toml", "sweep.lock"

HOST = ("host_seconds", "host_tile_cycles_per_second", "host_profile_s")
"""What of a result depends on the machine, beside the processor time."""

Told = Callable[[Finished[RunSpec]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepOutcome:
    """How a sweep ended.

    Members
    -------
    runs : that it has. reused : results of earlier calls among them.
    failed : runs whose row is an error. lost : runs without a row, as their process was killed.
    """

    runs: int
    reused: int
    failed: int
    lost: int


def run_sweep(
    plan: SweepPlan,
    folder: Path,
    *,
    executor: Executor,
    retry_failed: bool = False,
    on_finished: Told = lambda finished: None,
    on_damaged: Callable[[Path, int], None] = lambda path, line: None,
) -> SweepOutcome:
    """Make all runs of a sweep that its folder does not have.

    A run that fails is kept with its error and ends no other. Whatever ends the call, everything
    that was finished is kept, and the same call goes on from there.

    Parameters
    ----------
    folder : of `open_folder`.
    executor : makes the runs; what they give does not depend on it.
    retry_failed : make the runs again that failed in an earlier call.
    on_finished : told of every run as soon as it is kept.
    on_damaged : as of `ResultStore`.

    Raises
    ------
    AlpineError
        Another sweep runs in the folder, a result cannot be kept, or the executor's cluster is
        gone.
    """
    reused = failed = lost = 0
    try:
        with FileLock(folder / LOCK, timeout=0):
            finished_runs = completed(
                plan.runs,
                _measured_with_statistics if plan.definition.statistics else measured_run,
                store=ResultStore(folder, on_damaged=on_damaged),
                executor=executor,
                failed=failed_record,
                again=lambda record: retry_failed and "error" in record,
            )
            with closing(finished_runs):
                for finished in finished_runs:
                    reused += finished.reused
                    lost += finished.record is None
                    failed += finished.record is not None and "error" in finished.record
                    on_finished(finished)
    except Timeout:
        raise AlpineError(
            f"folder {folder} is in use by a sweep that is running: wait for its end, or choose "
            "another folder with --out"
        ) from None
    return SweepOutcome(runs=len(plan.runs), reused=reused, failed=failed, lost=lost)


def open_folder(folder: Path, text: str, *, extend: bool = False) -> None:
    """Make a folder for a sweep's results, or check that it is this sweep's.

    Parameters
    ----------
    text : of the sweep file, which is kept in the folder.
    extend : add this sweep's runs to a folder of another one.

    Raises
    ------
    AlpineError
        The folder holds another sweep, or cannot be made.
    """
    kept = folder / FILE
    if kept.exists() and not extend:
        before, now = read_definition(kept), definition_from_text(text)
        if _differing(before, now):
            raise AlpineError(
                f"folder {folder} holds another sweep, which differs in {_differing(before, now)}: "
                "choose another folder with --out, or add to it with --extend"
            )
    elif not kept.exists() and folder.is_dir() and any(folder.glob("results.jsonl")):
        raise AlpineError(
            f"folder {folder} holds results of something else than a sweep: choose another with "
            "--out"
        )
    make_folder(folder)
    write_text(kept, text)


def measured_run(spec: RunSpec) -> Record:
    """Make a run; return its result as its JSON has it, without what is large, and its costs.

    In the record ``spec`` is what ran, with the names of files, and ``host`` holds what depends on
    the machine: seconds of the inferences and of the whole run, processor seconds, and the most
    memory that the process has had.
    """
    record = _measured_with_statistics(spec)
    del record[LARGE]
    return record


def failed_record(spec: RunSpec, error: Exception) -> Record | None:
    """Return what is kept of a run that failed; of one that may not have, nothing."""
    if isinstance(error, WorkerDiedError):
        return None
    return {"spec": tree(spec), "error": error_text(error), "versions": _versions()}


def _measured_with_statistics(spec: RunSpec) -> Record:
    from alpine_cosim.runs.network_run import run

    start, before = time.perf_counter(), _processor_seconds()
    result: dict[str, Any] = json.loads(run(spec).to_json())
    host = {name.removeprefix("host_"): result.pop(name) for name in HOST}
    host["run_seconds"] = time.perf_counter() - start
    host["processor_seconds"] = _processor_seconds() - before
    host["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    large = {name: result.pop(name) for name in ("stats", "cores")}
    kept = {"spec": tree(spec), "result": result, "host": host, "versions": _versions()}
    return {**kept, LARGE: large}


@cache
def _versions() -> dict[str, str]:
    return {"alpine-cosim": __version__, **library_versions(LIBRARIES)}


def _processor_seconds() -> float:
    """Of this process and of the compilers that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _differing(one: SweepDefinition, other: SweepDefinition) -> str:
    """Names of entries that differ, of those on which the rows depend."""
    members = ("combine", "statistics", "fixed", "axes", "points", "drop")
    return ", ".join(name for name in members if getattr(one, name) != getattr(other, name))
