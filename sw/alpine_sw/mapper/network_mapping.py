# SPDX-License-Identifier: Apache-2.0
"""A mapping for any network onto given hardware, with what it rests on."""

from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from alpine_models.errors import AlpineError
from alpine_platform.config import SystemConfig
from alpine_sw.graph import Convolution, Graph, LstmCell
from alpine_sw.graph.products import matrix_products
from alpine_sw.mapping import (
    InputFormat,
    MappedTile,
    Mapping,
    NodeSplit,
    Part,
    SplitAxis,
    Style,
    split_graph,
    stages_of,
)

from .assignment import Assignment, SolverTime, assign
from .candidates import MEASURED, candidates, simulated_fs, vectors_of
from .core_pieces import CorePiece
from .costs import Costs
from .hardware import Hardware
from .links import links_for
from .pieces import evenly, pieces_for
from .sharing import NodeShare, can_part, flows_between, piece_of, shares_of, stages_in_order

__all__ = ["Choice", "MappedNetwork", "map_network"]

MOST_DOUBLINGS = 6
"""Times that the busiest node is divided further, at most."""
MOST_VECTORS = 2000
"""Vectors per inference up to which mappings are simulated to compare them: seconds of a host."""
WORTH = 0.98
"""NodeShare of the busiest core's cycles that dividing a node must leave, at most, to be kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Where a share of a node runs, and why.

    Members
    -------
    node, results : which share.
    core : that computes it.
    tile : name of the tile, or None.
    place : its rectangle in words, empty without a tile.
    cycles : of its core per inference, estimated.
    why : in words.
    """

    node: str
    results: str
    core: int
    tile: str | None
    place: str
    cycles: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MappedNetwork:
    """A network, its mapping, and what the choice rests on.

    Members
    -------
    graph : as it was given; `split_graph(graph, mapping)` is what runs.
    mapping : data that can be printed, saved and edited.
    hardware : what it may use.
    choices : of every share, in the graph's order.
    busiest_cycles : of the busiest core per inference, estimated; empty cores have none.
    gap : share by which that may be above the least possible for the estimates; 0 where proved.
    time_limit_s : that the solver had.
    simulated_fs : time of `candidates.MEASURED` inferences of every mapping that was simulated, by
        its name; empty where the estimates decided.
    """

    graph: Graph
    mapping: Mapping
    hardware: Hardware
    choices: tuple[Choice, ...]
    busiest_cycles: int
    gap: float
    time_limit_s: float
    simulated_fs: Table[str, int] = field(default_factory=dict[str, int])

    def __str__(self) -> str:
        """Return a table in Markdown of every choice, and what the solver says of them."""
        heads = ("node", "results", "core", "tile", "rectangle", "cycles", "why")
        rows = [
            (c.node, c.results, str(c.core), c.tile or "none", c.place, f"{c.cycles:,}", c.why)
            for c in self.choices
        ]
        lines = [heads, ("---",) * len(heads), *rows]
        table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
        return f"{table}\n{self.verdict}\n"

    @property
    def verdict(self) -> str:
        """What the solver says, in words."""
        said = (
            "no assignment of these pieces has a less busy core"
            if not self.gap
            else f"the solver's {self.time_limit_s:g} s ended: at most {self.gap:.0%} of that lie "
            "above the least possible"
        )
        text = (
            f"{self.hardware}; busiest core {self.busiest_cycles:,} cycles per inference by "
            f"estimate; {said}"
        )
        if self.simulated_fs:
            times = ", ".join(
                f"{name} {time_fs / 1e9:.3f} us" for name, time_fs in self.simulated_fs.items()
            )
            text += f"; {MEASURED} inferences simulated: {times}; taken is {self.mapping.name}"
        return text


