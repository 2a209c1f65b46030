"""One run behind any tile port: program the weights, run the inferences, measure.

The same code runs in this process for the engines ``rtl`` and ``model`` and inside the simulator's
process for ``cocotb``.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from alpine_models.device import AnalogCrossbar, AnalogDevice, NoiseKey
from alpine_models.errors import AlpineError
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Program
from alpine_platform.report import write_timeline
from alpine_platform.system import System
from alpine_platform.tile_port import TilePort
from alpine_platform.timed_tile import TimedTile, TimedTilePort
from alpine_sw import kernels
from alpine_sw.mapping import TilePlan
from alpine_sw.workloads import Workload

from .accelerator_setup import (
    AcceleratorWithCrossbars,
    Crossbar,
    accelerator_busy_cycles,
    chain_tiles,
    program_accelerator,
    timed_accelerator,
)
from .crossbar import NativeCrossbar
from .profile import profiled
from .results import Programming

__all__ = [
    "ChipSeries",
    "Measurement",
    "TilesWithCrossbars",
    "analog_crossbar",
    "measure",
    "timed_ports",
]


class TileWithCrossbar(Protocol):
    """A tile whose crossbar can be set up."""

    @property
    def crossbar(self) -> Crossbar:
        """The analog part."""
        ...

    def install(self, analog: AnalogCrossbar | None) -> None:
        """Multiply with an analog crossbar from now on, products counted from 0; None: ideally."""
        ...


class TilesWithCrossbars(TilePort, Protocol):
    """A tile port whose crossbars can be set up."""

    @property
    def tiles(self) -> Sequence[TileWithCrossbar]:
        """The tiles."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipSeries:
    """Chips of one device that run one after the other.

    Members
    -------
    device : what their tiles are made of.
    seed : of all their imperfections.
    chips : how many; chip number k has the same imperfections whatever their count.
    """

    device: AnalogDevice
    seed: int
    chips: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """What one run gave; the members mean what they mean in `RunResult`.

    Members
    -------
    outputs : [inferences, outputs], one array per chip; times and energies are the first chip's.
    """

    outputs: list[npt.NDArray[Any]]
    time_s: float
    energy_parts_j: dict[str, float]
    energy_memory_controller_io_j: float
    instructions: int
    llc_misses_per_instruction: float | None
    tile_cycles: int
    cm_instructions: int
    breakdown: dict[str, float]
    stats: dict[str, Any]
    programming: Programming | None
    host_seconds: float
    host_profile_s: dict[str, float] | None


def measure(
    workload: Workload,
    ports: Mapping[int, TilesWithCrossbars],
    *,
    system: SystemConfig,
    inputs: npt.NDArray[np.int8],
    back_door: bool,
    accelerator: AcceleratorWithCrossbars | None = None,
    device: ChipSeries | None = None,
    timeline: Path | None = None,
    profile: bool = False,
    on_stage: Callable[[str, int], None] = lambda stage, total: None,
    on_step: Callable[[], None] = lambda: None,
    before_inferences: Callable[[], None] = lambda: None,
) -> Measurement:
    """Run a workload on a system.

    Parameters
    ----------
    workload : programs and tile contents.
    ports : tile ports by core number.
    system : the system.
    inputs : int8 [inferences, inputs].
    back_door : write the cells directly instead of through the hardware.
    accelerator : behind the I/O path, where the workload has one.
    device : what the tiles are made of and how many chips run, or None for one ideal chip.
    timeline : file for the cores' operations as trace events, or None.
    profile : run the inferences under Python's profiler.
    on_stage, on_step : told what begins, in how many steps, and each step.
    before_inferences : called when the weights are in place.
    """
    on_stage("compiling the platform's loops", 0)
    _compile(workload, system, inputs[:1])
    machine = _machine(workload, system, ports, accelerator, trace=timeline is not None)
    if workload.accelerator is not None and accelerator is not None:
        programming = program_accelerator(
            machine,
            workload.accelerator,
            accelerator,
            back_door=back_door,
            on_stage=on_stage,
            on_step=on_step,
        )
    else:
        programming = _program(
            machine, workload, ports, back_door=back_door, on_stage=on_stage, on_step=on_step
        )
    tiles = [
        (ports[core].tiles[tile], plan)
        for core, plans in workload.plans.items()
        for tile, plan in enumerate(plans)
    ]
    chips = 1 if device is None else device.chips
    on_stage("running inferences", len(inputs) * chips)
    before_inferences()
    if device is not None:
        _install(tiles, device, chip=0)
    busy = _busy(ports) + accelerator_busy_cycles(accelerator)
    outputs, programs = workload.programs(machine, inputs, on_step)
    start = time.perf_counter()
    layers = None
    if profile:
        crossbars = [tile.crossbar for tile, _ in tiles]
        crossbars += [] if accelerator is None else accelerator.crossbars
        result, layers = profiled(
            machine.run, programs, native_products_s=lambda: _products_s(crossbars)
        )
    else:
        result = machine.run(programs)
    host_seconds = time.perf_counter() - start
    busy = _busy(ports) + accelerator_busy_cycles(accelerator) - busy
    if timeline is not None:
        write_timeline(result, timeline)
    all_outputs = [outputs]
    for chip in range(1, chips):
        assert device is not None
        _install(tiles, device, chip=chip)
        outputs, programs = workload.programs(machine, inputs, on_step)
        start = time.perf_counter()
        machine.run(programs)
        host_seconds += time.perf_counter() - start
        all_outputs.append(outputs)
    energy = result.energy.as_dict()
    return Measurement(
        outputs=all_outputs,
        time_s=result.time_s,
        energy_parts_j={name: energy[name] for name in ("core", "cache", "dram", "tile")},
        energy_memory_controller_io_j=result.energy.memory_controller_io,
        instructions=result.instructions,
        llc_misses_per_instruction=result.llc_misses_per_instruction,
        tile_cycles=busy,
        cm_instructions=result.cm_instructions,
        breakdown=result.breakdown,
        stats=result.stats,
        programming=programming,
        host_seconds=host_seconds,
        host_profile_s=layers,
    )


