# SPDX-License-Identifier: Apache-2.0
"""What a run session runs: tile contents, and the programs that use them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System

from .hardware_plan import AIMC_AXI, AIMC_TILE, HardwarePlan
from .software import InputFormat, Software
from .tile_plan import TilePlan

__all__ = ["InputFormat", "Programs", "Software", "Workload"]


Programs = Callable[
    [System, NDArray[np.int8], Callable[[], None]], tuple[NDArray[Any], Mapping[int, Program]]
]
"""Given a system, inputs [n, inputs] and a call to make after each inference, return the array
[n, outputs] that a run will fill and one program per core."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """A network mapped onto a system.

    Members
    -------
    hardware : every piece of hardware that it needs, with its place and contents.
    programs : makes the programs.
    """

    hardware: Sequence[HardwarePlan]
    programs: Programs

    @property
    def tiles(self) -> list[TilePlan]:
        """Contents of every macro, in the order of the pieces."""
        return [plan for piece in self.hardware for plan in piece.macros]

    @property
    def plans(self) -> dict[int, list[TilePlan]]:
        """Contents of the tiles in cores, by core number."""
        owned: dict[int, list[TilePlan]] = {}
        for piece in self.hardware:
            if piece.hardware == AIMC_TILE:
                owned.setdefault(piece.core, []).extend(piece.macros)
        return owned

    def with_product_cycles(self, cycles: int) -> "Workload":
        """The same workload on tiles whose product takes so many cycles, at least 3."""
        return replace(self, hardware=[_slower(piece, cycles) for piece in self.hardware])


def _slower(piece: HardwarePlan, cycles: int) -> HardwarePlan:
    """The same piece with products of so many cycles, if it has tiles."""
    if piece.hardware not in (AIMC_TILE, AIMC_AXI):
        return piece
    macros: list[TilePlan] = []
    for plan in piece.macros:
        others = plan.config.precharge_cycles + plan.config.digitise_cycles
        config = replace(plan.config, integrate_cycles=cycles - others)
        macros.append(replace(plan, config=config))
    configs = tuple(plan.config for plan in macros)
    configuration = configs[0] if piece.hardware == AIMC_TILE else configs
    return replace(piece, macros=tuple(macros), configuration=configuration)
