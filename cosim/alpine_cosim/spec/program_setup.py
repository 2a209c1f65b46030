# SPDX-License-Identifier: Apache-2.0
"""Programs of a user's own with what their tiles hold, as a run takes them."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.systems.system import System
from alpine_sw.library.aimclib import Tile
from alpine_sw.library.hardware_plan import core_tiles
from alpine_sw.library.tile_plan import TilePlan
from alpine_sw.library.workloads import Workload

from .network import Task

__all__ = ["ProgramSetup", "Start", "program_task"]

TILES_FORM = "give lists of alpine_sw.library.aimclib.Tile by core number, as in {0: [tile]}"
PROGRAMS_FORM = "give generators by core number, as in {0: layer()}"

Start = Callable[[AddressSpace], Mapping[int, Program]]
"""Given the system's memory, returns one program per core number."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ProgramSetup:
    """What a run of a user's own programs needs.

    Members
    -------
    start : makes the programs; called once, when the weights are in the tiles.
    tiles : of each core that owns some, by core number.
    """

    start: Start
    tiles: Mapping[int, Sequence[Tile]] = field(default_factory=dict[int, Sequence[Tile]])


def program_task(setup: ProgramSetup, *, cores: int) -> Task:
    """Return what runs; its ``returned`` is filled as programs end.

    Parameters
    ----------
    cores : of the system.

    Raises
    ------
    AlpineError
        The tiles are no such, or, when the programs are made, these are none.
    """
    returned: dict[int, Any] = {}

    def programs(
        machine: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[Any], Mapping[int, Program]]:
        returned.clear()
        started = _started(setup.start(machine.memory), cores)
        return inputs, {core: _keep(returned, core, program) for core, program in started.items()}

    no_inputs = np.zeros((1, 0), np.int8)
    return Task(
        workload=Workload(hardware=core_tiles(_plans(setup.tiles, cores)), programs=programs),
        inputs=no_inputs,
        golden=lambda: no_inputs,
        returned=returned,
    )


def _plans(tiles: Any, cores: int) -> dict[int, list[TilePlan]]:
    """What lies in each core's tiles, by core number."""
    if not isinstance(tiles, Mapping):
        raise AlpineError(f"tiles is a {type(tiles).__name__}: {TILES_FORM}")
    plans: dict[int, list[TilePlan]] = {}
    for key, owned in cast(Mapping[Any, Any], tiles).items():
        core = whole_number("core", key, least=0, most=cores - 1)
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
