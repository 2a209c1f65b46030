# SPDX-License-Identifier: Apache-2.0
"""RISC-V programs of `alpine exec`: their options and their run on a cluster."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alpine_models.errors import AlpineError

from .cluster_hardware import HARDWARE_OPTIONS, hardware_config, hardware_options

if TYPE_CHECKING:
    from alpine_platform.binaries.riscv.cluster_outcome import ClusterOutcome

__all__ = ["CLUSTERS", "cluster_program_options", "run_on_cluster"]

CLUSTERS = ("imc-cluster", "imc-cluster-250")
"""Systems whose cores execute RISC-V programs."""


def cluster_program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of RISC-V programs."""
    command = hardware_options(command)
    for option in reversed(
        (
            click.option(
                "--cores", type=click.IntRange(min=1),
                help="RISC-V: cores that begin at the program's entry.  [default: 1]",
            ),
            click.option(
                "--max-cycles", type=click.IntRange(min=1),
                help="RISC-V: stop the program after these.",
            ),
            click.option(
                "--config", type=click.Path(path_type=Path),
                help="RISC-V: TOML file with fields of the system to replace.",
            ),
            click.option(
                "--set", "settings", multiple=True, metavar="FIELD=VALUE",
                help="RISC-V: replace one field of the system.",
            ),
            click.option("--rows", type=int, help="RISC-V: word lines of a crossbar; default 256."),
            click.option(
                "--cols", "columns", type=int, help="RISC-V: bit lines of a crossbar; default 256."
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def run_on_cluster(
    system: str,
    program: Path,
    arguments: Sequence[str],
    options: Mapping[str, Any],
    *,
    output: Callable[[int, bytes], int],
) -> "ClusterOutcome":
    """Execute a program on a cluster and return what came of it.

    Parameters
    ----------
    system : one of `CLUSTERS`.
    options : of `cluster_program_options`, and ``engine`` and ``trace``; None where left out.
    output : takes what the program writes.

    Raises
    ------
    AlpineError
        A file or an option is wrong, or a tool is missing.
    """
    from alpine_cosim.runs.cluster_program import ClusterProgram, run_cluster_program
    from alpine_cosim.spec.cluster_choice import cluster_system
    from alpine_platform.binaries.riscv.cv32e40p_config import MAX_CORES

    cores = options["cores"] or 1
    if cores > MAX_CORES:
        raise AlpineError(f"--cores {cores}: {system} has at most {MAX_CORES}")
    config = cluster_system(
        system, config_file=options["config"], settings=options["settings"] or (), cores=cores
    )
    hardware = hardware_config(
        rows=options["rows"],
        columns=options["columns"],
        options={name: options[name] for name in HARDWARE_OPTIONS},
    )
    result = run_cluster_program(
        ClusterProgram(path=program, arguments=arguments),
        engine=options["engine"] or "model",
        hardware=hardware,
        system=config.clusters[0],
        max_cycles=options["max_cycles"],
        trace=options["trace"],
        output=output,
    )
    if options["trace"] is not None:
        click.echo(f"waveform in {options['trace']}", err=True)
    return result.outcome
