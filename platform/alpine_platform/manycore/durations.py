# SPDX-License-Identifier: Apache-2.0
"""How long a cluster works on a chunk, and what period follows for a stage alone."""

from dataclasses import dataclass
from math import ceil

from .config import ManyCoreConfig
from .stages import StageGraph, WorkStage

__all__ = ["StagePeriod", "accelerator_cycles", "chunk_cycles", "slowest", "stage_periods"]


def accelerator_cycles(
    config: ManyCoreConfig, *, jobs: int, rows: int, columns: int, runs: int = 1
) -> int:
    """Cycles of the in-memory accelerator for jobs in one context, from the first beat to the last.

    A job's rows come in ``runs`` runs of whole beats and its columns leave as one, with a cycle of
    rest behind either; each stream has a port of its own. Streams and product overlap from job to
    job (`alpine_rtl.cluster.ima`), so all but one job cost the longest of the three.
    """
    if not jobs:
        return 0
    into = runs * ceil(rows / runs / config.stream_bytes) + 1
    out = ceil(columns / config.stream_bytes) + 1
    period = max(config.product_cycles, into, out)
    # Behind the last beat there is nothing to rest for.
    return into + config.product_cycles + out - 1 + (jobs - 1) * period


def chunk_cycles(config: ManyCoreConfig, stage: WorkStage, index: int) -> int:
    """Cycles of a cluster of a copy per chunk: software, then accelerator and cores together."""
    analog = accelerator_cycles(
        config,
        jobs=stage.jobs,
        rows=stage.rows_of(index),
        columns=stage.columns_of(index),
        runs=stage.runs,
    )
    return config.software_cycles + max(analog, stage.digital_cycles_of(index))


@dataclass(frozen=True, kw_only=True, slots=True)
class StagePeriod:
    """Cycles per image of a stage that never waits.

    Members
    -------
    stage : its name.
    cycles : per image, of the slowest cluster; a fraction where copies share an odd chunk.
    """

    stage: str
    cycles: float


def stage_periods(graph: StageGraph, config: ManyCoreConfig) -> list[StagePeriod]:
    """Period of every stage by its chunks, copies and work alone."""
    return [
        StagePeriod(
            stage=stage.name,
            cycles=stage.chunks
            / stage.copies
            * max(chunk_cycles(config, stage, index) for index in range(stage.width)),
        )
        for stage in graph.stages
    ]


def slowest(graph: StageGraph, config: ManyCoreConfig) -> StagePeriod:
    """Return the stage that bounds the throughput where no link does."""
    return max(stage_periods(graph, config), key=lambda each: each.cycles)
