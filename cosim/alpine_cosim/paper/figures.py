"""Reading figures and factors off the runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from alpine_models.published import Metric, PublishedFactor

from .runs import Plan

__all__ = ["Results", "factor", "find", "table", "value_of"]

Results = Mapping[Plan, dict[str, Any]]


def find(results: Results, **wanted: object) -> dict[str, Any]:
    """The result of the plan with these arguments."""
    (plan,) = (
        plan
        for plan in results
        if all(getattr(plan, name) == value for name, value in wanted.items())
    )
    return results[plan]


def value_of(result: Mapping[str, Any], metric: Metric) -> float:
    """A run's figure for a metric: seconds, misses per instruction, joules."""
    key = {Metric.TIME: "time_s", Metric.ENERGY: "energy_j"}.get(metric, metric.value)
    return float(result[key])


def factor(results: Results, published: PublishedFactor, software: str, style: str) -> float:
    """Our counterpart of a printed factor."""
    digital = find(
        results, system=published.system, case="digital", cores=published.cores, digital_style=style
    )
    analog = find(results, system=published.system, case=str(published.case), software=software)
    return value_of(digital, published.metric) / value_of(analog, published.metric)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
