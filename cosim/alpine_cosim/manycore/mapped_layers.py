# SPDX-License-Identifier: Apache-2.0
"""What the clusters of an allocation compute: every layer's data, matrices cut as mapped.

Products of codes are exact: a crossbar has 1024 word lines at most, whose sum float32 holds. It
multiplies the inputs of its row split alone; a tree adds up the partial sums. Neither products nor
unfolded windows are shared with the golden model, which multiplies whole matrices.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from alpine_sw.graph import Convolution, Dense, Graph, Node, square
from alpine_sw.graph.tensors import Array
from alpine_sw.manycore import Allocation, ChunkedLayer, LayerAllocation, LayerWork, chunked_layers
from alpine_sw.manycore.parts import column_parts, row_parts

__all__ = ["MappedMatrix", "evaluate_mapped", "mapped_matrices", "padded"]


class MappedMatrix:
    """A node's matrix on its crossbars.

    Parameters
    ----------
    node : with a convolution without groups, or a dense layer, of int8.
    layer, entry : where it is.

    Members
    -------
    weights : int8 [outputs, window rows, window columns, channels].
    rows, columns : what of the inputs, by channel or by input, and of the outputs each part has.
    """

    def __init__(self, node: Node, layer: ChunkedLayer, entry: LayerAllocation):
        self.node = node
        operator = node.operator
        if isinstance(operator, Convolution):
            self.weights, self.window = operator.weights, operator.window
        else:
            assert isinstance(operator, Dense)
            self.weights, self.window = operator.weights[:, None, None], square(1)
        self.rows, self.columns = row_parts(layer, entry.rows), column_parts(layer, entry.columns)
        channels = self.weights.shape[3]
        self.by_channel = self.rows[-1][1] == channels
        self._held = [
            [
                np.ascontiguousarray(self.crossbar(part, column), np.float32)
                for column in range(len(self.columns))
            ]
            for part in range(len(self.rows))
        ]

    def lines(self, part: int) -> tuple[NDArray[np.intp], ...]:
        """Window rows, window columns and channels of a row split's word lines, in their order."""
        first, end = self.rows[part]
        _, down, across, channels = self.weights.shape
        if self.by_channel:
            grid = np.mgrid[:down, :across, first:end]
            return tuple(axis.ravel() for axis in grid)
        return tuple(np.unravel_index(np.arange(first, end), (down, across, channels)))

    def crossbar(self, part: int, column: int) -> NDArray[np.int8]:
        """Weights [word lines, bit lines] of one crossbar."""
        first, end = self.columns[column]
        down, across, channels = self.lines(part)
        return self.weights[first:end, down, across, channels].T

    def vectors(self, images: Array, part: int) -> Array:
        """What a row split's word lines get at every position of padded images.

        Parameters
        ----------
        images : [n, rows, columns, channels], padded.

        Returns
        -------
        [n * positions, word lines], in the order of `lines`.
        """
        window = self.window
        height, width = (
            (length - span) // stride + 1
            for length, span, stride in zip(
                images.shape[1:3], window.span, window.strides, strict=True
            )
        )
        down, across, channels = self.lines(part)
        found = np.empty((len(images), height, width, len(channels)), images.dtype)
        for y, x in sorted(set(zip(down.tolist(), across.tolist(), strict=True))):
            (here,) = np.nonzero((down == y) & (across == x))
            top, left = y * window.dilation[0], x * window.dilation[1]
            found[..., here[0] : here[-1] + 1] = images[
                :,
                top : top + (height - 1) * window.strides[0] + 1 : window.strides[0],
                left : left + (width - 1) * window.strides[1] + 1 : window.strides[1],
                channels[here[0]] : channels[here[-1]] + 1,
            ]
        return found.reshape(-1, len(channels))

    def __call__(self, values: Array) -> Array:
        """Return the sums int32 [n, *shape] of all outputs."""
        images = values.reshape(len(values), 1, 1, -1) if values.ndim == 2 else values
        images = padded(images, self).astype(np.float32)
        sums: NDArray[np.int32] | None = None
        for part in range(len(self.rows)):
            vectors = self.vectors(images, part)
            # Word lines of one crossbar are few enough for float32 to be exact.
            products = np.concatenate(
                [vectors @ crossbar for crossbar in self._held[part]],
                axis=1,
            ).astype(np.int32)
            sums = products if sums is None else sums + products
        assert sums is not None
        if values.ndim == 2:
            return sums
        size = self.window.positions(values.shape[1:3])
        return sums.reshape(len(values), *size, -1)


def padded(images: Array, matrix: MappedMatrix) -> Array:
    """Return images with the padding of a matrix's window."""
    top, left, bottom, right = matrix.window.pads
    return np.pad(images, ((0, 0), (top, bottom), (left, right), (0, 0)))


def mapped_matrices(graph: Graph, allocation: Allocation) -> dict[str, MappedMatrix]:
    """Return every matrix of a network on its crossbars, by the name of its layer."""
    entries = {entry.layer: entry for entry in allocation.layers}
    nodes = {node.name: node for node in graph.nodes}
    return {
        layer.name: MappedMatrix(nodes[layer.name], layer, entries[layer.name])
        for layer in chunked_layers(graph)
        if layer.kind is LayerWork.MATRIX
    }


def evaluate_mapped(
    graph: Graph,
    matrices: Mapping[str, MappedMatrix],
    inputs: Array,
    *,
    observe: Callable[[str, Array], None] = lambda name, values: None,
) -> Array:
    """Return the first output of a network for its inputs, each matrix as it is mapped.

    Parameters
    ----------
    observe : told the name and the values [n, *shape] of every tensor as it is computed.
    """
    (name,) = graph.inputs
    values: dict[str, Array] = {name: graph.inputs[name].batch(inputs, name=name)}
    last = {operand: node.name for node in graph.nodes for operand in node.operands}
    for node in graph.nodes:
        operands = [values[operand] for operand in node.operands]
        if node.name in matrices:
            values[node.name] = matrices[node.name](*operands)
        else:
            values[node.name] = node.operator.evaluate(*operands)
        observe(node.name, values[node.name])
        for operand in set(node.operands):
            if last[operand] == node.name and operand not in graph.outputs:
                del values[operand]
    return values[graph.outputs[0]]
