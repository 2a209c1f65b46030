# SPDX-License-Identifier: Apache-2.0
"""Which pieces of hardware a workload needs, and what lies in their macros."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .tile_plan import TilePlan

__all__ = ["AIMC_AXI", "AIMC_TILE", "HardwarePlan"]

AIMC_TILE = "aimc_tile"
"""A tile in a core, which takes CM instructions."""
AIMC_AXI = "aimc_axi"
"""Tiles behind an AXI4-Lite port on the I/O path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HardwarePlan:
    """One piece of hardware, its place in the system and its contents.

    Members
    -------
    hardware : its kind, one of those that `alpine_cosim.engines.hardware_kinds` knows.
    name : what it is called in the system, in waveforms and messages.
    configuration : from which its kind is built; can be pickled, and its text tells it from others.
    core : the core that uses it.
    base : its first address, or None for a tile of the core's own.
    number : of the tile among the core's own; a workload names them in this order.
    macros : contents of its macros.
    settings : what its kind sets before the first program runs, by name.
    """

    hardware: str
    name: str
    configuration: Any
    core: int
    base: int | None = None
    number: int = 0
    macros: Sequence[TilePlan] = ()
    settings: Mapping[str, int] = field(default_factory=dict[str, int])
