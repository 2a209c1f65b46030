# SPDX-License-Identifier: Apache-2.0
"""Products that the core computes by itself, with the results of a tile."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.kernels.rows import rescale_signed
from alpine_sw.library.aimclib import section

from .products import ProductSpec, Section

__all__ = ["VECTOR", "Int8Product"]

VECTOR = 16
"""Codes that a vector instruction takes."""


class Int8Product:
    """An int8 product whose sums become the codes that a tile would give.

    Where values are turned into codes first, these lie in memory of the product's own, filled up to
    whole vectors, and so do the weights' rows.

    Parameters
    ----------
    spec : of the product.
    """

    def __init__(self, spec: ProductSpec) -> None:
        self._spec = spec
        outputs, inputs = spec.weights.shape
        self._inputs = inputs
        self._padding = 0 if spec.source_scale is None else -inputs % VECTOR
        self._block = spec.style.block or outputs
        self._codes_in: Buffer | None = None
        self._codes_out: Buffer | None = None
        self._sums: Buffer | None = None

    def place_weights(self, space: AddressSpace) -> None:
        """Lay out weights and steps."""
        spec = self._spec
        padded: NDArray[np.int8] = np.pad(spec.weights, ((0, 0), (0, self._padding)))
        self._weights = space.place(f"weights of {spec.name}", padded)
        self._steps = space.place(f"steps of {spec.name}", spec.steps)

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out sums, and codes where vectors or results are values."""
        spec, outputs = self._spec, len(self._spec.weights)
        if spec.source_scale is not None:
            size = self._inputs + self._padding
            self._codes_in = space.place(f"input codes of {spec.name}", np.zeros((size,), np.int8))
        self._sums = space.allocate(f"sums of {spec.name}", outputs, np.int32)
        if spec.result_scale is not None:
            self._codes_out = space.allocate(f"codes of {spec.name}", outputs)

    def start(self, space: AddressSpace) -> None:
        """Lay out the scratch memory, unless that is done."""
        if self._sums is None:
            self.allocate_scratch(space)

    def feed(self, source: Buffer) -> Program:
        """Nothing: the vector is read where it lies."""
        yield from ()

    def multiply(self, source: Buffer) -> Program:
        """Turn values into codes and multiply, some outputs at a time."""
        spec = self._spec
        if self._codes_in is not None and spec.source_scale is not None:
            quantised = self._codes_in.part(0, self._inputs)
            name = spec.section("quantisation", unlabelled="quantisation")
            yield from section(name, kernels.quantise(source, quantised, scale=spec.source_scale))
            source = self._codes_in
        starts = range(0, len(spec.weights), self._block)
        programs = (self._product(source, start) for start in starts)
        yield from section(spec.section("product", unlabelled="product"), *programs)

    def convert(self, target: Buffer) -> Sequence[Section]:
        """Turn sums into codes, with ReLU if there is one, or into values."""
        spec = self._spec
        assert self._sums is not None
        if spec.result_scale is not None:
            assert self._codes_out is not None
            name = spec.section("dequantisation", unlabelled="activation")
            return [
                (name, rescale_signed(self._sums, self._steps, self._codes_out)),
                (name, kernels.dequantise(self._codes_out, target, scale=spec.result_scale)),
            ]
        rescale = kernels.rescale if spec.relu else rescale_signed
        name = spec.section("activation", unlabelled="activation")
        return [(name, rescale(self._sums, self._steps, target))]

    def _product(self, source: Buffer, start: int) -> Program:
        stop = min(start + self._block, len(self._spec.weights))
        whole = stop - start == len(self._spec.weights)
        assert self._sums is not None
        yield from kernels.mvm(
            self._weights if whole else self._weights.part(start, stop),
            source,
            self._sums if whole else self._sums.part(start, stop),
            style=self._spec.style.product,
        )
