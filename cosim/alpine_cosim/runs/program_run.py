# SPDX-License-Identifier: Apache-2.0
"""Programs of a user's own on a simulated system: what `run` is for the shipped networks."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.engines.verilated_hardware import VerilatedHardware
from alpine_cosim.measurement.measure import Measurement, measure
from alpine_cosim.measurement.observation import Observation
from alpine_cosim.measurement.results import Programming
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.system_choice import SystemChoice
from alpine_models.checks import checked_flag, whole_number
from alpine_models.choices import choose
from alpine_models.errors import AlpineError
from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.systems.system import System
from alpine_sw.library.aimclib import Tile
from alpine_sw.library.tile_plan import TilePlan
from alpine_sw.library.workloads import Workload

__all__ = ["ProgramResult", "run_program"]

ENGINES = (Engine.RTL, Engine.MODEL)

TILES_FORM = "give lists of alpine_sw.library.aimclib.Tile by core number, as in {0: [tile]}"
PROGRAMS_FORM = "give generators by core number, as in {0: layer()}"

Start = Callable[[AddressSpace], Mapping[int, Program]]
"""Given the system's memory, returns one program per core number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramResult:
    """What programs returned and what they took.

    Members
    -------
    returned : what each core's program returned, by core number.
    time_s : simulated time from the first operation to the last.
    energy_parts_j : of cores, caches, DRAM and tiles.
    energy_memory_controller_io_j : apart from those.
    instructions, cm_instructions : committed by all cores; CM instructions among them.
    tile_cycles : tile clock cycles in which a tile was not idle.
    breakdown : fraction of the cores' time per named section.
    programming : how the matrices got into the cells, before the programs; None without tiles.
    stats : every number of the platform as a tree.
    warnings : loops that ran outside the sizes for which calibration checked them.
    """

    returned: dict[int, Any]
    time_s: float
    energy_parts_j: dict[str, float]
    energy_memory_controller_io_j: float
    instructions: int
    cm_instructions: int
    tile_cycles: int
    breakdown: dict[str, float]
    programming: Programming | None
    stats: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def energy_j(self) -> float:
        """Energy of cores, caches, DRAM and tiles."""
        return sum(self.energy_parts_j.values())


class ProgramObservation(TypedDict, total=False):
    """Keywords of `Observation` that a program's run takes."""

    timeline: Path | str | None
    check_reads: bool


def run_program(
    start: Start,
    *,
    tiles: Mapping[int, Sequence[Tile]] | None = None,
    system: str = "high-power",
    engine: str = "rtl",
    back_door: bool = False,
    config_file: Path | str | None = None,
    settings: Sequence[str] = (),
    **observed: Unpack[ProgramObservation],
) -> ProgramResult:
    """Run programs on a simulated system, with their matrices already in the tiles.

    Parameters
    ----------
    start : makes the programs; called once, when the weights are in the tiles.
    tiles : of each core that owns some, by core number.
    system, config_file, settings : as in `run`.
    engine : ``rtl``, the verilated tile, or ``model``, the timed one.
    back_door : write the cells directly instead of through CM_INITIALIZE.
    observed : ``timeline``, a file for the cores' operations as trace events; ``check_reads``, to
        refuse to read memory that neither `place` nor an operation has written, which is slow.

    Raises
    ------
    AlpineError
        A name is unknown, a file unusable, a tool missing, or the tiles or programs are no such.
    ValueError
        A program used an operation wrongly, or read memory that nobody wrote.
    """
    config = SystemChoice.of(system, config_file=config_file, settings=settings).config
    observation = Observation(**cast(dict[str, Any], observed))
    kind = Engine(choose("engine", engine, ENGINES))
    returned: dict[int, Any] = {}

    def programs(
        machine: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[Any], Mapping[int, Program]]:
        returned.clear()
        started = _started(start(machine.memory), config.cores)
        return inputs, {core: _keep(returned, core, program) for core, program in started.items()}

    workload = Workload(plans=_plans(tiles or {}, config), programs=programs)
    workload = workload.with_product_cycles(config.tile_clock.product_cycles)
    options: dict[str, Any] = {
        "system": config,
        "inputs": np.zeros((1, 0), np.int8),
        "back_door": checked_flag("back door", back_door),
        "observation": observation,
    }
    if kind is Engine.MODEL:
        measured = measure(workload, timed_pieces(workload, config), **options)
    else:
        period = config.tile_clock.period_fs
        with VerilatedHardware(workload, tile_period_fs=period) as hardware:
            measured = measure(workload, hardware.pieces, **options)
    return _result(measured, returned)


def _plans(tiles: Any, config: SystemConfig) -> dict[int, list[TilePlan]]:
    """What lies in each core's tiles, by core number."""
    if not isinstance(tiles, Mapping):
        raise AlpineError(f"tiles is a {type(tiles).__name__}: {TILES_FORM}")
    plans: dict[int, list[TilePlan]] = {}
    for key, owned in cast(Mapping[Any, Any], tiles).items():
        core = whole_number("core", key, least=0, most=config.cores - 1)
        if not isinstance(owned, list | tuple):
            raise AlpineError(f"tiles of core {core} are a {type(owned).__name__}: {TILES_FORM}")
        plans[core] = []
        for tile in cast(Sequence[Any], owned):
            if not isinstance(tile, Tile):
                raise AlpineError(f"core {core} owns a {type(tile).__name__}: {TILES_FORM}")
            plans[core].append(tile.plan)
    return plans


def _started(programs: Any, cores: int) -> Mapping[int, Program]:
    """Programs by core number, if that is what a start returned."""
    if not isinstance(programs, Mapping):
        raise AlpineError(f"start returned a {type(programs).__name__}: {PROGRAMS_FORM}")
    started = cast(Mapping[Any, Any], programs)
    for core, program in started.items():
        whole_number("core", core, least=0, most=cores - 1)
        if not isinstance(program, Generator):
            raise AlpineError(
                f"the program of core {core} is a {type(program).__name__}: {PROGRAMS_FORM}"
            )
    return started


def _keep(returned: dict[int, Any], core: int, program: Program) -> Program:
    """Run a program and keep what it returns."""
    returned[core] = yield from program


def _result(measured: Measurement, returned: dict[int, Any]) -> ProgramResult:
    return ProgramResult(
        returned=returned,
        time_s=measured.time_s,
        energy_parts_j=measured.energy_parts_j,
        energy_memory_controller_io_j=measured.energy_memory_controller_io_j,
        instructions=measured.instructions,
        cm_instructions=measured.cm_instructions,
        tile_cycles=measured.tile_cycles,
        breakdown=measured.breakdown,
        programming=measured.programming,
        stats=measured.stats,
        warnings=measured.warnings,
    )
