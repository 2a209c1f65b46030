"""Changing a configuration: from dotted names, from TOML files, with near names in the errors."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine_models.errors import AlpineError

if TYPE_CHECKING:
    from .config import SystemConfig

__all__ = ["changed_fields", "field_names", "override", "parse_setting", "read_toml"]


def field_names(config: object, prefix: str = "") -> list[str]:
    """Dotted names of every number in a configuration."""
    names: list[str] = []
    for item in fields(config):  # type: ignore[arg-type]
        value = getattr(config, item.name)
        name = prefix + item.name
        if is_dataclass(value):
            names += field_names(value, name + ".")
        else:
            names.append(name)
    return names


def override(config: "SystemConfig", settings: Mapping[str, Any]) -> "SystemConfig":
    """Return a configuration with fields replaced, by dotted name: ``{"core.frequency_hz": 1e9}``.

    Raises
    ------
    AlpineError
        A field does not exist (near names are listed) or its value is impossible.
    """
    known = field_names(config)
    changed: Any = config
    for name, value in settings.items():
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.4)
            hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(known)}"
            raise AlpineError(f"unknown field {name!r}; {hint}")
        try:
            changed = replaced(changed, name.split("."), value)
        except ValueError as error:
            raise AlpineError(f"{name}: {error}") from None
    return changed


def replaced(config: Any, path: list[str], value: Any) -> Any:
    """Replace one field, rebuilding (and so checking) everything around it."""
    if len(path) > 1:
        value = replaced(getattr(config, path[0]), path[1:], value)
    elif isinstance(getattr(config, path[0]), float) and type(value) is int:
        value = float(value)
    elif isinstance(getattr(config, path[0]), int) and type(value) is float and value.is_integer():
        value = int(value)
    return replace(config, **{path[0]: value})


def changed_fields(config: "SystemConfig", original: "SystemConfig") -> dict[str, Any]:
    """Fields whose values differ between two configurations, by dotted name."""

    def value(of: Any, name: str) -> Any:
        for part in name.split("."):
            of = getattr(of, part)
        return of

    return {
        name: value(config, name)
        for name in field_names(config)
        if value(config, name) != value(original, name)
    }


def parse_setting(text: str) -> tuple[str, Any]:
    """Read one ``NAME=VALUE`` of the command line; the value is written as in TOML.

    Raises
    ------
    AlpineError
        There is no ``=`` or the value cannot be read.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise AlpineError(f"setting {text!r} is not NAME=VALUE, as in core.frequency_hz=1e9")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        raise AlpineError(f"setting {name}: cannot read the value {value!r}") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file; tables give the dotted names.

    Raises
    ------
    AlpineError
        The file cannot be read or is no TOML.
    """
    try:
        tree = tomllib.loads(path.read_text())
    except OSError as error:
        raise AlpineError(f"{path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise AlpineError(f"{path}: {error}") from None
    return flattened(tree, "")


def flattened(tree: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Turn nested tables into dotted names."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat.update(flattened(value, f"{prefix}{name}."))  # type: ignore[arg-type]
        else:
            flat[prefix + name] = value
    return flat
