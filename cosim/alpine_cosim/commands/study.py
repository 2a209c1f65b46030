"""`alpine study`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console

from alpine_models.durations import duration_s
from alpine_models.errors import AlpineError

from .device_options import effects_option, split_names
from .progress import progress_bars

if TYPE_CHECKING:
    from ..study import StudyPlan, Subject

__all__ = ["study"]

Command = TypeVar("Command", bound=Callable[..., Any])


def _subject_options(command: Command) -> Command:
    """Add what every study asks: network, chips, device, where to write."""
    for option in reversed(_SUBJECT):
        command = option(command)
    return command


_SUBJECT = (
    click.option("--network", default="mlp", show_default=True, help="As in `alpine run`."),
    click.option("--case", default="1", show_default=True, help="Mapping, as in `alpine run`."),
    click.option("--device", default="pcm", show_default=True, help="pcm, hermes-1 or hermes-2."),
    effects_option,
    click.option("--chips", type=int, default=10, show_default=True, help="Chips per point."),
    click.option(
        "--samples",
        type=int,
        help="Samples of the data set. Default: mlp 1000, LSTMs 500, CNNs 1.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of all imperfections."),
    click.option("--weights", type=Path, help="Weight file to use instead of the shipped one."),
    click.option("--jobs", type=int, help="Processes. Default: one per processor."),
    click.option(
        "--out", type=Path, default=Path("study"), show_default=True, help="Folder to write to."
    ),
)


@click.group()
def study() -> None:
    """Study accuracy over chips, without the system around the tiles.

    Outputs are those of `alpine run` for the same device, seed, chip and mapping. Finished chips
    are kept in the folder; a stopped study goes on where it was.
    """


@study.command(
    "time",
    epilog="\b\nExamples:\n"
    "  alpine study time --network mlp --device pcm --chips 20\n"
    "  alpine study time --network lstm-256 --times 25s,1hour,1day --compensate none,tile",
)
@_subject_options
@click.option(
    "--times",
    callback=split_names,
    metavar="TIMES",
    help="Times after programming. Default: 25s,1hour,1day,1week,1month,1year,10years.",
)
@click.option(
    "--compensate",
    callback=split_names,
    default="none,tile,column",
    show_default=True,
    metavar="SCOPES",
    help="Drift compensations, a curve for each.",
)
@click.option("--adc-bits", type=int, default=8, show_default=True, help="Of an ADC code.")
def study_time(
    *,
    times: tuple[str, ...] | None,
    compensate: tuple[str, ...],
    adc_bits: int,
    device: str,
    effects: tuple[str, ...] | None,
    jobs: int | None,
    out: Path,
    **subject: Any,
) -> None:
    """Score against the time after programming."""
    from ..study import plan_time
    from ..study.plans import DEFAULT_TIMES_S

    _carry_out(
        plan_time(
            _subject(**subject),
            device=device,
            times_s=DEFAULT_TIMES_S if times is None else [duration_s(text) for text in times],
            compensations=compensate,
            effects=effects,
            adc_bits=adc_bits,
        ),
        out,
        jobs=jobs,
    )


@study.command("adc", epilog="Example: alpine study adc --network mlp --bits 4,6,8")
@_subject_options
@click.option("--bits", callback=split_names, metavar="BITS", help="Resolutions. Default: 2 to 8.")
@click.option("--after", default="1day", show_default=True, help="Time after programming.")
@click.option("--compensate", default="tile", show_default=True, help="Drift compensation.")
def study_adc(
    *,
    bits: tuple[str, ...] | None,
    after: str,
    compensate: str,
    device: str,
    effects: tuple[str, ...] | None,
    jobs: int | None,
    out: Path,
    **subject: Any,
) -> None:
    """Score against the resolution of the ADC codes."""
    from ..study import plan_adc
    from ..study.plans import DEFAULT_BITS

    _carry_out(
        plan_adc(
            _subject(**subject),
            device=device,
            bits=DEFAULT_BITS if bits is None else [_whole(text) for text in bits],
            after_s=duration_s(after),
            compensation=compensate,
            effects=effects,
        ),
        out,
        jobs=jobs,
    )


@study.command(
    "effects",
    epilog="\b\nExamples:\n"
    "  alpine study effects --network mlp --device hermes-2 --compensate tile\n"
    "  alpine study effects --device pcm --effects programming,drift,read,ir-drop=1",
)
@_subject_options
@click.option("--after", default="1day", show_default=True, help="Time after programming.")
@click.option(
    "--compensate", default="none", show_default=True, help="Of drift: none, tile or column."
)
@click.option("--adc-bits", type=int, default=8, show_default=True, help="Of an ADC code.")
def study_effects(
    *,
    after: str,
    compensate: str,
    adc_bits: int,
    device: str,
    effects: tuple[str, ...] | None,
    jobs: int | None,
    out: Path,
    **subject: Any,
) -> None:
    """Score with each imperfection alone: what costs most."""
    from ..study import plan_effects

    _carry_out(
        plan_effects(
            _subject(**subject),
            device=device,
            after_s=duration_s(after),
            compensation=compensate,
            effects=effects,
            adc_bits=adc_bits,
        ),
        out,
        jobs=jobs,
    )


def _subject(**arguments: Any) -> "Subject":
    from ..study import Subject

    return Subject(**arguments)


def _carry_out(plan: "StudyPlan", out: Path, *, jobs: int | None) -> None:
    from ..study import collect, complete, print_study, write_study

    works = plan.works
    with progress_bars() as progress:
        task = progress.add_task("chips", total=len(works))
        scores = complete(
            works, out / "chips", jobs=jobs, on_work=lambda reused: progress.advance(task)
        )
    result = collect(plan, scores)
    print_study(result, Console())
    for path in write_study(result, out):
        click.echo(path)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise AlpineError(f"bits {text!r} is no whole number: give 2 to 8") from None
