# SPDX-License-Identifier: Apache-2.0
"""`alpine paper`."""

import os
from pathlib import Path

import click

from alpine_cosim.commands.exit_status import ExitStatus
from alpine_cosim.commands.scheduler_option import chosen_scheduler, scheduler_option
from alpine_models.errors import AlpineError
from alpine_models.files import make_folder

from .paper import ReportRequest, find_part

__all__ = ["paper"]


@click.command(
    epilog="\b\nExamples:\n"
    "  alpine paper --only mlp --quick\n"
    "  alpine paper --out paper\n"
    "  alpine paper --full --jobs 4\n"
    "  alpine paper --only imc-cluster --write-docs docs"
)
@click.option(
    "--only",
    help="One exploration of ALPINE: mlp, lstm or cnn; or another paper by its name, as "
    "imc-cluster. Default: all of ALPINE's.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("paper"),
    show_default=True,
    help="Folder.",
)
@click.option("--quick", is_flag=True, help="Timed hardware throughout, one image per CNN; no RTL.")
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

    By default the RTL computes every case and geometry once, the timed hardware, which agrees with
    it to the cycle, the rest. Finished runs are kept in the folder; a stopped report goes on where
    it was.
    """
    if quick and full:
        raise AlpineError("--quick and --full exclude each other")
    found, part = find_part(only)
    if write_docs is not None and part is not None:
        raise AlpineError("--write-docs needs all explorations: leave --only out")
    make_folder(out)
    request = ReportRequest(
        part=part,
        out=out,
        write_docs=write_docs,
        quick=quick,
        full=full,
        jobs=jobs,
        executor=chosen_scheduler(scheduler),
    )
    if not found.make(request):
        click.get_current_context().exit(ExitStatus.WRONG_OUTPUTS)
