# SPDX-License-Identifier: Apache-2.0
"""What the solver assigns: shares of nodes with matrices, and the values that flow between them."""

from dataclasses import dataclass

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    Dequantise,
    Graph,
    LstmCell,
    Multiply,
    Node,
    Relu,
    Requantise,
    Tanh,
)
from alpine_sw.graph.lstm import Gate
from alpine_sw.graph.products import MatrixProduct
from alpine_sw.graph.sequences import SequenceOperator
from alpine_sw.mapping import Mapping, Part, Stage, stages_of
from alpine_sw.mapping.records import Range

from .core_pieces import CorePiece, Flow
from .costs import Costs
from .hardware import Hardware
from .pieces import evenly, fits_tiles

__all__ = ["NodeShare", "can_part", "flows_between", "piece_of", "shares_of", "stages_in_order"]

APART = (Requantise, Relu, Dequantise, Tanh, Add, Multiply)
"""Operators behind a node of which every core can compute its share."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NodeShare:
    """Some results of a node with a matrix, which one core makes.

    Members
    -------
    stage : the node with what runs beside it.
    results : which results.
    number, count : which share of the node, from 0, and of how many.
    """

    stage: Stage
    results: Range
    number: int
    count: int

    @property
    def name(self) -> str:
        """One of its own."""
        return f"{self.stage.node.name} {self.results[0]}-{self.results[1] - 1}"

    @property
    def outputs(self) -> tuple[Range, ...] | None:
        """Of the node's matrix; of a cell's four gates."""
        if self.count == 1:
            return None
        first, end = self.results
        operator = self.stage.node.operator
        if not isinstance(operator, LstmCell):
            return ((first, end),)
        return tuple(
            (gate * operator.hidden + first, gate * operator.hidden + end) for gate in Gate
        )

    @property
    def columns(self) -> int:
        """Bit lines that it takes."""
        gates = len(Gate) if isinstance(self.stage.node.operator, LstmCell) else 1
        return gates * (self.results[1] - self.results[0])

    @property
    def fraction(self) -> float:
        """Of the node's results."""
        return (self.results[1] - self.results[0]) / self.stage.size


def stages_in_order(graph: Graph, products: dict[str, MatrixProduct]) -> tuple[Stage, ...]:
    """Return what runs beside every node with a matrix, in the graph's order."""
    parts = tuple(Part(node=name, core=0, turn=turn) for turn, name in enumerate(products))
    return stages_of(graph, Mapping(name="all on one core", network=graph.name, parts=parts))


def shares_of(stage: Stage, hardware: Hardware, wanted: int) -> list[NodeShare]:
    """Return the shares of a node: as many as its columns need, or as are wanted if that is more.

    Raises
    ------
    AlpineError
        A unit's gates exceed the bit lines of a tile.
    """
    cell = isinstance(stage.node.operator, LstmCell)
    each = len(Gate) if cell else 1
    needed = 1
    sequence = isinstance(stage.node.operator, SequenceOperator)
    if hardware.tiles_per_core and stage.product.vectors == 1 and not sequence:
        most = hardware.columns // each
        if not most:
            raise AlpineError(
                f"a unit of cell {stage.node.name} has 4 outputs, but a tile has "
                f"{hardware.columns} bit lines: use larger tiles"
            )
        needed = -(-stage.size // most)
    count = min(max(needed, wanted), stage.size)
    ranges = evenly(stage.size, count)
    return [
        NodeShare(stage=stage, results=one, number=number, count=count)
        for number, one in enumerate(ranges)
    ]


def piece_of(share: NodeShare, costs: Costs, graph: Graph, hardware: Hardware) -> CorePiece:
    """Return what the solver is told of a share."""
    product, stage = share.stage.product, share.stage
    beside = costs.behind(graph, (*stage.leaders, *_apart(stage)), share.fraction)
    rows = product.weights.shape[1]
    held = hardware.tiles_per_core > 0 and fits_tiles(product) and rows <= hardware.rows
    return CorePiece(
        name=share.name,
        rows=rows,
        columns=share.columns,
        on_tile=round(costs.on_tile(product, share.columns) + beside) if held else None,
        on_core=round(costs.on_core(product, share.columns) + beside),
    )


def _apart(stage: Stage) -> tuple[Node, ...]:
    """What follows behind a product and the conversion of its sums."""
    return tuple(node for node in stage.followers if node is not stage.product.converter)


def flows_between(shares: list[NodeShare], costs: Costs, graph: Graph) -> list[Flow]:
    """Return what passes between shares, those of one node among them."""
    flows: list[Flow] = []
    for number, share in enumerate(shares):
        if share.number:
            cell = isinstance(share.stage.node.operator, LstmCell)
            together = not cell and not can_part(share.stage)
            flows.append(Flow(number - 1, number, 0, apart=cell, together=together, alike=True))
        for reader, other in enumerate(shares):
            tensors = set(share.stage.makes) & set(other.stage.reads)
            if other.stage is share.stage or not tensors:
                continue
            size = sum(
                graph.types[name].elements * graph.types[name].element.dtype.itemsize
                for name in tensors
            )
            cycles = round(costs.hand_over(size) * share.fraction)
            flows.append(Flow(number, reader, cycles))
    return flows


def can_part(stage: Stage) -> bool:
    """Return whether cores can share what follows behind a node."""
    made = set(stage.makes)
    operands = {name for node in stage.followers for name in node.operands}
    return (
        not stage.leaders
        and not isinstance(stage.node.operator, SequenceOperator)
        and operands <= made
        and all(isinstance(node.operator, APART) for node in stage.followers)
    )
