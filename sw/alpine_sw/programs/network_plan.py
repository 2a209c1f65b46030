# SPDX-License-Identifier: Apache-2.0
"""A mapped network, checked as far as that needs no system: what programs are generated from."""

from collections.abc import Mapping as Table
from dataclasses import dataclass

from alpine_models.errors import AlpineError
from alpine_sw.graph import Convolution, ElementType, Graph, LstmCell, Node, TensorType
from alpine_sw.mapping import InputFormat, Link, LinkKind, Mapping, Stage, stages_of

from .following import Following, following_of
from .row_shape import RowShape, row_shape_of
from .tile_plans import TilePlans, tile_plans

__all__ = ["NetworkPlan", "network_plan"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NetworkPlan:
    """A graph, its mapping, and what follows from both.

    Members
    -------
    graph, mapping : the network and where it runs.
    stages : in the graph's order.
    tiles : contents of all tiles.
    following : what follows behind every stage with one vector, by its name.
    shapes : sizes of every convolution's stage, by its name.
    """

    graph: Graph
    mapping: Mapping
    stages: tuple[Stage, ...]
    tiles: TilePlans
    following: Table[str, Following]
    shapes: Table[str, RowShape]

    @property
    def input_name(self) -> str:
        """Name of the network's input."""
        return next(iter(self.graph.inputs))

    @property
    def output_name(self) -> str:
        """Name of the network's output."""
        return self.graph.outputs[0]

    @property
    def cores(self) -> int:
        """Cores that a system needs."""
        return 1 + max(stage.core for stage in self.stages)

    def makers(self, tensor: str) -> list[Stage]:
        """Stages that make a tensor, or a share of it, in order."""
        return [stage for stage in self.stages if tensor in stage.makes]

    def readers(self, link: Link) -> list[Stage]:
        """Stages that read from a buffer, in order."""
        return [stage for name in link.to for stage in self.stages if stage.node.name == name]

    def link_from(self, stage: Stage) -> list[Link]:
        """Buffers that a stage fills."""
        return [link for link in self.mapping.links if link.value in stage.makes]

    def link_to(self, stage: Stage, tensor: str) -> Link | None:
        """The buffer from which a stage reads a tensor, or None."""
        for link in self.mapping.links:
            if link.value == tensor and stage.node.name in link.to:
                return link
        return None

    def held(self, tensor: str) -> TensorType:
        """Type of a tensor in memory: an LSTM's h, and inputs if so chosen, are values there."""
        kind = self.graph.types[tensor]
        values = tensor == self.input_name and self.mapping.inputs is InputFormat.FP32
        if values or self._cell(tensor) is not None:
            return TensorType(ElementType.FLOAT32, kind.shape)
        return kind

    def source_scale(self, stage: Stage) -> float | None:
        """Codes per unit of the values that a stage's product reads; None where it reads codes."""
        operator = stage.node.operator
        if isinstance(operator, LstmCell):
            return operator.state_scale
        cell = self._cell(stage.node.operands[0])
        return None if cell is None else cell.state_scale

    @property
    def input_scale(self) -> float:
        """Codes per unit of the inputs where these are values."""
        for stage in self.stages:
            if isinstance(stage.node.operator, LstmCell) and self.input_name in stage.node.operands:
                return stage.node.operator.state_scale
        return 1.0

    def read_here(self, stage: Stage, tensor: str) -> list[Stage]:
        """Other stages on a stage's core that read a tensor of it where it lies."""
        return [
            other
            for other in self.stages
            if other.core == stage.core
            and other is not stage
            and any(tensor in node.operands for node in (other.node, *other.followers))
            and self.link_to(other, tensor) is None
        ]

    def leaving(self, stage: Stage) -> list[str]:
        """Tensors of a stage that others read, or that are the network's output."""
        others = [other for other in self.stages if other.node.name != stage.node.name]
        read = {
            tensor
            for other in others
            for node in (other.node, *other.followers)
            for tensor in node.operands
        }
        return [name for name in stage.makes if name in read or name == self.output_name]

    def _cell(self, tensor: str) -> LstmCell | None:
        """The LSTM cell whose h a tensor is, or None."""
        if tensor in self.graph.inputs:
            return None
        operator = self.graph[tensor].operator
        return operator if isinstance(operator, LstmCell) else None


def network_plan(graph: Graph, mapping: Mapping) -> NetworkPlan:
    """Return the plan of a mapped network.

    Raises
    ------
    AlpineError
        The mapping does not fit the graph, or part of the graph has no program.
    """
    stages = stages_of(graph, mapping)
    if len(graph.inputs) != 1:
        raise AlpineError(
            f"network {graph.name} has the inputs {', '.join(graph.inputs)}, but programs read one:"
            " join them into one"
        )
    convolutions = [stage for stage in stages if isinstance(stage.node.operator, Convolution)]
    plan = NetworkPlan(
        graph=graph,
        mapping=mapping,
        stages=stages,
        tiles=tile_plans(mapping, stages),
        following={
            stage.name: following_of(graph, stage) for stage in stages if _has_vectors(stage)
        },
        shapes={stage.name: row_shape_of(graph, stage) for stage in convolutions},
    )
    for stage in stages:
        _check_operands(plan, stage)
    for stage in convolutions:
        _check_rows(plan, stage)
    for link in mapping.links:
        _check_link(plan, link)
    return plan


def _has_vectors(stage: Stage) -> bool:
    return not isinstance(stage.node.operator, Convolution | LstmCell)


def _check_operands(plan: NetworkPlan, stage: Stage) -> None:
    """Whatever a stage reads lies on its core or comes through a buffer."""
    cell = isinstance(stage.node.operator, LstmCell)
    if cell and stage.followers:
        raise AlpineError(
            f"node {stage.followers[0].name} behind cell {stage.node.name} has no program: let a "
            "dense layer follow"
        )
    for node in (stage.node, *stage.followers):
        for tensor in node.operands:
            if tensor in stage.makes:
                continue
            _check_operand(plan, stage, node, tensor)
    if cell:
        _check_cell(plan, stage)


def _check_operand(plan: NetworkPlan, stage: Stage, node: Node, tensor: str) -> None:
    here = f"node {node.name} on core {stage.core}"
    makers = plan.makers(tensor)
    if (tensor in plan.graph.inputs and node is stage.node) or plan.link_to(stage, tensor):
        return
    if [maker.core for maker in makers] != [stage.core]:
        cores = ", ".join(str(maker.core) for maker in makers) or "none"
        raise AlpineError(
            f"{here} reads {tensor}, which core {cores} makes: add a buffer that carries it to "
            f"{stage.node.name}, or move the node"
        )
    (maker,) = makers
    if stage.behind - maker.behind > 1 or (stage.behind > maker.behind and stage.turn > maker.turn):
        raise AlpineError(
            f"{here} works {stage.behind - maker.behind} behind node {maker.node.name}, whose next "
            f"results would replace {tensor} before it is read: give it turn {maker.turn} and let "
            "it work 1 behind"
        )


def _check_cell(plan: NetworkPlan, stage: Stage) -> None:
    name, operand = stage.node.name, stage.node.operands[0]
    if stage.count > 1 and plan.link_to(stage, name) is None:
        raise AlpineError(
            f"cell {name} is split over {stage.count} cores, each of which needs the whole h: add "
            f"{name} to the readers of a buffer that carries {name}"
        )
    if plan.held(operand).element is not ElementType.FLOAT32:
        raise AlpineError(
            f"cell {name} reads values, but {operand} lies in memory as codes: set inputs of "
            f"mapping {plan.mapping.name} to {InputFormat.FP32.value}"
        )


def _check_rows(plan: NetworkPlan, stage: Stage) -> None:
    """Rows of a convolution are handed on once, and those that it reads are codes."""
    name, operand = stage.node.name, stage.node.operands[0]
    leaving = plan.leaving(stage)
    readers = [
        other.node.name
        for other in plan.stages
        for node in (other.node, *other.followers)
        if set(leaving) & set(node.operands) and other is not stage
    ]
    if len(leaving) != 1 or len(readers) > 1:
        raise AlpineError(
            f"what convolution {name} makes is read as {', '.join(leaving) or 'nothing'} by "
            f"{', '.join(readers) or 'no node'}, but rows are handed on once: change the network"
        )
    if plan.held(operand).element is not ElementType.INT8:
        raise AlpineError(
            f"convolution {name} reads codes, but {operand} lies in memory as values: set inputs "
            f"of mapping {plan.mapping.name} to {InputFormat.INT8.value}"
        )
    if len(plan.held(operand).shape) != 3 or not (
        operand in plan.graph.inputs or plan.makers(operand)[0].name in plan.shapes
    ):
        raise AlpineError(
            f"convolution {name} reads {operand}, which a dense layer makes: no program turns "
            "vectors into rows"
        )
    if len(stage.parts) > 1:
        raise AlpineError(
            f"convolution {name} lies in {len(stage.parts)} rectangles of tiles: give it one"
        )


def _check_link(plan: NetworkPlan, link: Link) -> None:
    """Whoever is named reads what a buffer carries, in the form in which it passes."""
    recurrent = {stage.node.name for stage in plan.makers(link.value)}
    for reader in plan.readers(link):
        name, operands = reader.node.name, reader.node.operands
        cell = isinstance(reader.node.operator, LstmCell) and name in recurrent
        if link.value not in operands and not cell:
            raise AlpineError(
                f"buffer with {link.value} names node {name} as a reader, which reads "
                f"{', '.join(operands)}: leave it out"
            )
        rows = isinstance(reader.node.operator, Convolution)
        if rows is not (link.kind is LinkKind.ROW_RING):
            right = LinkKind.ROW_RING if rows else LinkKind.PING_PONG
            raise AlpineError(
                f"buffer with {link.value} is a {link.kind}, but node {name} reads "
                f"{'rows' if rows else 'vectors'}: make it a {right}"
            )
        if rows and len(link.to) > 1:
            raise AlpineError(
                f"rows of {link.value} have {len(link.to)} readers ({', '.join(link.to)}), but a "
                "row ring has one: let one core compute them"
            )
        if rows and link.slots < plan.shapes[reader.name].least_rows:
            raise AlpineError(
                f"row ring with {link.value} has {link.slots} slots, but node {name} reads "
                f"{plan.shapes[reader.name].least_rows} rows at a time: give it more"
            )
