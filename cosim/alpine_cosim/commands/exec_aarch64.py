# SPDX-License-Identifier: Apache-2.0
"""AArch64 programs of `alpine exec`: their options and their run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_with

if TYPE_CHECKING:
    from alpine_cosim.runs.aarch64_run import Aarch64Outcome, Aarch64Run

__all__ = ["Aarch64Options", "aarch64_options", "given_options", "refuse_options", "run_aarch64"]

ENGINES = ("rtl", "model")
Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--tile", metavar="ROWSxCOLUMNS",
        help="The core's tile (AArch64, riscv-tile); several joined by +.",
    ),
    click.option(
        "--files", type=click.Path(path_type=Path),
        help="AArch64: folder whose files the program may read.",
    ),
    click.option(
        "--env", "environment", multiple=True, metavar="NAME=VALUE",
        help="AArch64: a variable that the program sees.",
    ),
    click.option("--seed", type=int, help="AArch64: of the program's random bytes.  [default: 0]"),
    click.option(
        "--max-instructions", type=click.IntRange(min=1),
        help="AArch64: stop the program after these.",
    ),
    click.option(
        "--fast-forward", metavar="REGION",
        help="AArch64: execute without timing, but for the tile, up to a region of the program.",
    ),
    click.option(
        "--instruction-trace", type=click.Path(path_type=Path), metavar="FILE",
        help="AArch64, riscv-tile: write every instruction that is timed into this file.",
    ),
    click.option(
        "--table", is_flag=True, default=None,
        help="AArch64: print times, energy and counts on standard error; Ctrl-C always does.",
    ),
)  # fmt: skip


def aarch64_options(command: Command) -> Command:
    """Give a command the options of AArch64 programs."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options by the names that people write."""
    names = {"environment": "--env", "columns": "--cols", "settings": "--set"}
    return {names.get(name, f"--{name.replace('_', '-')}"): value for name, value in values.items()}


def refuse_options(system: str, values: Mapping[str, Any]) -> None:
    """Raise an error for the first option that was given and does nothing on this system."""
    for name, value in values.items():
        if value not in (None, ()):
            raise AlpineError(f"{name} has no meaning on {system}: leave it out")


@dataclass(frozen=True, kw_only=True)
class Aarch64Options:
    """The values of the options, None or empty where they were left out."""

    tile: str | None
    engine: str | None
    trace: Path | None
    files: Path | None
    environment: Sequence[str]
    seed: int | None
    max_instructions: int | None
    fast_forward: str | None
    instruction_trace: Path | None
    table: bool | None


def run_aarch64(
    system: str,
    program: Path,
    arguments: Sequence[str],
    options: Aarch64Options,
    *,
    output: Callable[[int, bytes], int],
) -> "Aarch64Outcome":
    """Execute a program and return what came of it.

    Raises
    ------
    AlpineError
        A file or an option is wrong, or a tool is missing.
    """
    from rich.console import Console

    from alpine_cosim.measurement.program_table import print_program
    from alpine_cosim.runs.aarch64_run import Aarch64Run, tile_configs_of
    from alpine_platform.binaries.outcome import Ending

    chosen = choose("engine", options.engine or "rtl", ENGINES)
    if options.trace is not None and chosen != "rtl":
        raise AlpineError(f"--trace with --engine {chosen}: only engine rtl has signals")
    if options.trace is not None and options.tile is None:
        raise AlpineError("--trace without --tile: name the tile whose signals are written")
    if options.files is not None and not options.files.is_dir():
        raise AlpineError(f"--files {options.files}: there is no such folder")
    variables = dict(_variable(text) for text in options.environment)
    run = Aarch64Run(
        program=program,
        arguments=tuple(arguments),
        environment=variables,
        system=system,
        tiles=tile_configs_of(options.tile),
        rtl=chosen == "rtl",
        files=options.files,
        seed=options.seed or 0,
        max_instructions=options.max_instructions or 0,
        fast_forward=options.fast_forward,
    )
    outcome = _executed(run, output, options)
    if options.trace is not None:
        click.echo(f"waveform in {options.trace}", err=True)
    wanted = options.table or outcome.ended_by is Ending.INTERRUPT
    if wanted and outcome.measured is not None:
        title = f"{program.name} on {system}, engine {chosen}"
        print_program(title, outcome.as_json(), Console(stderr=True))
    return outcome


def _executed(
    run: "Aarch64Run", output: Callable[[int, bytes], int], options: Aarch64Options
) -> "Aarch64Outcome":
    """Run a program, into a file of its instructions if one is wanted."""
    if options.instruction_trace is None:
        return run.run(output=output, trace=options.trace)
    outcomes: list[Aarch64Outcome] = []
    write_with(
        options.instruction_trace,
        lambda stream: outcomes.append(
            run.run(output=output, trace=options.trace, instructions=stream)
        ),
    )
    return outcomes[0]


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise AlpineError(f"--env {text}: write NAME=VALUE")
    return name, value
