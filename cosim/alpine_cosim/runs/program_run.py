# SPDX-License-Identifier: Apache-2.0
"""Programs of a user's own from Python objects: what `run` is for what has a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from alpine_cosim.measurement.observation import Observation
from alpine_cosim.measurement.results import Programming
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.program_name import load_program, name_of
from alpine_cosim.spec.program_setup import ProgramSetup, Start, program_task
from alpine_cosim.spec.specification import RunSpec
from alpine_cosim.spec.system_choice import SystemChoice
from alpine_cosim.spec.tile_choice import TileChoice
from alpine_models.checks import checked_flag
from alpine_models.choices import choose
from alpine_sw.library.aimclib import Tile

from .network_run import run_task

__all__ = ["ProgramResult", "run_program"]

ENGINES = (Engine.RTL, Engine.MODEL)


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
    start: Start | ProgramSetup | str,
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
    start : makes the programs; called once, when the weights are in the tiles. Or a `ProgramSetup`,
        or the name of a function that returns one, which have their tiles.
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
    if isinstance(start, str | ProgramSetup):
        if tiles is not None:
            raise TypeError("a setup has its tiles: leave tiles out")
        setup = start
    else:
        setup = ProgramSetup(start=start, tiles={} if tiles is None else tiles)
    spec = RunSpec(
        program=setup if isinstance(setup, str) else name_of(setup.start),
        system=SystemChoice.of(system, config_file=config_file, settings=settings),
        engine=Engine(choose("engine", engine, ENGINES)),
        tiles=TileChoice(back_door=checked_flag("back door", back_door)),
    )
    observation = Observation(**cast(dict[str, Any], observed))
    config = spec.system.config
    if isinstance(setup, str):
        setup = load_program(setup)
    task = program_task(setup, cores=config.cores)
    task = task.with_product_cycles(config.tile_clock.product_cycles)
    result = run_task(spec, task, observation)
    return ProgramResult(
        **{item.name: getattr(result, item.name) for item in fields(ProgramResult)}
    )
