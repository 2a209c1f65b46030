# SPDX-License-Identifier: Apache-2.0
"""Which pieces of hardware a workload needs, and what lies in their macros."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .tile_plan import TilePlan

__all__ = ["AIMC_AXI", "AIMC_TILE", "BASE_ADDRESS", "HardwarePlan", "core_tiles", "loose_tiles"]

AIMC_TILE = "aimc_tile"
"""A tile in a core, which takes CM instructions."""
AIMC_AXI = "aimc_axi"
"""Tiles behind an AXI4-Lite port on the I/O path."""
BASE_ADDRESS = 0x0200_0000
"""Where systems have the accelerator: below all memory."""


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

    @property
    def places(self) -> list[str]:
        """Names by which people call the piece's macros, as in ``core0.tile1`` or ``loose0``."""
        if self.base is None:
            return [f"core{self.core}.tile{self.number}"]
        return [f"loose{number}" for number, _ in enumerate(self.macros)]


def core_tiles(plans: Mapping[int, Sequence[TilePlan]]) -> list[HardwarePlan]:
    """Return the tiles in cores, given what lies in each core's tiles by core number."""
    return [
        HardwarePlan(
            hardware=AIMC_TILE,
            name=f"core{core}_tile{number}",
            configuration=plan.config,
            core=core,
            number=number,
            macros=(plan,),
        )
        for core, owned in plans.items()
        for number, plan in enumerate(owned)
    ]


def loose_tiles(
    tiles: Sequence[TilePlan], *, core: int = 0, chain: int = 0, relu: int = 0
) -> HardwarePlan:
    """Return an accelerator with tiles behind the I/O path.

    Parameters
    ----------
    tiles : contents of each tile.
    core : the core that uses it.
    chain, relu : contents of the registers of those names.
    """
    return HardwarePlan(
        hardware=AIMC_AXI,
        name="accelerator",
        configuration=tuple(plan.config for plan in tiles),
        core=core,
        base=BASE_ADDRESS,
        macros=tuple(tiles),
        settings={"chain": chain, "relu": relu},
    )
