# SPDX-License-Identifier: Apache-2.0
"""Checks of what a person gives a Python function: types first, then ranges.

The command line turns text into values of the right type; a script can pass anything.
"""

from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, cast

from .errors import AlpineError

__all__ = [
    "checked_flag",
    "checked_path",
    "checked_texts",
    "is_whole",
    "real_number",
    "whole_number",
]


def is_whole(value: object, least: int, most: int) -> bool:
    """Return whether a value is a Python integer, and no bool, within bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def whole_number(
    name: str, value: object, *, least: int | None = None, most: int | None = None
) -> int:
    """Return a value as a Python integer if it is one of any integer type, numpy's included.

    Parameters
    ----------
    name : of the thing, for the message.
    least, most : bounds, or None.

    Raises
    ------
    AlpineError
        It is of another type, or out of range.
    """
    if (
        not isinstance(value, bool)
        and isinstance(value, Integral)
        and (least is None or int(value) >= least)
        and (most is None or int(value) <= most)
    ):
        return int(value)
    lower = "" if least is None else f" from {least} on"
    upper = "" if most is None else f", {most} at most"
    raise AlpineError(f"{name} {value!r} is refused: give a whole number{lower}{upper}")


def real_number(name: str, value: object) -> float:
    """Return a value as a float if it is a number of any real type.

    Raises
    ------
    AlpineError
        It is none.
    """
    if not isinstance(value, bool) and isinstance(value, Real):
        return float(value)
    raise AlpineError(f"{name} {value!r} is refused: give a number")


def checked_flag(name: str, value: object) -> bool:
    """Return a value that is True or False.

    Raises
    ------
    AlpineError
        It is neither.
    """
    if isinstance(value, bool):
        return value
    raise AlpineError(f"{name} {value!r} is refused: give True or False")


def checked_texts(name: str, value: Any, *, example: str) -> tuple[str, ...]:
    """Return a sequence of texts; a single text is none, for its characters would be taken.

    Raises
    ------
    AlpineError
        It is a text, or no sequence of texts.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        texts = tuple(cast(Sequence[object], value))
        if all(isinstance(text, str) for text in texts):
            return cast(tuple[str, ...], texts)
    raise AlpineError(f"{name} {value!r} is refused: give a list of texts, as in {example}")


def checked_path(name: str, value: Any) -> Path:
    """Return a path that is given as one or as text.

    Raises
    ------
    AlpineError
        It is neither, or empty.
    """
    if isinstance(value, str | Path) and str(value):
        return Path(value)
    raise AlpineError(f"{name} {value!r} is refused: give the path of a file or folder as text")
