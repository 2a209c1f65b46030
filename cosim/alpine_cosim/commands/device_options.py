"""Options that say what tiles are made of."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from alpine_models.device import DEVICES, EFFECTS, IDEAL_DEVICE

__all__ = ["EffectList", "device_options"]

Command = TypeVar("Command", bound=Callable[..., Any])


class EffectList(click.ParamType):
    """Names with commas between them; whether they exist is said by the device."""

    name = "names"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return tuple(value)


def device_options(command: Command) -> Command:
    """Add --device, --after, --compensate, --effects and --adc-bits to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--device",
        default=IDEAL_DEVICE,
        show_default=True,
        help=f"What the tiles are made of: {IDEAL_DEVICE}, {', '.join(DEVICES)} (docs/device.md).",
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
    click.option(
        "--effects",
        type=EffectList(),
        help="Imperfections in place of all that are published for the device, as in "
        "programming,drift,ir-drop=1: " + ", ".join(EFFECTS) + ".",
    ),
    click.option("--adc-bits", type=int, help="Resolution of the ADC codes, 2 to 8. Default: 8."),
)
