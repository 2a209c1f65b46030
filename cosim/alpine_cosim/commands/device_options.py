# SPDX-License-Identifier: Apache-2.0
"""Options that say what tiles are made of."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from alpine_models.imperfections import DEVICE_NAMES, EFFECTS, IDEAL_DEVICE

from .completion import completed, devices

__all__ = ["device_options", "effects_option", "split_names", "verify_option"]

Command = TypeVar("Command", bound=Callable[..., Any])


def split_names(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    """Return the names between commas; whether they exist is said by who uses them."""
    if value is None:
        return None
    return tuple(name.strip() for name in value.split(",") if name.strip())


def device_options(command: Command) -> Command:
    """Add --device, --after, --compensate, --effects, --adc-bits and --verify to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


effects_option = click.option(
    "--effects",
    metavar="NAMES",
    callback=split_names,
    help="Imperfections in place of all that are published for the device, as in "
    "programming,drift,ir-drop=1: " + ", ".join(EFFECTS) + ".",
)
"""Which imperfections a device has."""

verify_option = click.option(
    "--verify",
    is_flag=False,
    flag_value="published",
    metavar="MARGIN",
    help="Read programmed cells by CM_PARAM_READ and write again those off by more than so many "
    "weights, 30 times at most; without a margin the published one.",
)
"""Whether programmed cells are verified."""

_OPTIONS = (
    click.option(
        "--device",
        default=IDEAL_DEVICE,
        show_default=True,
        shell_complete=completed(devices),
        help=f"What the tiles are made of: {', '.join((IDEAL_DEVICE, *DEVICE_NAMES))} "
        "(docs/device.md).",
    ),
    click.option(
        "--after",
        metavar="TIME",
        help="Time between programming and the run, as in 25s, 1hour, 1day, 1year. Default: none.",
    ),
    click.option(
        "--compensate",
        is_flag=False,
        flag_value="tile",
        metavar="SCOPE",
        help="Drift compensation: none (default), tile or column; tile where no scope is named.",
    ),
    effects_option,
    click.option(
        "--adc-bits",
        type=int,
        help="Resolution of the ADC codes, 2 to 8. Default: 8. The tile's energy stays that of 8.",
    ),
    verify_option,
)
