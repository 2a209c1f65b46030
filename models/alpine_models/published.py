"""Figures that the ALPINE paper prints, as data.

Source: Klein et al., ALPINE, IEEE Transactions on Computers 2022 (arXiv 2205.10042v2); what each
number is, and how labels were assigned, stands in the file itself.
"""

import functools
import json
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

__all__ = ["Metric", "PublishedFactor", "mlp_factors", "mlp_statements", "published"]


class Metric(StrEnum):
    """What Figures 7, 10 and 13 compare."""

    TIME = "time"
    LLC_MISSES_PER_INSTRUCTION = "llc_misses_per_instruction"
    ENERGY = "energy"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedFactor:
    """One printed factor: the digital reference over the analog case with as many cores.

    Members
    -------
    system : ``high-power`` or ``low-power``.
    metric : Metric.
    cores : of both.
    case : analog mapping.
    factor : as printed.
    """

    system: str
    metric: Metric
    cores: int
    case: int
    factor: float


@functools.cache
def published() -> dict[str, Any]:
    """The whole file."""
    text = (resources.files("alpine_models") / "data" / "alpine_published.json").read_text()
    return json.loads(text)


def mlp_factors() -> list[PublishedFactor]:
    """Factors printed in Fig. 7."""
    figure = published()["fig7_mlp"]
    return [
        PublishedFactor(
            system=system,
            metric=metric,
            cores=int(cores),
            case=int(case),
            factor=float(figure[system][metric][cores]),
        )
        for system in ("high-power", "low-power")
        for metric in Metric
        for cores, case in figure["cores_to_case"].items()
    ]


def mlp_statements() -> dict[str, Any]:
    """What the text says about the perceptron in numbers."""
    return published()["mlp_text"]
