# SPDX-License-Identifier: Apache-2.0
"""What a person asks of a sweep, and the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from alpine_models.choices import choose
from alpine_models.errors import AlpineError

from .answers import Goal, SettingEffect, best, goal_of, pareto_front, sensitivity
from .rows import SweepRows

__all__ = ["Answers", "Questions"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What rows say.

    Members
    -------
    ordered : a goal, and the numbers of all rows from the best on; or None.
    goals, front : of a Pareto front, and the numbers of its rows; empty where none is asked for.
    moved : a goal, and the effects of all settings on it; or None.
    drawn : columns of a curve: abscissa, ordinate, perhaps one for a curve each; or empty.
    """

    ordered: tuple[Goal, list[int]] | None
    goals: list[Goal]
    front: list[int]
    moved: tuple[Goal, list[SettingEffect]] | None
    drawn: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether a table answers something."""
        return self.ordered is not None or bool(self.goals) or self.moved is not None

    def pictures(self, rows: SweepRows) -> dict[str, bytes]:
        """Draw the answers; return SVG files by name."""
        from . import plots

        drawn: dict[str, bytes] = {}
        if self.goals:
            drawn["pareto"] = plots.svg_of(plots.plot_front(rows, self.goals, self.front))
        if self.moved is not None:
            goal, effects = self.moved
            drawn["sensitivity"] = plots.svg_of(plots.plot_effects(rows, effects, goal))
        if self.drawn:
            drawn["curve"] = plots.svg_of(plots.plot_columns(rows, *self.drawn))
        return drawn


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """What is asked, by names of columns; goals as of `answers.goal_of`.

    Members
    -------
    best, sensitivity : a goal, or None.
    pareto : goals, two or more, or None.
    curve : two or three columns, as in `Answers`, or None.
    """

    best: str | None = None
    pareto: Sequence[str] | None = None
    sensitivity: str | None = None
    curve: Sequence[str] | None = None

    def answers(self, rows: SweepRows) -> Answers:
        """Return the answers.

        Raises
        ------
        AlpineError
            There is no such column, it holds no numbers, or there are too few or too many.
        """
        ordered = moved = None
        if self.best is not None:
            goal = goal_of(self.best, rows)
            ordered = goal, best(rows, goal)
        goals = [goal_of(text, rows) for text in self.pareto or ()]
        if self.sensitivity is not None:
            goal = goal_of(self.sensitivity, rows)
            moved = goal, sensitivity(rows, goal.column)
        return Answers(
            ordered=ordered,
            goals=goals,
            front=[] if self.pareto is None else pareto_front(rows, goals),
            moved=moved,
            drawn=self._drawn(rows),
        )

    def _drawn(self, rows: SweepRows) -> tuple[str, ...]:
        if self.curve is None:
            return ()
        if not 2 <= len(self.curve) <= 3:
            raise AlpineError(
                f"a curve needs X,Y or X,Y,BY, not {len(self.curve)} columns: name two or three"
            )
        x, y, *by = self.curve
        rows.numbers(y)
        return tuple(choose("column", name, rows.columns) for name in (x, y, *by))
