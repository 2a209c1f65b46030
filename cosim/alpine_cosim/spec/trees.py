# SPDX-License-Identifier: Apache-2.0
"""Specifications as trees of plain values, for files, digests and other processes."""

import hashlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from alpine_models.errors import AlpineError
from alpine_sw.datasets.weight_file import HARDWARE_AWARE

__all__ = [
    "CASE",
    "CHANGES",
    "MAPPING",
    "file_digest",
    "identity_tree",
    "tree",
    "with_absolute_paths",
]

CHANGES = "changes"
"""Field whose pairs of name and value are a table in the tree."""

PROGRAM, SOURCE = "program", ".py:"
"""Field with a program's name, and what is in it where that begins with a file."""

MAPPING, CASE = "mapping", "case"
"""Field with a mapping's file or case; the tree has a case under its own name."""

Tree = dict[str, Any]
Part = TypeVar("Part")


def tree(part: Any) -> Tree:
    """Return a dataclass as nested dictionaries of JSON values; what is None is left out."""
    return _tree(part, str)


def identity_tree(part: Any) -> Tree:
    """Return the same with the digest of its content in place of every file.

    Raises
    ------
    AlpineError
        A file cannot be read.
    """
    return _tree(part, file_digest)


def with_absolute_paths(part: Part) -> Part:
    """Return a dataclass in which files have names that hold in every folder, for other processes.

    Its identity is the same.
    """
    made: dict[str, Any] = {}
    for item in fields(cast(Any, part)):
        value = getattr(part, item.name)
        if is_dataclass(value):
            absolute = with_absolute_paths(value)
        elif isinstance(value, Path) and value != Path(HARDWARE_AWARE):
            absolute = value.absolute()
        elif item.name == PROGRAM and isinstance(value, str) and SOURCE in value:
            absolute = str(Path(value).absolute())
        else:
            continue
        if absolute is not value:
            made[item.name] = absolute
    return replace(cast(Any, part), **made) if made else part


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or the name that stands for shipped weights, which are code.

    Raises
    ------
    AlpineError
        The file cannot be read.
    """
    if path == Path(HARDWARE_AWARE):
        return HARDWARE_AWARE
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AlpineError(f"file {path} of a run cannot be read: {error.strerror}") from error


def _tree(part: Any, path_text: Callable[[Path], str]) -> Tree:
    found: Tree = {}
    for item in fields(part):
        value = getattr(part, item.name)
        if value is None:
            continue
        if is_dataclass(value):
            found[item.name] = _tree(value, path_text)
        elif item.name == MAPPING and isinstance(value, str):
            found[CASE] = value
        elif item.name == CHANGES:
            found[item.name] = {name: _plain(changed, path_text) for name, changed in value}
        else:
            found[item.name] = _plain(value, path_text)
    return found


def _plain(value: Any, path_text: Callable[[Path], str]) -> Any:
    if isinstance(value, Path):
        return path_text(value)
    if isinstance(value, str):
        # An enumeration's member is a text that JSON and TOML must not meet as anything else.
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each, path_text) for each in cast(tuple[Any, ...], value)]
    return value
