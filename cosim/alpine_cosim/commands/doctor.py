# SPDX-License-Identifier: Apache-2.0
"""`alpine doctor`."""

import sys

import click

__all__ = ["doctor"]


@click.command()
def doctor() -> None:
    """Say what this machine lacks and the exact command that fixes it."""
    from rich.console import Console

    from alpine_cosim.binding.doctor import diagnose

    if not diagnose(Console()):
        sys.exit(1)
