# SPDX-License-Identifier: Apache-2.0
"""Progress on the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["progress_bars"]


def progress_bars() -> "Progress":
    """Return transient progress bars on standard error, silent where that is redirected."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # Redirected output gets no progress, and no empty lines in its place.
        disable=not console.is_terminal,
    )
