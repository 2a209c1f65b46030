# SPDX-License-Identifier: Apache-2.0
"""Views of a run: statistics as a tree, the timeline for Perfetto."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpine_models.files import write_text

if TYPE_CHECKING:
    from .system import RunResult

__all__ = ["statistics_tree", "write_timeline"]

FS_PER_US = 1e9


def statistics_tree(result: "RunResult") -> dict[str, Any]:
    """Every number of a run as a tree of dictionaries."""
    return {
        "time_fs": result.time_fs,
        "instructions": result.instructions,
        "cores": {
            str(number): {
                "active_cycles": core.active_cycles,
                "wait_cycles": core.wait_cycles,
                "idle_cycles": core.idle_cycles,
                "instructions": core.instructions,
                "cm_instructions": core.cm_instructions,
                "cm_products": core.cm_products,
                "io_reads": core.io_reads,
                "io_writes": core.io_writes,
                "sections_fs": dict(core.sections_fs),
            }
            for number, core in result.cores.items()
        },
        "unused_cores": result.unused_cores,
        "memory": {
            **asdict(result.memory),
            "dram_row_hit_share": result.memory.dram_row_hit_share,
        },
        "llc_misses_per_instruction": result.llc_misses_per_instruction,
        "energy_j": result.energy.as_dict(),
        "tile_energy": {
            "rule": str(result.product_rule),
            "extrapolated": result.products_extrapolated,
        },
    }


def write_timeline(result: "RunResult", path: Path) -> None:
    """Write a run's operations as JSON trace events, which Perfetto and Chrome display.

    Raises
    ------
    ValueError
        The run kept no timeline.
    """
    if not result.timeline:
        raise ValueError("the run kept no timeline; create the system with trace=True")
    # Perfetto takes the numbers 0 for the idle process and its thread, and hides what they do.
    process = {"pid": 1}
    events: list[dict[str, Any]] = [
        {"ph": "M", **process, "name": "process_name", "args": {"name": "alpine"}}
    ]
    events += [
        {
            "ph": "M",
            **process,
            "tid": core + 1,
            "name": "thread_name",
            "args": {"name": f"core {core}"},
        }
        for core in result.cores
    ]
    events += [
        {
            "ph": "X",
            **process,
            "tid": event.core + 1,
            "name": event.name,
            "ts": event.start_fs / FS_PER_US,
            "dur": event.duration_fs / FS_PER_US,
        }
        for event in result.timeline
    ]
    write_text(path, json.dumps({"traceEvents": events, "displayTimeUnit": "ns"}))
