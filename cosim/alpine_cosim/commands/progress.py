"""Progress on the terminal."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["progress_bars"]


def progress_bars() -> Progress:
    """Return transient progress bars on standard error, silent where that is redirected."""
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
