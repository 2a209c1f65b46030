# SPDX-License-Identifier: Apache-2.0
"""Options for networks from model files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["model_options"]

Command = Callable[..., Any]


def model_options(command: Command) -> Command:
    """Add the options that a network from a model file has."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


OPTIONS = (
    click.option(
        "--data",
        type=click.Path(path_type=Path),
        help="Model files: samples, an .npz file with one array per input and, if known, labels.",
    ),
    click.option(
        "--calibration",
        type=click.Path(path_type=Path),
        help="Model files: samples from which the ranges of the codes follow. Default: the first "
        "64 of the data.",
    ),
    click.option("--map-cores", type=int, help="Model files: cores that the mapping may use."),
    click.option(
        "--tile-rows", type=int, default=1024, show_default=True, help="Model files: word lines."
    ),
    click.option(
        "--tile-columns", type=int, default=1024, show_default=True, help="Model files: bit lines."
    ),
    click.option(
        "--tiles-per-core",
        type=int,
        default=1,
        show_default=True,
        help="Model files: tiles that a core may own.",
    ),
)
"""As they stand in a command's help."""
