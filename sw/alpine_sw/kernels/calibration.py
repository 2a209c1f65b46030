"""What calibration found: one constant per loop body, and the sizes for which it was checked."""

import json
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["calibration_data", "extra_cycles", "trust_warning"]


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
        return f"{body}: no reference run covers this kernel; its time is a prediction"
    low, high = entry["smallest_bytes"], entry["largest_bytes"]
    if low <= working_set_bytes <= high:
        return None
    return (
        f"{body}: a working set of {working_set_bytes} bytes is outside the checked range of"
        f" {low} to {high} bytes"
    )
