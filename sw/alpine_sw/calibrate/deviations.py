# SPDX-License-Identifier: Apache-2.0
"""Which runs deviate from the reference by more than the limits, and why."""

import math
from collections.abc import Callable, Sequence

from .explanations import (
    CYCLE_EXPLANATIONS,
    INSTRUCTION_EXPLANATIONS,
    INSTRUCTION_REGION_EXPLANATIONS,
    MISS_EXPLANATION,
    REGION_EXPLANATIONS,
)
from .fit import Comparison

__all__ = ["MISSES_COMPARED", "beyond_limits", "instruction_errors"]

MISSES_COMPARED = 1000
CYCLE_LIMIT = 0.15
APPLICATION_LIMIT = 0.10
MISS_LIMIT = 0.05
INSTRUCTION_LIMIT = 0.02
UNEXPLAINED = "unexplained"


def explanation(table: dict[str, str], regions: dict[str, str], name: str) -> str:
    """First entry whose key starts the name, or the one of the region."""
    by_region = regions.get(name.partition(":")[2], UNEXPLAINED)
    return next((text for key, text in table.items() if name.startswith(key)), by_region)


def cycle_limit(run: Comparison) -> float:
    """Largest error in cycles that a run may have."""
    return APPLICATION_LIMIT if run.group.startswith("application") else CYCLE_LIMIT


def rows(
    runs: Sequence[Comparison],
    error: Callable[[Comparison], float],
    table: dict[str, str],
    regions: dict[str, str],
) -> list[str]:
    """One line per run name that lies beyond a limit, with both systems' errors."""
    by_name: dict[str, list[Comparison]] = {}
    for run in runs:
        by_name.setdefault(run.name, []).append(run)
    return [
        f"| {name} | {', '.join(f'{error(run):+.1%} {run.system}' for run in members)} |"
        f" {explanation(table, regions, name)} |"
        for name, members in by_name.items()
    ]


def beyond_limits(runs: Sequence[Comparison]) -> list[str]:
    """Name every run whose cycles or misses are further off than they may be."""
    cycles = [run for run in runs if abs(run.error) > cycle_limit(run)]
    counted = [run for run in runs if run.reference_misses > MISSES_COMPARED]
    misses = [run for run in counted if abs(run.miss_error) > MISS_LIMIT]
    return [
        "## Beyond the limits",
        "",
        f"Cycles: {CYCLE_LIMIT:.0%} for micro-kernels, {APPLICATION_LIMIT:.0%} for applications and"
        f" their regions; {len(cycles)} of {len(runs)} runs lie beyond, and count in the tables"
        " above all the same. A reason is given where a run shows it.",
        "",
        "| run | error | reason |",
        "|---|---|---|",
        *rows(cycles, lambda run: run.error, CYCLE_EXPLANATIONS, REGION_EXPLANATIONS),
        "",
        f"LLC misses, {MISS_LIMIT:.0%} where there are more than {MISSES_COMPARED}: {len(misses)}"
        f" of {len(counted)} runs lie beyond"
        + "".join(f"; {run.name} {run.system} {run.miss_error:+.1%}" for run in misses)
        + (f": {MISS_EXPLANATION}." if misses else "."),
    ]


def instruction_errors(runs: Sequence[Comparison]) -> list[str]:
    """Say how well instructions are counted, and name every run beyond the limit."""
    counted = [run for run in runs if not math.isnan(run.our_instructions)]
    errors = sorted(abs(run.instruction_error) for run in counted)
    worst = max(counted, key=lambda run: abs(run.instruction_error))
    beyond = [run for run in counted if abs(run.instruction_error) > INSTRUCTION_LIMIT]
    return [
        "## Instruction counts",
        "",
        f"{len(counted)} runs: median {errors[len(errors) // 2]:.2%}, worst"
        f" {worst.instruction_error:+.1%} ({worst.name} {worst.system}); {len(beyond)} beyond"
        f" {INSTRUCTION_LIMIT:.0%}:",
        "",
        "| run | error | reason |",
        "|---|---|---|",
        *rows(
            beyond,
            lambda run: run.instruction_error,
            INSTRUCTION_EXPLANATIONS,
            INSTRUCTION_REGION_EXPLANATIONS,
        ),
    ]
