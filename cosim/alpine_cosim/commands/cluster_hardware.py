# SPDX-License-Identifier: Apache-2.0
"""What `alpine verilog --system` takes: the hardware of a cluster instead of a tile's."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from alpine_models.errors import AlpineError
from alpine_models.imc_cluster import Execution, ImcConfig
from alpine_models.plurals import counted

__all__ = [
    "HARDWARE_OPTIONS",
    "cluster_options",
    "hardware_config",
    "hardware_options",
    "refuse_cluster_options",
    "refuse_tile_options",
    "write_cluster_hardware",
]

TILE_OPTIONS = ("double_buffer", "xlen", "tiles")
"""Of the command, what a cluster does not have."""

HARDWARE_OPTIONS = ("port_bytes", "crossbars", "cell_bits", "execution", "memory_ports")


def cluster_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option that chooses a cluster, and those of its hardware."""
    command = hardware_options(command)
    return click.option(
        "--system", type=click.Choice(["imc-cluster"]),
        help="Write this system's accelerators and memory instead of a tile.",
    )(command)  # fmt: skip


def hardware_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a cluster's hardware, but for rows and columns."""
    for option in reversed(
        (
            click.option("--port-bytes", type=int, help="Memory port of a cluster; default 16."),
            click.option("--crossbars", type=int, help="Crossbars of a cluster; default 64."),
            click.option("--cell-bits", type=int, help="Weights of a cluster, 4 or 8; default 4."),
            click.option(
                "--execution", type=click.Choice([each.value for each in Execution]),
                help="Whether a cluster's jobs overlap; default pipelined.",
            ),
            click.option("--memory-ports", type=int, help="Of a cluster, 1 or 2; default 1."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def refuse_cluster_options(options: Mapping[str, Any]) -> None:
    """Raise `AlpineError` where an option of a cluster was given without one."""
    for name in HARDWARE_OPTIONS:
        if options[name] is not None:
            raise AlpineError(
                f"--{name.replace('_', '-')} belongs to a cluster: add --system imc-cluster"
            )


def refuse_tile_options() -> None:
    """Raise `AlpineError` where an option of a tile was given with a cluster."""
    context = click.get_current_context()
    for name in TILE_OPTIONS:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = name.replace("_", "-")
            raise AlpineError(
                f"--{option} belongs to a tile: leave it out with --system imc-cluster"
            )


def write_cluster_hardware(
    out: Path, *, rows: int | None, columns: int | None, options: Mapping[str, Any]
) -> None:
    """Write a cluster's hardware and say what was written."""
    from alpine_rtl.cluster.verilog import write_cluster

    config = hardware_config(rows=rows, columns=columns, options=options)
    for path in write_cluster(out, config):
        click.echo(path)
    size = f"{counted(config.crossbars, 'crossbar')} of {config.rows} x {config.columns}"
    click.echo(f"{size}; registers are in {out / 'REGISTERS.md'}")


def hardware_config(
    *, rows: int | None, columns: int | None, options: Mapping[str, Any]
) -> ImcConfig:
    """Return the hardware that the options describe.

    Raises
    ------
    AlpineError
        One of them is impossible.
    """
    given: dict[str, Any] = {"rows": rows, "columns": columns} | {
        name: options[name] for name in HARDWARE_OPTIONS
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    if "execution" in chosen:
        chosen["execution"] = Execution(chosen["execution"])
    try:
        return ImcConfig(**chosen)
    except ValueError as error:
        # It begins with the member's name, which is the option's but for one.
        name, _, rest = str(error).partition(" ")
        option = "cols" if name == "columns" else name.replace("_", "-")
        raise AlpineError(f"--{option} {rest}") from error
