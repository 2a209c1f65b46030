# SPDX-License-Identifier: Apache-2.0
"""A study's result from its scores, and its table, JSON and pictures."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from alpine_cosim.measurement.analog_outcome import Spread
from alpine_cosim.spec.trees import tree
from alpine_models.files import write_text
from alpine_models.plurals import counted

from .plans import StudyPlan, prepared
from .result import PointResult, StudyResult
from .runs import Scores

__all__ = ["collect", "print_study", "write_study"]


def collect(plan: StudyPlan, scores: Scores) -> StudyResult:
    """Return the result of a plan from the scores of all its works."""
    spec = plan.spec
    task = prepared(spec)
    golden = task.golden()
    if task.accuracy is not None:
        quantity, ideal = "accuracy", task.accuracy(golden)
    elif task.bits_per_character is not None:
        quantity, ideal = "bits per character", task.bits_per_character(golden)
    else:
        quantity, ideal = "error of the outputs", 0.0
    curves: dict[str, list[PointResult]] = {}
    for curve in plan.curves:
        curves[curve.label] = []
        for point in curve.points:
            chips = [scores[work][point.time_index] for work in point.works]
            values = [chip.score for chip in chips if chip.score is not None]
            errors = [chip.output_error for chip in chips]
            curves[curve.label].append(
                PointResult(
                    x=point.x,
                    label=point.label,
                    score=Spread.of(values) if values else None,
                    output_error=Spread.of(errors),
                    chips=tuple(values or errors),
                )
            )
    return StudyResult(
        kind=plan.kind,
        title=plan.title,
        axis=plan.axis,
        network=spec.name,
        case=spec.case,
        samples=len(task.inputs),
        weights=tree(spec.options).get("weights"),
        seed=spec.seed,
        chips=spec.device.chips,
        device=plan.device.name,
        effects=plan.device.effects,
        verify_margin=plan.device.verify_margin,
        quantity=quantity,
        ideal=ideal,
        curves=curves,
    )


def print_study(result: StudyResult, console: Console) -> None:
    """Print a result as a table: a row per point, a column per curve."""
    ideal = _number(result, result.ideal)
    table = Table(
        title=f"{result.title}\n{result.quantity} on {counted(result.samples, 'sample')}, "
        f"seed {result.seed}, {counted(result.chips, 'chip')}, mean +- 95 %; ideal {ideal}",
        title_justify="left",
    )
    table.add_column(result.axis)
    if result.kind == "effects":
        (points,) = result.curves.values()
        for name in (result.quantity, "cost", "output error"):
            table.add_column(name, justify="right")
        for point in sorted(points, key=result.cost, reverse=True):
            table.add_row(
                point.label,
                _spread(result, point.shown),
                _number(result, result.cost(point)),
                f"{point.output_error.mean:.2%}",
            )
    else:
        for label in result.curves:
            table.add_column(label, justify="right")
        for row in zip(*result.curves.values(), strict=True):
            table.add_row(row[0].label, *(_spread(result, point.shown) for point in row))
    console.print(table)


def write_study(result: StudyResult, folder: Path) -> list[Path]:
    """Write JSON and pictures (SVG and PNG) into a folder; return the files."""
    from .plots import plot_study

    files = [folder / f"{result.kind}-{result.network}.json"]
    write_text(files[0], result.to_json())
    return files + plot_study(result, folder)


def _spread(result: StudyResult, spread: Spread) -> str:
    text = _number(result, spread.mean)
    half = spread.half_width
    return text if half is None else f"{text} +- {_number(result, half)}"


def _number(result: StudyResult, value: float) -> str:
    return f"{value:.3f}" if result.quantity == "bits per character" else f"{value:.2%}"
