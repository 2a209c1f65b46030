# SPDX-License-Identifier: Apache-2.0
"""A convolutional network as layers that work on vertical slices of images.

A layer is a node with a matrix, a pooling or an addition, with the nodes behind it that look at one
element at a time. A chunk of it is one column of its result: all rows and channels.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Add,
    AveragePool,
    Clip,
    Convolution,
    Dense,
    Dequantise,
    GlobalAveragePool,
    Graph,
    LeakyRelu,
    MaxPool,
    Node,
    Quantise,
    Relu,
    Requantise,
    Rescale,
    Reshape,
    Sigmoid,
    SlidingWindow,
    Softmax,
    Tanh,
    TensorType,
)

__all__ = ["ChunkSource", "ChunkedLayer", "LayerWork", "chunked_layers"]

FOLLOWING = (
    Clip,
    Dequantise,
    LeakyRelu,
    Quantise,
    Relu,
    Requantise,
    Rescale,
    Reshape,
    Sigmoid,
    Softmax,
    Tanh,
)
"""Operators that belong to the layer in front of them."""


class LayerWork(StrEnum):
    """What a layer's clusters do."""

    MATRIX = "matrix"
    """Products with a matrix, on crossbars."""
    POOL = "pool"
    """A function of windows, by the cores."""
    ADDITION = "addition"
    """A sum of results, by the cores."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkSource:
    """What a layer reads of one operand.

    Members
    -------
    layer : that makes it; empty for the network's input.
    rows, chunks, channels : of the operand; a vector has one row and one chunk.
    element_bytes : of an element of the operand.
    window, stride, padding : chunk k needs those from ``k * stride - padding`` on, ``window`` of
        them, as far as the operand has them.
    """

    layer: str
    rows: int
    chunks: int
    channels: int
    element_bytes: int
    window: int = 1
    stride: int = 1
    padding: int = 0

    @property
    def column_bytes(self) -> int:
        """Bytes of a chunk of the operand."""
        return self.rows * self.channels * self.element_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkedLayer:
    """A layer in its place in a network.

    Members
    -------
    name : of the node that it begins with.
    kind : what it does.
    sources : what it reads, in the operator's order.
    rows, chunks, channels : of its result.
    element_bytes : of an element of its result, as others read it.
    inputs : word lines of its matrix; 0 without one.
    area : positions of a window, by which a channel's inputs of a matrix are counted as well.
    window_columns : columns of a window.
    depth : layers on the longest way from the network's input.
    kept : number of the operand of an addition that is there before the other and waits for it, or
        None.
    is_output : whether the network gives its result.
    """

    name: str
    kind: LayerWork
    sources: tuple[ChunkSource, ...]
    rows: int
    chunks: int
    channels: int
    element_bytes: int = 1
    inputs: int = 0
    area: int = 1
    window_columns: int = 1
    depth: int = 1
    kept: int | None = None
    is_output: bool = False

    @property
    def column_elements(self) -> int:
        """Elements of a chunk of its result."""
        return self.rows * self.channels


def chunked_layers(graph: Graph) -> tuple[ChunkedLayer, ...]:
    """Return the layers of a network, each behind those that it reads.

    Raises
    ------
    AlpineError
        A node has an operator that clusters have no work for, or a tensor is neither an image nor a
        vector.
    """
    return _Reader(graph).layers()


class _Reader:
    """Goes through a graph's nodes in order and gathers layers."""

    def __init__(self, graph: Graph):
        self._graph = graph
        self._layers: dict[str, ChunkedLayer] = {}
        self._last: dict[str, str] = {}  # tensor that others read of a layer
        self._maker = dict.fromkeys(graph.inputs, "")  # layer that makes a tensor

    def layers(self) -> tuple[ChunkedLayer, ...]:
        for node in self._graph.nodes:
            if isinstance(node.operator, FOLLOWING):
                self._maker[node.name] = self._maker[node.operands[0]]
            else:
                self._layers[node.name] = self._layer(node)
                self._maker[node.name] = node.name
            self._last[self._maker[node.name]] = node.name
        outputs = {self._maker[name] for name in self._graph.outputs}
        return tuple(
            replace(
                layer,
                element_bytes=self._graph.types[self._last[name]].element.dtype.itemsize,
                is_output=name in outputs,
            )
            for name, layer in self._layers.items()
        )

    def _layer(self, node: Node) -> ChunkedLayer:
        rows, chunks, channels = self._extent(node.name)
        operator, operands = node.operator, node.operands
        made: dict[str, Any] = {
            "name": node.name,
            "rows": rows,
            "chunks": chunks,
            "channels": channels,
            "depth": 1 + max(map(self._depth, operands), default=0),
        }
        if isinstance(operator, Convolution) and operator.matrix is not None:
            return ChunkedLayer(
                kind=LayerWork.MATRIX,
                inputs=operator.width,
                **made,
                **self._windowed(operands[0], operator.window),
            )
        if isinstance(operator, Dense) and operator.matrix is not None:
            return ChunkedLayer(
                kind=LayerWork.MATRIX,
                sources=(self._whole(operands[0]),),
                inputs=operator.width,
                **made,
            )
        if isinstance(operator, MaxPool | AveragePool):
            return ChunkedLayer(
                kind=LayerWork.POOL, **made, **self._windowed(operands[0], operator.window)
            )
        if isinstance(operator, GlobalAveragePool):
            source = self._whole(operands[0])
            area = source.rows * source.chunks
            return ChunkedLayer(kind=LayerWork.POOL, sources=(source,), area=area, **made)
        if isinstance(operator, Add) and self._alike(node):
            return ChunkedLayer(
                kind=LayerWork.ADDITION,
                sources=tuple(map(self._source, operands)),
                kept=self._kept(operands),
                **made,
            )
        raise AlpineError(
            f"node {node.name} of {self._graph.name} computes {operator.kind}, which clusters do "
            "not: they do convolutions without groups and dense layers, both of codes, "
            "pooling, and additions of two results of one shape"
        )

    def _extent(self, name: str) -> tuple[int, int, int]:
        """Rows, columns and channels of a tensor; a vector has one row and one column."""
        kind: TensorType = self._graph.types[name]
        shape = kind.shape if len(kind.shape) == 3 else (1, 1, *kind.shape)
        if len(shape) != 3:
            raise AlpineError(
                f"tensor {name} of {self._graph.name} is {kind}, but clusters work on images "
                "[rows, columns, channels] and vectors"
            )
        return shape

    def _depth(self, operand: str) -> int:
        maker = self._maker[operand]
        return self._layers[maker].depth if maker else 0

    def _source(self, operand: str) -> ChunkSource:
        rows, chunks, channels = self._extent(operand)
        maker = self._maker[operand]
        if maker:
            # A reshaped image comes in the columns of its maker.
            layer = self._layers[maker]
            rows, chunks, channels = layer.rows, layer.chunks, layer.channels
        return ChunkSource(
            layer=maker,
            rows=rows,
            chunks=chunks,
            channels=channels,
            element_bytes=self._graph.types[operand].element.dtype.itemsize,
        )

    def _whole(self, operand: str) -> ChunkSource:
        source = self._source(operand)
        return replace(source, window=source.chunks, stride=source.chunks)

    def _windowed(self, operand: str, window: SlidingWindow) -> dict[str, Any]:
        source = replace(
            self._source(operand),
            window=window.span[1],
            stride=window.strides[1],
            padding=window.pads[1],
        )
        size = window.size
        return {"sources": (source,), "area": size[0] * size[1], "window_columns": size[1]}

    def _alike(self, node: Node) -> bool:
        types = self._graph.operand_types(node)
        makers = [self._maker[operand] for operand in node.operands]
        return types[0].shape == types[1].shape and makers[0] != makers[1]

    def _kept(self, operands: tuple[str, ...]) -> int | None:
        first, second = map(self._depth, operands)
        return None if first == second else int(second < first)
