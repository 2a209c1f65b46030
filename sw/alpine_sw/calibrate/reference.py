# SPDX-License-Identifier: Apache-2.0
"""The reference runs: gem5 MinorCPU measurements, kept with their README in `alpine_platform`."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from alpine_platform.config import SystemConfig
from alpine_platform.systems.presets import HIGH_POWER, LOW_POWER

__all__ = ["EXCLUDED", "SYSTEMS", "Run", "exclusion", "reference_runs"]

SYSTEMS: dict[str, SystemConfig] = {"hp": HIGH_POWER, "lp": LOW_POWER}

ENDLESS = "times gem5's endlessly pipelined CM units, where our tile is a real one"
UNSTATED = "its loop bodies are not given"
EXCLUDED = {
    "process_loop": ENDLESS,
    "process_unrolled": ENDLESS,
    "process_then_dequeue": ENDLESS,
    "queue_raw": ENDLESS,
    "dequeue_raw": ENDLESS,
    "queue_x64": ENDLESS,
    "_O0": UNSTATED,
    "_O2": UNSTATED,
}
"""Parts of names of runs that are left out, with the reason."""


LINE_BYTES = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One measured region.

    Members
    -------
    name, system : job:region, and `hp` or `lp`.
    reps : units of work in the region.
    cycles, instructions : per unit of work.
    llc_misses : in the whole region.
    row_hits : share of the DRAM's reads that found their row open; 0 where there were none.
    host_seconds : what gem5 took.
    """

    name: str
    system: str
    reps: float
    cycles: float
    instructions: float
    llc_misses: float
    row_hits: float
    host_seconds: float


@lru_cache(maxsize=1)
def reference_runs() -> dict[tuple[str, str], Run]:
    """All runs by name and system."""
    path = resources.files("alpine_platform").joinpath("data/gem5/runs.csv")
    runs: dict[tuple[str, str], Run] = {}
    for row in csv.DictReader(path.read_text().splitlines()):
        runs[row["name"], row["system"]] = Run(
            name=row["name"],
            system=row["system"],
            reps=float(row["reps"]),
            cycles=float(row["cycles_per_rep"]),
            instructions=float(row["insts_per_rep"]),
            llc_misses=float(row["l2_miss"] or 0),
            row_hits=float(row["dram_row_hits_rd"] or 0)
            / max(float(row["dram_read_bytes"] or 0) / LINE_BYTES, 1),
            host_seconds=float(row["host_seconds"] or 0),
        )
    return runs


def exclusion(name: str) -> str | None:
    """Why a run is left out of the comparison, or None."""
    return next((reason for part, reason in EXCLUDED.items() if part in name), None)
