# SPDX-License-Identifier: Apache-2.0
"""Writes the calibration page: every reference run, ours beside it, and a plot."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from alpine_models.files import write_text
from alpine_models.page_origin import Origin, with_origin

from .chosen_numbers import chosen_numbers
from .deviations import MISSES_COMPARED, beyond_limits, instruction_errors
from .experiment import EXPERIMENTS
from .fit import BodyFit, Comparison
from .placements import HeapMoved, Moved, placed_programs
from .plot import scatter
from .reference import EXCLUDED, exclusion, reference_runs

__all__ = ["write_page"]

PACKAGES = ("alpine_models", "alpine_platform", "alpine_sw")
NO_FIGURES = ("alpine_sw/training",)
"""What the page's figures depend on, and what in it they do not."""


def write_page(
    folder: Path,
    fitted: Sequence[Comparison],
    plain: Sequence[Comparison],
    fits: Sequence[BodyFit],
    *,
    moved: Sequence[Moved],
    heaps: Sequence[HeapMoved],
) -> list[Path]:
    """Write `calibration.md` and its plot; returns what was written."""
    page = folder / "calibration.md"
    plot = folder / "calibration.svg"
    written = "\n".join(text(fitted, plain, fits, moved, heaps))
    write_text(page, with_origin(written, Origin.now("make calibrate", PACKAGES, NO_FIGURES)))
    write_text(plot, scatter(fitted))
    return [page, plot]


def text(
    fitted: Sequence[Comparison],
    plain: Sequence[Comparison],
    fits: Sequence[BodyFit],
    moved: Sequence[Moved],
    heaps: Sequence[HeapMoved],
) -> list[str]:
    """Lines of the page."""
    return [
        "# Calibration",
        "",
        "Written by `python -m alpine_sw.calibrate`; do not edit. Reference: real gem5 v24"
        " MinorCPU runs with ALPINE's parameters (`platform/alpine_platform/data/gem5`, whose"
        " README describes configuration, kernels and counters). Ours: the same loops on the"
        " platform. Error is ours / reference - 1, in cycles.",
        "",
        "![ours against the reference](calibration.svg)",
        "",
        "## Error per group",
        "",
        *summary("with the fitted constants", fitted, lambda run: run.error),
        "",
        *summary(
            "with every fitted constant 0 (they are added to an iteration's cycles, so 0 is what 1"
            " is for a factor)",
            plain,
            lambda run: run.error,
        ),
        "",
        *chosen_numbers(),
        "",
        *beyond_limits(fitted),
        "",
        *instruction_errors(fitted),
        "",
        *left_out(fits),
        "",
        *misses(fitted),
        "",
        *placed_programs(fitted, moved, heaps),
        "",
        *domain(fits),
        "",
        *exclusions(fitted),
        "",
        "## Every run",
        "",
        "| run | system | reference | ours | error | error without constants | instructions |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {run.name} | {run.system} | {run.reference:.4g} | {run.ours:.4g} |"
            f" {run.error:+.1%} | {bare.error:+.1%} |"
            f" {instructions(run)} |"
            for run, bare in zip(fitted, plain, strict=True)
        ),
    ]


def instructions(run: Comparison) -> str:
    """Error of the instruction count, where it was counted."""
    if math.isnan(run.our_instructions):
        return "-"
    return f"{run.our_instructions / run.reference_instructions - 1:+.1%}"


def middle(values: Sequence[float]) -> float:
    """Median."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def summary(
    title: str, runs: Sequence[Comparison], error: Callable[[Comparison], float]
) -> list[str]:
    """Median and worst error of every group."""
    rows = [
        f"{title}:",
        "",
        "| group | runs | median | worst | worst run |",
        "|---|---|---|---|---|",
    ]
    for group in dict.fromkeys(run.group for run in runs):
        members = [run for run in runs if run.group == group]
        worst = max(members, key=lambda run: abs(error(run)))
        rows.append(
            f"| {group} | {len(members)} | {middle([abs(error(run)) for run in members]):.1%} |"
            f" {error(worst):+.1%} | {worst.name} {worst.system} |"
        )
    return rows


def left_out(fits: Sequence[BodyFit]) -> list[str]:
    """Leave-one-out errors."""
    errors = [abs(error) for fit in fits for error in fit.left_out.values()]
    worst = max(
        ((abs(error), name) for fit in fits for name, error in fit.left_out.items()),
        default=(0.0, "none"),
    )
    return [
        "## Leave one out",
        "",
        "Every run predicted with its body's constant fitted on the other runs of that body:"
        f" median {middle(errors):.1%}, worst {worst[0]:.1%} ({worst[1]}), {len(errors)} runs.",
    ]


def misses(runs: Sequence[Comparison]) -> list[str]:
    """LLC misses where there are many."""
    rows = [
        "## LLC misses",
        "",
        f"Runs with more than {MISSES_COMPARED} misses, where ours covers the same repetitions;"
        " row hits are the share of the DRAM's reads that found their row open, of whole runs:",
        "",
        "| run | system | reference | ours | error | row hits, reference | row hits, ours |",
        "|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        reference = run.reference_misses
        if reference > MISSES_COMPARED:
            ours = run.our_misses
            rows.append(
                f"| {run.name} | {run.system} | {reference:.0f} | {ours:.0f} |"
                f" {ours / reference - 1:+.1%} | {share(run.reference_row_hits)} |"
                f" {share(run.our_row_hits)} |"
            )
    return rows


def share(value: float) -> str:
    """A share in per cent, where it is known."""
    return "-" if math.isnan(value) else f"{value:.1%}"


def domain(fits: Sequence[BodyFit]) -> list[str]:
    """Constants and the sizes for which they were checked."""
    return [
        "## Constants and the domain of trust",
        "",
        "One constant per loop body: cycles added to every iteration. A kernel used outside the"
        " working sets below carries a warning, as does one without a constant.",
        "",
        "| body | cycles per iteration | checked working sets in bytes |",
        "|---|---|---|",
        *(
            f"| {fit.body} | {fit.extra_cycles:.3f} | {fit.smallest_bytes} to {fit.largest_bytes} |"
            for fit in fits
        ),
        "",
        "Known limits: instruction caches always hit; no TLB misses and no operating system, as in"
        " the reference; requests at the DRAM are served in the order of their arrival; cores"
        " visit L2 and DRAM in time order, but loops with CM instructions to within 2000 core"
        " cycles.",
    ]


def exclusions(runs: Sequence[Comparison]) -> list[str]:
    """What is left out."""
    known = {run.name for run in runs} | set(EXPERIMENTS)
    missing = sorted(
        {name for name, _ in reference_runs() if name not in known and exclusion(name) is None}
    )
    return [
        "## Left out",
        "",
        *(f"- `{part}`: {reason}." for part, reason in EXCLUDED.items()),
        "",
        f"Reference runs without a counterpart here ({len(missing)}): "
        + ", ".join(f"`{name}`" for name in missing)
        + ". Bodies have no branches taken at random; CM_PROCESS overlaps with what follows it only"
        " in the reference's pipelined units; the rest measures the markers themselves.",
    ]
