"""One run behind any tile port: program the weights, run the inferences, measure.

The same code runs in this process for the engines ``rtl`` and ``model`` and inside the simulator's
process for ``cocotb``.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_platform.config import SystemConfig
from alpine_platform.report import write_timeline
from alpine_platform.system import System
from alpine_platform.tile_port import TilePort
from alpine_platform.timed_tile import TimedTile, TimedTilePort
from alpine_sw.kernels import range_warnings
from alpine_sw.workloads import Workload

from .accelerator_setup import AcceleratorWithCrossbars, Crossbar
from .analog_tiles import ChipSeries, TilesWithCrossbars
from .crossbar import NativeCrossbar
from .profile import profiled
from .programming import Loader
from .results import Programming
from .warm_up import compile_loops

__all__ = ["Measurement", "measure", "timed_ports"]


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
    llc_misses_per_instruction: float
    tile_cycles: int
    cm_instructions: int
    breakdown: dict[str, float]
    stats: dict[str, Any]
    programming: Programming | None
    host_seconds: float
    host_profile_s: dict[str, float] | None
    warnings: tuple[str, ...]


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
    check_reads: bool = False,
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
    check_reads : refuse to read memory that nobody wrote.
    on_stage, on_step : told what begins, in how many steps, and each step.
    before_inferences : called when the weights are in place.
    """
    on_stage("compiling the platform's loops", 0)
    compile_loops(system, ports)
    machine = _machine(
        workload, system, ports, accelerator, trace=timeline is not None, check_reads=check_reads
    )
    loader = Loader(
        machine,
        workload,
        ports,
        accelerator,
        series=device,
        on_stage=on_stage,
        on_step=on_step,
    )
    programming = loader.program(back_door=back_door)
    chips = 1 if device is None else device.chips
    on_stage("running inferences", len(inputs) * chips)
    before_inferences()
    busy = loader.busy_cycles()
    outputs, programs = workload.programs(machine, inputs, on_step)
    start = time.perf_counter()
    layers = None
    if profile:
        crossbars = [tile.crossbar for port in ports.values() for tile in port.tiles]
        crossbars += [] if accelerator is None else accelerator.crossbars
        result, layers = profiled(
            machine.run, programs, native_products_s=lambda: _products_s(crossbars)
        )
    else:
        result = machine.run(programs)
    host_seconds = time.perf_counter() - start
    busy = loader.busy_cycles() - busy
    if timeline is not None:
        write_timeline(result, timeline)
    all_outputs = [outputs]
    for chip in range(1, chips):
        loader.change_chip(chip)
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
        warnings=range_warnings(result.working_sets),
    )


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
    check_reads: bool = False,
) -> System:
    loose = workload.accelerator
    return System(
        system,
        trace=trace,
        check_reads=check_reads,
        peripherals={loose.base: accelerator} if loose and accelerator else {},
        tile_ports=ports,
        tile_configs={core: [p.config for p in plans] for core, plans in workload.plans.items()},
    )


def _products_s(crossbars: Sequence[Crossbar]) -> float:
    return sum(each.host_seconds for each in crossbars if isinstance(each, NativeCrossbar))
