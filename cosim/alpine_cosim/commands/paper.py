"""`alpine paper`."""

from pathlib import Path

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError

from .progress import progress_bars

__all__ = ["paper"]


@click.command(epilog="Example: alpine paper --only mlp --out paper")
@click.option(
    "--only", default="mlp", show_default=True, help="Which exploration of the paper: mlp."
)
@click.option("--out", type=Path, default=Path("paper"), show_default=True, help="Folder.")
@click.option("--quick", is_flag=True, help="Timed tile throughout; same times, no RTL.")
def paper(*, only: str, out: Path, quick: bool) -> None:
    """Run the published exploration again and write a report beside the paper's figures.

    Finished runs are kept in the folder; a stopped report goes on where it was.
    """
    from ..paper import RunStore, plan_mlp, write_report

    choose("exploration", only, ["mlp"])
    plans = plan_mlp(quick=quick)
    try:
        store = RunStore(out / "runs")
    except OSError as error:
        raise AlpineError(f"folder {out} cannot be made: {error.strerror}") from error
    with progress_bars() as progress:
        task = progress.add_task("running", total=len(plans))
        results = store.complete(plans, on_run=lambda plan, reused: progress.advance(task))
    for path in write_report(results, out):
        click.echo(path)
