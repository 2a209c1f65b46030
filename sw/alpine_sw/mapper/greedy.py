# SPDX-License-Identifier: Apache-2.0
"""A quick assignment of pieces to cores, from which the solver sets out."""

from collections.abc import Sequence
from dataclasses import dataclass

from .core_pieces import CorePiece, Flow
from .hardware import Hardware
from .packing import packed

__all__ = ["GreedyAssignment", "greedy_start"]

HALVINGS = 24
"""Steps of the search for the least load; each halves the interval in which it lies."""


@dataclass(frozen=True, slots=True)
class GreedyAssignment:
    """Where pieces go.

    Members
    -------
    cores : of every piece, by number.
    tiled : whether it lies on a tile, likewise.
    busiest : cycles of the busiest core.
    """

    cores: tuple[int, ...]
    tiled: tuple[bool, ...]
    busiest: int


def greedy_start(
    pieces: Sequence[CorePiece], flows: Sequence[Flow], hardware: Hardware
) -> GreedyAssignment | None:
    """Return an assignment in which every core has pieces that follow one another, or None.

    A load is tried by giving every core as many pieces as stay below it, the first core first. Of
    a core's pieces those go to its tiles that save the most cycles per bit line. The least load
    that is enough for all pieces is found by halving.

    Parameters
    ----------
    pieces : in an order in which none reads what a later one makes.
    flows, hardware : as `assignment.assign` has them.
    """
    segments = _Segments(pieces, flows, hardware)
    high = 1 + sum(max(p.on_tile or 0, p.on_core or 0) for p in pieces)
    high += 2 * sum(flow.cycles for flow in flows)
    low, best = 0, segments.within(high)
    if best is None:
        return None
    for _ in range(HALVINGS):
        if low + 1 >= best.busiest:
            break
        middle = (low + best.busiest) // 2
        found = segments.within(middle)
        if found is None:
            low = middle
        else:
            best = found
    return best


class _Segments:
    """Pieces that follow one another, and what they cost one core."""

    def __init__(
        self, pieces: Sequence[CorePiece], flows: Sequence[Flow], hardware: Hardware
    ) -> None:
        self._pieces, self._flows, self._hardware = pieces, flows, hardware
        self._units = _units(len(pieces), flows)
        self._ends = set(range(1, len(pieces) + 1))
        for flow in flows:
            if flow.together:
                self._ends -= set(range(flow.maker + 1, flow.reader + 1))

    def within(self, most: int) -> GreedyAssignment | None:
        """An assignment whose busiest core has at most so many cycles, or None."""
        cores: list[int] = []
        tiled: list[bool] = []
        busiest = 0
        for core in range(self._hardware.cores):
            first = len(cores)
            taken: tuple[int, list[bool]] | None = None
            least = 0
            for end in range(first + 1, len(self._pieces) + 1):
                least += self._least(end - 1)
                if least > most or self._apart(first, end):
                    break
                found = self._cost(first, end) if end in self._ends else None
                if found is not None and found[0] <= most:
                    taken = found
            if taken is not None:
                busiest = max(busiest, taken[0])
                tiled += taken[1]
                cores += [core] * len(taken[1])
        if len(cores) < len(self._pieces):
            return None
        return GreedyAssignment(tuple(cores), tuple(tiled), busiest)

    def _least(self, number: int) -> int:
        piece = self._pieces[number]
        return min(cycles for cycles in (piece.on_tile, piece.on_core) if cycles is not None)

    def _apart(self, first: int, end: int) -> bool:
        """Whether two pieces of a segment must stand on different cores."""
        return any(f.apart and f.maker >= first and f.reader == end - 1 for f in self._flows)

    def _cost(self, first: int, end: int) -> tuple[int, list[bool]] | None:
        """Cycles of the pieces from the first to before the end, and which lie on tiles."""
        pieces, inside = self._pieces, range(first, end)
        tiled = [False] * (end - first)
        left = self._hardware.columns * self._hardware.tiles_per_core
        for unit in self._best_units(first, end):
            columns = sum(pieces[number].columns for number in unit)
            if columns > left:
                continue
            trial = list(tiled)
            for number in unit:
                trial[number - first] = True
            sizes = {
                pieces[n].name: (pieces[n].rows, pieces[n].columns)
                for n in inside
                if trial[n - first]
            }
            if packed(sizes, self._hardware) is not None:
                tiled, left = trial, left - columns
        cycles = sum(f.cycles for f in self._flows if (f.maker in inside) != (f.reader in inside))
        for number in inside:
            piece = pieces[number]
            one = piece.on_tile if tiled[number - first] else piece.on_core
            if one is None:
                return None
            cycles += one
        return cycles, tiled

    def _best_units(self, first: int, end: int) -> list[tuple[int, ...]]:
        """Pieces that are on tiles or not as one, those that save the most per bit line first."""
        rated: list[tuple[float, tuple[int, ...]]] = []
        for unit in {self._units[number] for number in range(first, end)}:
            pieces = [self._pieces[number] for number in unit]
            if unit[0] < first or unit[-1] >= end or any(p.on_tile is None for p in pieces):
                continue
            if any(piece.on_core is None for piece in pieces):
                rated.append((float("-inf"), unit))
                continue
            saved = sum((piece.on_core or 0) - (piece.on_tile or 0) for piece in pieces)
            if saved > 0:
                rated.append((-saved / sum(piece.columns for piece in pieces), unit))
        return [unit for _, unit in sorted(rated)]


def _units(count: int, flows: Sequence[Flow]) -> list[tuple[int, ...]]:
    """For every piece, those that are on tiles if it is, itself among them."""
    members = [[number] for number in range(count)]
    for flow in flows:
        one, other = members[flow.maker], members[flow.reader]
        if flow.alike and one is not other:
            one += other
            for number in other:
                members[number] = one
    return [tuple(sorted(group)) for group in members]
