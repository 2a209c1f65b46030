# SPDX-License-Identifier: Apache-2.0
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

__all__ = [
    "Metric",
    "PublishedFactor",
    "cnn_factors",
    "lstm_factors",
    "mlp_factors",
    "published",
]


SYSTEMS = ("high-power", "low-power")


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
    network : as `alpine run` names it.
    system : ``high-power`` or ``low-power``.
    metric : Metric.
    cores : of both.
    case : analog mapping.
    factor : as printed.
    """

    network: str
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
    return _by_cores("mlp", "fig7_mlp")


def lstm_factors() -> list[PublishedFactor]:
    """Factors printed in Fig. 10: 750 units."""
    return _by_cores("lstm-750", "fig10_lstm_750")


def cnn_factors() -> list[PublishedFactor]:
    """Factors printed in Fig. 13."""
    return [
        PublishedFactor(
            network=f"cnn-{letter.lower()}",
            system=system,
            metric=metric,
            cores=8,
            case=1,
            factor=float(factor),
        )
        for system in SYSTEMS
        for metric in Metric
        for letter, factor in published()["fig13_cnn"][system][metric].items()
    ]


def _by_cores(network: str, name: str) -> list[PublishedFactor]:
    figure = published()[name]
    return [
        PublishedFactor(
            network=network,
            system=system,
            metric=metric,
            cores=int(cores),
            case=int(case),
            factor=float(figure[system][metric][cores]),
        )
        for system in SYSTEMS
        for metric in Metric
        for cores, case in figure["cores_to_case"].items()
    ]
