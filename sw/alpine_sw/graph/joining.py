# SPDX-License-Identifier: Apache-2.0
"""A graph with several inputs as one with a single vector, which is what programs read."""

from collections.abc import Mapping

import numpy as np

from .conversions import Quantise
from .graph import Graph, GraphBuilder
from .operator import Operator
from .shaping import Reshape, Slice
from .tensors import Array, ElementType, float32, int8

__all__ = ["join_inputs", "joined_inputs"]


def join_inputs(graph: Graph) -> Graph:
    """Return a graph whose only input has the elements of all inputs one behind the other.

    Nodes in front give every part the name and the shape that it had. Where an input holds real
    values, the vector does, and codes are taken from it as whole numbers. A graph with one input
    stays as it is.
    """
    if len(graph.inputs) == 1:
        return graph
    joined, real = "+".join(graph.inputs), _real(graph)
    sizes = [kind.elements for kind in graph.inputs.values()]
    net = GraphBuilder(graph.name, {joined: (float32 if real else int8)(sum(sizes))})
    start = 0
    for (name, kind), size in zip(graph.inputs.items(), sizes, strict=True):
        steps: list[Operator] = [Slice(start=start, stop=start + size, axis=0)]
        if len(kind.shape) != 1:
            steps.append(Reshape(shape=kind.shape))
        if real and kind.element is ElementType.INT8:
            steps.append(Quantise(scale=1.0))
        found = joined
        for number, step in enumerate(steps, 1):
            made = name if number == len(steps) else f"{name} of {joined} {number}"
            found = net.add(made, step, found)
        start += size
    for node in graph.nodes:
        net.add(node.name, node.operator, *node.operands)
    return net.build(*graph.outputs)


def joined_inputs(graph: Graph, inputs: Mapping[str, Array]) -> Array:
    """Return what the graph of `join_inputs` reads: [n, elements].

    Parameters
    ----------
    graph : before its inputs were joined.
    inputs : every input [n, *shape], by name.
    """
    sizes = {name: kind.elements for name, kind in graph.inputs.items()}
    parts = [inputs[name].reshape(-1, size) for name, size in sizes.items()]
    return np.concatenate(parts, axis=1, dtype=np.float32 if _real(graph) else None)


def _real(graph: Graph) -> bool:
    """Whether an input holds real values."""
    return any(kind.element is ElementType.FLOAT32 for kind in graph.inputs.values())
