# SPDX-License-Identifier: Apache-2.0
"""Pieces to cores, so that the busiest core has as little to do as can be.

An integer programme, solved by the constraint solver of OR-Tools. Every piece goes to one core, on
a tile or without one; a piece that reads what another makes never stands on a core before it, so
that cores form a pipeline; the tiles of a core have room for its pieces. What the solver cannot say
exactly, that rectangles can be packed, is checked behind it and excluded where it fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alpine_models.errors import AlpineError

from .hardware import Hardware
from .packing import Place, packed

__all__ = ["Assignment", "CorePiece", "Flow", "assign"]

MOST_ROUNDS = 50
"""Solutions that are excluded at most because their rectangles cannot be packed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CorePiece:
    """What goes to one core as a whole.

    Members
    -------
    name : of the piece, one of its own.
    rows, columns : word lines and bit lines that it takes.
    on_tile : cycles per inference on a tile, or None where there is no program for that.
    on_core : without one, or None likewise.
    """

    name: str
    rows: int
    columns: int
    on_tile: int | None
    on_core: int | None


@dataclass(frozen=True, slots=True)
class Flow:
    """A value that one piece makes and another reads.

    Members
    -------
    maker, reader : numbers of the pieces.
    cycles : that each of two cores spends to hand it over.
    apart, together : whether both must stand on different cores, or on the same.
    alike : whether both are on tiles or none is.
    """

    maker: int
    reader: int
    cycles: int
    apart: bool = False
    together: bool = False
    alike: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Where every piece goes.

    Members
    -------
    cores : of every piece, by number.
    places : in the core's tiles, by name of the piece; pieces without a tile are missing.
    busiest : estimated cycles per inference of the busiest core.
    bound : below which no assignment can be, by the solver.
    proved : whether the assignment is the best one for these estimates.
    """

    cores: tuple[int, ...]
    places: dict[str, Place]
    busiest: int
    bound: int
    proved: bool

    @property
    def gap(self) -> float:
        """NodeShare by which the busiest core may be above the least possible."""
        return (self.busiest - self.bound) / max(self.busiest, 1)


def assign(
    pieces: Sequence[CorePiece], flows: Sequence[Flow], hardware: Hardware, *, time_limit_s: float
) -> Assignment | None:
    """Return the best assignment found, or None if the pieces do not fit the hardware.

    Parameters
    ----------
    pieces, flows : what is assigned.
    hardware : cores and tiles.
    time_limit_s : of the solver, for each of the rounds that packing takes; in its own count of
        steps, which is about seconds.

    Raises
    ------
    AlpineError
        The solver is not installed.
    """
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        raise AlpineError(
            "mapping a network needs OR-Tools: install alpine-cosim[map], or give a mapping file"
        ) from None
    programme = _Programme(cp_model, pieces, flows, hardware)
    for _ in range(MOST_ROUNDS):
        solver = cp_model.CpSolver()
        # Counted in steps of the solver, so that the same mapping is found every time.
        solver.parameters.max_deterministic_time = time_limit_s
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        status = solver.solve(programme.model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        found = programme.read(solver, proved=status == cp_model.OPTIMAL)
        if isinstance(found, Assignment):
            return found
        programme.exclude(found)
    return None


class _Programme:
    """The integer programme and what its variables mean."""

    def __init__(
        self,
        library: Any,
        pieces: Sequence[CorePiece],
        flows: Sequence[Flow],
        hardware: Hardware,
    ) -> None:
        self._pieces, self._hardware = pieces, hardware
        self.model: Any = library.CpModel()
        cores = range(hardware.cores)
        self._tile = [[self._flag(piece.on_tile) for _ in cores] for piece in pieces]
        self._core = [[self._flag(piece.on_core) for _ in cores] for piece in pieces]
        self._loads: list[list[Any]] = [[] for _ in cores]
        for number, piece in enumerate(pieces):
            self.model.add_exactly_one([*self._tile[number], *self._core[number]])
            for core in cores:
                self._loads[core].append(self._tile[number][core] * (piece.on_tile or 0))
                self._loads[core].append(self._core[number][core] * (piece.on_core or 0))
        for flow in flows:
            self._add_flow(flow)
        self._add_room()
        most = 1 + sum(max(p.on_tile or 0, p.on_core or 0) for p in pieces)
        most += 2 * sum(flow.cycles for flow in flows)
        self._busiest = self.model.new_int_var(0, most, "busiest")
        for load in self._loads:
            self.model.add(self._busiest >= sum(load))
        # Of equally busy ones the one with the least work in all.
        total = sum(term for load in self._loads for term in load)
        self._weight = 64 * hardware.cores
        self.model.minimize(self._weight * self._busiest + total)

    def _flag(self, cycles: int | None) -> Any:
        return self.model.new_bool_var("") if cycles is not None else self.model.new_constant(0)

    def _on(self, piece: int, core: int) -> Any:
        return self._tile[piece][core] + self._core[piece][core]

    def _place(self, piece: int) -> Any:
        return sum(core * self._on(piece, core) for core in range(self._hardware.cores))

    def _add_flow(self, flow: Flow) -> None:
        if flow.alike:
            self.model.add(sum(self._tile[flow.maker]) == sum(self._tile[flow.reader]))
        if flow.together:
            self.model.add(self._place(flow.maker) == self._place(flow.reader))
            return
        distance = 1 if flow.apart else 0
        self.model.add(self._place(flow.maker) + distance <= self._place(flow.reader))
        for core in range(self._hardware.cores):
            maker, reader = self._on(flow.maker, core), self._on(flow.reader, core)
            leaves, comes = self.model.new_bool_var(""), self.model.new_bool_var("")
            self.model.add(leaves >= maker - reader)
            self.model.add(comes >= reader - maker)
            self._loads[core] += [leaves * flow.cycles, comes * flow.cycles]

    def _add_room(self) -> None:
        hardware = self._hardware
        cells = hardware.rows * hardware.columns * hardware.tiles_per_core
        for core in range(hardware.cores):
            self.model.add(
                sum(
                    self._tile[number][core] * piece.rows * piece.columns
                    for number, piece in enumerate(self._pieces)
                )
                <= cells
            )

    def exclude(self, numbers: Sequence[int]) -> None:
        """Let no core have all of these pieces on its tiles."""
        for core in range(self._hardware.cores):
            self.model.add(sum(self._tile[one][core] for one in numbers) <= len(numbers) - 1)

    def read(self, solver: Any, *, proved: bool) -> Assignment | list[int]:
        """Return the solution, or pieces that do not fit the tiles of one core together."""
        cores = tuple(int(solver.value(self._place(n))) for n in range(len(self._pieces)))
        places: dict[str, Place] = {}
        for core in range(self._hardware.cores):
            held = [n for n in range(len(cores)) if solver.value(self._tile[n][core])]
            sizes = {
                self._pieces[n].name: (self._pieces[n].rows, self._pieces[n].columns) for n in held
            }
            found = packed(sizes, self._hardware) if sizes else {}
            if found is None:
                return held
            places |= found
        busiest = int(solver.value(self._busiest))
        bound = int(solver.best_objective_bound) // self._weight
        return Assignment(
            cores=cores,
            places=places,
            busiest=busiest,
            bound=busiest if proved else min(bound, busiest),
            proved=proved,
        )
