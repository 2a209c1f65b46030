# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Matplotlib types its keyword arguments only in part; what crosses this border is annotated.
"""Pictures of a run's report, as SVG texts that stand in the page itself."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from alpine_sw.library.tile_plan import TilePlan

__all__ = ["RoofPoint", "Roofs", "bars", "occupancy", "roofline", "timeline"]

COLOURS = ("#1f77b4", "#c03d3e", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f")
MOST_TILES, MOST_EVENTS = 24, 6000
"""Tiles and operations that a picture shows at most."""
LABELLED, MOST_RAISED = 2, 60
"""Names in a label of the roofline, and points that it is moved up at most."""
KINDS = {
    "waiting": "#d0d7de",
    "tile instructions": "#c03d3e",
    "computing": "#1f77b4",
}
"""What lanes show, by colour."""
WAITING = ("Wait", "Lock", "Take", "Arrive", "WaitForEvent")
PRODUCT = ("RunCm", "cm_")


def occupancy(tiles: Mapping[str, TilePlan]) -> str:
    """Draw which cells of every tile hold which matrix."""
    shown = list(tiles.items())[:MOST_TILES]
    columns = min(len(shown), 4)
    rows = -(-len(shown) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(11, 2.9 * rows), squeeze=False, layout="constrained"
    )
    colours: dict[str, str] = {}
    for axes in grid.reshape(-1)[len(shown) :]:
        axes.set_axis_off()
    for axes, (name, plan) in zip(grid.reshape(-1), shown, strict=False):
        for placement in plan.placements:
            colour = colours.setdefault(placement.name, COLOURS[len(colours) % len(COLOURS)])
            outputs, inputs = placement.weights.shape
            place = (placement.column, placement.row)
            axes.add_patch(
                Rectangle(place, outputs, inputs, facecolor=colour, alpha=0.75, edgecolor="k")
            )
            middle = (placement.column + outputs / 2, placement.row + inputs / 2)
            axes.text(*middle, placement.name, ha="center", va="center", fontsize=7, wrap=True)
        config = plan.config
        axes.set_xlim(0, config.columns)
        axes.set_ylim(config.rows, 0)
        share = plan.cells / (config.rows * config.columns)
        axes.set_title(f"{name}: {share:.0%} of {config.rows} x {config.columns}", fontsize=9)
        axes.set_xlabel("bit lines", fontsize=8)
        axes.set_ylabel("word lines", fontsize=8)
        axes.tick_params(labelsize=7)
    return _svg(figure)


def timeline(events: Sequence[Mapping[str, Any]], lanes: Mapping[tuple[int, int], str]) -> str:
    """Draw what every core and tile does, from the beginning on.

    Parameters
    ----------
    events : trace events with their times in microseconds.
    lanes : names of processes' threads.
    """
    spans = [event for event in events if event["ph"] == "X"]
    spans = sorted(spans, key=lambda event: event["ts"])[:MOST_EVENTS]
    figure, axes = plt.subplots(figsize=(11, 0.9 + 0.34 * len(lanes)), layout="constrained")
    for height, lane in enumerate(lanes):
        for kind, colour in KINDS.items():
            bars = [
                (event["ts"], event["dur"])
                for event in spans
                if (event["pid"], event["tid"]) == lane and _kind(event["name"]) == kind
            ]
            axes.broken_barh(_joined(bars), (height - 0.4, 0.8), facecolors=colour)
    axes.set_yticks(range(len(lanes)), list(lanes.values()), fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("simulated time in us")
    handles = [Rectangle((0, 0), 1, 1, color=colour) for colour in KINDS.values()]
    axes.legend(handles, KINDS, ncols=3, fontsize=8, loc="upper right")
    axes.set_xlim(left=0)
    return _svg(figure)


def _kind(name: str) -> str:
    if name in WAITING:
        return "waiting"
    return "tile instructions" if name.startswith(PRODUCT) else "computing"


def _joined(bars: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Bars that touch as one, so that the picture stays small."""
    joined: list[tuple[float, float]] = []
    for start, length in bars:
        if joined and start - sum(joined[-1]) < 1e-3:
            joined[-1] = (joined[-1][0], start + length - joined[-1][0])
        else:
            joined.append((start, length))
    return joined