def map_network(
    graph: Graph,
    system: SystemConfig,
    *,
    hardware: Hardware | None = None,
    style: Style | None = None,
    time_limit_s: float = 8.0,
    simulate: bool | None = None,
) -> MappedNetwork:
    """Map a network: cut what exceeds a tile, and spread the work over the cores.

    The node that keeps the busiest core busy is divided further, dense layers and cells by their
    results and convolutions by rows, as long as that helps by the estimates.

    Parameters
    ----------
    graph : with at least one matrix of codes.
    system : on which it will run; its kernels are timed for the estimates.
    hardware : what the mapping may use; None is every core of the system, with a tile of 1024 x
        1024 each.
    style : of the software; None is that of the released library.
    time_limit_s : of the solver in all, in its own count of steps, which is about seconds.
    simulate : whether a few inferences decide between the solver's mapping and others, the
        published ones among them; None does so up to `MOST_VECTORS` vectors per inference.

    Raises
    ------
    AlpineError
        The network has no matrix of codes, does not fit the hardware, or a library is missing.
    """
    hardware = hardware or Hardware(cores=system.cores)
    if hardware.cores > system.cores:
        raise AlpineError(
            f"mapping of {graph.name} may use {hardware.cores} cores, but {system.name} has "
            f"{system.cores}: allow fewer, or choose another system"
        )
    if not matrix_products(graph):
        raise AlpineError(
            f"network {graph.name} has no layer with a matrix of codes: there is nothing to map"
        )
    costs = Costs(system=system, style=style or Style())
    time = SolverTime(left_s=time_limit_s)
    search = _Search(graph=graph, hardware=hardware, costs=costs, time=time)
    best = _Attempt(search, pieces_for(graph, hardware), {})
    for _ in range(MOST_DOUBLINGS):
        further = best.divided()
        if further is None or further.found.busiest > WORTH * best.found.busiest:
            break
        best = further
    found = best.mapped()
    if simulate is None:
        simulate = vectors_of(graph, found.mapping) <= MOST_VECTORS
    return _fastest(found, system, style) if simulate else found


def _fastest(found: MappedNetwork, system: SystemConfig, style: Style | None) -> MappedNetwork:
    """The solver's mapping, or another that a simulation finds faster."""
    graph = found.graph
    mappings = {found.mapping.name: found.mapping}
    for other in candidates(graph, found.mapping, found.hardware, style):
        mappings.setdefault(other.name, other)
    if len(mappings) == 1:
        return found
    times = {name: simulated_fs(graph, one, system) for name, one in mappings.items()}
    name = min(times, key=times.__getitem__)
    if name == found.mapping.name:
        return replace(found, simulated_fs=times)
    mapping = mappings[name]
    return replace(
        found,
        mapping=mapping,
        simulated_fs=times,
        choices=tuple(_faster(graph, mapping, found.choices)),
    )


def _faster(graph: Graph, mapping: Mapping, before: Sequence[Choice]) -> list[Choice]:
    """What is to be said of a mapping that a simulation found faster than the solver's."""
    cycles = {choice.node: choice.cycles for choice in before}
    rows: list[Choice] = []
    for stage in stages_of(split_graph(graph, mapping), mapping):
        for part in stage.parts:
            lines, first = stage.product.weights.shape[1], part.column
            last = first + len(stage.rows_of(part)) - 1
            place = f"word lines {part.row} to {part.row + lines - 1}, bit lines {first} to {last}"
            rows.append(
                Choice(
                    node=part.node,
                    results=f"{stage.outputs[0]} to {stage.outputs[1] - 1}",
                    core=part.core,
                    tile=part.tile,
                    place=place if part.tile else "",
                    cycles=cycles.get(part.node, 0),
                    why=f"{mapping.name} is faster in simulation than what the solver found",
                )
            )
    return rows


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Search:
    """What attempts share: the network, what `map_network` was given, and the solver's time."""

    graph: Graph
    hardware: Hardware
    costs: Costs
    time: SolverTime


