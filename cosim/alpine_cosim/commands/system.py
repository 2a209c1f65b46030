# SPDX-License-Identifier: Apache-2.0
"""`alpine system`."""

from pathlib import Path

import click

from .completion import completed, systems

__all__ = ["system"]


@click.group()
def system() -> None:
    """Look at the simulated systems."""


@system.command("describe", epilog="Example: alpine system describe high-power")
@click.argument("name", shell_complete=completed(systems))
@click.option("--config", type=click.Path(path_type=Path), help="TOML file with fields to replace.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Replace one field.")
def describe_system(name: str, *, config: Path | None, settings: tuple[str, ...]) -> None:
    """Draw a system's block diagram as a tree, every number with its source."""
    from rich.console import Console

    from alpine_cosim.spec.system_choice import SystemChoice
    from alpine_platform.config.describe import describe

    Console().print(describe(SystemChoice.of(name, config_file=config, settings=settings).config))
