# SPDX-License-Identifier: Apache-2.0
"""The golden model of every network: a graph evaluated node by node, in exact arithmetic.

Shares no code with any crossbar model or with a program that runs on a system, so that agreement
with one is evidence and not tautology. Whole numbers are exact; every operation on real values is
rounded alike on every machine, so results are the same bits everywhere (weights in float32 are the
exception: the order in which a library adds their products may move a last bit).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from alpine_models.errors import AlpineError

from .graph import Graph, Node
from .operator import Evaluator, MatrixOperator, Product, RecurrentOperator, Step
from .products import matrix_products
from .tensors import Array

__all__ = ["Interpreter", "States", "golden"]

States = dict[str, Any]
"""State of every recurrent node by name."""

ELEMENTS = 1 << 22
"""Elements of the largest array that inferences are evaluated together for."""


class Interpreter:
    """A graph, prepared for many inferences.

    Parameters
    ----------
    graph : to evaluate.
    products : in place of exact products with nodes' matrices and their conversion to codes: by the
        name of a node of `matrix_products`, what gives the codes [m, outputs] of input vectors
        [m, inputs]. Vectors come in the order of inferences, and of positions within one.
    together : inferences that are evaluated together; None is as many as fit a bound on memory.
    observe : told the name and the values [n, *shape] of every tensor as it is computed. A product
        from outside has its codes in place of its sums.

    Raises
    ------
    AlpineError
        A product is given for a node that has none.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        products: Mapping[str, Product] | None = None,
        together: int | None = None,
        observe: Callable[[str, Array], None] = lambda name, values: None,
    ):
        self.graph = graph
        self._observe = observe
        self._together = together or _together(graph)
        self._evaluators: dict[str, Evaluator] = {}
        self._steppers: dict[str, Step] = {}
        known = matrix_products(graph) if products else {}
        for name in products or {}:
            if name not in known:
                raise AlpineError(
                    f"node {name} of graph {graph.name} has no product that a tile can compute: "
                    f"choose from {', '.join(known) or 'no node'}"
                )
        given = dict(products or {})
        # Their codes come from outside.
        done = {known[name].converter for name in given}
        for node in graph.nodes:
            self._prepare(node, given.get(node.name), converted=node in done)

    def _prepare(self, node: Node, product: Product | None, *, converted: bool) -> None:
        operator = node.operator
        if isinstance(operator, RecurrentOperator):
            self._steppers[node.name] = operator.stepper(product)
        elif isinstance(operator, MatrixOperator):
            self._evaluators[node.name] = operator.evaluator(product)
        elif converted:
            self._evaluators[node.name] = _unchanged
        else:
            self._evaluators[node.name] = operator.evaluate

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output [n, *shape] of n inferences, by name.

        Of a recurrent graph the inferences are one sequence, from the initial state.

        Parameters
        ----------
        inputs : every input of the graph by name, [n, *shape] or [n, elements].

        Raises
        ------
        AlpineError
            An input is missing, unknown, or of another type, or they differ in n.
        """
        batches = self._checked(inputs)
        states, parts = self.initial_states(1), list[dict[str, Array]]()
        for part in self._parts(batches):
            parts.append(self._evaluate(part, states, sequence=True))
        return {name: np.concatenate([part[name] for part in parts]) for name in self.graph.outputs}

    def initial_states(self, sequences: int) -> States:
        """Return the states of every recurrent node before the first inference."""
        return {
            node.name: node.operator.initial_state(sequences)
            for node in self.graph.nodes
            if isinstance(node.operator, RecurrentOperator)
        }

    def step(self, states: States, inputs: Mapping[str, Array]) -> tuple[States, dict[str, Array]]:
        """Return the states and outputs after one inference of every one of n sequences.

        Parameters
        ----------
        states : of n sequences; they stay as they are.
        inputs : every input of the graph by name, [n, *shape] or [n, elements].

        Raises
        ------
        AlpineError
            As `run`.
        """
        states = dict(states)
        outputs = self._evaluate(self._checked(inputs), states, sequence=False)
        return states, outputs

    def _checked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        graph = self.graph
        if set(inputs) != set(graph.inputs):
            raise AlpineError(
                f"graph {graph.name} reads {', '.join(graph.inputs)}, but given is "
                f"{', '.join(inputs) or 'nothing'}"
            )
        batches = {name: graph.inputs[name].batch(inputs[name], name=name) for name in graph.inputs}
        if len({len(values) for values in batches.values()}) > 1:
            counts = ", ".join(f"{len(values)} of {name}" for name, values in batches.items())
            raise AlpineError(f"inputs of graph {graph.name} differ in inferences: {counts}")
        return batches

    def _parts(self, inputs: dict[str, Array]) -> Iterator[dict[str, Array]]:
        count = len(next(iter(inputs.values())))
        for start in range(0, max(count, 1), self._together):
            part = slice(start, start + self._together)
            yield {name: values[part] for name, values in inputs.items()}

    def _evaluate(
        self, values: dict[str, Array], states: States, *, sequence: bool
    ) -> dict[str, Array]:
        """Outputs of inferences [n, ...]: of one sequence, or one of each of n; renews states."""
        count = len(next(iter(values.values())))
        for node in self.graph.nodes:
            operands = [values[name] for name in node.operands]
            if node.name in self._steppers:
                result = self._steps(node.name, operands[0], states, sequence=sequence)
            elif not operands:
                whole = (count, *self.graph.types[node.name].shape)
                result = np.broadcast_to(self._evaluators[node.name](), whole)
            else:
                result = self._evaluators[node.name](*operands)
            self._observe(node.name, result)
            values[node.name] = result
        return {name: values[name] for name in self.graph.outputs}

    def _steps(self, name: str, operand: Array, states: States, *, sequence: bool) -> Array:
        step = self._steppers[name]
        if not sequence:
            states[name], result = step(states[name], operand)
            return result
        kind = self.graph.types[name]
        results = np.empty((len(operand), *kind.shape), kind.element.dtype)
        for number in range(len(operand)):
            states[name], results[number : number + 1] = step(
                states[name], operand[number : number + 1]
            )
        return results


def golden(graph: Graph, inputs: Array) -> Array:
    """Return the first output [n, *shape] of a graph with one input, [n, *shape] or [n, elements].

    Raises
    ------
    AlpineError
        The input is of another type.
    """
    (name,) = graph.inputs
    return Interpreter(graph).run({name: inputs})[graph.outputs[0]]


def _unchanged(values: Array) -> Array:
    return values


def _together(graph: Graph) -> int:
    """Inferences whose largest array stays within `ELEMENTS`."""
    largest = max(kind.elements for kind in graph.types.values())
    for node in graph.nodes:
        operator = node.operator
        if isinstance(operator, MatrixOperator):
            vectors = operator.vectors(*graph.operand_types(node))
            largest = max(largest, vectors * operator.width)
    return max(1, ELEMENTS // largest)
