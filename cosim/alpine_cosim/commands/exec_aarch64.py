# SPDX-License-Identifier: Apache-2.0
"""AArch64 programs of `alpine exec`: their options and their run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError

if TYPE_CHECKING:
    from alpine_cosim.runs.aarch64_run import Aarch64Outcome

__all__ = ["aarch64_options", "given_options", "refuse_options", "run_aarch64"]

ENGINES = ("rtl", "model")
Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--tile", metavar="ROWSxCOLUMNS",
        help="AArch64: the core's tile; several joined by +.",
    ),
    click.option(
        "--engine", help="AArch64: what the tiles are, " + " or ".join(ENGINES) + "  [default: rtl]"
    ),
    click.option(
        "--trace", type=click.Path(path_type=Path),
        help="AArch64: write a waveform of each tile into this folder (engine rtl).",
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
)  # fmt: skip


def aarch64_options(command: Command) -> Command:
    """Give a command the options of AArch64 programs."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options by the names that people write."""
    names = {"environment": "--env"}
    return {names.get(name, f"--{name.replace('_', '-')}"): value for name, value in values.items()}


def refuse_options(system: str, values: Mapping[str, Any]) -> None:
    """Raise an error for the first option that was given and does nothing on this system."""
    for name, value in values.items():
        if value not in (None, ()):
            raise AlpineError(f"{name} has no meaning on {system}: leave it out")


def run_aarch64(
    system: str,
    program: Path,
    arguments: Sequence[str],
    *,
    output: Callable[[int, bytes], int],
    tile: str | None,
    engine: str | None,
    trace: Path | None,
    files: Path | None,
    environment: Sequence[str],
    seed: int | None,
    max_instructions: int | None,
) -> "Aarch64Outcome":
    """Execute a program and return what came of it.

    Raises
    ------
    AlpineError
        A file or an option is wrong, or a tool is missing.
    """
    from alpine_cosim.runs.aarch64_run import Aarch64Run, tile_configs_of

    chosen = choose("engine", engine or "rtl", ENGINES)
    if trace is not None and chosen != "rtl":
        raise AlpineError(f"--trace with --engine {chosen}: only engine rtl has signals")
    if trace is not None and tile is None:
        raise AlpineError("--trace without --tile: name the tile whose signals are written")
    if files is not None and not files.is_dir():
        raise AlpineError(f"--files {files}: there is no such folder")
    variables = dict(_variable(text) for text in environment)
    run = Aarch64Run(
        program=program,
        arguments=tuple(arguments),
        environment=variables,
        system=system,
        tiles=tile_configs_of(tile),
        rtl=chosen == "rtl",
        files=files,
        seed=seed or 0,
        max_instructions=max_instructions or 0,
    )
    outcome = run.run(output=output, trace=trace)
    if trace is not None:
        click.echo(f"waveform in {trace}", err=True)
    return outcome


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise AlpineError(f"--env {text}: write NAME=VALUE")
    return name, value
