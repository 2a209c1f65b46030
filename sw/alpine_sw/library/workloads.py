# SPDX-License-Identifier: Apache-2.0
"""What a run session runs: tile contents, and the programs that use them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System

from .accelerator_driver import AcceleratorPlan
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
    plans : contents of each core's tiles, by core number.
    programs : makes the programs.
    accelerator : tiles behind the I/O path, or None.
    others : further pieces of hardware.
    """

    plans: Mapping[int, Sequence[TilePlan]]
    programs: Programs
    accelerator: AcceleratorPlan | None = None
    others: Sequence[HardwarePlan] = ()

    @property
    def tiles(self) -> list[TilePlan]:
        """Contents of every tile, in the order of their numbers: the cores', the accelerator's."""
        tiles = [plan for plans in self.plans.values() for plan in plans]
        return tiles if self.accelerator is None else [*tiles, *self.accelerator.tiles]

    @property
    def hardware(self) -> list[HardwarePlan]:
        """Every piece of hardware: the cores' tiles, the accelerator, others."""
        pieces = [
            HardwarePlan(
                hardware=AIMC_TILE,
                name=f"core{core}_tile{number}",
                configuration=plan.config,
                core=core,
                number=number,
                macros=(plan,),
            )
            for core, plans in self.plans.items()
            for number, plan in enumerate(plans)
        ]
        loose = self.accelerator
        if loose is not None:
            pieces.append(
                HardwarePlan(
                    hardware=AIMC_AXI,
                    name="accelerator",
                    configuration=tuple(plan.config for plan in loose.tiles),
                    core=loose.core,
                    base=loose.base,
                    macros=tuple(loose.tiles),
                    settings={"chain": loose.chain, "relu": loose.relu},
                )
            )
        return [*pieces, *self.others]

    def with_product_cycles(self, cycles: int) -> "Workload":
        """The same workload on tiles whose product takes so many cycles, at least 3."""

        def slower(plan: TilePlan) -> TilePlan:
            config = plan.config
            others = config.precharge_cycles + config.digitise_cycles
            return replace(plan, config=replace(config, integrate_cycles=cycles - others))

        loose = self.accelerator
        if loose is not None:
            loose = replace(loose, tiles=[slower(plan) for plan in loose.tiles])
        return replace(
            self,
            plans={core: [slower(plan) for plan in plans] for core, plans in self.plans.items()},
            accelerator=loose,
        )
