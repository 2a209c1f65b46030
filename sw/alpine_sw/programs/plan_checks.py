# SPDX-License-Identifier: Apache-2.0
"""What a mapping must have for programs to exist: every refusal names node and remedy."""

from alpine_models.errors import AlpineError
from alpine_sw.graph import ElementType, LstmCell, Node
from alpine_sw.mapping import (
    InputFormat,
    Link,
    LinkKind,
    Stage,
)

from .network_plan import NetworkPlan

__all__ = ["check_link", "check_operands", "check_rectangles", "check_rows", "check_sequence"]


def check_operands(plan: NetworkPlan, stage: Stage) -> None:
    """Whatever a stage reads lies on its core or comes through a buffer."""
    cell = isinstance(stage.node.operator, LstmCell)
    if cell and stage.leaders:
        raise AlpineError(
            f"node {stage.leaders[0].name} in front of cell {stage.node.name} has no program: give "
            "the network what it makes"
        )
    if cell and stage.followers:
        raise AlpineError(
            f"node {stage.followers[0].name} behind cell {stage.node.name} has no program: let a "
            "dense layer follow"
        )
    for node in stage.nodes:
        for tensor in node.operands:
            if tensor not in stage.makes:
                _check_operand(plan, stage, node, tensor)
    if cell:
        _check_cell(plan, stage)


def _check_operand(plan: NetworkPlan, stage: Stage, node: Node, tensor: str) -> None:
    here = f"node {node.name} on core {stage.core}"
    makers = plan.makers(tensor)
    general = stage.name in plan.general
    if (
        general
        and tensor not in plan.graph.inputs
        and plan.held(tensor) != plan.graph.types[tensor]
    ):
        raise AlpineError(
            f"{here} reads {tensor}, which lies in memory as values of codes: set inputs of "
            f"mapping {plan.mapping.name} to {InputFormat.INT8.value}, or let a dense layer read it"
        )
    reads_input = tensor in plan.graph.inputs and (general or node is stage.node)
    if reads_input or plan.link_to(stage, tensor):
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


def check_rows(plan: NetworkPlan, stage: Stage) -> None:
    """Rows of a convolution are handed on once, and those that it reads are codes."""
    name, operand = stage.node.name, stage.node.operands[0]
    leaving = plan.leaving(stage)
    readers = [
        other.node.name
        for other in plan.stages
        for node in other.nodes
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
    check_rectangles(stage)


def check_rectangles(stage: Stage) -> None:
    """A convolution lies in one rectangle of one tile."""
    if len(stage.parts) > 1:
        raise AlpineError(
            f"convolution {stage.node.name} lies in {len(stage.parts)} rectangles of tiles: give "
            "it one, or split its outputs"
        )


def check_sequence(stage: Stage) -> None:
    """A recurrent layer has one core, and states that begin at zero."""
    node = stage.node
    if stage.count > 1 or len(stage.parts) > 1:
        raise AlpineError(
            f"recurrent layer {node.name} is shared by {stage.count} cores in {len(stage.parts)} "
            "rectangles: give it one"
        )
    if len(node.operands) > 1:
        raise AlpineError(
            f"recurrent layer {node.name} begins with the states {', '.join(node.operands[1:])}, "
            "for which there is no program: let it begin with zeros"
        )


def check_link(plan: NetworkPlan, link: Link) -> None:
    """Whoever is named reads what a buffer carries, in the form in which it passes."""
    recurrent = {stage.node.name for stage in plan.makers(link.value)}
    for reader in plan.readers(link):
        name, operands = reader.node.name, reader.reads
        cell = isinstance(reader.node.operator, LstmCell) and name in recurrent
        if link.value not in operands and not cell:
            raise AlpineError(
                f"buffer with {link.value} names node {name} as a reader, which reads "
                f"{', '.join(operands)}: leave it out"
            )
        rows = reader.name in plan.shapes
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
