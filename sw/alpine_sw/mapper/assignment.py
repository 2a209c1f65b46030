# SPDX-License-Identifier: Apache-2.0
"""Pieces to cores, so that the busiest core has as little to do as can be.

An integer programme, solved by the constraint solver of OR-Tools. Every piece goes to one core, on
a tile or without one; a piece that reads what another makes never stands on a core before it, so
that cores form a pipeline; the tiles of a core have bit lines for its pieces. That a piece lies in
one tile is checked behind the solver, and what fails is excluded. When its time has ended, what
does not fit the tiles of a core is computed by the core. Where there are many pieces, the solver
sets out from an assignment that was quickly found, and what comes out is not worse than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alpine_models.errors import AlpineError

from .core_pieces import CorePiece, Flow
from .greedy import GreedyAssignment, greedy_start
from .hardware import Hardware
from .packing import Place, packed

__all__ = ["Assignment", "SolverTime", "assign"]

FEW = 16
"""Pieces up to which the solver needs no assignment to set out from."""
LEAST_S = 0.2
"""Time of a round below which no further one is worth while."""


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


@dataclass(kw_only=True, slots=True)
class SolverTime:
    """Time that the solver may still take, over all its rounds.

    Members
    -------
    left_s : in the solver's own count of steps, so that the same mapping is found every time; about
        seconds. A round gets half of what is left.
    limit_s : what it was at first.
    """

    left_s: float
    limit_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.limit_s = self.left_s


def assign(
    pieces: Sequence[CorePiece], flows: Sequence[Flow], hardware: Hardware, *, time: SolverTime
) -> Assignment | None:
    """Return the best assignment found, or None if the pieces do not fit the hardware.

    Parameters
    ----------
    pieces, flows : what is assigned.
    hardware : cores and tiles.
    time : that the solver may take; what it takes is taken off.

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
    start = greedy_start(pieces, flows, hardware) if len(pieces) > FEW else None
    if start is not None:
        programme.set_out_from(start)
    bound = 0
    while True:
        solver = cp_model.CpSolver()
        solver.parameters.max_deterministic_time = max(time.left_s / 2, LEAST_S)
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 0
        status = solver.solve(programme.model)
        time.left_s -= solver.response_proto.deterministic_time
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None if start is None else programme.started(start, bound)
        last = time.left_s / 2 < LEAST_S
        bound = max(bound, programme.bound(solver))
        found = programme.read(solver, proved=status == cp_model.OPTIMAL, mend=last)
        if isinstance(found, Assignment) or last:
            found = found if isinstance(found, Assignment) else None
            if start is not None and (found is None or found.busiest > start.busiest):
                return programme.started(start, bound)
            return found
        programme.exclude(found)


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
        alike = [flow for flow in flows if flow.alike]
        self._crossings: list[tuple[Flow, int, Any, Any]] = []
        self._bound = {number for flow in alike for number in (flow.maker, flow.reader)}
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
            self._crossings.append((flow, core, leaves, comes))

    def _add_room(self) -> None:
        hardware = self._hardware
        for core in range(hardware.cores):
            taken = sum(
                self._tile[number][core] * piece.columns
                for number, piece in enumerate(self._pieces)
            )
            self.model.add(taken <= hardware.columns * hardware.tiles_per_core)

    def set_out_from(self, start: GreedyAssignment) -> None:
        """Let the solver begin with an assignment."""
        for number, piece in enumerate(self._pieces):
            for core in range(self._hardware.cores):
                here = start.cores[number] == core
                if piece.on_tile is not None:
                    self.model.add_hint(self._tile[number][core], here and start.tiled[number])
                if piece.on_core is not None:
                    self.model.add_hint(self._core[number][core], here and not start.tiled[number])
        for flow, core, leaves, comes in self._crossings:
            maker, reader = start.cores[flow.maker] == core, start.cores[flow.reader] == core
            self.model.add_hint(leaves, maker and not reader)
            self.model.add_hint(comes, reader and not maker)
        self.model.add_hint(self._busiest, start.busiest)

    def started(self, start: GreedyAssignment, bound: int) -> Assignment:
        """Return the assignment that the solver was to begin with."""
        places: dict[str, Place] = {}
        for core in range(self._hardware.cores):
            on_it = [n for n, one in enumerate(start.cores) if one == core and start.tiled[n]]
            places |= self._packed(on_it) or {}
        return Assignment(
            cores=start.cores, places=places, busiest=start.busiest, bound=bound, proved=False
        )

    def bound(self, solver: Any) -> int:
        """Return the cycles of the busiest core below which nothing is, by the solver."""
        return int(solver.best_objective_bound) // self._weight

    def exclude(self, numbers: Sequence[int]) -> None:
        """Let no core have all of these pieces on its tiles."""
        for core in range(self._hardware.cores):
            self.model.add(sum(self._tile[one][core] for one in numbers) <= len(numbers) - 1)

    def read(self, solver: Any, *, proved: bool, mend: bool) -> Assignment | list[int]:
        """Return the solution, or pieces that do not fit the tiles of one core together.

        Where ``mend`` is set, such pieces leave the tiles as long as the core can compute them.
        """
        cores = tuple(int(solver.value(self._place(n))) for n in range(len(self._pieces)))
        places: dict[str, Place] = {}
        more = 0
        for core in range(self._hardware.cores):
            held = [n for n in range(len(cores)) if solver.value(self._tile[n][core])]
            while (found := self._packed(held)) is None:
                apart = self._least(held)
                leaving = [n for n in apart if self._may_leave(n)] if mend else []
                if not leaving:
                    return apart
                chosen = min(leaving, key=self._loss)
                held.remove(chosen)
                more += self._loss(chosen)
            places |= found
        busiest = int(solver.value(self._busiest)) + more
        bound = self.bound(solver)
        proved = proved and not more
        return Assignment(
            cores=cores,
            places=places,
            busiest=busiest,
            bound=busiest if proved else min(bound, busiest),
            proved=proved,
        )

    def _packed(self, numbers: Sequence[int]) -> dict[str, Place] | None:
        """Places of pieces in the tiles of one core, or None."""
        pieces = [self._pieces[n] for n in numbers]
        return packed({one.name: (one.rows, one.columns) for one in pieces}, self._hardware)

    def _least(self, numbers: Sequence[int]) -> list[int]:
        """Those of some pieces that cannot be packed without which the rest can be."""
        least = list(numbers)
        for one in numbers:
            rest = [n for n in least if n != one]
            if self._packed(rest) is None:
                least = rest
        return least

    def _may_leave(self, number: int) -> bool:
        """Whether a core can compute a piece, and no other has to be where it is."""
        return self._pieces[number].on_core is not None and number not in self._bound

    def _loss(self, number: int) -> int:
        """Cycles that a piece costs more without a tile, at least 0."""
        piece = self._pieces[number]
        return max((piece.on_core or 0) - (piece.on_tile or 0), 0)
