"""What a run does with an accelerator besides its inferences: weights, chain, counters."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from alpine_models.errors import AlpineError
from alpine_models.registers import TILE_REGISTERS
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Program, RunIo
from alpine_platform.peripheral_port import IoTimes, PeripheralPort, empty_accesses
from alpine_platform.system import System
from alpine_platform.timed_accelerator import TimedAccelerator
from alpine_sw.accelerator import AcceleratorDriver, AcceleratorPlan, page, programming_batches
from alpine_sw.mapping import Placement
from alpine_sw.workloads import Workload

from .results import Programming

__all__ = [
    "AcceleratorWithCrossbars",
    "Crossbar",
    "accelerator_busy_cycles",
    "chain_tiles",
    "program_accelerator",
    "timed_accelerator",
]

COLUMNS_PER_BATCH = 64
"""Bit lines whose cells are programmed in one batch: bounds the memory that it takes."""

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


def program_accelerator(
    machine: System,
    plan: AcceleratorPlan,
    accelerator: AcceleratorWithCrossbars,
    *,
    back_door: bool,
    on_stage: Callable[[str, int], None],
    on_step: Callable[[], None],
) -> Programming:
    """Load all weights, set the ADC steps and chain the tiles.

    Raises
    ------
    AlpineError
        The accelerator refuses a cell: a tile is smaller than its plan.
    """
    placements = [
        (tile, part) for tile, parts in enumerate(plan.tiles) for part in parts.placements
    ]
    for tile, crossbar in zip(plan.tiles, accelerator.crossbars, strict=True):
        crossbar.lsb[:] = tile.lsb
        for placement in tile.placements if back_door else ():
            crossbar.weights[placement.columns, placement.rows] = placement.weights
    before, time_s = accelerator_busy_cycles(accelerator), 0.0
    if not back_door:
        batches = sum(-(-part.weights.shape[0] // COLUMNS_PER_BATCH) for _, part in placements)
        on_stage("programming cells", batches)
        time_s = machine.run({plan.core: _programming(plan.base, placements, on_step)}).time_s
    chain_tiles(machine, plan)
    cycles = accelerator_busy_cycles(accelerator) - before
    return Programming(
        method="back-door" if back_door else "peripheral",
        cells=sum(tile.cells for tile in plan.tiles),
        tile_cycles=cycles,
        time_s=time_s,
    )


def chain_tiles(machine: System, plan: AcceleratorPlan) -> None:
    """Set the registers that say what the tiles are to each other; the tiles are at rest."""
    driver = AcceleratorDriver(base=plan.base, access_bytes=4, packing="word")
    machine.run({plan.core: driver.configure(plan)})


def _programming(
    base: int, placements: Sequence[tuple[int, Placement]], on_step: Callable[[], None]
) -> Program:
    for tile, placement in placements:
        for batch in programming_batches(tile, placement, columns=COLUMNS_PER_BATCH):
            answer: Any = yield RunIo(base=base, batch=batch, wait=True)
            if answer.response.any():
                raise AlpineError(
                    f"programming matrix {placement.name} was refused: tile {tile} of the "
                    f"accelerator is smaller than its plan"
                )
            on_step()
