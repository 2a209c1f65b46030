# SPDX-License-Identifier: Apache-2.0
"""Products of whole rows of output positions with a convolution's matrix.

Per position the window is gathered, multiplied (queue, process and dequeue on a tile; a product
without one), the ReLU applied and the codes copied out, as the reference programs of the gem5 runs
do. Positions of a row run step by step: all windows of the row first, then all products, then all
write-backs, through the same vectors, which is the same work in another order and keeps the host's
share of it small.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw.kernels import positions, rows
from alpine_sw.library.aimclib import section

from .core_products import VECTOR
from .products import ProductSpec
from .row_shape import RowShape

__all__ = ["Int8Rows", "RowProduct", "TileRows"]


class RowProduct(Protocol):
    """What computes a row of output positions."""

    def place_weights(self, space: AddressSpace) -> None:
        """Lay out what does not change."""
        ...

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out what every position passes through."""
        ...

    def run(self, lines: Sequence[Buffer], target: Buffer) -> Program:
        """Convolve padded input rows into one row of codes, behind the ReLU if there is one."""
        ...


class TileRows:
    """Rows through a core's tile.

    Parameters
    ----------
    spec : of the product.
    shape : of the convolution.
    timing : of one position.
    tile : number of the tile among the core's.
    """

    def __init__(
        self,
        spec: ProductSpec,
        shape: RowShape,
        *,
        timing: positions.PositionTiming,
        tile: int,
    ):
        self._spec, self._shape, self._timing, self._tile = spec, shape, timing, tile

    def place_weights(self, space: AddressSpace) -> None:
        """Nothing: weights are in the cells."""

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out a window and a position's codes."""
        name = self._spec.name
        self._window = space.allocate(f"window of {name}", self._shape.window)
        self._vector = space.allocate(f"codes of {name}", self._shape.outputs)

    def run(self, lines: Sequence[Buffer], target: Buffer) -> Program:
        """Gather, queue, process and dequeue, apply the ReLU, write back."""
        spec = self._spec
        windows = yield from _gather(self._shape, lines, self._window)
        program = positions.multiply_row(self._timing, windows, tile=self._tile)
        name = spec.section("product", unlabelled="analog product")
        codes = yield from section(name, program)
        if spec.relu:
            name = spec.section("activation", unlabelled="activation")
            yield from section(name, rows.relu_row(codes, self._vector))
        yield from section("output writeback", rows.copy_row(codes, self._vector, target))


class Int8Rows:
    """Rows through int8 products on the core.

    Parameters
    ----------
    spec : of the product.
    shape : of the convolution.
    """

    def __init__(self, spec: ProductSpec, shape: RowShape):
        self._spec, self._shape = spec, shape
        self._padding = -shape.window % VECTOR

    def place_weights(self, space: AddressSpace) -> None:
        """Lay out weights, their rows filled up to whole vectors, and steps."""
        spec = self._spec
        padded = np.pad(spec.weights, ((0, 0), (0, self._padding)))
        self._weights = space.place(f"weights of {spec.name}", padded)
        self._exact: NDArray[np.float64] = spec.weights.astype(np.float64)
        self._steps = space.place(f"steps of {spec.name}", spec.steps)

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out a window, a position's sums and its codes."""
        name, shape = self._spec.name, self._shape
        self._window = space.allocate(f"window of {name}", shape.window + self._padding)
        self._sums = space.allocate(f"sums of {name}", shape.outputs, np.int32)
        self._vector = space.allocate(f"codes of {name}", shape.outputs)

    def run(self, lines: Sequence[Buffer], target: Buffer) -> Program:
        """Gather, multiply, rescale with ReLU, write back."""
        spec = self._spec
        windows = yield from _gather(self._shape, lines, self._window)
        program = rows.mvm_row(
            self._weights,
            self._exact,
            windows,
            self._window,
            self._sums,
            style=spec.style.product,
        )
        products = yield from section(spec.section("product", unlabelled="product"), program)
        rescale = rows.rescale_row(products, self._sums, self._steps, self._vector, relu=spec.relu)
        name = spec.section("activation", unlabelled="activation")
        codes = yield from section(name, rescale)
        yield from section("output writeback", rows.copy_row(codes, self._vector, target))


def _gather(shape: RowShape, lines: Sequence[Buffer], window: Buffer) -> Program:
    program = rows.im2col_row(
        lines,
        window,
        positions=shape.columns,
        stride=shape.column_stride,
        channels=shape.channels,
    )
    return (yield from section("input load", program))
