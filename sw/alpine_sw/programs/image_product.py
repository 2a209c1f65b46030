# SPDX-License-Identifier: Apache-2.0
"""Products of stages that work on whole tensors: by rows of an image, or by any program."""

from collections.abc import Sequence

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw.graph import Graph, Node
from alpine_sw.kernels.operators import Tensor, run_operator, weights_of

from .products import Section
from .row_ends import ImageSource, PaddedImageSource, RowSource
from .row_products import RowProduct
from .row_shape import RowShape

__all__ = ["ImageProduct", "OperatorProduct"]


class ImageProduct:
    """What multiplies every window of an image with a convolution's matrix.

    Parameters
    ----------
    name : of the stage.
    shape : of the convolution; nothing behind it is computed here but a ReLU.
    rows : computes a row of positions.
    """

    def __init__(self, name: str, shape: RowShape, rows: RowProduct) -> None:
        self._name, self._shape, self._rows = name, shape, rows
        self._image: Buffer | None = None
        self._padded: list[Buffer] = []
        self._started = False

    def place_weights(self, space: AddressSpace) -> None:
        """Lay out what does not change."""
        self._rows.place_weights(space)

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out a window's rows between zeros, and what every position passes through."""
        shape = self._shape
        self._rows.allocate_scratch(space)
        self._started = True
        if not (shape.padded or shape.top or self._hangs_over):
            return
        size = shape.padded_columns * shape.channels
        self._padded = [
            space.allocate(f"{name} of {self._name}", size)
            for name in (*(f"row {row}" for row in range(shape.kernel)), "padding")
        ]

    @property
    def _hangs_over(self) -> bool:
        """Whether the last window reaches below the image."""
        shape = self._shape
        return (shape.rows - 1) * shape.row_stride - shape.top + shape.kernel > shape.in_rows

    def start(self, space: AddressSpace) -> None:
        """Lay out the scratch memory, unless that is done."""
        if not self._started:
            self.allocate_scratch(space)

    def feed(self, source: Buffer) -> Program:
        """Note where the image lies."""
        self._image = source
        yield from ()

    def multiply(self, source: Buffer) -> Program:
        """Nothing: rows are computed as they are converted."""
        yield from ()

    def convert(self, target: Buffer) -> Sequence[Section]:
        """Return what computes all rows into an image."""
        return [("input load", self._all_rows(target))]

    def _all_rows(self, target: Buffer) -> Program:
        assert self._image is not None
        shape = self._shape
        source: RowSource = (
            PaddedImageSource(self._padded, self._image, shape)
            if self._padded
            else ImageSource(self._image, shape)
        )
        length = shape.columns * shape.outputs
        for row in range(shape.rows):
            lines: list[Buffer] = yield from source.window(0, row)
            yield from self._rows.run(lines, target.part(row * length, (row + 1) * length))


class OperatorProduct:
    """A matrix's sums and their codes by programs for any operator, without a tile.

    Parameters
    ----------
    graph : of the network.
    node : with the matrix.
    behind : the node that turns its sums into codes, and the ReLU behind that if there is one.
    """

    def __init__(self, graph: Graph, node: Node, behind: Sequence[Node]) -> None:
        self._graph, self._node, self._behind = graph, node, behind
        self._weights: Buffer | None = None
        self._sums: Buffer | None = None

    def place_weights(self, space: AddressSpace) -> None:
        """Lay out the weights."""
        values = weights_of(self._node.operator)
        assert values is not None
        self._weights = space.place(f"weights of {self._node.name}", values)

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out the sums."""
        kind = self._graph.types[self._node.name]
        name = f"sums of {self._node.name}"
        self._sums = space.allocate(name, kind.elements, kind.element.dtype)

    def start(self, space: AddressSpace) -> None:
        """Lay out the scratch memory, unless that is done."""
        if self._sums is None:
            self.allocate_scratch(space)

    def feed(self, source: Buffer) -> Program:
        """Nothing: the image is read where it lies."""
        yield from ()

    def multiply(self, source: Buffer) -> Program:
        """Compute the sums."""
        types, node = self._graph.types, self._node
        assert self._sums is not None
        self._result = Tensor(self._sums, types[node.name])
        operand = Tensor(source, types[node.operands[0]])
        yield from run_operator(node.operator, [operand], self._result, self._weights)

    def convert(self, target: Buffer) -> Sequence[Section]:
        """Turn sums into codes, with ReLU if there is one."""
        return [("activation", self._convert(target))]

    def _convert(self, target: Buffer) -> Program:
        converter, *relu = self._behind
        codes = Tensor(target, self._graph.types[converter.name])
        yield from run_operator(converter.operator, [self._result], codes)
        for node in relu:
            yield from run_operator(node.operator, [codes], codes)
