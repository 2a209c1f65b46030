# SPDX-License-Identifier: Apache-2.0
"""Tables of named things to which other packages add their own through entry points.

A package declares ``[project.entry-points."alpine.networks"]`` with lines ``name =
"module:object"``; the object then stands in the table of that group under that name. Nothing of a
package is imported before its name is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from .errors import AlpineError

__all__ = ["ExtensibleTable", "extension_error"]

Value = TypeVar("Value")


class ExtensibleTable(Mapping[str, Value]):
    """What this product ships by name, and what installed packages add.

    Parameters
    ----------
    group : of the entry points, as ``alpine.networks``.
    shipped : by name.
    checked : given what an entry point names, returns it if it belongs into the table and raises
        `TypeError` otherwise.

    Raises
    ------
    AlpineError
        Where a name is looked up: its package cannot be imported or holds something else, or two
        packages, or a package and this product, have the same name.
    """

    def __init__(
        self, group: str, shipped: Mapping[str, Value], *, checked: Callable[[object], Value]
    ):
        self.group = group
        self.shipped = dict(shipped)
        self._checked = checked
        self._loaded: dict[EntryPoint, Value] = {}

    def __getitem__(self, name: str) -> Value:
        points = [point for point in entry_points(group=self.group) if point.name == name]
        if not points and name in self.shipped:
            return self.shipped[name]
        if not points:
            raise KeyError(name)
        if name in self.shipped:
            raise extension_error(points[0], f"{name} is a name of this product: rename it")
        if len(points) > 1:
            others = ", ".join(_package(point) for point in points[1:])
            raise extension_error(points[0], f"{others} has the same name: uninstall one")
        (point,) = points
        if point not in self._loaded:
            self._loaded[point] = self._load(point)
        return self._loaded[point]

    def __iter__(self) -> Iterator[str]:
        yield from self.shipped
        added = {point.name for point in entry_points(group=self.group)}
        yield from sorted(added - self.shipped.keys())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _load(self, point: EntryPoint) -> Value:
        try:
            found = point.load()
        except Exception as error:
            # Whatever it is, it is the other package's: its name helps more than a traceback.
            text = str(error).partition("\n")[0]
            raise extension_error(
                point,
                f"{point.value} cannot be loaded ({type(error).__name__}: {text}): repair or "
                f"uninstall the package",
            ) from error
        try:
            return self._checked(found)
        except TypeError as error:
            raise extension_error(point, f"{point.value} is {error}") from error


def extension_error(point: EntryPoint, problem: str) -> AlpineError:
    """Return the error of an entry point: one line that names package and entry."""
    return AlpineError(f"entry {point.name} of {point.group} in {_package(point)}: {problem}")


def _package(point: EntryPoint) -> str:
    return f"package {point.dist.name}" if point.dist is not None else "an unnamed package"
