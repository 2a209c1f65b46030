# SPDX-License-Identifier: Apache-2.0
"""What a sweep file says: what is fixed, what varies, and which combinations are left out."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_models.files import read_toml_text
from alpine_platform.config.overrides import flattened

from .conditions import DropCondition

__all__ = ["GRID", "ZIP", "Settings", "SweepDefinition", "definition_from_text", "read_definition"]

GRID, ZIP = "grid", "zip"
"""How axes are combined: every value with every other one's, or the first with the first."""

Settings = dict[str, Any]
"""Values by dotted name, as in a run's file, where ``changes`` of the system is left out."""

ENTRIES = ("title", "combine", "drop", "statistics", "fixed", "axes", "points")
NAMED = ("system", "device")
"""Tables of a run for which a name may stand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepDefinition:
    """What a sweep file says.

    Members
    -------
    title : of tables and pictures.
    fixed : settings of every run.
    axes : values by name of a setting, in order.
    combine : `GRID` or `ZIP`, of the axes.
    points : settings that belong together; each is combined with every combination of the axes.
    drop : conditions; a combination for which one holds is left out.
    statistics : every number of the platform is kept in a file for each run.

    Raises
    ------
    AlpineError
        Nothing varies, an axis has no values, axes that are zipped have different lengths, or a
        condition names what the sweep does not set.
    """

    title: str = "sweep"
    fixed: Settings = field(default_factory=dict[str, Any])
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    combine: str = GRID
    points: tuple[Settings, ...] = ()
    drop: tuple[DropCondition, ...] = ()
    statistics: bool = False

    def __post_init__(self) -> None:
        choose("way to combine axes", self.combine, (GRID, ZIP))
        if not self.axes and not self.points:
            raise AlpineError("nothing varies: give [axes] with lists of values, or [[points]]")
        for name, values in self.axes.items():
            if not values:
                raise AlpineError(f"axis {name} has no values, so there is nothing to run: add one")
        lengths = {name: len(values) for name, values in self.axes.items()}
        if self.combine == ZIP and len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise AlpineError(f"axes that are zipped need equally many values: {told}")
        for condition in self.drop:
            condition.check_names(self.names)

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the settings that vary, those of the points first."""
        names = [name for point in self.points for name in point]
        return tuple(dict.fromkeys([*names, *self.axes]))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all settings that the file gives."""
        return tuple(dict.fromkeys([*self.fixed, *self.varied]))

    @property
    def size(self) -> int:
        """Combinations before conditions drop some."""
        lengths = [len(values) for values in self.axes.values()]
        combined = math.prod(lengths) if self.combine == GRID else max(lengths, default=1)
        return combined * max(len(self.points), 1)

    def combinations(self) -> Iterator[Settings]:
        """Yield the settings of every combination that no condition drops."""
        for point in self.points or ({},):
            rows = product(*self.axes.values()) if self.combine == GRID else self._zipped()
            for row in rows:
                axes = dict(zip(self.axes, row, strict=True))
                settings = {**self.fixed, **point, **axes}
                if not any(condition.holds(settings) for condition in self.drop):
                    yield settings

    def _zipped(self) -> Iterator[tuple[Any, ...]]:
        return zip(*self.axes.values(), strict=True) if self.axes else iter([()])


def read_definition(path: Path) -> SweepDefinition:
    """Read a sweep file.

    Raises
    ------
    AlpineError
        The file cannot be read, is no TOML, or describes no sweep.
    """
    text = read_toml_text(path)
    try:
        return definition_from_text(text)
    except AlpineError as error:
        raise AlpineError(f"{path}: {error}") from None


def definition_from_text(text: str) -> SweepDefinition:
    """Return the sweep that a TOML text describes.

    Raises
    ------
    AlpineError
        The text is no TOML, or describes no sweep.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AlpineError(str(error)) from None
    for name in values:
        choose("entry of a sweep file", name, ENTRIES)
    made: dict[str, Any] = {
        name: _of_type(name, values[name], kind)
        for name, kind in (("title", str), ("combine", str), ("statistics", bool))
        if name in values
    }
    fixed = settings_of(_of_type("fixed", values.get("fixed", {}), dict))
    axes = settings_of(_of_type("axes", values.get("axes", {}), dict))
    points = tuple(
        settings_of(_of_type("points", point, dict))
        for point in _of_type("points", values.get("points", []), list)
    )
    for name, given in axes.items():
        if not isinstance(given, list):
            raise AlpineError(f"axis {name} is {given!r}: give a list of values, as in [1, 2]")
    for name in axes:
        if any(name in point for point in points):
            raise AlpineError(f"setting {name} is an axis and stands in [[points]]: leave one out")
    drop = [
        DropCondition(_of_type("drop", text, str))
        for text in _of_type("drop", values.get("drop", []), list)
    ]
    made |= {"axes": {name: tuple(given) for name, given in axes.items()}}
    return SweepDefinition(fixed=fixed, points=points, drop=tuple(drop), **made)


def settings_of(table: Mapping[str, Any]) -> Settings:
    """Return the settings in a table of a run's file by dotted name."""
    given = dict(table)
    for name in NAMED:
        if name in given and not isinstance(given[name], Mapping):
            given = {(f"{key}.name" if key == name else key): v for key, v in given.items()}
    flat = flattened(given)
    return {name.replace("system.changes.", "system.", 1): value for name, value in flat.items()}


def _of_type(name: str, value: Any, kind: type) -> Any:
    """A value of a sweep file, of the type that its entry has."""
    if isinstance(value, kind):
        return value
    forms = {
        str: "a text",
        bool: "true or false",
        list: "a list",
        dict: f"a table, as [{name}] begins one, or [[{name}]] for points",
    }
    raise AlpineError(f"{name} {value!r} is refused: give {forms[kind]}")
