# SPDX-License-Identifier: Apache-2.0
"""Rows of a sweep as text: one table as results come in, and tables of answers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alpine_models.choices import choose
from alpine_models.durations import duration_text
from alpine_models.plurals import counted

from .answers import Goal, SettingEffect
from .questions import Answers
from .rows import ERROR, SweepRows

__all__ = ["RowLines", "print_answers", "shown", "shown_columns"]

FIGURES = (
    "time_per_inference_s",
    "energy_per_inference_j",
    "accuracy",
    "bits_per_character",
    "analog.output_error.mean",
)
"""Columns that a table shows beside the varied settings, where there is something in them."""

PREFIXES = ("", "m", "u", "n", "p", "f", "a")
WIDTH, LONGEST = 12, 40
"""Least width of a column, and most letters of a value, in lines that come one by one."""


def shown(column: str, value: Any) -> str:
    """Return a value as a person reads it: in the unit that the column's name ends with.

    Of a file's path that is its name.
    """
    if value is None:
        return ""
    if isinstance(value, str | bool):
        text = str(value).lower() if isinstance(value, bool) else value
        return text.rpartition("/")[2] if text.startswith("/") else text
    if column.endswith("_s"):
        after = column.endswith("after_s")
        return duration_text(value) if after else _scaled(value, "s")
    if column.endswith("_j"):
        return _scaled(value, "J")
    if "accuracy" in column or "output_error" in column:
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.5g}"


def shown_columns(rows: SweepRows, chosen: Sequence[str] = ()) -> list[str]:
    """Return the columns of a table: the varied settings, the chosen or usual figures, errors.

    Raises
    ------
    AlpineError
        There is no such column.
    """
    chosen = [choose("column", name, rows.columns) for name in chosen]
    filled = [name for name, values in rows.columns.items() if any(v is not None for v in values)]
    figures = chosen or [name for name in FIGURES if name in filled]
    wrong = ["outputs_equal_golden"] * (False in rows.columns.get("outputs_equal_golden", ()))
    columns = [*rows.varied, *figures, *wrong, *([ERROR] if ERROR in filled else [])]
    return list(dict.fromkeys(columns))


def print_answers(
    rows: SweepRows, answers: Answers, columns: Sequence[str], console: Console, *, most: int
) -> None:
    """Print a table for every question, or all rows if there is none.

    Parameters
    ----------
    columns : of `shown_columns`.
    most : rows of a table.
    """
    if answers.ordered is not None:
        goal, places = answers.ordered
        _print_rows(rows, places, _with(columns, goal), console, most=most, title=f"{goal} first")
    if answers.goals:
        goals = " and ".join(map(str, answers.goals))
        chosen = _with(columns, *answers.goals)
        _print_rows(rows, answers.front, chosen, console, most=most, title=f"Pareto front: {goals}")
    if answers.moved is not None:
        goal, effects = answers.moved
        _print_effects(effects, goal, console)
    if not answers.any:
        _print_rows(rows, range(len(rows)), columns, console, most=most, title="")


def _with(columns: Sequence[str], *goals: Goal) -> list[str]:
    return list(dict.fromkeys([*columns, *(goal.column for goal in goals)]))


def _print_rows(
    rows: SweepRows,
    places: Sequence[int],
    columns: Sequence[str],
    console: Console,
    *,
    most: int,
    title: str,
) -> None:
    told = f"{rows.title}{': ' if title else ''}{title}; {counted(len(places), 'run')}"
    if len(places) > most:
        told += f", the first {most:,} of them"
    console.print(told, markup=False, highlight=False)
    table = Table()
    for column in columns:
        justify = "right" if rows.is_numeric(column) else "left"
        table.add_column(column, justify=justify, overflow="fold")
    for place in places[:most]:
        table.add_row(*(escape(shown(name, rows.columns[name][place])) for name in columns))
    console.print(table)


def _print_effects(effects: Sequence[SettingEffect], goal: Goal, console: Console) -> None:
    """Print what every setting moves a column by."""
    table = Table(
        title=f"{goal.column}: how far it moves where one setting alone changes",
        title_justify="left",
    )
    for head in ("setting", "mean", "of the mean value", "largest", "compared"):
        table.add_column(head, justify="left" if head == "setting" else "right")
    for effect in effects:
        table.add_row(
            effect.name,
            shown(goal.column, effect.mean),
            "" if effect.relative is None else f"{effect.relative:.1%}",
            shown(goal.column, effect.largest),
            counted(effect.groups, "group"),
        )
    console.print(table)


class RowLines:
    """A table whose lines come one by one, so that its columns have their widths beforehand.

    Parameters
    ----------
    varied : settings that vary.
    widest : longest value of each, by name.
    """

    def __init__(self, varied: Sequence[str], widest: Mapping[str, int]):
        columns = [*varied, *FIGURES[:2], "score"]
        self._widths = {
            name: max(len(name), min(widest.get(name, WIDTH), LONGEST)) for name in columns
        }
        self._varied = varied

    def head(self) -> str:
        """Return the line above all others."""
        return "  ".join(f"{name:>{width}}" for name, width in self._widths.items())

    def line(self, row: Mapping[str, Any]) -> str:
        """Return the line of a row; of one that failed its error in place of figures."""
        values = {name: shown(name, row.get(name)) for name in (*self._varied, *FIGURES[:2])}
        parts = [
            f"{_cut(values[name], width):>{width}}"
            for name, width in self._widths.items()
            if name in values
        ]
        if row.get(ERROR) is not None:
            return "  ".join([*parts[: len(self._varied)], f"failed: {row[ERROR]}"])
        scores = [shown(name, row[name]) for name in FIGURES[2:] if row.get(name) is not None]
        return "  ".join([*parts, f"{scores[0] if scores else '':>{self._widths['score']}}"])


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}~"


def _scaled(value: float, unit: str) -> str:
    """A number in the largest unit of which it holds one or more."""
    if value == 0 or not math.isfinite(value) or abs(value) >= 1:
        return f"{value:.5g} {unit}"
    place = min(-math.floor(math.log10(abs(value)) / 3), len(PREFIXES) - 1)
    return f"{value * 1000**place:.4g} {PREFIXES[place]}{unit}"
