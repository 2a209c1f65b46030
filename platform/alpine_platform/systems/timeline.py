# SPDX-License-Identifier: Apache-2.0
"""The timeline of a run as a file that Perfetto displays."""

import json
from pathlib import Path
from typing import Any

from alpine_models.files import write_text

from .result import SystemResult

__all__ = ["write_timeline"]

FS_PER_US = 1e9


def write_timeline(result: SystemResult, path: Path) -> None:
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
