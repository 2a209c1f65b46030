# SPDX-License-Identifier: Apache-2.0
"""The option that names a Dask scheduler."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alpine_cosim.campaigns.executor import Executor

__all__ = ["chosen_scheduler", "scheduler_option", "tell"]

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the workers of this Dask scheduler, as tcp://node:8786, instead of processes of "
    "this machine (docs/sweeps.md).",
)
"""Where the workers are, for commands that make many runs."""


def chosen_scheduler(address: str | None) -> "Executor | None":
    """Return what runs on the workers of the scheduler that is named, or None where none is."""
    from alpine_cosim.campaigns.dask_executor import DaskScheduler

    return None if address is None else DaskScheduler(address, tell=tell)


def tell(text: str) -> None:
    """Say on standard error what is no mistake."""
    click.echo(f"alpine: {text}", err=True)
