# SPDX-License-Identifier: Apache-2.0
"""Changing a configuration: from dotted names, from TOML files, with near names in the errors."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alpine_models.errors import AlpineError
from alpine_models.files import read_toml_text

from . import SystemConfig
from .replacing import field_names, field_of, field_values, override

__all__ = [
    "changed_fields",
    "field_names",
    "field_of",
    "field_values",
    "override",
    "parse_setting",
    "read_toml",
]


def changed_fields(config: SystemConfig, original: SystemConfig) -> dict[str, Any]:
    """Fields whose values differ between two configurations, by dotted name."""
    before = field_values(original)
    return {name: value for name, value in field_values(config).items() if value != before[name]}


def parse_setting(text: str) -> tuple[str, Any]:
    """Read one ``NAME=VALUE`` of the command line.

    The value is written as in TOML, or without quotes: a number with a unit, as in ``1GHz``.

    Raises
    ------
    AlpineError
        There is no ``=`` or no value.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise AlpineError(f"setting {text!r} is not NAME=VALUE, as in core.frequency_hz=1e9")
    if not value:
        raise AlpineError(f"setting {name} has no value: write {name}=VALUE")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def read_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file; tables give the dotted names.

    Raises
    ------
    AlpineError
        The file cannot be read or is no TOML.
    """
    try:
        tree = tomllib.loads(read_toml_text(path))
    except tomllib.TOMLDecodeError as error:
        raise AlpineError(f"{path}: {error}") from None
    return flattened(tree)


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested tables into dotted names."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat.update(flattened(value, f"{prefix}{name}."))  # type: ignore[arg-type]
        else:
            flat[prefix + name] = value
    return flat
