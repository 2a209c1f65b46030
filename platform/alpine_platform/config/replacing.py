# SPDX-License-Identifier: Apache-2.0
"""Replacing fields of a configuration by dotted name, all at once."""

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from alpine_models.errors import AlpineError

from .fields import Checked, check
from .quantities import parse_quantity, unit_of

__all__ = ["field_names", "override"]

Config = TypeVar("Config", bound=Checked)


def field_names(config: object, prefix: str = "") -> list[str]:
    """Dotted names of everything in a configuration but the system's name."""
    names: list[str] = []
    for item in fields(config):  # type: ignore[arg-type]
        value = getattr(config, item.name)
        name = prefix + item.name
        if is_dataclass(value):
            names += field_names(value, name + ".")
        elif item.type is not str:
            names.append(name)
    return names


def override(config: Config, settings: Mapping[str, Any]) -> Config:
    """Return a configuration with fields replaced, by dotted name: ``{"core.frequency_hz": 1e9}``.

    All fields are replaced at once, so that those which only fit together may come in any order.
    A value may be a text with a unit, as in ``"1GHz"``.

    Raises
    ------
    AlpineError
        A field does not exist (near names are listed), its value is impossible, or the fields do
        not fit together.
    """
    known = field_names(config)
    tree: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.4)
            hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(known)}"
            raise AlpineError(f"unknown field {name!r}; {hint}")
        *parts, last = name.split(".")
        branch = tree
        for part in parts:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return replaced(config, tree, "")


def replaced(config: Any, tree: Mapping[str, Any], prefix: str) -> Any:
    """Replace the fields of a part, and of the parts in it."""
    values: dict[str, Any] = {}
    try:
        for item in fields(config):
            if item.name not in tree:
                continue
            value, old = tree[item.name], getattr(config, item.name)
            if is_dataclass(old):
                values[item.name] = replaced(old, value, f"{prefix}{item.name}.")
            else:
                values[item.name] = converted(item, value)
                check(item, values[item.name])
        return replace(config, **values)
    except ValueError as error:
        raise AlpineError(f"{prefix}{error}") from None


def converted(item: Field[Any], value: Any) -> Any:
    """Return a value as the field's kind where nothing is lost by it.

    Raises
    ------
    ValueError
        A text is no number with a unit, or none of the field's choices.
    """
    kind: Any = item.type
    if isinstance(value, str):
        if issubclass(kind, StrEnum):
            return kind(value) if value in list(kind) else value
        if kind in (int, float):
            try:
                value = parse_quantity(value, unit_of(item.name))
            except ValueError as error:
                raise ValueError(f"{item.name} {error}") from None
    if isinstance(value, bool):
        return value
    if kind is float and isinstance(value, int) and abs(value) < 1 << 1023:
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
