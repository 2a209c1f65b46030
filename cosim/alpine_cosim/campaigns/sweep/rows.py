# SPDX-License-Identifier: Apache-2.0
"""The rows of a sweep: one for every run that its folder has, in columns."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from alpine_cosim.campaigns.store import Record, ResultStore
from alpine_cosim.measurement.results import RunResult
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_platform.config.overrides import flattened

from .definition import read_definition
from .plan import point_text, setting_of_tree
from .runs import FILE

__all__ = ["ERROR", "HOST_PREFIX", "SweepRows", "read_rows", "row_of"]

ERROR = "error"
"""Column of what a failing run said; empty in the others."""

HOST_PREFIX = "host."
"""Begins the names of columns that depend on the machine."""

PER_INFERENCE = ("time_per_inference_s", "energy_per_inference_j")
FIELDS = tuple(item.name for item in fields(RunResult))

LAST = ("outputs_sha256", "versions", "spec", "code", "key")
"""Columns that stand behind all others, as they are long."""

SPEC_HAS_IT = ("settings",)
"""What of a result is in its specification already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepRows:
    """All rows, sorted by the varied settings.

    Members
    -------
    title : of the sweep.
    varied : columns of the settings that vary, in their order.
    columns : equally many values each, by name; None where a row has none.
    """

    title: str
    varied: tuple[str, ...]
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.columns["key"])

    def row(self, number: int) -> dict[str, Any]:
        """Return a row by column."""
        return {name: values[number] for name, values in self.columns.items()}

    def point(self, number: int) -> str:
        """Return the varied settings of a row in words."""
        return point_text({name: self.columns[name][number] for name in self.varied})

    def numbers(self, column: str) -> list[float | None]:
        """Return a column's values as numbers; None where there is none.

        Raises
        ------
        AlpineError
            There is no such column, or it holds something else.
        """
        values = self.columns[choose("column", column, self.columns)]
        if any(isinstance(value, str) for value in values) or all(v is None for v in values):
            numeric = [name for name in self.columns if self.is_numeric(name)]
            raise AlpineError(
                f"column {column} holds no numbers: choose one of {', '.join(numeric)}"
            )
        return [None if value is None else float(value) for value in values]

    def is_numeric(self, column: str) -> bool:
        """Whether a column holds numbers, and one at least."""
        filled = [value for value in self.columns[column] if value is not None]
        return bool(filled) and all(isinstance(value, int | float) for value in filled)


def read_rows(
    folder: Path, *, on_damaged: Callable[[Path, int], None] = lambda path, line: None
) -> SweepRows:
    """Return the rows of a sweep's folder: of every run the newest, whatever code has made it.

    Raises
    ------
    AlpineError
        The folder is none of a sweep, has no results, or cannot be read.
    """
    if not (folder / FILE).is_file():
        raise AlpineError(
            f"{folder} is no folder of a sweep, as {FILE} is not in it: name the folder that "
            "`alpine sweep` has written to"
        )
    definition = read_definition(folder / FILE)
    columns = _Columns()
    for content in ResultStore(folder, on_damaged=on_damaged).contents():
        identity = content["identity"]
        row = row_of(content["result"], definition.varied)
        columns.put(_name(identity), {**row, "code": content["code"], "key": content["key"]})
    if not columns.count:
        raise AlpineError(f"{folder} has no results yet: run `alpine sweep {folder / FILE}`")
    return columns.sorted(definition.title, definition.varied)


def row_of(record: Record, varied: Sequence[str]) -> dict[str, Any]:
    """Return the row of a run.

    Parameters
    ----------
    record : its result, or what is kept of its failure.
    varied : names of settings that become columns.
    """
    row: dict[str, Any] = {name: _plain(setting_of_tree(record["spec"], name)) for name in varied}
    row[ERROR] = record.get(ERROR)
    for name, value in _results(record):
        row.setdefault(name, _plain(value))
    row |= {HOST_PREFIX + name: _plain(value) for name, value in record.get("host", {}).items()}
    row["versions"] = json.dumps(record["versions"], sort_keys=True)
    row["spec"] = json.dumps(record["spec"], sort_keys=True)
    return row


def _results(record: Record) -> Iterator[tuple[str, Any]]:
    result = record.get("result")
    if result is None:
        return
    kept = {name: value for name, value in result.items() if name not in SPEC_HAS_IT}
    count = result["inferences"]
    yield PER_INFERENCE[0], result["time_s"] / count
    yield PER_INFERENCE[1], result["energy_j"] / count
    yield from flattened(kept).items()


def _plain(value: Any) -> Any:
    """A value that a column can hold; text that many rows have is kept once."""
    if isinstance(value, list | tuple | dict):
        value = json.dumps(value)
    return sys.intern(value) if isinstance(value, str) else value


def _name(identity: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).digest()


class _Columns:
    """Columns that grow row by row; a run that is met again replaces its row.

    A dictionary for every row would take several times the memory.
    """

    def __init__(self) -> None:
        self.count = 0
        self._columns: dict[str, list[Any]] = {}
        self._places: dict[bytes, int] = {}

    def put(self, name: bytes, row: Mapping[str, Any]) -> None:
        """Add a run's row, or replace an earlier one."""
        place = self._places.setdefault(name, self.count)
        if place == self.count:
            self.count += 1
            for values in self._columns.values():
                values.append(None)
        for column in self._columns.keys() - row.keys():
            self._columns[column][place] = None
        for column, value in row.items():
            if column not in self._columns:
                self._columns[column] = [None] * self.count
            self._columns[column][place] = value

    def sorted(self, title: str, varied: tuple[str, ...]) -> SweepRows:
        """Return all rows sorted by the varied settings, then by their keys."""
        by = [self._columns[name] for name in varied]
        names = list(self._places)

        def order(place: int) -> list[Any]:
            return [*(_rank(values[place]) for values in by), names[place]]

        places = sorted(range(self.count), key=order)
        # Not in the order in which rows came, which changes from one sweep to the next.
        columns = {
            name: [self._columns[name][place] for place in places]
            for name in sorted(self._columns, key=partial(_column_rank, varied))
        }
        return SweepRows(title=title, varied=varied, columns=columns)


def _column_rank(varied: Sequence[str], name: str) -> tuple[int, int, str]:
    """Where a column stands: settings, error, figures as a result has them, host, long texts."""
    first = (*varied, ERROR, *PER_INFERENCE)
    if name in first:
        return (0, first.index(name), name)
    if name in LAST:
        return (3, LAST.index(name), name)
    part = name.partition(".")[0]
    return (1, FIELDS.index(part), name) if part in FIELDS else (2, 0, name)


def _rank(value: Any) -> tuple[int, Any]:
    """What values of one setting are sorted by: numbers, texts, none."""
    if value is None:
        return (2, 0)
    return (1, value) if isinstance(value, str) else (0, value)
