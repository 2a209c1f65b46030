# SPDX-License-Identifier: Apache-2.0
"""What of a graph a tile can compute: products of vectors with matrices of codes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .conversions import Requantise
from .graph import Graph, Node
from .operator import MatrixOperator

__all__ = ["MatrixProduct", "matrix_products"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MatrixProduct:
    """A node's matrix, and what turns its sums into codes.

    Members
    -------
    node : with the matrix.
    weights : int8 [outputs, inputs].
    lsb : float32 [outputs], sum per code.
    vectors : input vectors per inference.
    converter : node that turns the sums into codes, where `node` does not do so itself.
    """

    node: Node
    weights: NDArray[np.int8]
    lsb: NDArray[np.float32]
    vectors: int
    converter: Node | None


def matrix_products(graph: Graph) -> dict[str, MatrixProduct]:
    """Return every product that a tile can compute, by the name of the node with the matrix.

    Those are nodes with one matrix of codes whose sums become codes: in the node itself, or in a
    requantisation that is their only reader.
    """
    found: dict[str, MatrixProduct] = {}
    for node in graph.nodes:
        operator = node.operator
        if not isinstance(operator, MatrixOperator) or operator.matrix is None:
            continue
        converter, lsb = None, operator.steps
        if lsb is None:
            readers = graph.readers(node.name)
            conversion = readers[0].operator if len(readers) == 1 else None
            if not isinstance(conversion, Requantise) or node.name in graph.outputs:
                continue
            converter = readers[0]
            lsb = np.broadcast_to(conversion.lsb, len(operator.matrix))
        found[node.name] = MatrixProduct(
            node=node,
            weights=operator.matrix,
            lsb=lsb,
            vectors=operator.vectors(*graph.operand_types(node)),
            converter=converter,
        )
    return found
