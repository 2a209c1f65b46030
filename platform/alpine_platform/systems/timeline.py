# SPDX-License-Identifier: Apache-2.0
"""The timeline of a run as a file that Perfetto displays."""

import json
from pathlib import Path
from typing import Any

from alpine_models.files import write_text
from alpine_platform.cores.core import TimelineEvent

from .result import SystemResult

__all__ = ["write_timeline"]

FS_PER_US = 1e9
CORES, TILES = 1, 2
"""Processes of the trace; Perfetto takes the number 0 for the idle one and hides what it does."""


def write_timeline(result: SystemResult, path: Path) -> None:
    """Write a run's operations as JSON trace events, which Perfetto and Chrome display.

    Every core has a lane, and every tile one with the operations in which it took part.

    Raises
    ------
    ValueError
        The run kept no timeline.
    """
    if not result.timeline:
        raise ValueError("the run kept no timeline; create the system with trace=True")
    events: list[dict[str, Any]] = [
        *_named(CORES, "alpine", {core + 1: f"core {core}" for core in result.cores}),
        *(_event(CORES, event.core + 1, event) for event in result.timeline),
    ]
    tiles = sorted({(one.core, one.tile) for one in result.timeline if one.tile is not None})
    if tiles:
        numbers = {key: number for number, key in enumerate(tiles, start=1)}
        names = {number: f"core {key[0]} tile {key[1]}" for key, number in numbers.items()}
        events += _named(TILES, "tiles", names)
        events += [
            _event(TILES, numbers[event.core, event.tile], event)
            for event in result.timeline
            if event.tile is not None
        ]
    write_text(path, json.dumps({"traceEvents": events, "displayTimeUnit": "ns"}))


def _named(process: int, name: str, threads: dict[int, str]) -> list[dict[str, Any]]:
    """Names of a process and of its threads."""
    return [
        {"ph": "M", "pid": process, "name": "process_name", "args": {"name": name}},
        *(
            {
                "ph": "M",
                "pid": process,
                "tid": thread,
                "name": "thread_name",
                "args": {"name": text},
            }
            for thread, text in threads.items()
        ),
    ]


def _event(process: int, thread: int, event: TimelineEvent) -> dict[str, Any]:
    return {
        "ph": "X",
        "pid": process,
        "tid": thread,
        "name": event.name,
        "ts": event.start_fs / FS_PER_US,
        "dur": event.duration_fs / FS_PER_US,
    }
