# SPDX-License-Identifier: Apache-2.0
"""Where numbers come from: a digest of the code and data that they were computed with."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from .errors import AlpineError

__all__ = ["library_versions", "source_digest"]

COMPILED = "__pycache__"
"""Folders of what Python and Numba compile from the sources."""


def source_digest(packages: Sequence[str], *, leaving_out: Collection[str] = ()) -> str:
    """Return a digest of every file of some packages: it changes with any byte and any name.

    All files count, whatever they hold: Python, C++, weights, tables. Only what is compiled from
    them does not.

    Parameters
    ----------
    packages : names of importable packages or modules, which need not be imported.
    leaving_out : files and folders in them, as in ``alpine_rtl/formal``.

    Raises
    ------
    AlpineError
        A package is not installed, or a path that is to be left out does not exist.
    """
    digest = hashlib.sha256()
    met: set[str] = set()
    for package in packages:
        for name, path in _files(package, frozenset(leaving_out), met):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{name} {content}\n".encode())
    if unknown := sorted(set(leaving_out) - met):
        raise AlpineError(f"{unknown[0]} is in none of the packages {', '.join(packages)}")
    return digest.hexdigest()


def _files(package: str, leaving_out: frozenset[str], met: set[str]) -> Iterator[tuple[str, Path]]:
    """Files of a package by name, in order; adds to ``met`` what of ``leaving_out`` was met."""
    spec = find_spec(package)
    if spec is not None and spec.origin and not spec.submodule_search_locations:
        yield Path(spec.origin).name, Path(spec.origin)
        return
    if spec is None or not spec.submodule_search_locations:
        raise AlpineError(f"package {package} is not installed")
    root = Path(spec.submodule_search_locations[0])
    for path in sorted(root.rglob("*")):
        if COMPILED in path.parts or not path.is_file():
            continue
        inside = Path(package) / path.relative_to(root)
        left = {str(part) for part in (inside, *inside.parents)} & leaving_out
        met |= left
        if not left:
            yield inside.as_posix(), path


def library_versions(names: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of other people's libraries, by name of distribution."""
    return {name: version(name) for name in names}
