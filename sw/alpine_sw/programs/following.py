# SPDX-License-Identifier: Apache-2.0
"""What follows on a core behind a product: which tensors get memory, and which programs make them.

A ReLU behind the conversion to codes, and the scaling of codes to values, belong to the product: a
tile's results are dequeued so, and an int8 product's sums are converted so. Other ReLUs work in
place, and a reshape gives the same memory another name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from alpine_models.errors import AlpineError
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw import kernels
from alpine_sw.graph import (
    Add,
    Dequantise,
    ElementType,
    Graph,
    Multiply,
    Node,
    Quantise,
    Relu,
    Reshape,
    Sigmoid,
    Softmax,
    Tanh,
)
from alpine_sw.library.aimclib import Aimc
from alpine_sw.mapping import Stage

from .products import Section

__all__ = ["Following", "following_of", "general_following"]

WHOLE = (Softmax,)
"""Operators that need all elements of their operand on one core."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Following:
    """What of a stage's tensors a program makes, and how.

    Members
    -------
    first : tensor that the product gives.
    relu : whether the product includes a ReLU.
    scale : value per code of what the product gives, or None for codes.
    nodes : that have programs of their own, in order.
    memory : every tensor that exists -> the one in whose memory it lies.
    types : element type and number of elements on this core, of those with memory.
    label : of the stage.
    """

    first: str
    relu: bool
    scale: float | None
    nodes: tuple[Node, ...]
    memory: Mapping[str, str]
    types: Mapping[str, tuple[ElementType, int]]
    label: str

    def sections(self, find: Callable[[str], Buffer], aimc: Aimc) -> list[Section]:
        """Return the programs of the nodes on tensors that `find` finds memory for."""
        sections: list[Section] = []
        for node in self.nodes:
            operands = [find(name) for name in node.operands]
            program = _program(node, operands, find(node.name), aimc)
            if program is not None:
                sections.append((self._section(node), program))
        return sections

    def _section(self, node: Node) -> str:
        if not self.label:
            return "activation"
        if isinstance(node.operator, Softmax):
            return "softmax"
        return f"{self.label} activation"


def following_of(graph: Graph, stage: Stage) -> Following:
    """Return what follows behind a stage with one vector per inference.

    Raises
    ------
    AlpineError
        An operator has no program, or needs what other cores make.
    """
    made = general_following(graph, stage)
    first, nodes = made.first, made.nodes
    memory = {first: first}
    for node in nodes:
        _check(graph, stage, node)
        operand = node.operands[0]
        in_place = isinstance(node.operator, Reshape) or (
            isinstance(node.operator, Relu)
            and graph.readers(operand) == (node,)
            and operand not in graph.outputs
        )
        memory[node.name] = memory[operand] if in_place and operand in memory else node.name
    return replace(
        made,
        memory=memory,
        types={
            name: (graph.types[name].element, _elements(graph, stage, name))
            for name in dict.fromkeys(memory.values())
        },
    )


def general_following(graph: Graph, stage: Stage) -> Following:
    """Return what the product of a stage includes and the nodes behind that, without memory."""
    # A layer that makes codes by itself has no converter behind it, and includes nothing.
    converter = stage.product.converter or stage.node
    nodes = [node for node in stage.followers if node is not converter]
    first, relu, scale = converter.name, False, None
    head = nodes[0] if nodes and converter is not stage.node else None
    if head is not None and _only_reader(graph, converter, head):
        if isinstance(head.operator, Relu):
            first, relu = head.name, True
        elif isinstance(head.operator, Dequantise) and stage.product.vectors == 1:
            first, scale = head.name, head.operator.scale
    if first != converter.name:
        nodes = nodes[1:]
    return Following(
        first=first,
        relu=relu,
        scale=scale,
        nodes=tuple(nodes),
        memory={},
        types={},
        label=stage.label,
    )


def _elements(graph: Graph, stage: Stage, name: str) -> int:
    return stage.size if stage.count > 1 else graph.types[name].elements


def _only_reader(graph: Graph, node: Node, reader: Node) -> bool:
    return graph.readers(node.name) == (reader,) and node.name not in graph.outputs


def _check(graph: Graph, stage: Stage, node: Node) -> None:
    here = f"node {node.name} of network {graph.name}"
    operator = node.operator
    if isinstance(operator, WHOLE) and stage.count > 1:
        raise AlpineError(
            f"{here} needs all results of node {stage.node.name}, which {stage.count} cores share: "
            "give that one core"
        )
    floats = all(kind.element is ElementType.FLOAT32 for kind in graph.operand_types(node))
    codes = graph.types[node.operands[0]].element is ElementType.INT8
    known = (
        isinstance(operator, Reshape)
        or (isinstance(operator, Relu | Dequantise) and codes)
        or (isinstance(operator, Softmax | Sigmoid | Tanh | Quantise) and floats)
        or (isinstance(operator, Add | Multiply) and floats and _alike(graph, node))
    )
    if not known:
        kinds = ", ".join(str(kind) for kind in graph.operand_types(node))
        raise AlpineError(
            f"{here} has no program: {operator.kind} of {kinds} behind a vector is not among the "
            "kernels"
        )


def _alike(graph: Graph, node: Node) -> bool:
    left, right = graph.operand_types(node)
    return left.shape == right.shape


def _program(node: Node, operands: list[Buffer], target: Buffer, aimc: Aimc) -> Program | None:
    """Program of a node, or None where it only renames memory."""
    operator, source = node.operator, operands[0]
    if isinstance(operator, Dequantise):
        return kernels.dequantise(source, target, scale=operator.scale)
    if isinstance(operator, Quantise):
        return kernels.quantise(source, target, scale=operator.scale)
    if isinstance(operator, Add | Multiply):
        function = kernels.vector_add if isinstance(operator, Add) else kernels.vector_multiply
        return function(source, operands[1], target)
    functions: dict[type, Callable[[Buffer, Buffer], Program]] = {
        Relu: _relu,
        Softmax: aimc.softmax,
        Sigmoid: aimc.sigmoid,
        Tanh: aimc.tanh,
    }
    known = functions.get(type(operator))
    return known(source, target) if known else None


def _relu(source: Buffer, target: Buffer) -> Program:
    if target is not source:
        yield from kernels.copy(target, source)
    yield from kernels.relu8(target)
