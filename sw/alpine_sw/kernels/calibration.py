# SPDX-License-Identifier: Apache-2.0
"""What calibration found: one constant per loop body, and the sizes for which it was checked."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["calibration_data", "extra_cycles", "range_warnings", "trust_warning"]


@lru_cache(maxsize=1)
def calibration_data() -> dict[str, Any]:
    """Contents of `data/calibration.json`, which `python -m alpine_sw.calibrate` writes."""
    path = resources.files("alpine_sw.kernels").joinpath("data/calibration.json")
    if not path.is_file():
        return {"bodies": {}}
    return json.loads(path.read_text())


def extra_cycles(body: str) -> float:
    """Cycles that calibration adds to each iteration of a body; 0 where it found none."""
    return float(calibration_data()["bodies"].get(body, {}).get("extra_cycles", 0.0))


def trust_warning(body: str, working_set_bytes: int) -> str | None:
    """Say so when a body is used outside the working sets for which it was checked."""
    entry = calibration_data()["bodies"].get(body)
    if entry is None or "smallest_bytes" not in entry:
        return f"{body}: no constant is fitted for this kernel; its time is a prediction"
    low, high = entry["smallest_bytes"], entry["largest_bytes"]
    if low <= working_set_bytes <= high:
        return None
    return (
        f"{body}: a working set of {working_set_bytes} bytes is outside the checked range of"
        f" {low} to {high} bytes"
    )


def range_warnings(working_sets: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
    """Name the bodies that ran on working sets for which they were not checked.

    Parameters
    ----------
    working_sets : body -> bytes of the smallest and the largest, as a run's result has them.
    """
    found: list[str] = []
    for body, (smallest, largest) in working_sets.items():
        entry = calibration_data()["bodies"].get(body, {})
        if "smallest_bytes" not in entry:
            continue
        low, high = entry["smallest_bytes"], entry["largest_bytes"]
        if smallest < low or largest > high:
            used = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
            found.append(
                f"{body}: working sets of {used} bytes, checked against gem5 from {low} to {high}"
            )
    return tuple(found)
