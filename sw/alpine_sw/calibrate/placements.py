# SPDX-License-Identifier: Apache-2.0
"""How far the place of buffers moves the reference's digital programs, and what the page says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alpine_platform.config.placement import BufferPlacement

from . import lstm
from .experiment import EXPERIMENTS, Measured
from .fit import Comparison
from .programs import run_application
from .reference import SYSTEMS, reference_runs

__all__ = ["HeapMoved", "Moved", "move_heaps", "move_programs", "placed_programs"]

PLACES = 8
HEAP_PROGRAMS = ((256, "lp"), (512, "hp"))
"""Units of LSTMs and the system whose L2 their weights fill to 0.6 and 1.1 times."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """One digital program on one system, its buffers placed by every allocator.

    Members
    -------
    by_placement : cycles and row hits.
    """

    name: str
    system: str
    by_placement: Mapping[BufferPlacement, Measured]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeapMoved:
    """One digital program on one core, its heap at several places: cycles per step."""

    name: str
    system: str
    fewest: float
    most: float


def move_programs() -> list[Moved]:
    """Run every digital program of the reference with each placement."""
    return [
        Moved(
            name=name,
            system=system,
            by_placement={
                placement: experiment.run(replace(config, placement=placement))
                for placement in BufferPlacement
            },
        )
        for name, experiment in EXPERIMENTS.items()
        if experiment.group == "applications" and "_dig" in name
        for system, config in SYSTEMS.items()
        if (name, system) in reference_runs()
    ]


def move_heaps() -> list[HeapMoved]:
    """Run digital LSTMs on one core with the heap's beginning at places all over a way."""
    found: list[HeapMoved] = []
    for units, system in HEAP_PROGRAMS:
        config = SYSTEMS[system]
        way = config.last_level_cache.size_bytes // config.last_level_cache.associativity
        cycles = [
            run_application(
                replace(lstm.APPLICATION, heap_offset_bytes=place * way // PLACES),
                lstm.digital(units, 1, "neon4"),
                count=2,
            )(config).cycles
            for place in range(PLACES)
        ]
        found.append(
            HeapMoved(
                name=f"digital lstm-{units}", system=system, fewest=min(cycles), most=max(cycles)
            )
        )
    return found


def placed_programs(
    runs: Sequence[Comparison], moved: Sequence[Moved], heaps: Sequence[HeapMoved]
) -> list[str]:
    """Lines of the page on the place of buffers."""
    references = reference_runs()
    streams = [run for run in runs if run.name.startswith("stream")]
    return [
        "## Where buffers lie",
        "",
        "Addresses 256 kB apart lie in the same bank of the DRAM, in another row. Cores that read"
        " such places in step close each other's rows at every access, as the reference's streams"
        " show: their regions are 4 MB apart, or 4 MB and 8 kB, which is the next bank.",
        "",
        "| streams | system | row hits, reference | row hits, ours | error in cycles |",
        "|---|---|---|---|---|",
        *(
            f"| {run.name} | {run.system} | {run.reference_row_hits:.1%} | {run.our_row_hits:.1%} |"
            f" {run.error:+.1%} |"
            for run in streams
        ),
        "",
        "So the place of its matrices decides how fast a digital program on several cores is. It is"
        " a choice, `placement` of the system (`alpine_platform.config.placement` explains each):"
        " error in cycles and row hits with every one of them. The row hits of mlp_dig2 tell that"
        " the reference's matrices lie exactly 1 MB apart, as `glibc` places them, and not 1 MB and"
        " a page, as virtual addresses do.",
        "",
        "| program | system | row hits, reference | "
        + " | ".join(placement.value for placement in BufferPlacement)
        + " |",
        "|---" * (3 + len(BufferPlacement)) + "|",
        *(
            f"| {row.name} | {row.system} | {references[row.name, row.system].row_hits:.1%} |"
            + "".join(
                f" {measured.cycles / references[row.name, row.system].cycles - 1:+.1%},"
                f" {measured.row_hits:.1%} |"
                for measured in row.by_placement.values()
            )
            for row in moved
        ),
        "",
        "On one core, buffers meet in the sets of the last-level cache. Weights that fill both ways"
        " of a set leave none to another buffer: a few kB of scratch whose sets they are cost"
        " misses of their own and two more for each. Cycles per step of digital LSTMs whose heap"
        f" begins at {PLACES} places of a way:",
        "",
        "| program | system | fewest | most | spread |",
        "|---|---|---|---|---|",
        *(
            f"| {row.name} | {row.system} | {row.fewest:.4g} | {row.most:.4g} |"
            f" {row.most / row.fewest - 1:+.1%} |"
            for row in heaps
        ),
    ]
