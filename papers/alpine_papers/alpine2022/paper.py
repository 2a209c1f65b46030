# SPDX-License-Identifier: Apache-2.0
"""ALPINE's report, as `alpine paper` makes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpine_cosim.commands.progress import progress_bars
from alpine_models.plurals import counted
from alpine_papers.paper import Paper, ReportRequest

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from alpine_cosim.campaigns.store import Record
    from alpine_cosim.spec.specification import RunSpec

__all__ = ["PAPER"]

LONGEST = 3
"""Runs that are named with what they took."""


def make_report(request: ReportRequest) -> bool:
    """Run the explorations, keep the runs in the folder, and write the report's files."""
    from . import (
        EXPLORATIONS,
        Effort,
        complete_plans,
        label_of,
        plans_for,
        write_docs_pages,
        write_report,
    )

    effort = Effort.QUICK if request.quick else Effort.FULL if request.full else Effort.NORMAL
    names = list(EXPLORATIONS) if request.part is None else [request.part]
    plans = plans_for(names, effort)
    with progress_bars() as progress:
        task = progress.add_task("running", total=len(plans))
        records = complete_plans(
            plans,
            request.out / "runs",
            effort=effort,
            jobs=request.jobs,
            executor=request.executor,
            on_run=lambda plan, reused: _advance(progress, task, label_of(plan)),
            on_damaged=_tell_damaged,
        )
    click.echo(_cost(records))
    for path in write_report(records, names, effort, request.out):
        click.echo(path)
    if request.write_docs is not None:
        for path in write_docs_pages(records, names, effort, request.write_docs):
            click.echo(path)
    wrong = [
        label_of(plan) for plan, record in records.items() if not record["outputs_equal_golden"]
    ]
    if wrong:
        click.echo(f"alpine: outputs differ from the golden model: {'; '.join(wrong)}", err=True)
    return not wrong


PAPER = Paper(parts=("mlp", "lstm", "cnn"), make=make_report)
"""Klein et al., IEEE Transactions on Computers 2022."""


def _advance(progress: "Progress", task: "TaskID", label: str) -> None:
    progress.update(task, advance=1, description=f"done: {label}")


def _cost(records: "Mapping[RunSpec, Record]") -> str:
    """What the runs took this machine, those of earlier calls included."""
    from .plans import label_of

    spent = {plan: float(record["processor_seconds"]) for plan, record in records.items()}
    longest = sorted(spent, key=lambda plan: spent[plan], reverse=True)[:LONGEST]
    return (
        f"{counted(len(spent), 'run')}, {sum(spent.values()) / 60:.1f} minutes of processor time; "
        f"longest: " + "; ".join(f"{label_of(plan)} ({spent[plan]:.0f} s)" for plan in longest)
    )


def _tell_damaged(path: Path, line: int) -> None:
    click.echo(f"line {line} of {path} is damaged and is computed again", err=True)
