# SPDX-License-Identifier: Apache-2.0
"""What a run does with an accelerator besides its inferences: crossbars, chain, counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from alpine_models.device import AnalogCrossbar
from alpine_models.registers import TILE_REGISTERS
from alpine_platform.accelerators.peripheral_port import IoTimes, PeripheralPort, empty_accesses
from alpine_platform.accelerators.timed_accelerator import TimedAccelerator
from alpine_platform.config import SystemConfig
from alpine_platform.systems.system import System
from alpine_sw.library.accelerator_driver import AcceleratorDriver, AcceleratorPlan, page
from alpine_sw.library.workloads import Workload

__all__ = [
    "AcceleratorTile",
    "AcceleratorWithCrossbars",
    "Crossbar",
    "accelerator_busy_cycles",
    "chain_tiles",
    "timed_accelerator",
]

AT_ONCE = IoTimes(request_fs=0, response_fs=0, taken_fs=0, posted_stores=False)


class Crossbar(Protocol):
    """What a run needs of a crossbar beyond the hardware's own commands."""

    @property
    def weights(self) -> npt.NDArray[np.int8]:
        """Live cells, [columns, rows]."""
        ...

    @property
    def lsb(self) -> npt.NDArray[np.float64]:
        """Live ADC steps, [columns]."""
        ...


class AcceleratorWithCrossbars(PeripheralPort, Protocol):
    """An accelerator whose crossbars can be set up."""

    @property
    def crossbars(self) -> Sequence[Crossbar]:
        """The analog parts of its tiles."""
        ...

    def restart_time(self) -> None:
        """Begin time anew: the next access may start at time 0. No tile must be at work."""
        ...

    def install(self, tile: int, analog: AnalogCrossbar | None) -> None:
        """Let a tile multiply with an analog crossbar from now on, or ideally.

        Its products are counted from 0.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorTile:
    """One of an accelerator's tiles, as something whose crossbar can be set up."""

    accelerator: AcceleratorWithCrossbars
    number: int

    @property
    def crossbar(self) -> Crossbar:
        """The analog part."""
        return self.accelerator.crossbars[self.number]

    def install(self, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        self.accelerator.install(self.number, analog)


def timed_accelerator(workload: Workload, system: SystemConfig) -> TimedAccelerator | None:
    """Return the timed accelerator that a workload needs, if any; its cells are empty."""
    plan = workload.accelerator
    if plan is None:
        return None
    configs = [tile.config for tile in plan.tiles]
    return TimedAccelerator(configs, period_fs=system.tile_clock.period_fs)


def accelerator_busy_cycles(accelerator: PeripheralPort | None) -> int:
    """Return what the tiles' busy-cycle counters say in all; 0 where there is no accelerator.

    They are read over the bus, past the core and the path to it.
    """
    if accelerator is None:
        return 0
    count = len(accelerator.configs)
    batch = empty_accesses(count, write=False)
    batch["address"] = [page(tile) + TILE_REGISTERS["busy_cycles"].offset for tile in range(count)]
    result = accelerator.execute(batch, start_fs=0, core_period_fs=1, times=AT_ONCE)
    return int(result.data.sum(dtype=np.int64))


def chain_tiles(machine: System, plan: AcceleratorPlan) -> None:
    """Set the registers that say what the tiles are to each other; the tiles are at rest."""
    driver = AcceleratorDriver(base=plan.base, access_bytes=4, packing="word")
    machine.run({plan.core: driver.configure(plan)})
