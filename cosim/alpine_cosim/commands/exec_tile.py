# SPDX-License-Identifier: Apache-2.0
"""RISC-V programs with CM instructions of `alpine exec`: their option and their run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_with

if TYPE_CHECKING:
    from alpine_cosim.runs.tile_program import TileProgramRun
    from alpine_platform.binaries.riscv.tile_coprocessor import TileCoreOutcome

__all__ = ["TILE_CORES", "profile_option", "run_on_tile_core", "tile_core_option"]

TILE_CORES = ("riscv-tile",)
"""Systems of a RISC-V core with tiles."""

ENGINES = ("rtl", "model")

profile_option = click.option(
    "--profile", is_flag=True, default=None,
    help="RISC-V core with a tile: print the cycles of functions and, compiled with -g, of source "
    "lines on standard error; --json gets them too.",
)  # fmt: skip
"""Whether the cycles of functions and lines are shown."""

tile_core_option = click.option(
    "--cm-opcode", metavar="NUMBER",
    help="RISC-V core with a tile: major opcode of CM instructions, as 0x2b.  "
    "[default: 0x0b, custom-0]",
)  # fmt: skip
"""What such systems have beside `--tile`, `--engine`, `--trace` and `--max-cycles`."""


def run_on_tile_core(
    system: str,
    program: Path,
    arguments: Sequence[str],
    options: Mapping[str, Any],
    *,
    output: Callable[[int, bytes], int],
) -> "TileCoreOutcome":
    """Execute a program on a core with tiles and return what came of it.

    Parameters
    ----------
    system : one of `TILE_CORES`.
    options : ``tile``, ``engine``, ``trace``, ``max_cycles``, ``cm_opcode``, ``instruction_trace``
        and ``profile``; None where left out.
    output : takes what the program writes.

    Raises
    ------
    AlpineError
        A file or an option is wrong, or a tool is missing.
    """
    from alpine_cosim.runs.aarch64_run import tile_configs_of
    from alpine_cosim.runs.tile_program import TileProgramRun

    engine = choose("engine", options["engine"] or "rtl", ENGINES)
    trace = options["trace"]
    if trace is not None and engine != "rtl":
        raise AlpineError(f"--trace with --engine {engine}: only engine rtl has signals")
    if trace is not None and options["tile"] is None:
        raise AlpineError("--trace without --tile: name the tile whose signals are written")
    run = TileProgramRun(
        program=program,
        arguments=arguments,
        system=system,
        tiles=tile_configs_of(options["tile"]),
        rtl=engine == "rtl",
        opcode=_opcode(options["cm_opcode"]),
        max_cycles=options["max_cycles"],
    )
    outcome = _observed(run, output, options)
    if trace is not None:
        click.echo(f"waveform in {trace}", err=True)
    return outcome


def _observed(
    run: "TileProgramRun", output: Callable[[int, bytes], int], options: Mapping[str, Any]
) -> "TileCoreOutcome":
    """Run a program, and look at its instructions if a list of them or a profile is wanted."""
    from rich.console import Console

    from alpine_cosim.measurement.profile_table import print_profile
    from alpine_platform.binaries.elf import Architecture, load_program
    from alpine_platform.binaries.riscv.observer import ExecutionObserver

    file, trace = options["instruction_trace"], options["trace"]
    if file is None and not options["profile"]:
        return run.run(output=output, trace=trace)
    observer = ExecutionObserver(load_program(run.program, Architecture.RV32))
    outcomes: list[TileCoreOutcome] = []

    def execute(stream: IO[bytes] | None) -> None:
        observer.listing = stream
        outcomes.append(run.run(output=output, trace=trace, observer=observer))

    if file is None:
        execute(None)
    else:
        write_with(file, execute)
    (outcome,) = outcomes
    if not options["profile"]:
        return outcome
    tables = {"functions": observer.by_function(), "lines": observer.by_line()}
    for name, rows in tables.items():
        if rows:
            print_profile(f"{run.program.name}: {name}", rows, Console(stderr=True))
    return replace(outcome, profile=tables)


def _opcode(text: str | None) -> int:
    from alpine_models.isa import RISCV_CUSTOM_0, RISCV_CUSTOM_OPCODES

    if text is None:
        return RISCV_CUSTOM_0
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if value not in RISCV_CUSTOM_OPCODES:
        known = ", ".join(f"{each:#04x}" for each in RISCV_CUSTOM_OPCODES)
        raise AlpineError(f"--cm-opcode {text}: custom-0 to custom-3 are {known}")
    return value
