# SPDX-License-Identifier: Apache-2.0
"""Replacing fields of a configuration by dotted name, all at once.

Where a field holds several parts of one kind, as a system holds complexes of cores, a name begins
with that of the part, as in ``little.core.frequency_hz``; with a single part that is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar, cast

from alpine_models.errors import AlpineError

from .fields import Checked, check
from .quantities import parse_quantity, unit_of

__all__ = ["field_names", "field_of", "field_values", "override"]

Config = TypeVar("Config", bound=Checked)
Step = str | int
"""A field of a part, or the number of one of several parts."""


def field_paths(config: Checked, prefix: str = "") -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Dotted name of everything in a configuration but names, and the way to it."""
    several = has_several_parts(config)
    for item in fields(cast(Any, config)):
        value = getattr(config, item.name)
        if value is None or item.name in getattr(config, "absent", ()):
            continue
        if isinstance(value, tuple):
            for number, part in enumerate(cast(tuple[Any, ...], value)):
                inner = f"{prefix}{part.name}." if several else prefix
                for name, path in field_paths(part, inner):
                    yield name, (item.name, number, *path)
        elif is_dataclass(value):
            for name, path in field_paths(cast(Checked, value), f"{prefix}{item.name}."):
                yield name, (item.name, *path)
        elif item.type is not str:
            yield prefix + item.name, (item.name,)


def has_several_parts(config: Any) -> bool:
    """Whether names begin with that of a part: there are several, of one kind or of several."""
    values = (getattr(config, item.name) for item in fields(config))
    return sum(len(cast(tuple[Any, ...], value)) for value in values if type(value) is tuple) > 1


def field_names(config: Checked) -> list[str]:
    """Dotted names of everything in a configuration but the names of its parts."""
    return [name for name, _ in field_paths(config)]


def field_values(config: Checked) -> dict[str, Any]:
    """Values of everything in a configuration but the names of its parts, by dotted name."""
    return {
        name: getattr(part_at(config, path), str(last))
        for name, (*path, last) in field_paths(config)
    }


def field_of(config: Checked, name: str) -> Field[Any]:
    """Return the declaration of a field by dotted name."""
    *path, last = dict(field_paths(config))[name]
    return next(item for item in fields(part_at(config, path)) if item.name == last)


def part_at(config: Checked, path: Iterable[Step]) -> Any:
    """Return the part of a configuration to which a way leads."""
    part: Any = config
    for step in path:
        part = part[step] if isinstance(step, int) else getattr(part, step)
    return part


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
    paths = dict(field_paths(config))
    tree: dict[Step, Any] = {}
    for name, value in settings.items():
        if name not in paths:
            near = get_close_matches(name, list(paths), n=3, cutoff=0.4)
            hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(paths)}"
            raise AlpineError(f"unknown field {name!r}; {hint}")
        *path, last = paths[name]
        branch = tree
        for step in path:
            branch = branch.setdefault(step, {})
        branch[last] = value
    return replaced(config, tree, "")


def replaced(config: Any, tree: Mapping[Step, Any], prefix: str) -> Any:
    """Replace the fields of a part, and of the parts in it."""
    values: dict[str, Any] = {}
    several = has_several_parts(config)
    try:
        for item in fields(config):
            if item.name not in tree:
                continue
            value, old = tree[item.name], getattr(config, item.name)
            if isinstance(old, tuple):
                parts = cast(tuple[Any, ...], old)
                values[item.name] = tuple(
                    replaced(part, value.get(number, {}), f"{part.name}." if several else prefix)
                    for number, part in enumerate(parts)
                )
            elif is_dataclass(old):
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
