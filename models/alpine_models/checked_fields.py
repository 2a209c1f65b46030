# SPDX-License-Identifier: Apache-2.0
"""Fields of frozen dataclasses that check and convert what they are given, wherever it comes from.

A keyword of a script, an option of the command line and an entry of a TOML file meet the same
check, so that each mistake has one message.
"""

from collections.abc import Callable, Collection
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import Any

from .checks import checked_flag, checked_path, checked_texts, whole_number
from .choices import choose
from .errors import AlpineError

__all__ = [
    "CHECK",
    "REFUSAL",
    "Check",
    "check_fields",
    "checked",
    "chosen",
    "default_of",
    "flag",
    "optional",
    "path",
    "text",
    "texts",
    "whole",
]

Check = Callable[[str, Any], Any]
"""Given a field's name in words and a value, returns what the field is to hold."""

CHECK, REFUSAL = "check", "refusal"
"""Entries of a field's metadata: its check, and what to say where the field does not exist."""


def checked(check: Check, *, default: Any = MISSING, refusal: str | None = None) -> Any:
    """Return a dataclass field.

    Parameters
    ----------
    check : applied by `check_fields`.
    default : of the field; it is not checked, and without one the field must be given.
    refusal : of an option of some networks, the message for the others; may contain ``{network}``,
        ``{value}`` and ``{networks}``, those which have the option.
    """
    return field(default=default, metadata={CHECK: check, REFUSAL: refusal})


def check_fields(made: Any) -> None:
    """Check every field of a new frozen dataclass and put the converted values into it.

    Raises
    ------
    AlpineError
        A value is refused.
    """
    for item in fields(made):
        value = getattr(made, item.name)
        if CHECK in item.metadata and value is not item.default:
            name = item.name.replace("_", " ")
            object.__setattr__(made, item.name, item.metadata[CHECK](name, value))


def default_of(item: Field[Any]) -> Any:
    """Return the default of a field, made if need be; `MISSING` without one."""
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


def optional(check: Check) -> Check:
    """Return a check that lets None pass."""
    return lambda name, value: None if value is None else check(name, value)


def whole(*, least: int | None = None, most: int | None = None, words: str | None = None) -> Check:
    """Return a check for a whole number; ``words`` names the field better than its own name."""
    return lambda name, value: whole_number(words or name, value, least=least, most=most)


def chosen(kind: str, names: Callable[[], Collection[str]]) -> Check:
    """Return a check for one of some names, which are asked for when they are needed."""
    return lambda _name, value: choose(kind, value, names())


def flag(name: str, value: Any) -> bool:
    """Check a value that is True or False."""
    return checked_flag(name, value)


def path(name: str, value: Any) -> Path:
    """Check a path, which may be text."""
    return checked_path(name, value)


def texts(example: str) -> Check:
    """Return a check for a list of texts."""
    return lambda name, value: checked_texts(name, value, example=example)


def text(name: str, value: Any) -> str:
    """Check a text."""
    if isinstance(value, str):
        return value
    raise AlpineError(f"{name} {value!r} is refused: give a text")
