# SPDX-License-Identifier: Apache-2.0
"""Chips of a device by the keywords of a run."""

from typing import Any

from alpine_cosim.measurement.analog_tiles import ChipSeries
from alpine_cosim.spec.keywords import run_spec

__all__ = ["chip_series"]


def chip_series(device: str = "ideal", **keywords: Any) -> ChipSeries | None:
    """Chips of a run on a device; None for the ideal one."""
    return run_spec("mlp", device=device, **keywords).chip_series
