# SPDX-License-Identifier: Apache-2.0
"""Sizes of a convolution that is computed row by row, with the pooling behind it."""

from dataclasses import dataclass, replace

from alpine_models.errors import AlpineError
from alpine_sw.graph import (
    Convolution,
    Graph,
    LocalResponseNormalisation,
    MaxPool,
    Node,
    Relu,
    Reshape,
)
from alpine_sw.mapping import Stage

__all__ = ["PoolShape", "RowShape", "image_shape_of", "row_shape_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolShape:
    """Maximum pooling of rows.

    Members
    -------
    kernel : side of the square window.
    row_stride, column_stride : of the window.
    rows, columns : of the pooled image.
    """

    kernel: int
    row_stride: int
    column_stride: int
    rows: int
    columns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RowShape:
    """A convolution in its place in a network, and what follows on the same core.

    Members
    -------
    in_rows, in_columns, channels : of the image that it reads, without padding.
    top, left, right : rows and columns of zeros around it.
    kernel : side of the square window.
    row_stride, column_stride : of the window.
    rows, columns, outputs : of its own results.
    relu : whether a ReLU follows.
    pool : pooling behind that, or None.
    normalised : whether local response normalisation follows.
    """

    in_rows: int
    in_columns: int
    channels: int
    top: int
    left: int
    right: int
    kernel: int
    row_stride: int
    column_stride: int
    rows: int
    columns: int
    outputs: int
    relu: bool
    pool: PoolShape | None
    normalised: bool

    @property
    def padded_columns(self) -> int:
        """Columns of a row with the zeros at its ends."""
        return self.left + self.in_columns + self.right

    @property
    def padded(self) -> bool:
        """Whether there is any padding within a row."""
        return bool(self.left or self.right)

    @property
    def least_rows(self) -> int:
        """Input rows that lie under one output row."""
        return min(self.kernel, self.in_rows)

    @property
    def window(self) -> int:
        """Elements of one window."""
        return self.kernel**2 * self.channels

    @property
    def handed_rows(self) -> int:
        """Rows of what it hands on."""
        return self.pool.rows if self.pool else self.rows

    @property
    def handed_columns(self) -> int:
        """Columns of what it hands on."""
        return self.pool.columns if self.pool else self.columns


def row_shape_of(graph: Graph, stage: Stage) -> RowShape:
    """Return the sizes of a convolution's stage.

    Raises
    ------
    AlpineError
        It cannot be computed row by row: windows that are not square or are dilated, or nodes
        behind it that are not ReLU, maximum pooling and local response normalisation in this order.
    """
    shape = image_shape_of(graph, stage)
    relu, pool, normalised = _behind(graph, stage)
    return replace(shape, relu=relu, pool=pool, normalised=normalised)


def image_shape_of(graph: Graph, stage: Stage) -> RowShape:
    """Return the sizes of a convolution alone, whatever stands behind it.

    Raises
    ------
    AlpineError
        Its window is not square or is dilated.
    """
    node = stage.node
    convolution = node.operator
    assert isinstance(convolution, Convolution)
    window = convolution.window
    if window.size[0] != window.size[1] or window.dilation != (1, 1):
        raise AlpineError(
            f"convolution {node.name} has a window of {window.size[0]} x {window.size[1]} with "
            f"dilation {window.dilation[0]} x {window.dilation[1]}, but programs exist for square "
            "windows without dilation: change the network"
        )
    (image,) = graph.operand_types(node)
    rows, columns, outputs = graph.types[node.name].shape
    top, left, _, right = window.pads
    return RowShape(
        in_rows=image.shape[0],
        in_columns=image.shape[1],
        channels=image.shape[2],
        top=top,
        left=left,
        right=right,
        kernel=window.size[0],
        row_stride=window.strides[0],
        column_stride=window.strides[1],
        rows=rows,
        columns=columns,
        outputs=outputs,
        relu=False,
        pool=None,
        normalised=False,
    )


def _behind(graph: Graph, stage: Stage) -> tuple[bool, PoolShape | None, bool]:
    """ReLU, pooling and normalisation behind a convolution's conversion to codes."""
    nodes = [node for node in stage.followers[1:] if not isinstance(node.operator, Reshape)]
    relu = bool(nodes) and isinstance(nodes[0].operator, Relu)
    rest = nodes[1:] if relu else nodes
    pool: PoolShape | None = None
    if rest and isinstance(rest[0].operator, MaxPool):
        pool = _pool_shape(graph, rest[0], relu=relu)
        rest = rest[1:]
    normalised = bool(rest) and rest[0].operator == LocalResponseNormalisation()
    rest = rest[1:] if normalised else rest
    if rest:
        raise AlpineError(
            f"node {rest[0].name} of network {graph.name} has no program behind convolution "
            f"{stage.node.name}: there, ReLU, maximum pooling and AlexNet's response normalisation "
            "have some, in this order"
        )
    return relu, pool, normalised


def _pool_shape(graph: Graph, node: Node, *, relu: bool) -> PoolShape:
    operator = node.operator
    assert isinstance(operator, MaxPool)
    window = operator.window
    image = graph.operand_types(node)[0]
    rows, columns, _ = graph.types[node.name].shape
    hangs_over = any(
        (count - 1) * stride + size > length
        for count, stride, size, length in zip(
            (rows, columns), window.strides, window.size, image.shape[:2], strict=True
        )
    )
    if (
        window.size[0] != window.size[1]
        or window.dilation != (1, 1)
        or any(window.pads)
        or (hangs_over and not relu)
    ):
        raise AlpineError(
            f"pooling {node.name} of network {graph.name} has no program: square windows without "
            "dilation and padding have one, over the image's edge only behind a ReLU"
        )
    return PoolShape(
        kernel=window.size[0],
        row_stride=window.strides[0],
        column_stride=window.strides[1],
        rows=rows,
        columns=columns,
    )
