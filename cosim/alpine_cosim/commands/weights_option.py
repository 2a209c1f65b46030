"""The option that chooses trained weights."""

from pathlib import Path

import click

from alpine_sw.networks.weight_file import HARDWARE_AWARE

__all__ = ["weights_option"]

weights_option = click.option(
    "--weights",
    type=Path,
    help="Weight file to use instead of the shipped one, or "
    f"{HARDWARE_AWARE}: shipped for lstm-256, trained with noise for imperfect chips.",
)
