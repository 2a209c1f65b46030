# SPDX-License-Identifier: Apache-2.0
"""Nodes with a matrix cut into several, so that every piece fits a tile: a graph made of a graph.

What comes of it is a graph like any other. Its golden model is therefore that of the mapping: a
matrix that is cut by its inputs is digitised piece by piece, with the step of the whole, and its
codes are the limited sum of the pieces' codes,

    clamp(sum over pieces of clamp(rint(piece's products / lsb), -128, 127), -128, 127)

which differs from the codes of one large tile by the rounding of every piece.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    Concatenate,
    Convolution,
    Dense,
    Graph,
    GraphBuilder,
    Node,
    Operator,
    Relu,
    Requantise,
    Slice,
)
from alpine_sw.graph.products import MatrixProduct, matrix_products

from .records import Mapping, NodeSplit, Range, SplitAxis

__all__ = ["check_network", "split_graph", "split_node"]


def check_network(graph: Graph, mapping: Mapping) -> None:
    """Raise `AlpineError` where a mapping is for another network than the graph's."""
    if mapping.network != graph.name:
        raise AlpineError(
            f"mapping {mapping.name} is for network {mapping.network}, not for {graph.name}: give "
            "it the network that it is for"
        )


def split_graph(graph: Graph, mapping: Mapping) -> Graph:
    """Return a graph with the nodes cut that a mapping splits; the graph itself if it splits none.

    Raises
    ------
    AlpineError
        A split does not fit the graph.
    """
    check_network(graph, mapping)
    for split in mapping.splits:
        graph = split_node(graph, split)
    return graph


def split_node(graph: Graph, split: NodeSplit) -> Graph:
    """Return a graph with one node cut into several.

    The node that turned its sums into codes, or the ReLU that alone reads them, keeps its name, so
    that what stands behind it stays as it is.

    Raises
    ------
    AlpineError
        There is no such node with a matrix, it cannot be cut so, or the ranges do not cover it.
    """
    product = matrix_products(graph).get(split.node)
    if product is None or product.converter is None:
        known = [name for name, one in matrix_products(graph).items() if one.converter is not None]
        raise AlpineError(
            f"node {split.node} of network {graph.name} cannot be split: choose a dense layer or a "
            f"convolution whose sums become codes, one of {', '.join(known)}"
        )
    _check_cover(graph, product, split)
    relu = None if split.by is SplitAxis.INPUTS else _relu_behind(graph, product.converter)
    return _Cut(graph, product, split, relu).graph()


