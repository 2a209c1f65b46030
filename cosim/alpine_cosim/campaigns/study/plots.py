# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Matplotlib types its keyword arguments only in part; what crosses this border is annotated.
"""Pictures of studies."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import PercentFormatter

from alpine_models.files import write_with
from alpine_models.plurals import counted

from .result import PointResult, StudyResult

__all__ = ["plot_study"]

COLOURS = ("#c03d3e", "#1f77b4", "#2ca02c", "#9467bd")


def plot_study(result: StudyResult, folder: Path) -> list[Path]:
    """Draw a result; return an SVG and a PNG file."""
    draw = _effects if result.kind == "effects" else _curves
    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    draw(result, axes)
    axes.set_title(
        f"{result.title}; {counted(result.samples, 'sample')}, {counted(result.chips, 'chip')}",
        fontsize=10,
    )
    files = [folder / f"{result.kind}-{result.network}.{suffix}" for suffix in ("svg", "png")]
    write_with(files[0], lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))
    write_with(files[1], lambda file: figure.savefig(file, format="png", dpi=150))
    plt.close(figure)
    return files


def _curves(result: StudyResult, axes) -> None:
    for (label, points), colour in zip(result.curves.items(), COLOURS, strict=False):
        x = [point.x for point in points]
        mean = [point.shown.mean for point in points]
        axes.plot(x, mean, marker="o", markersize=4, color=colour, label=label)
        if all(point.shown.low is not None for point in points):
            low, high = [p.shown.low for p in points], [p.shown.high for p in points]
            axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.axhline(result.ideal, color="#555555", linestyle="--", linewidth=1, label="ideal device")
    points = next(iter(result.curves.values()))
    if result.kind == "time" and points[0].x > 0:
        axes.set_xscale("log")
    axes.set_xticks([point.x for point in points], [point.label for point in points], fontsize=8)
    axes.minorticks_off()
    axes.set_xlabel(f"{result.axis}; bands: 95 % confidence of the mean")
    axes.set_ylabel(result.quantity)
    if result.quantity != "bits per character":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def _effects(result: StudyResult, axes) -> None:
    (points,) = result.curves.values()
    ordered: list[PointResult] = sorted(points, key=result.cost)
    places = range(len(ordered))
    axes.barh(
        list(places),
        [result.cost(point) for point in ordered],
        xerr=[point.shown.half_width or 0.0 for point in ordered],
        color=["#555555" if p.label == "all together" else "#1f77b4" for p in ordered],
        error_kw={"elinewidth": 1, "capsize": 2},
    )
    axes.set_yticks(list(places), [point.label.partition(":")[0] for point in ordered], fontsize=8)
    axes.axvline(0.0, color="#555555", linewidth=1)
    ideal = (
        f"{result.ideal:.3f}"
        if result.quantity == "bits per character"
        else (f"{result.ideal:.2%}")
    )
    axes.set_xlabel(
        f"loss of {result.quantity} against the ideal device ({ideal})"
        if result.quantity == "accuracy"
        else f"{result.quantity} above the ideal device's ({ideal})"
    )
    if result.quantity != "bits per character":
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="x", alpha=0.3)
