# SPDX-License-Identifier: Apache-2.0
"""`alpine sweep`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alpine_models.errors import AlpineError
from alpine_models.files import check_writable, make_folder, write_bytes, write_text
from alpine_models.plurals import counted

from .device_options import split_names
from .exit_status import ExitStatus
from .progress import progress_bars
from .scheduler_option import chosen_scheduler, scheduler_option, tell

if TYPE_CHECKING:
    from alpine_cosim.campaigns.completion import Finished
    from alpine_cosim.campaigns.executor import Executor
    from alpine_cosim.campaigns.sweep.plan import SweepPlan
    from alpine_cosim.campaigns.sweep.rows import SweepRows
    from alpine_cosim.campaigns.sweep.runs import SweepOutcome
    from alpine_cosim.spec.specification import RunSpec

__all__ = ["sweep"]

PARQUET = "results.parquet"


class _Group(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take a file in the place of a command for one that is to be run."""
        if args and args[0] not in self.commands and _is_path(args[0]):
            args = ["run", *args]
        return super().parse_args(ctx, args)


def _is_path(word: str) -> bool:
    """Whether a word is meant as a file, not as a command with a slip in its name."""
    return not word.startswith("-") and (
        bool(Path(word).suffix) or os.sep in word or Path(word).exists()
    )


@click.group(
    cls=_Group,
    epilog="\b\nExamples:\n"
    "  alpine sweep examples/sweeps/memory.toml --dry-run\n"
    "  alpine sweep examples/sweeps/memory.toml --out memory --jobs 2\n"
    "  alpine sweep show memory --best time_per_inference_s",
)
def sweep() -> None:
    """Run a grid of runs, and say what it shows (docs/sweeps.md).

    `alpine sweep SWEEP.toml` is short for `alpine sweep run SWEEP.toml`.
    """


@sweep.command(
    "run",
    epilog="\b\nExamples:\n"
    "  alpine sweep sweep.toml --dry-run\n"
    "  alpine sweep sweep.toml --out results --jobs 4\n"
    "  alpine sweep sweep.toml --scheduler tcp://node:8786\n"
    "  alpine sweep sweep.toml --retry-failed",
)
@click.argument("file", metavar="SWEEP.toml", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the results. Default: sweeps/NAME, with the name of the file.",
)
@click.option("--jobs", type=int, help="Processes. Default: one per processor.")
@scheduler_option
@click.option(
    "--dry-run", is_flag=True, help="Say how many runs there are and what they will take, from the "
    "finished ones or the first three, and end.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Run even a million combinations or more.")
@click.option("--retry-failed", is_flag=True, help="Make runs again that failed before.")
@click.option("--extend", is_flag=True, help="Add to the results of another sweep in the folder.")
def run(
    file: Path,
    *,
    out: Path | None,
    jobs: int | None,
    scheduler: str | None,
    dry_run: bool,
    yes: bool,
    retry_failed: bool,
    extend: bool,
) -> int:
    """Make all runs of SWEEP.toml that its folder does not have.

    Every result is kept as soon as it is there; a stopped sweep goes on where it was. A run that
    fails becomes a row with its error. Ends with exit status 1 when a run failed.
    """
    from alpine_cosim.campaigns.places import jobs_of, looked_after
    from alpine_cosim.campaigns.sweep.definition import read_definition
    from alpine_cosim.campaigns.sweep.estimate import estimate
    from alpine_cosim.campaigns.sweep.plan import plan_sweep
    from alpine_cosim.campaigns.sweep.rows import read_rows
    from alpine_cosim.campaigns.sweep.runs import open_folder

    if file.is_dir():
        raise AlpineError(_instead_of_folder(file))
    plan = plan_sweep(read_definition(file), confirmed=yes)
    folder = Path("sweeps") / file.stem if out is None else out
    if dry_run:
        click.echo(estimate(plan, folder).text(None if scheduler else jobs_of(jobs)))
        return 0
    executor = chosen_scheduler(scheduler) or looked_after(jobs)
    open_folder(folder, file.read_text(encoding="utf-8"), extend=extend)
    outcome = _make_runs(plan, folder, executor=executor, retry_failed=retry_failed)
    if outcome is None:
        return ExitStatus.INTERRUPTED
    told = f"{counted(outcome.runs - outcome.lost, 'run')} in {folder}"
    told += f", {outcome.reused:,} of earlier calls" if outcome.reused else ""
    click.echo(f"{told}; `alpine sweep show {folder}` says what they show")
    if outcome.lost < outcome.runs:
        _write_parquet(read_rows(folder), folder)
    if outcome.failed:
        tell(
            f"{counted(outcome.failed, 'run')} failed: column error says why, --retry-failed makes "
            "them again"
        )
    if outcome.lost:
        tell(
            f"a process was killed, perhaps for lack of memory, and {outcome.lost:,} of "
            f"{counted(outcome.runs, 'run')} are missing: start again with --jobs 1"
        )
    return ExitStatus.FAILED if outcome.failed or outcome.lost else 0


def _instead_of_folder(folder: Path) -> str:
    """Say which command a person may have meant who named a folder."""
    from alpine_cosim.campaigns.sweep.runs import FILE

    told = f"{folder} is a folder, and `alpine sweep` runs a file: "
    if not (folder / FILE).is_file():
        return f"{told}name a TOML file (docs/sweeps.md)"
    return (
        f"{told}`alpine sweep {folder / FILE} --out {folder}` goes on with the sweep in it, and "
        f"`alpine sweep show {folder}` says what it shows"
    )


