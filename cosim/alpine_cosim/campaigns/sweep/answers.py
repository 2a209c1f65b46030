# SPDX-License-Identifier: Apache-2.0
"""What rows of a sweep say: the best, the Pareto front, what each setting moves."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.choices import choose
from alpine_models.errors import AlpineError

from .rows import SweepRows

__all__ = ["Goal", "SettingEffect", "best", "goal_of", "pareto_front", "sensitivity"]

MOST, LEAST = "max", "min"
HIGHER_IS_BETTER = ("accuracy", "analog.accuracy", "outputs_equal_golden")
"""Beginnings of the names of columns of which more is better; of all others, less."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A column, and whether more of it is better."""

    column: str
    highest: bool

    def __str__(self) -> str:
        """Name the column and the better end."""
        return f"{'highest' if self.highest else 'lowest'} {self.column}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingEffect:
    """What a setting does to a column where nothing else changes.

    Members
    -------
    name : of the setting.
    groups : sets of rows that differ in this setting alone.
    mean, largest : of the ranges (largest less smallest value) of the groups.
    relative : mean of the ranges over the sizes of the groups' means; None where one is 0.
    """

    name: str
    groups: int
    mean: float
    largest: float
    relative: float | None


def goal_of(text: str, rows: SweepRows) -> Goal:
    """Read a goal: a column, which ``:max`` or ``:min`` may follow.

    Raises
    ------
    AlpineError
        There is no such column, or it holds no numbers.
    """
    column, colon, end = text.partition(":")
    rows.numbers(column)
    if colon:
        return Goal(column, choose(f"end of {column}", end, (MOST, LEAST)) == MOST)
    return Goal(column, column.startswith(HIGHER_IS_BETTER))


def best(rows: SweepRows, goal: Goal) -> list[int]:
    """Return the numbers of the rows that have the column, the best first."""
    values = rows.numbers(goal.column)
    found = [place for place, value in enumerate(values) if value is not None]
    sign = -1.0 if goal.highest else 1.0
    return sorted(found, key=lambda place: sign * (values[place] or 0.0))


def pareto_front(rows: SweepRows, goals: list[Goal]) -> list[int]:
    """Return the numbers of rows than which none is better in one goal and as good in the others.

    Rows without a value in one of the columns are left out.

    Raises
    ------
    AlpineError
        There are fewer than two goals.
    """
    if len(goals) < 2:
        raise AlpineError("a Pareto front needs two columns or more: separate them by commas")
    columns = [
        [math.nan if v is None else (-v if goal.highest else v) for v in rows.numbers(goal.column)]
        for goal in goals
    ]
    costs: NDArray[np.float64] = np.array(columns).T
    whole = np.flatnonzero(~np.isnan(costs).any(axis=1))
    # Whatever dominates a row comes before it.
    order = whole[np.lexsort(costs[whole].T[::-1])]
    front: list[int] = []
    for place in order.tolist():
        ahead = costs[front]
        worse = (ahead <= costs[place]).all(axis=1) & (ahead < costs[place]).any(axis=1)
        if not worse.any():
            front.append(place)
    return front


def sensitivity(rows: SweepRows, column: str) -> list[SettingEffect]:
    """Return what every varied setting does to a column, that which moves it most first.

    A setting that never changes alone, as where axes are zipped, has no effect to tell and is left
    out.

    Raises
    ------
    AlpineError
        There is no such column, or it holds no numbers.
    """
    values = rows.numbers(column)
    effects = [_effect(rows, values, name) for name in rows.varied]
    found = [effect for effect in effects if effect is not None]
    return sorted(found, key=lambda effect: effect.mean, reverse=True)


def _effect(rows: SweepRows, values: list[float | None], name: str) -> SettingEffect | None:
    others = [rows.columns[other] for other in rows.varied if other != name]
    groups: dict[tuple[object, ...], dict[object, float]] = {}
    for place, value in enumerate(values):
        if value is not None:
            group = groups.setdefault(tuple(column[place] for column in others), {})
            group[rows.columns[name][place]] = value
    compared = [list(group.values()) for group in groups.values() if len(group) > 1]
    if not compared:
        return None
    ranges = [max(group) - min(group) for group in compared]
    means = [abs(math.fsum(group) / len(group)) for group in compared]
    relative = None
    if all(means):
        parts = [each / mean for each, mean in zip(ranges, means, strict=True)]
        relative = math.fsum(parts) / len(parts)
    return SettingEffect(
        name=name,
        groups=len(compared),
        mean=math.fsum(ranges) / len(ranges),
        largest=max(ranges),
        relative=relative,
    )