class _Attempt:
    """One way to cut a network, and the best assignment of its pieces.

    Parameters
    ----------
    search : the network and what may be used.
    splits : of its nodes.
    wanted : shares of nodes with vectors, by name; 1 where it is missing.
    """

    def __init__(
        self, search: _Search, splits: tuple[NodeSplit, ...], wanted: dict[str, int]
    ) -> None:
        self._search, self._splits, self._wanted = search, splits, wanted
        graph, hardware, costs = search.graph, search.hardware, search.costs
        self._hardware, self._costs = hardware, costs
        self._base = Mapping(name="mapped", network=graph.name, parts=(), splits=splits)
        self.graph = split_graph(graph, self._base)
        stages = stages_in_order(self.graph, matrix_products(self.graph))
        self.shares = [
            share
            for stage in stages
            for share in shares_of(stage, hardware, wanted.get(stage.node.name, 1))
        ]
        self.pieces = [piece_of(share, costs, self.graph, hardware) for share in self.shares]
        flows = flows_between(self.shares, costs, self.graph)
        found = assign(self.pieces, flows, hardware, time=search.time)
        if found is None:
            raise AlpineError(
                f"network {graph.name} does not fit {hardware}: allow more cores, or more or "
                "larger tiles"
            )
        self.found: Assignment = found

    def divided(self) -> "_Attempt | None":
        """The same with the heaviest node of the busiest core divided once more, or None."""
        loads = [0] * self._hardware.cores
        cycles = self._cycles()
        for number, core in enumerate(self.found.cores):
            loads[core] += cycles[number]
        if 0 not in loads:
            return None
        busiest = loads.index(max(loads))
        on_it = [n for n, core in enumerate(self.found.cores) if core == busiest]
        share = self.shares[max(on_it, key=cycles.__getitem__)]
        splits, wanted = self._splits, dict(self._wanted)
        name = share.stage.node.name
        if isinstance(share.stage.node.operator, Convolution):
            rows = self.graph.types[name].shape[0]
            if " rows " in name or rows < 4:
                return None
            pieces = min(2 + loads.count(0) - 1, rows // 2)
            split = NodeSplit(node=name, by=SplitAxis.ROWS, ranges=evenly(rows, pieces))
            splits = (*splits, split)
        elif can_part(share.stage) or isinstance(share.stage.node.operator, LstmCell):
            wanted[name] = 2 * share.count
        else:
            return None
        try:
            return _Attempt(self._search, splits, wanted)
        except AlpineError:
            return None

    def _cycles(self) -> list[int]:
        """Estimated cycles of every share where it runs."""
        return [_cycles(piece, on_tile=piece.name in self.found.places) for piece in self.pieces]

    def mapped(self) -> MappedNetwork:
        """The mapping and its explanation."""
        turns = _turns(self.shares, self.found.cores)
        parts = [
            self._part(number, share, turns[number]) for number, share in enumerate(self.shares)
        ]
        used = {(part.core, part.tile) for part in parts if part.tile is not None}
        hardware = self._hardware
        tiles = tuple(
            MappedTile(name=name, core=core, rows=hardware.rows, columns=hardware.columns)
            for core, name in sorted((core, name) for core, name in used if name)
        )
        recurrent = any(isinstance(share.stage.node.operator, LstmCell) for share in self.shares)
        mapping = replace(
            self._base,
            tiles=tiles,
            parts=tuple(parts),
            style=self._costs.style,
            inputs=InputFormat.FP32 if recurrent else InputFormat.INT8,
        )
        mapping = replace(mapping, links=links_for(self.graph, stages_of(self.graph, mapping)))
        return MappedNetwork(
            graph=self._search.graph,
            mapping=mapping,
            hardware=hardware,
            choices=tuple(self._choices(parts)),
            busiest_cycles=self.found.busiest,
            gap=self.found.gap,
            time_limit_s=self._search.time.limit_s,
        )

    def _part(self, number: int, share: NodeShare, turn: int) -> Part:
        core, place = self.found.cores[number], self.found.places.get(self.pieces[number].name)
        return Part(
            node=share.stage.node.name,
            core=core,
            outputs=share.outputs,
            tile=None if place is None else f"tile {core}.{place.tile}",
            row=0 if place is None else place.row,
            column=0 if place is None else place.column,
            turn=turn,
        )

    def _choices(self, parts: Sequence[Part]) -> list[Choice]:
        cycles = self._cycles()
        return [
            Choice(
                node=part.node,
                results=f"{share.results[0]} to {share.results[1] - 1}",
                core=part.core,
                tile=part.tile,
                place=""
                if part.tile is None
                else f"word lines {part.row} to {part.row + piece.rows - 1}, bit lines "
                f"{part.column} to {part.column + piece.columns - 1}",
                cycles=cycle,
                why=_why(piece, on_tile=part.tile is not None),
            )
            for part, share, piece, cycle in zip(
                parts, self.shares, self.pieces, cycles, strict=True
            )
        ]


def _cycles(piece: CorePiece, *, on_tile: bool) -> int:
    found = piece.on_tile if on_tile else piece.on_core
    assert found is not None
    return found


def _why(piece: CorePiece, *, on_tile: bool) -> str:
    if piece.on_tile is None:
        return "no program on a tile of this size"
    if on_tile:
        return f"{piece.on_core or 0:,} cycles without a tile"
    if piece.on_core is not None and piece.on_tile >= piece.on_core:
        return f"{piece.on_tile:,} cycles on a tile, not fewer"
    return f"{piece.on_tile:,} cycles on a tile: no room, or no gain for the busiest core"


def _turns(shares: Sequence[NodeShare], cores: Sequence[int]) -> list[int]:
    """Turn of every share: one after the other on a core, those of one node together."""
    turns: list[int] = []
    for number, share in enumerate(shares):
        before = {
            shares[other].stage.node.name
            for other in range(number)
            if cores[other] == cores[number]
        } - {share.stage.node.name}
        turns.append(len(before))
    return turns
