# SPDX-License-Identifier: Apache-2.0
"""One run on any hardware: program the weights, run the inferences, measure.

The same code runs in this process for the engines ``rtl`` and ``model`` and inside the simulator's
process for ``cocotb``.

Programming and inferences have a time and a memory system each. The measured region begins at time
0, at an edge of every clock, on a system as its reset leaves it: empty caches, queues and
pipelines, free buses, no open row, the first DRAM refresh one interval away; the tiles hold their
weights and are at rest. Inputs therefore come from DRAM and outputs are touched for the first time,
and nothing depends on how the weights got into the cells. The regions of further chips begin alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_cosim.hardware.hardware_kind import Piece
from alpine_platform.config import SystemConfig
from alpine_platform.systems.timeline import write_timeline
from alpine_sw.kernels import range_warnings
from alpine_sw.library.workloads import Workload

from .analog_tiles import ChipSeries
from .bench import Bench
from .observation import UNOBSERVED, Observation
from .programming import Loader
from .results import Programming
from .warm_up import compile_loops

__all__ = ["Measurement", "measure"]


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
    pieces: Sequence[Piece],
    *,
    system: SystemConfig,
    inputs: npt.NDArray[np.int8],
    back_door: bool,
    device: ChipSeries | None = None,
    observation: Observation = UNOBSERVED,
    before_inferences: Callable[[], None] = lambda: None,
) -> Measurement:
    """Run a workload on a system.

    Parameters
    ----------
    workload : programs and tile contents.
    pieces : the hardware that the workload asks for, its cells empty.
    system : the system.
    inputs : int8 [inferences, inputs].
    back_door : write the cells directly instead of through the hardware.
    device : what the macros are made of and how many chips run, or None for one ideal chip.
    observation : what is looked at, and who is told of stages and steps.
    before_inferences : called when the weights are in place.
    """
    on_stage, on_step = observation.on_stage, observation.on_step
    on_stage("compiling the platform's loops", 0)
    compile_loops(system, pieces)
    bench = Bench(system=system, pieces=pieces)
    loader = Loader(
        bench.machine(),
        pieces,
        series=device,
        on_stage=on_stage,
        on_step=on_step,
    )
    programming = loader.program(back_door=back_door)
    chips = 1 if device is None else device.chips
    on_stage("running inferences", len(inputs) * chips)
    busy = loader.busy_cycles()
    before_inferences()
    timeline, check_reads = observation.timeline, observation.check_reads
    machine = bench.machine_at_rest(trace=timeline is not None, check_reads=check_reads)
    outputs, programs = workload.programs(machine, inputs, on_step)
    result, host_seconds, layers = bench.run(machine, programs, profile=observation.profile)
    busy = loader.busy_cycles() - busy
    if timeline is not None:
        write_timeline(result, timeline)
    all_outputs = [outputs]
    for chip in range(1, chips):
        loader.change_chip(chip)
        machine = bench.machine_at_rest(check_reads=check_reads)
        outputs, programs = workload.programs(machine, inputs, on_step)
        host_seconds += bench.run(machine, programs)[1]
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