def analog_crossbar(
    plan: TilePlan,
    *,
    weights: npt.NDArray[np.int8],
    lsb: npt.NDArray[np.float64],
    device: AnalogDevice,
    key: NoiseKey,
) -> AnalogCrossbar:
    """Return a tile's analog crossbar, holding what lies in its cells where the plan says so."""
    programmed = np.zeros(weights.shape, np.bool_)
    for placement in plan.placements:
        programmed[placement.columns, placement.rows] = True
    return device.crossbar(weights=weights, programmed=programmed, lsb=lsb, key=key)


def _install(
    tiles: Sequence[tuple[TileWithCrossbar, TilePlan]], device: ChipSeries, *, chip: int
) -> None:
    """Give every tile the imperfections of a chip; tiles are numbered in the plans' order."""
    for number, (tile, plan) in enumerate(tiles):
        analog = analog_crossbar(
            plan,
            weights=tile.crossbar.weights,
            lsb=tile.crossbar.lsb,
            device=device.device,
            key=NoiseKey(seed=device.seed, chip=chip, tile=number),
        )
        tile.install(analog)


def timed_ports(workload: Workload, system: SystemConfig) -> dict[int, TimedTilePort]:
    """Return timed tiles for a workload, by core number; their cells are empty."""
    period = system.tile_clock.period_fs
    return {
        core: TimedTilePort(
            [TimedTile(config=plan.config, tile_period_fs=period) for plan in plans],
            tile_period_fs=period,
        )
        for core, plans in workload.plans.items()
    }


def _machine(
    workload: Workload,
    system: SystemConfig,
    ports: Mapping[int, TilePort],
    accelerator: AcceleratorWithCrossbars | None,
    *,
    trace: bool = False,
) -> System:
    loose = workload.accelerator
    return System(
        system,
        trace=trace,
        peripherals={loose.base: accelerator} if loose and accelerator else {},
        tile_ports=ports,
        tile_configs={core: [p.config for p in plans] for core, plans in workload.plans.items()},
    )


def _compile(workload: Workload, system: SystemConfig, inputs: npt.NDArray[np.int8]) -> None:
    """Run the inputs once on timed tiles without weights, so that no compiler runs later.

    Numba compiles at the first call, once per installation, and that is not the time of inferences.
    A workload that takes long brings a small one that runs the same code.
    """
    workload = workload.rehearsal or workload
    ports, accelerator = timed_ports(workload, system), timed_accelerator(workload, system)
    machine = _machine(workload, system, ports, accelerator)
    if workload.accelerator is not None:
        chain_tiles(machine, workload.accelerator)
    _, programs = workload.programs(machine, inputs, lambda: None)
    machine.run(programs)


def _products_s(crossbars: Sequence[Crossbar]) -> float:
    return sum(each.host_seconds for each in crossbars if isinstance(each, NativeCrossbar))


def _busy(ports: Mapping[int, TilesWithCrossbars]) -> int:
    return sum(port.busy_cycles for port in ports.values())


def _program(
    machine: System,
    workload: Workload,
    ports: Mapping[int, TilesWithCrossbars],
    *,
    back_door: bool,
    on_stage: Callable[[str, int], None],
    on_step: Callable[[], None],
) -> Programming | None:
    """Load all weights and set the ADC steps."""
    plans = [
        (core, tile, plan) for core, ps in workload.plans.items() for tile, plan in enumerate(ps)
    ]
    if not plans:
        return None
    cells = sum(plan.cells for _, _, plan in plans)
    for core, tile, plan in plans:
        crossbar = ports[core].tiles[tile].crossbar
        crossbar.lsb[:] = plan.lsb
        if back_door:
            for placement in plan.placements:
                crossbar.weights[placement.columns, placement.rows] = placement.weights
    if back_door:
        return Programming(method="back-door", cells=cells, tile_cycles=0, time_s=0.0)
    on_stage("programming cells", -(-cells // kernels.CELLS_PER_BATCH))
    busy = _busy(ports)
    result = machine.run(
        {core: _programming(core_plans, on_step) for core, core_plans in workload.plans.items()}
    )
    return Programming(
        method="port", cells=cells, tile_cycles=_busy(ports) - busy, time_s=result.time_s
    )


def _programming(plans: Sequence[TilePlan], on_step: Callable[[], None]) -> Program:
    """Program every matrix of a core's tiles."""
    for tile, plan in enumerate(plans):
        for placement in plan.placements:
            try:
                yield from kernels.initialize_matrix(
                    placement.weights,
                    row=placement.row,
                    column=placement.column,
                    name=placement.name,
                    tile=tile,
                    on_batch=on_step,
                )
            except kernels.CmStatusError as error:
                raise AlpineError(
                    f"programming matrix {placement.name} failed ({error}): the tile is smaller "
                    "than its plan"
                ) from None
