"""Options that name a file to write."""

from pathlib import Path

import click

from alpine_models.files import check_writable

__all__ = ["writable"]


def writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Return an option's file; refuse one that cannot be written before the work that fills it.

    Raises
    ------
    AlpineError
        Its folder does not exist or cannot be written, or it is a folder itself.
    """
    if path is not None:
        check_writable(path)
    return path
