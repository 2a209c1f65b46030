# SPDX-License-Identifier: Apache-2.0
"""Options that name a file to write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from alpine_models.files import check_writable

__all__ = ["output_file_option"]

Command = TypeVar("Command", bound=Callable[..., Any])


def output_file_option(*names: str, help: str) -> Callable[[Command], Command]:
    """Return an option for a file; one that cannot be written is refused before the work.

    Parameters
    ----------
    names, help : as of `click.option`.
    """
    return click.option(*names, type=click.Path(path_type=Path), callback=_writable, help=help)


def _writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        check_writable(path)
    return path
