# SPDX-License-Identifier: Apache-2.0
"""`alpine exec`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

from .cluster_hardware import HARDWARE_OPTIONS
from .exec_aarch64 import (
    Aarch64Options,
    aarch64_options,
    given_options,
    refuse_options,
    run_aarch64,
)
from .exec_cluster import CLUSTERS, cluster_program_options, run_on_cluster
from .exec_tile import TILE_CORES, profile_option, run_on_tile_core, tile_core_option
from .exit_status import ExecUseError
from .output_file import output_file_option

if TYPE_CHECKING:
    from alpine_cosim.runs.aarch64_run import Aarch64Outcome
    from alpine_platform.binaries.outcome import ProgramOutcome

__all__ = ["exec_"]

CLUSTER = CLUSTERS[0]
SYSTEMS = (*CLUSTERS, *TILE_CORES, "high-power", "low-power")
"""Systems whose cores execute programs: AArch64 on the last two, RISC-V on the others."""
OF_CLUSTERS = (
    "cores", "max_cycles", "config", "settings", "rows", "columns", *HARDWARE_OPTIONS,
)  # fmt: skip
SHARED = ("engine", "trace")
ONLY_TILE_CORES = ("cm_opcode", "profile")
OF_TILE_CORES = ("max_cycles", "tile", "instruction_trace", *ONLY_TILE_CORES, *SHARED)
BROKEN_PIPE = -32


class _ExecCommand(click.Command):
    """A command whose wrong use has a status that programs seldom have."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            message = error.format_message().rstrip(".")
            raise ExecUseError(f"{message}; see `alpine exec --help`") from error
        except AlpineError as error:
            raise ExecUseError(str(error)) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AlpineError as error:
            raise ExecUseError(str(error)) from error


def _print_include(context: click.Context, _parameter: click.Parameter, system: str | None) -> None:
    if system is None or context.resilient_parsing:
        return
    from alpine_sw.riscv import include_folder

    choose("system", system, (CLUSTER, *TILE_CORES))
    click.echo(include_folder())
    context.exit()


@click.command(
    "exec",
    cls=_ExecCommand,
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
    epilog="\b\nExamples:\n"
    "  alpine exec --system imc-cluster --cores 8 --json figures.json program.elf\n"
    "  alpine exec --max-cycles 1000000 program.elf first second\n"
    "  alpine exec --system high-power --tile 64x32 --trace waves program.elf\n"
    '  clang -I"$(alpine exec --include imc-cluster)" ...',
)
@click.option(
    "--system",
    help=f"What executes the program: {' or '.join(CLUSTERS)} (RISC-V; by default the first), "
    f"{TILE_CORES[0]} (a RISC-V core with a tile), high-power or low-power "
    "(AArch64, timed on one core).",
)
@click.option(
    "--engine",
    help="What accelerators (RISC-V) or tiles (AArch64) are: model, rtl.  [default: model; rtl]",
)
@click.option(
    "--trace", type=click.Path(path_type=Path),
    help="Write a waveform of the accelerators or of each tile into this folder (engine rtl).",
)  # fmt: skip
@cluster_program_options
@output_file_option("--json", "json_file", help="Write what was counted as JSON.")
@aarch64_options
@tile_core_option
@profile_option
@click.option(
    "--include", metavar="SYSTEM", is_eager=True, expose_value=False, callback=_print_include,
    help="Print the folder of a system's C header, linker script and start code, and exit.",
)  # fmt: skip
@click.argument("program", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def exec_(
    *,
    system: str | None,
    json_file: Path | None,
    program: Path,
    arguments: tuple[str, ...],
    **options: Any,
) -> int:
    """Execute a compiled program, instruction by instruction.

    RISC-V programs run on a cluster, whose cycles are counted, or on a core with a tile. AArch64
    programs for Linux run on one core of a system, timed by its pipeline and caches, with their CM
    instructions in the tile's RTL.

    Options stand before PROGRAM; all behind it belongs to the program, whose output and exit status
    are those of this command. Status 125 is wrong use, 126 a program that the simulator stopped.
    """
    from alpine_platform.binaries.elf import Architecture, architecture_of

    aarch64 = architecture_of(program) is Architecture.AARCH64
    chosen = choose("system", system or ("high-power" if aarch64 else CLUSTER), SYSTEMS)
    if chosen in TILE_CORES:
        taken = {name: options.pop(name) for name in OF_TILE_CORES}
        refuse_options(chosen, given_options(options))
        outcome = run_on_tile_core(chosen, program, arguments, taken, output=_write_all)
        return _ended(outcome, json_file)
    refuse_options(chosen, given_options({name: options.pop(name) for name in ONLY_TILE_CORES}))
    of_clusters = {name: options.pop(name) for name in OF_CLUSTERS}
    if chosen not in CLUSTERS:
        refuse_options(chosen, given_options(of_clusters))
        outcome = run_aarch64(
            chosen, program, arguments, Aarch64Options(**options), output=_write_all
        )
    else:
        shared = {name: options.pop(name) for name in SHARED}
        refuse_options(chosen, given_options(options))
        outcome = run_on_cluster(
            chosen, program, arguments, of_clusters | shared, output=_write_all
        )
    return _ended(outcome, json_file)


def _ended(outcome: "ProgramOutcome | Aarch64Outcome", json_file: Path | None) -> int:
    """Say why a program ended, if it did not by itself, write the figures, return the status."""
    if outcome.message:
        click.echo(f"alpine: {outcome.message}", err=True)
    if json_file is not None:
        write_text(json_file, json.dumps(outcome.as_json(), indent=2) + "\n")
    return outcome.status


def _write_all(descriptor: int, data: bytes) -> int:
    """Pass on what a program writes, unbuffered; return how much, or why not."""
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except BrokenPipeError:
        return BROKEN_PIPE
    return written
