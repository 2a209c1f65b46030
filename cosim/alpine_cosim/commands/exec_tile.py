# SPDX-License-Identifier: Apache-2.0
"""RISC-V programs with CM instructions of `alpine exec`: their option and their run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError

if TYPE_CHECKING:
    from alpine_platform.binaries.riscv.tile_coprocessor import TileCoreOutcome

__all__ = ["TILE_CORES", "run_on_tile_core", "tile_core_option"]

TILE_CORES = ("riscv-tile",)
"""Systems of a RISC-V core with tiles."""

ENGINES = ("rtl", "model")

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
    options : ``tile``, ``engine``, ``trace``, ``max_cycles`` and ``cm_opcode``; None where left
        out.
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
    outcome = TileProgramRun(
        program=program,
        arguments=arguments,
        system=system,
        tiles=tile_configs_of(options["tile"]),
        rtl=engine == "rtl",
        opcode=_opcode(options["cm_opcode"]),
        max_cycles=options["max_cycles"],
    ).run(output=output, trace=trace)
    if trace is not None:
        click.echo(f"waveform in {trace}", err=True)
    return outcome


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
