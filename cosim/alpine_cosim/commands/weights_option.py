# SPDX-License-Identifier: Apache-2.0
"""The option that chooses trained weights."""

from pathlib import Path

import click

__all__ = ["weights_option"]

weights_option = click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="Weight file to use instead of the shipped one, or "
    "hardware-aware: shipped for lstm-256, trained with noise for imperfect chips.",
)