class _Cut:
    """A graph in the making, in which one node is several.

    Parameters
    ----------
    graph : as it was.
    product : the node, its matrix and its converter.
    split : how it is cut.
    relu : node behind the converter that every piece does by itself, or None.
    """

    def __init__(
        self, graph: Graph, product: MatrixProduct, split: NodeSplit, relu: Node | None
    ) -> None:
        assert product.converter is not None
        self._old, self._product, self._split, self._relu = graph, product, split, relu
        self._converter = product.converter
        self._new = GraphBuilder(graph.name, graph.inputs)

    def graph(self) -> Graph:
        """The cut graph."""
        gone = [node.name for node in (self._converter, self._relu) if node is not None]
        for node in self._old.nodes:
            if node is self._product.node:
                self._add_pieces()
            elif node.name not in gone:
                self._new.add(node.name, node.operator, *node.operands)
        return self._new.build(*self._old.outputs)

    def _add_pieces(self) -> None:
        pieces = [self._piece(range_) for range_ in self._split.ranges]
        name = (self._relu or self._converter).name
        if self._split.by is SplitAxis.INPUTS:
            total = pieces[0]
            for number, piece in enumerate(pieces[1:], start=1):
                total = self._new.add(f"{self._split.node} sum {number}", Add(), total, piece)
            self._new.add(name, Requantise(lsb=np.array(1, np.float32)), total)
            return
        axis = 0 if self._split.by is SplitAxis.ROWS else -1
        self._new.add(name, Concatenate(axis=axis), *pieces)

    def _piece(self, range_: Range) -> str:
        """Add a piece, its conversion to codes and its ReLU; return the name of the last."""
        name = self._split.piece(*range_)
        (operand,) = self._product.node.operands
        make = {
            SplitAxis.INPUTS: self._by_inputs,
            SplitAxis.OUTPUTS: self._by_outputs,
            SplitAxis.ROWS: self._by_rows,
        }[self._split.by]
        operator, part = make(range_)
        if part is not None:
            operand = self._new.add(f"{name} read", part, operand)
        lsb = self._product.lsb
        if self._split.by is SplitAxis.OUTPUTS:
            lsb = lsb[slice(*range_)]
        sums = self._new.add(name, operator, operand)
        codes = self._new.add(f"{name} codes", Requantise(lsb=np.ascontiguousarray(lsb)), sums)
        return codes if self._relu is None else self._new.add(f"{name} relu", Relu(), codes)

    def _by_inputs(self, range_: Range) -> tuple[Operator, Slice | None]:
        operator = self._product.node.operator
        part = Slice(start=range_[0], stop=range_[1])
        if isinstance(operator, Convolution):
            return replace(operator, weights=operator.weights[..., slice(*range_)]), part
        return Dense(weights=cast(Dense, operator).weights[:, slice(*range_)]), part

    def _by_outputs(self, range_: Range) -> tuple[Operator, Slice | None]:
        operator = self._product.node.operator
        assert isinstance(operator, Dense | Convolution)
        return replace(operator, weights=operator.weights[slice(*range_)]), None

    def _by_rows(self, range_: Range) -> tuple[Operator, Slice | None]:
        """Return the convolution on the image rows that lie under a range of its own rows."""
        operator = self._product.node.operator
        assert isinstance(operator, Convolution)
        window = operator.window
        rows = self._old.types[self._product.node.operands[0]].shape[0]
        top, left, _, right = window.pads
        first = range_[0] * window.strides[0] - top
        end = (range_[1] - 1) * window.strides[0] - top + window.span[0]
        pads = (max(-first, 0), left, max(end - rows, 0), right)
        part = Slice(start=max(first, 0), stop=min(end, rows), axis=0)
        return replace(operator, window=replace(window, pads=pads)), part


def _relu_behind(graph: Graph, converter: Node) -> Node | None:
    """The ReLU that alone reads a converter's codes, or None."""
    readers = graph.readers(converter.name)
    alone = len(readers) == 1 and converter.name not in graph.outputs
    return readers[0] if alone and isinstance(readers[0].operator, Relu) else None


def _check_cover(graph: Graph, product: MatrixProduct, split: NodeSplit) -> None:
    """The ranges cover what is divided, and the node can be divided so."""
    node = product.node
    convolution = node.operator if isinstance(node.operator, Convolution) else None
    image = graph.types[node.operands[0]].shape
    if split.by is SplitAxis.ROWS and convolution is None:
        raise AlpineError(
            f"node {node.name} is no convolution, whose rows could be split: split its outputs"
        )
    sizes: dict[SplitAxis, Callable[[], int]] = {
        SplitAxis.INPUTS: lambda: image[-1],
        SplitAxis.OUTPUTS: lambda: len(product.weights),
        SplitAxis.ROWS: lambda: graph.types[node.name].shape[0],
    }
    size, end = sizes[split.by](), split.ranges[-1][1]
    if size != end:
        raise AlpineError(
            f"{split.by} of node {node.name} are split into {split.words}, but there are {size}: "
            f"let the last range end at {size}"
        )
    if split.by is SplitAxis.ROWS and convolution is not None:
        _check_rows(image, convolution, split)


def _check_rows(image: Sequence[int], convolution: Convolution, split: NodeSplit) -> None:
    """Every piece reads at least one row of the image."""
    window = convolution.window
    for first, end in split.ranges:
        start = first * window.strides[0] - window.pads[0]
        stop = (end - 1) * window.strides[0] - window.pads[0] + window.span[0]
        if stop <= 0 or start >= image[0]:
            raise AlpineError(
                f"rows {first} to {end - 1} of node {split.node} lie in the padding alone: let "
                "larger ranges stand there"
            )
