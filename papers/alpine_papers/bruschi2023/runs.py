# SPDX-License-Identifier: Apache-2.0
"""Simulated batches that the page shows: times alone, and one with data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from alpine_cosim.manycore.run import run_many_core
from alpine_cosim.manycore.specification import many_core_spec
from alpine_models.errors import AlpineError
from alpine_platform.manycore import MANY_CORES, ManyCoreConfig, ManyCoreResult
from alpine_platform.manycore.simulate import simulate
from alpine_sw.graph import Graph
from alpine_sw.manycore import ALLOCATIONS, Allocation, auto, lower

from .published import BATCH, STEPS

__all__ = [
    "CASES",
    "MACHINE",
    "SENSITIVITY",
    "MachinePoint",
    "ManyCoreRuns",
    "TimedBatch",
    "batch_with",
    "make_runs",
    "network",
]

MACHINE = MANY_CORES["manycore-512"]
CASES = (*(step.case for step in STEPS), "auto")
FINAL = STEPS[-1].case

SENSITIVITY: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("software_cycles", (0, 350, 700, 1400)),
    ("hbm_run_wait_cycles", (0, 30, 60, 72, 120)),
    ("hbm_run_occupancy_cycles", (0, 10, 19)),
    ("hbm_width_bytes", (16, 64)),
    ("partial_sum_cycles_per_element", (0.0, 0.08, 0.4, 0.6)),
    ("residual_cycles_per_element", (0.3, 0.6, 1.2)),
    ("wait_for_next_chunk", (False, True)),
)
"""Fields that no source fixes, and values that they might have."""

WRAPPERS = (1, 2, 4, 8, 16, 32, 64)
"""Children of the router at the HBM: 64 to 4096 clusters."""
SIDES = (128, 256, 512, 1024)
BATCHES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, kw_only=True)
class TimedBatch:
    """A batch and its allocation."""

    allocation: Allocation
    result: ManyCoreResult

    @property
    def milliseconds(self) -> float:
        """Time of the batch."""
        return self.result.time_fs / 1e12


@dataclass(frozen=True, kw_only=True)
class MachinePoint:
    """A machine of the study.

    Members
    -------
    clusters, side : that it has, and of its crossbars.
    batch : what it takes, balanced over all of its clusters, or None.
    needs : in its place, what a person would be told.
    """

    clusters: int
    side: int
    batch: TimedBatch | None
    needs: str = ""


LADDER: tuple[tuple[str, dict[str, Any]], ...] = (
    ("balanced over all clusters", {}),
    ("twice as many clusters", {"wrapper_children": 16}),
    ("no software per chunk", {"software_cycles": 0}),
    ("links twice as wide, that of the HBM too", {"width_bytes": 128, "hbm_width_bytes": 128}),
    ("routers without latency", {"router_latency_cycles": 0}),
    ("additions of residuals and partial sums in no time",
     {"residual_cycles_per_element": 0.0, "partial_sum_cycles_per_element": 0.0}),
    ("products in half the time", {"product_cycles": 66}),
)  # fmt: skip
"""Changes of the machine, each beside those before it."""


@dataclass(frozen=True, kw_only=True)
class ManyCoreRuns:
    """Everything that the page shows.

    Members
    -------
    steps : by case. without_software : the final step with no software per chunk.
    sensitivity : by field and value, for the naive and the last step.
    points : of the study of machines. ladder : by what is changed, see `LADDER`.
    batches : by case or number of clusters, and images.
    unequal : tensor of the batch with data that is not the golden model's, or None.
    jobs, energy_j : of the crossbars per image.
    """

    steps: Mapping[str, TimedBatch]
    without_software: TimedBatch
    sensitivity: Mapping[tuple[str, Any], Mapping[str, TimedBatch]]
    points: tuple[MachinePoint, ...]
    ladder: Mapping[str, TimedBatch]
    batches: Mapping[tuple[str, int], TimedBatch]
    unequal: str | None
    jobs: int
    energy_j: float


@cache
def network() -> Graph:
    """Return ResNet-18 with its seeded weights."""
    graph, _ = many_core_spec("resnet-18", system=MACHINE.name, inferences=1).network_and_inputs()
    return graph


def batch_with(
    case: str, config: ManyCoreConfig = MACHINE, *, images: int = BATCH, clusters: int | None = None
) -> TimedBatch:
    """Simulate the times of a batch.

    Parameters
    ----------
    case : name of an allocation.
    clusters : at most in use by allocation auto; None as `alpine_sw.manycore.auto`.

    Raises
    ------
    AlpineError
        The network does not fit.
    """
    if clusters is not None:
        allocation = auto(network(), config, clusters=clusters)
    else:
        allocation = ALLOCATIONS[case](network(), config)
    result = simulate(lower(network(), allocation, config), config, images=images)
    return TimedBatch(allocation=allocation, result=result)


def make_runs(*, quick: bool) -> ManyCoreRuns:
    """Run everything that the page shows.

    Parameters
    ----------
    quick : data of one image in place of a batch, and a coarser study.
    """
    spec = many_core_spec(
        "resnet-18", system=MACHINE.name, case=FINAL, inferences=1 if quick else BATCH
    )
    outcome = run_many_core(spec)
    return ManyCoreRuns(
        steps={case: batch_with(case) for case in CASES},
        without_software=batch_with(FINAL, replace(MACHINE, software_cycles=0)),
        sensitivity={
            (name, value): {
                case: batch_with(case, replace(MACHINE, **{name: value}))
                for case in (CASES[0], CASES[1], FINAL)
            }
            for name, values in SENSITIVITY
            for value in values
        },
        points=tuple(
            _point(side, wrapper)
            for side in (SIDES[1:3] if quick else SIDES)
            for wrapper in (WRAPPERS[2:5] if quick else WRAPPERS)
        ),
        ladder=_ladder(),
        batches=_batches(),
        unequal=outcome.unequal,
        jobs=outcome.jobs,
        energy_j=outcome.energy_j / spec.images,
    )


def _ladder() -> dict[str, TimedBatch]:
    found: dict[str, TimedBatch] = {}
    config = MACHINE
    for name, changes in LADDER:
        config = replace(config, **changes)
        found[name] = batch_with("auto", config, clusters=config.clusters)
    return found


def _batches() -> dict[tuple[str, int], TimedBatch]:
    found: dict[tuple[str, int], TimedBatch] = {}
    whole = auto(network(), MACHINE, clusters=MACHINE.clusters)
    for images in BATCHES:
        found[FINAL, images] = batch_with(FINAL, images=images)
        found["all 512", images] = TimedBatch(
            allocation=whole,
            result=simulate(lower(network(), whole, MACHINE), MACHINE, images=images),
        )
    return found


def _point(side: int, wrapper: int) -> MachinePoint:
    config = replace(MACHINE, crossbar_rows=side, crossbar_columns=side, wrapper_children=wrapper)
    try:
        batch = batch_with("auto", config, clusters=config.clusters)
    except AlpineError as error:
        return MachinePoint(clusters=config.clusters, side=side, batch=None, needs=str(error))
    return MachinePoint(clusters=config.clusters, side=side, batch=batch)
