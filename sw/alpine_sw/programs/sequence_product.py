# SPDX-License-Identifier: Apache-2.0
"""Products of recurrent layers over whole sequences: one per step, on a tile or without.

A step places h and x beside each other, multiplies, turns the codes into values, applies the gates
and turns h into codes, as `alpine_sw.graph.sequences` says. The functions behind the product run as
plain vector loops, which no reference run calibrates.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.graph import ElementType, Node, TensorType
from alpine_sw.graph.arithmetic import quantise
from alpine_sw.graph.lstm import STATE_SCALE
from alpine_sw.graph.sequences import SequenceOperator
from alpine_sw.kernels.operators import Tensor, walk
from alpine_sw.library.aimclib import section

from .products import CoreProduct, Section, run_sections
from .tile_products import CoreTiles, TileProduct

__all__ = ["SequenceProduct"]


class SequenceProduct:
    """All steps of a recurrent layer.

    Parameters
    ----------
    node : with the layer; its states begin at zero.
    product : with its matrix, of vectors of codes [h, x].
    tiles : counters of the core's tiles, or None where the core multiplies by itself.
    """

    def __init__(
        self, node: Node, product: TileProduct | CoreProduct, tiles: CoreTiles | None
    ) -> None:
        self._name, self._product, self._counters = node.name, product, tiles
        self._operator = cast(SequenceOperator, node.operator)
        self._source: Buffer | None = None

    def place_weights(self, space: AddressSpace) -> None:
        """Lay out what the core multiplies with."""
        if not isinstance(self._product, TileProduct):
            self._product.place_weights(space)

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Lay out what the core's product needs."""
        if not isinstance(self._product, TileProduct):
            self._product.allocate_scratch(space)

    def start(self, space: AddressSpace) -> None:
        """Lay out a step's vectors."""
        operator = self._operator
        outputs, hidden = len(operator.weights), operator.hidden
        self._product.start(space)

        def placed(name: str, values: NDArray[Any]) -> Buffer:
            return space.place(f"{name} of {self._name}", values)

        self._vector = placed("[h, x]", np.zeros(operator.width, np.int8))
        self._codes = placed("codes", np.zeros(outputs, np.int8))
        self._first = placed("first h", np.zeros(hidden, np.int8))
        self._values = placed("values", np.zeros(outputs, np.float32))
        self._state = placed("state", np.zeros(hidden, np.float32))
        self._factor = placed("factors", operator.factor)
        self._bias = placed("bias", operator.bias)

    def feed(self, source: Buffer) -> Program:
        """Note where the sequence lies."""
        self._source = source
        yield from ()

    def multiply(self, source: Buffer) -> Program:
        """Nothing: a step's product needs the step before."""
        yield from ()

    def convert(self, target: Buffer) -> Sequence[Section]:
        """Return what computes h of all steps."""
        return [("recurrent layer", self._steps(target))]

    def _steps(self, target: Buffer) -> Program:
        operator, source = self._operator, self._source
        assert source is not None
        hidden, inputs = operator.hidden, operator.width - operator.hidden
        states: tuple[NDArray[Any], ...] = tuple(
            np.zeros((1, *kind.shape), kind.element.dtype) for kind in operator.state_types
        )
        h = self._first
        for step in range(len(source.data) // inputs):
            yield from self._multiply(h, source.part(step * inputs, (step + 1) * inputs))
            h = target.part(step * hidden, (step + 1) * hidden)
            yield from section("activation", *self._functions(h))
            codes = self._codes.data[np.newaxis]
            values = codes.astype(np.float32) * operator.factor + operator.bias
            real, *others = operator.advance(values, states)
            h.data[:] = quantise(real, STATE_SCALE)[0]
            states = (h.data[np.newaxis].copy(), *others)

    def _multiply(self, h: Buffer, x: Buffer) -> Program:
        """Codes of a step's product."""
        hidden, vector = self._operator.hidden, self._vector
        copies = (
            kernels.copy(vector.part(0, hidden), h),
            kernels.copy(vector.part(hidden, len(vector.data)), x),
        )
        yield from section("input load", *copies)
        yield from self._product.feed(vector)
        if self._counters is not None and isinstance(self._product, TileProduct):
            for tile in self._product.tiles:
                yield from section("analog process", kernels.process(tile=tile))
                self._counters.restart(tile)
        yield from self._product.multiply(vector)
        yield from run_sections(self._product.convert(self._codes))

    def _functions(self, h: Buffer) -> Iterator[Program]:
        """Loops behind a product: values of the codes, their functions, the states, codes of h."""
        codes, values, state = (_vector(b) for b in (self._codes, self._values, self._state))
        yield walk("multiply", [codes, _vector(self._factor)], values)
        yield walk("add", [values, _vector(self._bias)], values)
        yield walk("sigmoid", [values], values)
        for kind in ("multiply", "multiply", "add"):
            yield walk(kind, [state, state], state)
        yield walk("tanh", [state], state)
        yield walk("multiply", [state, state], state)
        yield walk("quantise", [state], _vector(h))


def _vector(buffer: Buffer) -> Tensor:
    kind = TensorType(ElementType(buffer.data.dtype.name), buffer.data.shape)
    return Tensor(buffer, kind)
