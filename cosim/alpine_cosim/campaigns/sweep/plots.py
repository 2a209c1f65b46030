# SPDX-License-Identifier: Apache-2.0
"""Pictures of a sweep: a column against another, a Pareto front, what each setting moves."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot

from .answers import Goal, SettingEffect
from .rows import SweepRows

__all__ = ["plot_columns", "plot_effects", "plot_front", "svg_of"]

plt: Any = matplotlib.pyplot
"""Matplotlib types its keyword arguments only in part."""

COLOURS = ("#1f77b4", "#c03d3e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")
SALT = "alpine"
"""From which names within a picture are made, so that the same rows give the same bytes."""


def svg_of(figure: Any) -> bytes:
    """Return a picture as SVG and close it."""
    file = BytesIO()
    with plt.rc_context({"svg.hashsalt": SALT}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    return file.getvalue()


def plot_front(rows: SweepRows, goals: Sequence[Goal], front: Sequence[int]) -> Any:
    """Draw all rows over two columns, and the front among them."""
    figure, axes = _figure(rows)
    x, y = (rows.numbers(goal.column) for goal in goals[:2])
    axes.plot(*_whole(x, y, range(len(rows))), "o", color="#b0b0b0", markersize=4, label="all")
    ordered = sorted(front, key=lambda place: x[place] or 0.0)
    axes.plot(*_whole(x, y, ordered), "o-", color=COLOURS[1], markersize=5, label="Pareto front")
    axes.set_xlabel(str(goals[0]))
    axes.set_ylabel(str(goals[1]))
    axes.legend(fontsize=8)
    return figure


def plot_columns(rows: SweepRows, x: str, y: str, by: str | None = None) -> Any:
    """Draw a column against another: the mean of rows with the same abscissa, and their range.

    Parameters
    ----------
    by : column with one curve for each of its values, or None for one curve.
    """
    figure, axes = _figure(rows)
    across: Sequence[Any] = rows.columns[x] if by is None else rows.columns[by]
    heights = rows.numbers(y)
    numeric = rows.is_numeric(x)
    labels = list(dict.fromkeys(rows.columns[x]))
    curves = [None] if by is None else list(dict.fromkeys(across))
    for number, curve in enumerate(curves):
        found: dict[Any, list[float]] = {}
        for place, height in enumerate(heights):
            if height is not None and (by is None or across[place] == curve):
                found.setdefault(rows.columns[x][place], []).append(height)
        places = [each if numeric else labels.index(each) for each in found]
        means = [sum(values) / len(values) for values in found.values()]
        label = None if by is None else f"{by}={curve}"
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(places, means, "o-", markersize=4, color=colour, label=label)
        if any(len(values) > 1 for values in found.values()):
            low, high = ([end(v) for v in found.values()] for end in (min, max))
            axes.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)
    if not numeric:
        axes.set_xticks(range(len(labels)), [str(label) for label in labels], fontsize=8)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if by is not None:
        axes.legend(fontsize=8)
    return figure


def plot_effects(rows: SweepRows, effects: Sequence[SettingEffect], goal: Goal) -> Any:
    """Draw how far a column moves where one setting alone changes."""
    figure, axes = _figure(rows)
    ordered = list(reversed(effects))
    axes.barh([effect.name for effect in ordered], [effect.mean for effect in ordered])
    axes.set_xlabel(f"mean range of {goal.column}")
    return figure


def _figure(rows: SweepRows) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    axes.set_title(rows.title, fontsize=10)
    axes.grid(alpha=0.3)
    return figure, axes


def _whole(
    x: Sequence[float | None], y: Sequence[float | None], places: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Both coordinates of the rows that have both."""
    found = [(a, b) for a, b in ((x[p], y[p]) for p in places) if a is not None and b is not None]
    return [a for a, _ in found], [b for _, b in found]
