# SPDX-License-Identifier: Apache-2.0
"""`alpine paper`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpine_cosim.commands.exit_status import ExitStatus
from alpine_cosim.commands.progress import progress_bars
from alpine_cosim.commands.scheduler_option import chosen_scheduler, scheduler_option
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder
from alpine_models.plurals import counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from alpine_cosim.campaigns.store import Record
    from alpine_cosim.spec.specification import RunSpec

__all__ = ["paper"]

LONGEST = 3
"""Runs that are named with what they took."""


@click.command(
    epilog="\b\nExamples:\n"
    "  alpine paper --only mlp --quick\n"
    "  alpine paper --out paper\n"
    "  alpine paper --full --jobs 4"
)
@click.option("--only", help="One exploration: mlp, lstm or cnn. Default: all of them.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("paper"),
    show_default=True,
    help="Folder.",
)
@click.option("--quick", is_flag=True, help="Timed tile throughout, one image per CNN; no RTL.")
@click.option("--full", is_flag=True, help="Every analog run of the published systems in RTL.")
@click.option(
    "--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Runs at a time. "
    "Default: as many as there are processors.",
)  # fmt: skip
@scheduler_option
@click.option(
    "--write-docs",
    type=click.Path(path_type=Path),
    help="Write pages and pictures here too.",
)
def paper(
    *,
    only: str | None,
    out: Path,
    quick: bool,
    full: bool,
    jobs: int,
    scheduler: str | None,
    write_docs: Path | None,
) -> None:
    """Run the published explorations again and write a report beside the paper's figures.

    By default the RTL computes every case and geometry once, the timed tile, which agrees with it
    to the cycle, the rest. Finished runs are kept in the folder; a stopped report goes on where it
    was.
    """
    if quick and full:
        raise AlpineError("--quick and --full exclude each other")
    from . import (
        EXPLORATIONS,
        Effort,
        complete_plans,
        label_of,
        plans_for,
        write_docs_pages,
        write_report,
    )

    effort = Effort.QUICK if quick else Effort.FULL if full else Effort.NORMAL
    names = list(EXPLORATIONS) if only is None else [choose("exploration", only, EXPLORATIONS)]
    if write_docs is not None and len(names) < len(EXPLORATIONS):
        raise AlpineError("--write-docs needs all explorations: leave --only out")
    plans = plans_for(names, effort)
    make_folder(out)
    with progress_bars() as progress:
        task = progress.add_task("running", total=len(plans))
        records = complete_plans(
            plans,
            out / "runs",
            effort=effort,
            jobs=jobs,
            executor=chosen_scheduler(scheduler),
            on_run=lambda plan, reused: _advance(progress, task, label_of(plan)),
            on_damaged=_tell_damaged,
        )
    click.echo(_cost(records))
    for path in write_report(records, names, effort, out):
        click.echo(path)
    if write_docs is not None:
        for path in write_docs_pages(records, names, effort, write_docs):
            click.echo(path)
    wrong = [
        label_of(plan) for plan, record in records.items() if not record["outputs_equal_golden"]
    ]
    if wrong:
        click.echo(f"alpine: outputs differ from the golden model: {'; '.join(wrong)}", err=True)
        click.get_current_context().exit(ExitStatus.WRONG_OUTPUTS)


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
