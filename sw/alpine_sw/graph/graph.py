# SPDX-License-Identifier: Apache-2.0
"""A network as data: named nodes with operators, and typed tensors between them.

A graph describes one inference. Every node has one result, a tensor that bears the node's name; its
operands are results of nodes before it, or inputs of the graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from alpine_models.errors import AlpineError

from .digest import digest_of
from .operator import OperandError, Operator, RecurrentOperator
from .tensors import TensorType

__all__ = ["Graph", "GraphBuilder", "Node"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Node:
    """An operator in its place in a graph.

    Members
    -------
    name : of the node and of its result.
    operator : what it computes.
    operands : names of the tensors that it reads, in the operator's order.
    """

    name: str
    operator: Operator
    operands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Graph:
    """A network's operators and the tensors between them, checked and with every type known.

    Two graphs are equal if their digests are: the same inputs, nodes, members of operators (weights
    included) and outputs. The name does not count.

    Members
    -------
    name : of the network.
    inputs : types of the tensors that an inference reads, by name.
    nodes : in an order in which every node stands behind those that it reads.
    outputs : names of the tensors that an inference gives; the first one is the network's result.

    Raises
    ------
    AlpineError
        A name is taken or unknown, or an operand is not of the type that its operator takes.
    """

    name: str
    inputs: Mapping[str, TensorType]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))
        types = self.types
        if not self.outputs:
            raise AlpineError(f"graph {self.name} has no output: name one tensor or more")
        for output in self.outputs:
            if output not in types:
                raise AlpineError(
                    f"output {output!r} of graph {self.name} is no tensor of it: choose from "
                    f"{', '.join(types)}"
                )

    @cached_property
    def types(self) -> Mapping[str, TensorType]:
        """Type of every tensor by name: the inputs, then the nodes' results in order."""
        types = dict(self.inputs)
        for node in self.nodes:
            types[node.name] = _inferred(self.name, node, types)
        return MappingProxyType(types)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of structure and weights, in hexadecimal digits."""
        return digest_of((dict(self.inputs), self.nodes, self.outputs))

    @cached_property
    def _by_name(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    @property
    def recurrent(self) -> bool:
        """Whether an inference depends on those before it."""
        return any(isinstance(node.operator, RecurrentOperator) for node in self.nodes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __getitem__(self, name: str) -> Node:
        """Return a node.

        Raises
        ------
        AlpineError
            There is none of this name.
        """
        if name not in self._by_name:
            raise AlpineError(
                f"graph {self.name} has no node {name!r}: choose from {', '.join(self._by_name)}"
            )
        return self._by_name[name]

    def operand_types(self, node: Node) -> tuple[TensorType, ...]:
        """Return the types of what a node reads."""
        return tuple(self.types[name] for name in node.operands)

    def readers(self, name: str) -> tuple[Node, ...]:
        """Return the nodes that read a tensor, in order."""
        return tuple(node for node in self.nodes if name in node.operands)

    def macs(self, node: Node) -> int:
        """Return the multiply-accumulate operations of a node per inference."""
        return node.operator.macs(*self.operand_types(node))


class GraphBuilder:
    """A graph in the making: nodes are added one by one, each checked as it comes.

    Parameters
    ----------
    name : of the network.
    inputs : types of the tensors that an inference reads, by name.

    Example
    -------
    >>> import numpy as np
    >>> from alpine_sw.graph import Dense, GraphBuilder, Relu, Requantise, int8
    >>> net = GraphBuilder("example", {"x": int8(3)})
    >>> sums = net.add("layer", Dense(weights=np.ones((2, 3), np.int8)), "x")
    >>> codes = net.add("codes", Requantise(lsb=np.float32(4)), sums)
    >>> graph = net.build(net.add("y", Relu(), codes))
    >>> str(graph.types["y"])
    'int8 [2]'
    """

    def __init__(self, name: str, inputs: Mapping[str, TensorType]):
        self._name, self._inputs = name, dict(inputs)
        self._types = dict(inputs)
        self._nodes: list[Node] = []

    def add(self, name: str, operator: Operator, *operands: str) -> str:
        """Add a node behind the others and return its name, which is its result's.

        Raises
        ------
        AlpineError
            The name is taken, an operand is unknown, or not of the type that the operator takes.
        """
        node = Node(name=name, operator=operator, operands=operands)
        self._types[name] = _inferred(self._name, node, self._types)
        self._nodes.append(node)
        return name

    def type_of(self, name: str) -> TensorType:
        """Return the type of a tensor that is there already."""
        return self._types[name]

    def build(self, *outputs: str) -> Graph:
        """Return the graph with these outputs."""
        return Graph(
            name=self._name, inputs=self._inputs, nodes=tuple(self._nodes), outputs=outputs
        )


def _inferred(graph: str, node: Node, types: Mapping[str, TensorType]) -> TensorType:
    """Type of a node's result, from the types of what stands before it."""
    here = f"node {node.name} of graph {graph}"
    if not node.name or node.name in types:
        raise AlpineError(f"{here} has a name that is empty or taken: give it one of its own")
    for name in node.operands:
        if name not in types:
            raise AlpineError(
                f"{here} reads tensor {name!r}, which is neither an input nor the result of a node "
                f"before it: choose from {', '.join(types)}"
            )
    _check_count(here, node)
    try:
        return node.operator.infer(*(types[name] for name in node.operands))
    except OperandError as error:
        operand = node.operands[error.position]
        raise AlpineError(
            f"{here}: tensor {operand} is {types[operand]}, but {node.operator.kind} expects "
            f"{error.expected}"
        ) from None


def _check_count(here: str, node: Node) -> None:
    expected, found = node.operator.operand_count, len(node.operands)
    if (expected is None and found > 0) or expected == found:
        return
    takes = "1 or more" if expected is None else str(expected)
    raise AlpineError(
        f"{here} reads {found} tensors ({', '.join(node.operands) or 'none'}), but "
        f"{node.operator.kind} expects {takes}"
    )
