# SPDX-License-Identifier: Apache-2.0
"""`alpine system`."""

from pathlib import Path

import click

from alpine_models.choices import choose

from .completion import all_systems, completed

__all__ = ["system"]


@click.group()
def system() -> None:
    """Look at the simulated systems."""


@system.command("describe", epilog="Example: alpine system describe imc-cluster")
@click.argument("name", shell_complete=completed(all_systems))
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with fields to replace.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Replace one field.")
def describe_system(name: str, *, config: Path | None, settings: tuple[str, ...]) -> None:
    """Draw a system's block diagram as a tree, every number with its source."""
    from rich.console import Console

    from alpine_cosim.spec.cluster_choice import cluster_system
    from alpine_cosim.spec.system_choice import SystemChoice
    from alpine_platform.binaries.riscv.cv32e40p_config import CLUSTER_SYSTEMS
    from alpine_platform.config.describe import describe, describe_part
    from alpine_platform.manycore import MANY_CORES, changed_many_core
    from alpine_platform.systems.presets import SYSTEMS

    choose("system", name, (*SYSTEMS, *CLUSTER_SYSTEMS, *MANY_CORES))
    if name in MANY_CORES:
        machine = changed_many_core(name, config_file=config, settings=settings)
        heading = f"[bold]{name}[/bold]: {machine.clusters} clusters of {machine.cores} cores"
        Console().print(describe_part(heading, machine))
        return
    if name in CLUSTER_SYSTEMS:
        found = cluster_system(name, config_file=config, settings=settings)
    else:
        found = SystemChoice.of(name, config_file=config, settings=settings).config
    Console().print(describe(found))