def bars(shares: Mapping[str, float], unit: str) -> str:
    """Draw amounts as bars, the largest first."""
    ordered = sorted(shares.items(), key=lambda item: item[1])
    figure, axes = plt.subplots(figsize=(11, 0.8 + 0.26 * len(ordered)), layout="constrained")
    axes.barh([name for name, _ in ordered], [value for _, value in ordered], color=COLOURS[0])
    axes.set_xlabel(unit)
    axes.tick_params(labelsize=8)
    return _svg(figure)


@dataclass(frozen=True, slots=True)
class RoofPoint:
    """A node in the roofline.

    Members
    -------
    name : of the node.
    intensity : multiply-accumulate operations per byte that passes the tile's or the core's port.
    rate : operations per second in the run.
    on_tile : whether it lies in a tile.
    """

    name: str
    intensity: float
    rate: float
    on_tile: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Roofs:
    """Ceilings of one tile and one core.

    Members
    -------
    tile_rate, core_rate : multiply-accumulate operations per second at most.
    port_bytes, memory_bytes : bytes per second that the tile's port and the DRAM move at most.
    """

    tile_rate: float
    core_rate: float
    port_bytes: float
    memory_bytes: float


def roofline(points: Sequence[RoofPoint], roofs: Roofs) -> str:
    """Draw what nodes reach below what a tile and a core can reach."""
    figure, axes = plt.subplots(figsize=(11, 5), layout="constrained")
    low = min([0.25, *(point.intensity for point in points)]) / 2
    high = 4 * max(
        [roofs.tile_rate / roofs.port_bytes, *(point.intensity for point in points)], default=1
    )
    for name, rate, slope, colour in (
        ("tile", roofs.tile_rate, roofs.port_bytes, COLOURS[1]),
        ("core", roofs.core_rate, roofs.memory_bytes, COLOURS[0]),
    ):
        if not rate:
            continue
        knee = rate / slope
        axes.plot(
            [low, knee, high], [low * slope, rate, rate], color=colour, label=f"ceiling of a {name}"
        )
    for point in points:
        marker, colour = ("o", COLOURS[1]) if point.on_tile else ("s", COLOURS[0])
        axes.plot(point.intensity, point.rate, marker, color=colour, markersize=6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("multiply-accumulate operations per byte moved")
    axes.set_ylabel("operations per second")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    _label(figure, axes, points)
    return _svg(figure)


def _label(figure: Any, axes: Any, points: Sequence[RoofPoint]) -> None:
    """Write every point's name beside it, so far above that it covers no other name.

    Points that lie on one another have one label with their names.
    """
    figure.canvas.draw()
    groups: dict[tuple[float, float], list[str]] = {}
    for point in points:
        groups.setdefault((point.intensity, point.rate), []).append(point.name)
    taken: list[Any] = []
    places = sorted(groups.items(), key=lambda item: (item[0][1], item[0][0]))
    for place, names in places:
        more = len(names) - LABELLED
        text = ", ".join(names[:LABELLED]) + (f" and {more} more" if more > 0 else "")
        label = axes.annotate(
            text, place, fontsize=7, xytext=(5, 3), textcoords="offset points",
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#888888"},
        )  # fmt: skip
        box = _box(label, figure)
        raised = 3.0
        while raised < MOST_RAISED and any(box.overlaps(other) for other in taken):
            raised += 2
            label.set_position((5, raised))
            box = _box(label, figure)
        if raised >= MOST_RAISED:
            # Better none than one over another; the table of layers has all names.
            label.remove()
            continue
        taken.append(box)


def _box(label: Any, figure: Any) -> Any:
    """Where a label's text lies, without the line to its point."""
    label.update_positions(figure.canvas.get_renderer())
    return Text.get_window_extent(label)


def _svg(figure: Any) -> str:
    """The figure as an element that refers to nothing outside of it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    found = re.search(r"<svg.*</svg>", text.getvalue(), re.S)
    assert found is not None
    return found[0]
