# SPDX-License-Identifier: Apache-2.0
"""`alpine study`."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from alpine_models.durations import duration_s
from alpine_models.errors import AlpineError
from alpine_models.plurals import counted

from .completion import completed, devices, networks
from .device_options import effects_option, split_names, verify_option
from .exit_status import ExitStatus
from .parsing import NumberCommand
from .progress import progress_bars
from .scheduler_option import chosen_scheduler, scheduler_option
from .spec_options import spec_option
from .weights_option import weights_option

if TYPE_CHECKING:
    from alpine_cosim.campaigns.study import StudyPlan
    from alpine_cosim.spec.specification import RunSpec

__all__ = ["study"]

Planner = Callable[..., "StudyPlan"]

_COMMON = (
    spec_option,
    click.option(
        "--network",
        default="mlp",
        show_default=True,
        shell_complete=completed(networks),
        help="As in `alpine run`.",
    ),
    click.option("--case", help="Mapping, as in `alpine run`. Default: 1."),
    click.option(
        "--device",
        default="pcm",
        show_default=True,
        shell_complete=completed(devices),
        help="pcm, hermes-1 or hermes-2.",
    ),
    effects_option,
    verify_option,
    click.option("--chips", type=int, default=10, show_default=True, help="Chips per point."),
    click.option(
        "--samples",
        type=int,
        help="Samples of the data set. Default: mlp 1000, LSTMs 500, CNNs 1.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of all imperfections."),
    weights_option,
    click.option("--jobs", type=int, help="Processes. Default: one per processor."),
    scheduler_option,
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=Path("study"),
        show_default=True,
        help="Folder to write to.",
    ),
)
"""What every study asks: network, device, chips, where to write."""

_after = click.option("--after", default="1day", show_default=True, help="Time after programming.")
_adc_bits = click.option(
    "--adc-bits", type=int, default=8, show_default=True, help="Of an ADC code."
)


@click.group()
def study() -> None:
    """Study accuracy over chips, without the system around the tiles.

    Outputs are those of `alpine run` for the same device, seed, chip and mapping. Finished chips
    are kept in the folder; a stopped study goes on where it was.
    """


def _command(name: str, *own: str, epilog: str) -> Callable[[Planner], click.Command]:
    """Make a command of a function that takes a specification and options of its ``own``."""

    def make(planner: Planner) -> click.Command:
        @functools.wraps(planner)
        def command(
            *,
            spec_file: Path | None,
            jobs: int | None,
            scheduler: str | None,
            out: Path,
            **keywords: Any,
        ) -> int:
            from alpine_cosim.campaigns.study import study_spec

            looked_at = {name: keywords.pop(name) for name in own if name in keywords}
            asked = keywords if spec_file is None else _of_file(spec_file, keywords)
            plan = planner(study_spec(**asked), **looked_at)
            return _carry_out(plan, out, jobs=jobs, scheduler=scheduler)

        for option in reversed(_COMMON):
            command = option(command)
        return study.command(name, cls=NumberCommand, epilog=epilog)(command)

    return make


def _of_file(spec_file: Path, keywords: dict[str, Any]) -> dict[str, Any]:
    """Keywords of what a file describes.

    Options that were typed prevail, and the command's defaults where the file says nothing.
    """
    from alpine_cosim.spec.keywords import keywords_of
    from alpine_cosim.spec.spec_file import read_spec

    spec = read_spec(spec_file)
    spec.check_network("a study")
    known = {**keywords_of(spec), "network": spec.network, "samples": spec.inferences}
    for name in ("engine", "inferences", *(("device", "chips") if not spec.device.analog else ())):
        known.pop(name, None)
    source = click.get_current_context().get_parameter_source
    typed = {
        name: value
        for name, value in keywords.items()
        if source(name) is ParameterSource.COMMANDLINE or name not in known
    }
    return {**known, **typed}


@_command(
    "time",
    "times",
    "compensate",
    epilog="\b\nExamples:\n"
    "  alpine study time --network mlp --device pcm --chips 20\n"
    "  alpine study time --network lstm-256 --times 25s,1hour,1day --compensate none,tile",
)
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
@_adc_bits
def study_time(
    spec: "RunSpec", *, times: tuple[str, ...] | None, compensate: tuple[str, ...]
) -> "StudyPlan":
    """Score against the time after programming."""
    from alpine_cosim.campaigns.study import plan_time
    from alpine_cosim.campaigns.study.plans import DEFAULT_TIMES_S

    times_s = DEFAULT_TIMES_S if times is None else [duration_s(text) for text in times]
    return plan_time(spec, times_s=times_s, compensations=compensate)


@_command("adc", "bits", epilog="Example: alpine study adc --network mlp --bits 4,6,8")
@click.option("--bits", callback=split_names, metavar="BITS", help="Resolutions. Default: 2 to 8.")
@_after
@click.option("--compensate", default="tile", show_default=True, help="Drift compensation.")
def study_adc(spec: "RunSpec", *, bits: tuple[str, ...] | None) -> "StudyPlan":
    """Score against the resolution of the ADC codes."""
    from alpine_cosim.campaigns.study import plan_adc
    from alpine_cosim.campaigns.study.plans import DEFAULT_BITS

    return plan_adc(spec, bits=DEFAULT_BITS if bits is None else [_whole(text) for text in bits])


@_command(
    "effects",
    epilog="\b\nExamples:\n"
    "  alpine study effects --network mlp --device hermes-2 --compensate tile\n"
    "  alpine study effects --device pcm --effects programming,drift,read,ir-drop=1",
)
@_after
@click.option(
    "--compensate", default="none", show_default=True, help="Of drift: none, tile or column."
)
@_adc_bits
def study_effects(spec: "RunSpec") -> "StudyPlan":
    """Score with each imperfection alone: what costs most."""
    from alpine_cosim.campaigns.study import plan_effects

    return plan_effects(spec)


def _carry_out(plan: "StudyPlan", out: Path, *, jobs: int | None, scheduler: str | None) -> int:
    from rich.console import Console

    from alpine_cosim.campaigns.study import collect, print_study, score_chips, write_study

    works, chips, done = plan.works, out / "chips", 0
    try:
        with progress_bars() as progress:
            task = progress.add_task("chips", total=len(works))

            def count(_reused: bool) -> None:
                nonlocal done
                done += 1
                progress.advance(task)

            scores = score_chips(
                works, chips, jobs=jobs, executor=chosen_scheduler(scheduler), on_work=count
            )
    except KeyboardInterrupt:
        click.echo(
            f"alpine: interrupted; {done} of {counted(len(works), 'chip')} are in {chips}, and the "
            f"same command goes on from there",
            err=True,
        )
        return ExitStatus.INTERRUPTED
    result = collect(plan, scores)
    print_study(result, Console())
    for path in write_study(result, out):
        click.echo(path)
    return 0


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise AlpineError(f"bits {text!r} is no whole number: give 2 to 8") from None
