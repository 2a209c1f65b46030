# SPDX-License-Identifier: Apache-2.0
"""Reading numbers off the runs."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from alpine_cosim.campaigns.store import Record
from alpine_cosim.spec.keywords import changed
from alpine_cosim.spec.specification import RunSpec
from alpine_models.published import Metric, PublishedFactor

from .plans import (
    BASE,
    CNN_CORES,
    CNNS,
    IMAGES,
    SLOW_PRODUCT,
    Variation,
    analog,
    cached,
    digital,
    label_of,
)

__all__ = ["NotRunError", "Results", "if_run"]

Value = TypeVar("Value")


class NotRunError(KeyError):
    """A number needs a run that the report does not have."""


def if_run(compute: Callable[[], Value]) -> Value | None:
    """Return what a function returns, or None where a run that it needs is missing."""
    try:
        return compute()
    except NotRunError:
        return None


def check_suited(network: str, variation: Variation) -> None:
    """Refuse a choice that a network does not have: no run can have been made with it."""
    if not variation.suits(network):
        raise NotRunError(f"{network}, {variation.name}")


class Results(Mapping[RunSpec, Record]):
    """The runs' results by plan, with the quotients that the report is about.

    Whatever needs a run that is missing raises `NotRunError`.

    Parameters
    ----------
    records : what `complete_plans` returned.
    images : inferences of a CNN.
    """

    def __init__(self, records: Mapping[RunSpec, Record], *, images: int = IMAGES):
        self._records = dict(records)
        self.images = images

    def __getitem__(self, plan: RunSpec) -> Record:
        try:
            return self._records[plan]
        except KeyError:
            raise NotRunError(label_of(plan)) from None

    def __contains__(self, plan: object) -> bool:
        return plan in self._records

    def __iter__(self) -> Iterator[RunSpec]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def value(self, plan: RunSpec, metric: Metric = Metric.TIME) -> float:
        """A run's seconds or joules per inference, or its misses per instruction."""
        record = self[plan]
        if metric is Metric.LLC_MISSES_PER_INSTRUCTION:
            return float(record[metric])
        key = "time_s" if metric is Metric.TIME else "energy_j"
        return float(record[key]) / record["inferences"]

    def share(self, plan: RunSpec, *parts: str) -> float:
        """Share of some parts in the time in which cores do not wait for each other."""
        breakdown: Mapping[str, float] = self[plan]["breakdown"]
        return sum(breakdown.get(part, 0.0) for part in parts) / (1 - self.waiting(plan))

    def waiting(self, plan: RunSpec) -> float:
        """Share of the cores' time that goes into synchronisation."""
        return float(self[plan]["breakdown"].get("synchronisation", 0.0))

    def busiest(self, plan: RunSpec) -> tuple[int, float]:
        """The core that works most in a run, and for how many seconds per inference."""
        cores = self[plan]["cores"]
        core = min(range(len(cores)), key=lambda number: cores[number]["idle"])
        return core, (1 - float(cores[core]["idle"])) * self.value(plan)

    def analog(
        self, network: str, system: str, case: int | str, variation: Variation = BASE
    ) -> RunSpec:
        """The plan of an analog case in this report."""
        check_suited(network, variation)
        return analog(network, system, case, variation, images=self.images)

    def digital(
        self, network: str, system: str, cores: int, variation: Variation = BASE
    ) -> RunSpec:
        """The plan of a digital reference in this report."""
        check_suited(network, variation)
        return digital(network, system, cores, variation, images=self.images)

    @staticmethod
    def slower(plan: RunSpec) -> RunSpec:
        """The same run with products ten times slower."""
        return changed(plan, settings=SLOW_PRODUCT)

    def pair(
        self, published: PublishedFactor, variation: Variation = BASE
    ) -> tuple[RunSpec, RunSpec]:
        """The digital and the analog plan whose quotient a published factor is."""
        return (
            self.digital(published.network, published.system, published.cores, variation),
            self.analog(published.network, published.system, published.case, variation),
        )

    def factor(self, published: PublishedFactor, variation: Variation = BASE) -> float:
        """Our counterpart of a published factor."""
        above, below = self.pair(published, variation)
        return self.value(above, published.metric) / self.value(below, published.metric)

    def cached_factor(self, published: PublishedFactor) -> float:
        """The same on a system whose last-level cache holds the weights."""
        above, below = cached(published)
        return self.value(above, published.metric) / self.value(below, published.metric)

    def gain(
        self,
        network: str,
        system: str,
        *,
        case: int | str = 1,
        cores: int | None = None,
        variation: Variation = BASE,
    ) -> float:
        """Time of a digital reference over that of an analog case."""
        count = cores or (CNN_CORES if network in CNNS else 1)
        return self.value(self.digital(network, system, count, variation)) / self.value(
            self.analog(network, system, case, variation)
        )
