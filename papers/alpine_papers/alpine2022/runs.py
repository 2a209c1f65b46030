# SPDX-License-Identifier: Apache-2.0
"""The report's runs: those that are finished, and the rest on several processes."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from alpine_cosim.campaigns.completion import complete
from alpine_cosim.campaigns.executor import Executor, LocalProcesses
from alpine_cosim.campaigns.store import Record, ResultStore
from alpine_cosim.spec.specification import RunSpec

from .plans import Effort, at_effort, label_of

__all__ = ["complete_plans", "record_of"]


def complete_plans(
    plans: Sequence[RunSpec],
    folder: Path,
    *,
    effort: Effort = Effort.NORMAL,
    jobs: int = 1,
    executor: Executor | None = None,
    on_run: Callable[[RunSpec, bool], None] = lambda plan, reused: None,
    on_damaged: Callable[[Path, int], None] = lambda path, line: None,
) -> dict[RunSpec, Record]:
    """Return the results of all plans, running those that no earlier call has finished.

    Parameters
    ----------
    folder : of the results; made if needed.
    effort : decides on the engines.
    jobs : processes that run them.
    executor : runs them in place of those, or None.
    on_run : told of each plan when it is done, and whether an earlier result served.
    on_damaged : told of every line of the folder's file that cannot be used.

    Raises
    ------
    AlpineError
        A run failed; all others were made and are kept.
    """
    plan_of = {at_effort(plan, effort): plan for plan in plans}
    records = complete(
        list(plan_of),
        record_of,
        store=ResultStore(folder, on_damaged=on_damaged),
        executor=executor or LocalProcesses(jobs),
        label=lambda spec: label_of(plan_of[spec]),
        on_done=lambda spec, reused: on_run(plan_of[spec], reused),
    )
    return {plan_of[spec]: record for spec, record in records.items()}


def record_of(spec: RunSpec) -> Record:
    """Run a specification; return its result as its JSON holds it, and what it took."""
    from alpine_cosim.runs.network_run import run

    before = _processor_seconds()
    record: Record = json.loads(run(spec).to_json())
    return {**record, "processor_seconds": _processor_seconds() - before}


def _processor_seconds() -> float:
    """Of this process and of the compilers that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
