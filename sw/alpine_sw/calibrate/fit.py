# SPDX-License-Identifier: Apache-2.0
"""Fits one constant per loop body: cycles added to each of its iterations, never below zero.

The constant minimises the mean squared relative error of the body's runs on both systems. Time is
close to linear in it, so two executions, without and with a few cycles, give the slope.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alpine_sw.kernels.bodies import BODIES

from .experiment import EXPERIMENTS, Experiment
from .reference import SYSTEMS, reference_runs

__all__ = ["BodyFit", "Comparison", "compare", "fit_all", "with_extra", "with_ranges"]


STEP = 4.0
"""Cycles with which the slope is measured; one alone may hide in other stalls."""

MOST = 8.0
"""Largest constant: more would be a missing mechanism, not a remainder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One reference run and the platform's figure for it.

    Members
    -------
    reference_row_hits, our_row_hits : as of `Run` and `Measured`.
    working_sets : bytes by loop body on which the run checks it, smallest and largest.
    """

    name: str
    system: str
    group: str
    body: str | None
    reference: float
    ours: float
    reference_instructions: float
    our_instructions: float
    reference_misses: float
    our_misses: float
    reference_row_hits: float = math.nan
    our_row_hits: float = math.nan
    working_sets: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def error(self) -> float:
        """Relative error of the cycles."""
        return self.ours / self.reference - 1

    @property
    def instruction_error(self) -> float:
        """Relative error of the instructions; not a number where ours were not counted."""
        return self.our_instructions / self.reference_instructions - 1

    @property
    def miss_error(self) -> float:
        """Relative error of the last-level cache misses."""
        return self.our_misses / max(self.reference_misses, 1) - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyFit:
    """What was found for a body.

    Members
    -------
    extra_cycles : per iteration.
    left_out : run name -> relative error of that run with the constant fitted on all others.
    """

    body: str
    extra_cycles: float
    smallest_bytes: int
    largest_bytes: int
    left_out: dict[str, float]


def with_extra(body: str, extra: float) -> None:
    """Set a body's constant for the experiments that follow."""
    BODIES[body] = replace(BODIES[body], extra_cycles=extra)


def compare(names: Iterable[str]) -> list[Comparison]:
    """Run experiments on both systems, where the reference has them."""
    references = reference_runs()
    found: list[Comparison] = []
    for name in names:
        experiment = EXPERIMENTS[name]
        for system, config in SYSTEMS.items():
            reference = references.get((name, system))
            if reference is None:
                continue
            measured = experiment.run(config)
            found.append(
                Comparison(
                    name=name,
                    system=system,
                    group=experiment.group,
                    body=experiment.body,
                    reference=reference.cycles,
                    ours=measured.cycles,
                    reference_instructions=reference.instructions,
                    our_instructions=measured.instructions,
                    reference_misses=reference.llc_misses,
                    our_misses=measured.llc_misses * experiment.executions,
                    reference_row_hits=reference.row_hits,
                    our_row_hits=measured.row_hits,
                    working_sets=measured.working_sets,
                )
            )
    return found


def fit_all() -> list[BodyFit]:
    """Fit every body that experiments name, and leave the constants set."""
    by_body: dict[str, list[Experiment]] = {}
    for experiment in EXPERIMENTS.values():
        if experiment.body is not None:
            by_body.setdefault(experiment.body, []).append(experiment)
    fits: list[BodyFit] = []
    for body, experiments in by_body.items():
        names = [experiment.name for experiment in experiments]
        with_extra(body, 0.0)
        without = compare(names)
        with_extra(body, STEP)
        slopes = [
            (more.ours - zero.ours) / STEP
            for zero, more in zip(without, compare(names), strict=True)
        ]
        extra = best(without, slopes)
        with_extra(body, extra)
        left_out: dict[str, float] = {}
        for index, run in enumerate(without):
            others = [place for place in range(len(without)) if place != index]
            constant = best([without[o] for o in others], [slopes[o] for o in others])
            predicted = run.ours + constant * slopes[index]
            left_out[f"{run.name} {run.system}"] = predicted / run.reference - 1
        sizes = [experiment.working_set_bytes for experiment in experiments]
        fits.append(
            BodyFit(
                body=body,
                extra_cycles=extra,
                smallest_bytes=min(sizes),
                largest_bytes=max(sizes),
                left_out=left_out,
            )
        )
    return fits


def with_ranges(fits: Sequence[BodyFit], runs: Sequence[Comparison]) -> list[BodyFit]:
    """Widen each body's checked range to every size on which it ran in a compared run."""
    widened: list[BodyFit] = []
    for fit in fits:
        sizes = [size for run in runs for size in run.working_sets.get(fit.body, ())]
        widened.append(
            replace(
                fit,
                smallest_bytes=min(fit.smallest_bytes, *sizes),
                largest_bytes=max(fit.largest_bytes, *sizes),
            )
            if sizes
            else fit
        )
    return widened


def best(runs: list[Comparison], slopes: list[float]) -> float:
    """Least squares of the relative errors, rounded to 1/8 cycle, within 0 and `MOST`."""
    weights = [slope / run.reference for run, slope in zip(runs, slopes, strict=True)]
    square = sum(weight * weight for weight in weights)
    if square == 0:
        return 0.0
    product = sum(-run.error * weight for run, weight in zip(runs, weights, strict=True))
    return min(max(round(product / square * 8) / 8, 0.0), MOST)