def _make_runs(
    plan: "SweepPlan", folder: Path, *, executor: "Executor", retry_failed: bool
) -> "SweepOutcome | None":
    """Make the runs and show them as they come; return None if Ctrl-C ended that."""
    from alpine_cosim.campaigns.sweep.runs import run_sweep

    done, left = 0, len(plan.runs)
    line = _row_lines(plan)
    try:
        with progress_bars() as progress:
            bar = progress.add_task("running", total=left)

            def show(finished: "Finished[RunSpec]") -> None:
                nonlocal done, left
                done += finished.record is not None
                if finished.reused:
                    # It took no time, from which that of the others could be guessed.
                    left -= 1
                    progress.update(bar, total=left)
                else:
                    line(finished)
                    progress.advance(bar)

            return run_sweep(
                plan,
                folder,
                executor=executor,
                retry_failed=retry_failed,
                on_finished=show,
                on_damaged=_tell_damaged,
            )
    except KeyboardInterrupt:
        tell(
            f"interrupted; {done:,} of {counted(len(plan.runs), 'run')} are in {folder}, and the "
            "same command goes on from there"
        )
        return None


def _row_lines(plan: "SweepPlan") -> "Callable[[Finished[RunSpec]], None]":
    """Return what prints the line of each run, below a head that comes with the first."""
    from alpine_cosim.campaigns.sweep.rows import row_of
    from alpine_cosim.campaigns.sweep.tables import RowLines

    definition = plan.definition
    widest: dict[str, int] = {}
    for settings in (
        *definition.points,
        *({n: v} for n, vs in definition.axes.items() for v in vs),
    ):
        for name, value in settings.items():
            widest[name] = max(widest.get(name, 0), len(str(value)))
    lines = RowLines(definition.varied, widest)
    begun = False

    def line(finished: "Finished[RunSpec]") -> None:
        nonlocal begun
        if finished.record is None:
            return
        if not begun:
            click.echo(lines.head())
            begun = True
        click.echo(lines.line(row_of(finished.record, definition.varied)))

    return line


@sweep.command(
    epilog="\b\nExamples:\n"
    "  alpine sweep show results\n"
    "  alpine sweep show results --pareto energy_per_inference_j,accuracy --html results.html\n"
    "  alpine sweep show results --best accuracy --rows 5\n"
    "  alpine sweep show results --sensitivity time_per_inference_s --plots pictures\n"
    "  alpine sweep show results --curve system.l2.size_bytes,time_per_inference_s,case "
    "--plots pictures",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--columns",
    callback=split_names,
    help="Figures to show, separated by commas. Default: time, energy and scores.",
)
@click.option(
    "--rows",
    "most",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Show so many rows of a table at most.",
)
@click.option("--best", metavar="COLUMN", help="Sort by this column, the best first.")
@click.option(
    "--pareto",
    callback=split_names,
    metavar="COLUMNS",
    help="Show the rows than which none is better in all of these columns.",
)
@click.option("--sensitivity", metavar="COLUMN", help="Say how far each setting alone moves it.")
@click.option(
    "--curve",
    callback=split_names,
    metavar="X,Y[,BY]",
    help="Draw column Y over column X, with a curve for each value of column BY.",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path),
    help="Write pictures of front, sensitivity and curve to this folder.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    help="Write all rows and these pictures as one HTML file, whose table can be sorted.",
)
def show(
    folder: Path,
    *,
    columns: tuple[str, ...] | None,
    most: int,
    plots: Path | None,
    html: Path | None,
    **asked: Any,
) -> None:
    """Say what the sweep in FOLDER shows, and write its rows to results.parquet.

    A COLUMN is the name of a setting or a figure; a wrong one is answered with near names. Of
    accuracy more is better, of all else less: COLUMN:max and COLUMN:min say it otherwise.
    """
    from rich.console import Console

    from alpine_cosim.campaigns.sweep.page import html_page
    from alpine_cosim.campaigns.sweep.questions import Questions
    from alpine_cosim.campaigns.sweep.rows import read_rows
    from alpine_cosim.campaigns.sweep.tables import print_answers, shown_columns

    if html is not None:
        check_writable(html)
    rows = read_rows(folder, on_damaged=_tell_damaged)
    answers = Questions(**asked).answers(rows)
    chosen = shown_columns(rows, columns or ())
    print_answers(rows, answers, chosen, Console(), most=most)
    pictures = answers.pictures(rows) if plots is not None or html is not None else {}
    if plots is not None:
        make_folder(plots)
        for name, picture in pictures.items():
            write_bytes(plots / f"{name}.svg", picture)
            click.echo(plots / f"{name}.svg")
    if html is not None:
        page = html_page(rows, chosen, front=answers.front, pictures=list(pictures.values()))
        write_text(html, page)
        click.echo(html)
    _write_parquet(rows, folder)


def _write_parquet(rows: "SweepRows", folder: Path) -> None:
    from alpine_cosim.campaigns.sweep.parquet import parquet_is_there, write_parquet

    if parquet_is_there():
        write_parquet(rows, folder / PARQUET)
        click.echo(folder / PARQUET)
    else:
        tell(f"{PARQUET} needs Arrow, which is not installed: pip install 'alpine-cosim[sweep]'")


def _tell_damaged(path: Path, line: int) -> None:
    tell(f"line {line} of {path} is damaged and is computed again")
