# SPDX-License-Identifier: Apache-2.0
"""How weights get into a run's tiles, and what that costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alpine_models.device import (
    AnalogCrossbar,
    ProgrammingCost,
    ProgramVerify,
    pulse_cost,
    row_cost,
)
from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System
from alpine_sw.library.tile_plan import TilePlan
from alpine_sw.library.workloads import Workload

from .accelerator_setup import (
    AcceleratorTile,
    AcceleratorWithCrossbars,
    accelerator_busy_cycles,
    chain_tiles,
)
from .analog_tiles import (
    ChipSeries,
    TilesWithCrossbars,
    TileWithCrossbar,
    analog_crossbar,
    programmed,
)
from .cell_access import CellAccess, CmCells, PeripheralCells
from .results import Programming

__all__ = ["Loader"]

PULSED = ("hermes-1", "hermes-2")
"""Devices whose programming pulses are published."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """One tile: the core that reaches it, and how, its number among all, what it shall hold."""

    core: int
    cells: CellAccess
    index: int
    tile: TileWithCrossbar
    plan: TilePlan


class Loader:
    """Programs a workload's tiles and makes them those of one chip or another.

    Parameters
    ----------
    machine, workload : what runs.
    ports : tile ports by core number.
    accelerator : behind the I/O path, where the workload has one.
    series : of chips, or None for an ideal one.
    on_stage, on_step : told what begins, in how many steps, and each step.
    """

    def __init__(
        self,
        machine: System,
        workload: Workload,
        ports: Mapping[int, TilesWithCrossbars],
        accelerator: AcceleratorWithCrossbars | None,
        *,
        series: ChipSeries | None,
        on_stage: Callable[[str, int], None],
        on_step: Callable[[], None],
    ):
        self._machine, self._series = machine, series
        self._ports, self._accelerator = ports, accelerator
        self._on_stage, self._on_step = on_stage, on_step
        self._plan = workload.accelerator
        self._places = [
            _Place(core=core, cells=CmCells(number), index=index, tile=tile, plan=plan)
            for index, (core, number, tile, plan) in enumerate(
                (core, number, ports[core].tiles[number], plan)
                for core, plans in workload.plans.items()
                for number, plan in enumerate(plans)
            )
        ]
        if self._plan is not None and accelerator is not None:
            self._places += [
                _Place(
                    core=self._plan.core,
                    cells=PeripheralCells(base=self._plan.base, tile=number),
                    index=len(self._places) + number,
                    tile=AcceleratorTile(accelerator=accelerator, number=number),
                    plan=plan,
                )
                for number, plan in enumerate(self._plan.tiles)
            ]

    def program(self, *, back_door: bool) -> Programming | None:
        """Load all weights, set the ADC steps and install chip 0; None where there is no tile.

        Parameters
        ----------
        back_door : write and verify the cells directly instead of through CM instructions.
        """
        if not self._places:
            return None
        cells = sum(place.plan.cells for place in self._places)
        for place in self._places:
            place.tile.crossbar.lsb[:] = place.plan.lsb
            if back_door:
                for placement in place.plan.placements:
                    place.tile.crossbar.weights[placement.columns, placement.rows] = (
                        placement.weights
                    )
        busy, time_s = self.busy_cycles(), 0.0
        if not back_door:
            batches = sum(place.cells.batches(place.plan) for place in self._places)
            self._on_stage("programming cells", batches)
            time_s += self._run(self._initialize)
        crossbars = [self._crossbar(place, 0, verify=False) for place in self._places]
        checks = self._verifications(crossbars)
        if checks and back_door:
            for check in checks:
                check.run()
        elif checks:
            self._on_stage("verifying cells", 0)
            time_s += self._run(lambda place: self._verify(place, crossbars, checks))
        for place, crossbar in zip(self._places, crossbars, strict=True):
            if crossbar is not None and self._series is not None:
                crossbar.age(self._series.device.after_s)
                place.tile.install(crossbar)
        busy = self.busy_cycles() - busy
        if self._plan is not None:
            chain_tiles(self._machine, self._plan)
        return Programming(
            method="back-door" if back_door else self._places[0].cells.method,
            cells=cells,
            tile_cycles=0 if back_door else busy,
            time_s=time_s,
            rounds=max((check.rounds for check in checks), default=1),
            rewritten=sum(check.writes for check in checks),
            read=sum(check.reads for check in checks),
            arrays=self._cost(cells, checks),
        )

    def busy_cycles(self) -> int:
        """Return the cycles so far in which tiles were not idle, over all of them."""
        ports = sum(port.busy_cycles for port in self._ports.values())
        return ports + accelerator_busy_cycles(self._accelerator)

    def change_chip(self, chip: int) -> None:
        """Install the imperfections of another chip, programmed alike."""
        for place in self._places:
            place.tile.install(self._crossbar(place, chip, verify=True))

    def _crossbar(self, place: _Place, chip: int, *, verify: bool) -> AnalogCrossbar | None:
        if self._series is None:
            return None
        return analog_crossbar(
            place.plan,
            weights=place.tile.crossbar.weights,
            lsb=place.tile.crossbar.lsb,
            series=self._series,
            chip=chip,
            tile=place.index,
            verify=verify,
        )

    def _verifications(self, crossbars: Sequence[AnalogCrossbar | None]) -> list[ProgramVerify]:
        if self._series is None or self._series.device.verify_margin is None:
            return []
        return [
            self._series.device.verification(
                crossbar,
                weights=place.tile.crossbar.weights,
                programmed=programmed(place.plan),
            )
            for place, crossbar in zip(self._places, crossbars, strict=True)
            if crossbar is not None
        ]

    def _run(self, program: Callable[[_Place], Program]) -> float:
        """Run a program for every tile, those of a core one after the other; return the time."""

        def chained(core: int) -> Program:
            for place in self._places:
                if place.core == core:
                    yield from program(place)

        cores = {place.core for place in self._places}
        return self._machine.run({core: chained(core) for core in cores}).time_s

    def _initialize(self, place: _Place) -> Program:
        """Program every matrix of a tile."""
        for placement in place.plan.placements:
            yield from place.cells.initialize(placement, self._on_step)

    def _verify(
        self,
        place: _Place,
        crossbars: Sequence[AnalogCrossbar | None],
        checks: Sequence[ProgramVerify],
    ) -> Program:
        """Read a tile's cells and write the rejected ones again, round by round."""
        check = checks[place.index]
        while True:
            check.read()
            place.tile.install(crossbars[place.index])
            found = np.zeros(check.pending.shape, np.int8)
            columns, rows = np.nonzero(check.pending)
            found[columns, rows] = yield from place.cells.read(columns, rows)
            check.reject(found)
            if check.finished:
                return
            columns, rows = np.nonzero(check.pending)
            weights = place.tile.crossbar.weights[columns, rows]
            yield from place.cells.write(columns, rows, weights)
            check.rewrite()

    def _cost(self, cells: int, checks: Sequence[ProgramVerify]) -> ProgrammingCost | None:
        if self._series is None:
            return None
        name = self._series.device.name
        if name in PULSED:
            rewritten = sum(check.writes for check in checks)
            return pulse_cost(
                name, writes=cells + rewritten, reads=sum(check.reads for check in checks)
            )
        parts: list[ProgrammingCost] = []
        period_s = self._machine.config.tile_clock.period_fs * 1e-15
        for place in self._places:
            rows = int(programmed(place.plan).any(axis=0).sum())
            if checks:
                rows += checks[place.index].rows
            product_j = self._machine.energy_of_product_pj(place.plan.config) * 1e-12
            parts.append(
                row_cost(
                    rows=rows,
                    product_s=place.plan.config.mvm_cycles * period_s,
                    product_j=product_j,
                )
            )
        return ProgrammingCost(
            least_s=max(part.least_s for part in parts),
            most_s=max(part.most_s for part in parts),
            least_j=sum(part.least_j for part in parts),
            most_j=sum(part.most_j for part in parts),
            basis=parts[0].basis,
        )
