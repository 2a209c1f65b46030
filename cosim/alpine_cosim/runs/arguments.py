# SPDX-License-Identifier: Apache-2.0
"""Types of what a script passes to a run, checked before anything is prepared."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from alpine_models.checks import (
    checked_flag,
    checked_path,
    checked_texts,
    whole_number,
)
from alpine_models.errors import AlpineError
from alpine_models.files import check_writable

__all__ = ["checked"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Check = Callable[[str, Any], Any]
"""Given a parameter's name and its value, returns the value that the function is to see."""


def checked(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a function whose arguments are checked, by the names of its parameters.

    Numbers of numpy's integer types become Python's, texts that are paths become paths. What equals
    its default is taken as it is.

    Raises
    ------
    AlpineError
        When it is called with an argument of another type, or with a file that cannot be written.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            default = signature.parameters[name].default
            if name in CHECKS and value is not default:
                bound.arguments[name] = CHECKS[name](name.replace("_", " "), value)
        return function(*bound.args, **bound.kwargs)

    return call


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise AlpineError(f"{name} {value!r} is refused: give a text")


def _callable(name: str, value: Any) -> Any:
    if callable(value):
        return value
    raise AlpineError(f"{name} {value!r} is refused: give a function")


def _output(name: str, value: Any) -> Any:
    path = checked_path(name, value)
    check_writable(path)
    return path


CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(("inferences", "cores", "length", "seed"), whole_number),
    **dict.fromkeys(
        ("greedy", "back_door", "normalisation", "literal_table", "profile", "check_reads"),
        checked_flag,
    ),
    **dict.fromkeys(("weights", "tile_verilog", "trace", "config_file"), checked_path),
    **dict.fromkeys(("on_stage", "on_step"), _callable),
    "text": _text,
    "timeline": _output,
    "settings": lambda name, value: checked_texts(name, value, example='["core.frequency_hz=1e9"]'),
}
"""Parameters of `run` and `run_program`. `choose` checks names that are chosen from, and
`device_choice` what belongs to the device."""
