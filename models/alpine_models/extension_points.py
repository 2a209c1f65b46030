# SPDX-License-Identifier: Apache-2.0
"""Tables of named things to which other packages add their own through entry points.

A package declares ``[project.entry-points."alpine.networks"]`` with lines ``name =
"module:object"``; the object then stands in the table of that group under that name. Nothing of a
package is imported before its name is asked for.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TypeVar

from .errors import AlpineError

__all__ = ["EXTENSIBLE", "ExtensibleTable", "extension_packages", "loaded_extension"]

Value = TypeVar("Value")

EXTENSIBLE = ("alpine.networks", "alpine.systems", "alpine.devices", "alpine.hardware")
"""Groups whose objects numbers depend on."""


class ExtensibleTable(Mapping[str, Value]):
    """What this product ships by name, and what installed packages add.

    Parameters
    ----------
    group : of the entry points, as ``alpine.networks``.
    kind : class of what belongs into the table.
    shipped : by name.

    Raises
    ------
    AlpineError
        Where a name is looked up: its package cannot be imported or holds something else, or two
        packages, or a package and this product, have the same name.
    """

    def __init__(self, group: str, kind: type[Value], shipped: Mapping[str, Value]):
        self.group = group
        self.shipped = dict(shipped)
        self._kind = kind
        self._loaded: dict[EntryPoint, Value] = {}

    def __getitem__(self, name: str) -> Value:
        points = [point for point in points_of(self.group) if point.name == name]
        if not points and name in self.shipped:
            return self.shipped[name]
        if not points:
            raise KeyError(name)
        if name in self.shipped:
            raise extension_error(points[0], f"{name} is a name of this product: rename it")
        if len(points) > 1:
            raise extension_error(points[0], "another package has the same name: uninstall one")
        (point,) = points
        if point not in self._loaded:
            self._loaded[point] = self._load(point)
        return self._loaded[point]

    def __iter__(self) -> Iterator[str]:
        yield from self.shipped
        added = {point.name for point in points_of(self.group)}
        yield from sorted(added - self.shipped.keys())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _load(self, point: EntryPoint) -> Value:
        found = loaded_extension(point)
        if not isinstance(found, self._kind):
            raise extension_error(
                point, f"{point.value} is a {type(found).__name__}, no {self._kind.__name__}"
            )
        return found


def loaded_extension(point: EntryPoint) -> object:
    """Return what an entry point names.

    Raises
    ------
    AlpineError
        It cannot be imported.
    """
    try:
        return point.load()
    except Exception as error:
        # Whatever it is, it is the other package's: its name helps more than a traceback.
        text = str(error).partition("\n")[0]
        raise extension_error(
            point,
            f"{point.value} cannot be loaded ({type(error).__name__}: {text}): repair or uninstall "
            f"the package",
        ) from error


def points_of(group: str) -> Sequence[EntryPoint]:
    """Return a group's entry points; packages are looked through once for every `sys.path`."""
    return _points_on(group, tuple(sys.path))


@lru_cache(maxsize=32)
def _points_on(group: str, path: tuple[str, ...]) -> Sequence[EntryPoint]:
    return tuple(entry_points(group=group))


def extension_packages() -> list[str]:
    """Return the importable packages that add to a table of `EXTENSIBLE`, sorted.

    Those that are not there are left out: who asks for a name of theirs is told.
    """
    points = [point for group in EXTENSIBLE for point in points_of(group)]
    names = sorted({point.module.partition(".")[0] for point in points})
    return [name for name in names if find_spec(name) is not None]


def extension_error(point: EntryPoint, problem: str) -> AlpineError:
    """Return the error of an entry point: one line that names package and entry."""
    package = "an unnamed package" if point.dist is None else f"package {point.dist.name}"
    return AlpineError(f"entry {point.name} of {point.group} in {package}: {problem}")
