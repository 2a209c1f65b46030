# SPDX-License-Identifier: Apache-2.0
"""How weights get into a run's macros, and what that costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from alpine_cosim.hardware.cell_access import CellDriver
from alpine_cosim.hardware.hardware_kind import Piece
from alpine_models.device import (
    AnalogCrossbar,
    ProgrammingCost,
    ProgramVerify,
    pulse_cost,
    row_cost,
)
from alpine_platform.accelerators.macro import Macro
from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System
from alpine_sw.library.tile_plan import TilePlan

from .analog_tiles import ChipSeries, analog_crossbar, programmed
from .results import Programming

__all__ = ["Loader"]

PULSED = ("hermes-1", "hermes-2")
"""Devices whose programming pulses are published."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """One macro: the core that reaches it, and how, its number among all, what it shall hold."""

    core: int
    cells: CellDriver
    index: int
    macro: Macro
    plan: TilePlan


class Loader:
    """Programs the macros of a run and makes them those of one chip or another.

    Parameters
    ----------
    machine : on which programming runs.
    pieces : the hardware, attached to the machine.
    series : of chips, or None for an ideal one.
    on_stage, on_step : told what begins, in how many steps, and each step.
    """

    def __init__(
        self,
        machine: System,
        pieces: Sequence[Piece],
        *,
        series: ChipSeries | None,
        on_stage: Callable[[str, int], None],
        on_step: Callable[[], None],
    ):
        self._machine, self._series = machine, series
        self._pieces = pieces
        self._on_stage, self._on_step = on_stage, on_step
        self._places: list[_Place] = []
        for piece in pieces:
            for number, plan in enumerate(piece.plan.macros):
                assert piece.kind.cells is not None, f"{piece.kind.name} has no cells"
                self._places.append(
                    _Place(
                        core=piece.plan.core,
                        cells=piece.kind.cells(piece.plan, number),
                        index=len(self._places),
                        macro=piece.accelerator.macros[number],
                        plan=plan,
                    )
                )

    def program(self, *, back_door: bool) -> Programming | None:
        """Load all weights, set the ADC steps and install chip 0; None where there is no macro.

        What a piece of hardware has to be set to is set afterwards.

        Parameters
        ----------
        back_door : write and verify the cells directly instead of through CM instructions.
        """
        programming = self._program_cells(back_door=back_door) if self._places else None
        for piece in self._pieces:
            if piece.kind.configure is not None:
                self._machine.run({piece.plan.core: piece.kind.configure(piece.plan)})
        return programming

    def busy_cycles(self) -> int:
        """Return the cycles so far in which hardware was not idle, over all pieces."""
        return sum(piece.accelerator.busy_cycles for piece in self._pieces)

    def change_chip(self, chip: int) -> None:
        """Install the imperfections of another chip, programmed alike."""
        for place in self._places:
            place.macro.install(self._crossbar(place, chip, verify=True))

    def _program_cells(self, *, back_door: bool) -> Programming:
        cells = sum(place.plan.cells for place in self._places)
        for place in self._places:
            if back_door:
                place.plan.fill(place.macro)
            else:
                place.macro.lsb[:] = place.plan.lsb
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
                place.macro.install(crossbar)
        busy = self.busy_cycles() - busy
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

    def _crossbar(self, place: _Place, chip: int, *, verify: bool) -> AnalogCrossbar | None:
        if self._series is None:
            return None
        return analog_crossbar(
            place.plan,
            weights=place.macro.weights,
            lsb=place.macro.lsb,
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
                weights=place.macro.weights,
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
            place.macro.install(crossbars[place.index])
            found = np.zeros(check.pending.shape, np.int8)
            columns, rows = np.nonzero(check.pending)
            found[columns, rows] = yield from place.cells.read(columns, rows)
            check.reject(found)
            if check.finished:
                return
            columns, rows = np.nonzero(check.pending)
            weights = place.macro.weights[columns, rows]
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
