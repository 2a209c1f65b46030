# SPDX-License-Identifier: Apache-2.0
"""What a node costs a core per inference, estimated from the platform's own kernels.

Kernels are timed warm on an idle system, at two sizes, and taken to be linear in between: what
misses caches, or waits for other cores, is left out. The estimate decides among mappings; times of
a run come from the run.
"""

import math
from dataclasses import dataclass, field

from alpine_platform.config import SystemConfig
from alpine_sw.graph import Convolution, Graph, LstmCell, Node
from alpine_sw.graph.products import MatrixProduct
from alpine_sw.graph.sequences import SequenceOperator
from alpine_sw.kernels import time_kernel
from alpine_sw.kernels.operators import estimated_cycles
from alpine_sw.library.aimclib import PACKING
from alpine_sw.mapping import Style

__all__ = ["Costs"]

SMALL, LARGE = 64, 1024
"""Elements at which kernels are timed."""
MOST_WEIGHTS = 1024
"""Largest side of a product that is timed; larger ones take as long per weight."""
HAND_OVER_CALLS = 4
"""Kernel calls' worth of cycles that the locks of a hand-over take on each side: an estimate."""


@dataclass(frozen=True, slots=True)
class Line:
    """Cycles that grow linearly.

    Members
    -------
    fixed, each : cycles of a call and of an element.
    """

    fixed: float
    each: float

    def at(self, elements: int) -> float:
        """Cycles for so many elements."""
        return self.fixed + self.each * elements


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Costs:
    """Estimates of core cycles on one system.

    Members
    -------
    system : where the network will run.
    style : of the software.
    """

    system: SystemConfig
    style: Style
    _lines: dict[tuple[str, str | None], Line] = field(
        default_factory=dict[tuple[str, str | None], Line]
    )
    _products: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])

    def on_tile(self, product: MatrixProduct, outputs: int) -> float:
        """Cycles of some outputs of a node's product on one tile."""
        packing = PACKING[self.style.operands]
        inputs = product.weights.shape[1]
        values = isinstance(product.node.operator, LstmCell)
        queue = self._line("queue", "f32" if values else packing).at(inputs)
        dequeue = self._line("dequeue", "f32" if values else packing).at(outputs)
        clock, tile = self.system.complexes[0].core.frequency_hz, self.system.tile_clock
        process = tile.product_cycles * clock / tile.frequency_hz
        each = queue + process + dequeue + self._around(product, inputs, outputs)
        return each * product.vectors

    def on_core(self, product: MatrixProduct, outputs: int) -> float:
        """Cycles of some outputs of a node's product without a tile."""
        inputs = product.weights.shape[1]
        each = self._product(outputs, inputs) + self._line("requantise", None).at(outputs)
        return (each + self._around(product, inputs, outputs)) * product.vectors

    def behind(self, graph: Graph, nodes: tuple[Node, ...], share: float) -> float:
        """Cycles of the nodes beside a product, of a share of their elements."""
        return share * sum(
            estimated_cycles(node.operator, graph.operand_types(node), graph.types[node.name])
            for node in nodes
        )

    def hand_over(self, size_bytes: int) -> float:
        """Cycles that either side spends on a value that passes from core to core."""
        line = self._line("copy", "memcpy")
        return HAND_OVER_CALLS * line.fixed + line.at(size_bytes)

    def _around(self, product: MatrixProduct, inputs: int, outputs: int) -> float:
        """Cycles of what brings a vector and takes its results away."""
        copy = self._line("copy", "memcpy")
        operator = product.node.operator
        if isinstance(operator, Convolution):
            lines = operator.window.size[0]
            return lines * copy.at(inputs // lines) + copy.at(outputs)
        if isinstance(operator, LstmCell):
            gates = outputs // 4
            squashed = 3 * self._line("sigmoid", self.style.activations).at(gates)
            squashed += 2 * self._line("tanh", self.style.activations).at(gates)
            return copy.at(4 * inputs) + squashed + self._line("cell", None).at(gates)
        if isinstance(operator, SequenceOperator):
            return copy.at(inputs) + self._line("sigmoid", self.style.activations).at(outputs)
        return copy.at(inputs)

    def _line(self, kernel: str, style: str | None) -> Line:
        key = kernel, style
        if key not in self._lines:
            low, high = (
                time_kernel(kernel, size=(size,), config=self.system, style=style).cycles
                for size in (SMALL, LARGE)
            )
            each = (high - low) / (LARGE - SMALL)
            self._lines[key] = Line(max(low - each * SMALL, 0.0), each)
        return self._lines[key]

    def _product(self, outputs: int, inputs: int) -> float:
        """Cycles of a product, from one of at most `MOST_WEIGHTS` lines a side."""
        sides = min(outputs, MOST_WEIGHTS), min(inputs, MOST_WEIGHTS)
        if sides not in self._products:
            style = self.style.product
            timed = time_kernel("mvm", size=sides, config=self.system, style=style)
            self._products[sides] = timed.cycles
        return self._products[sides] * (outputs * inputs) / math.prod(sides)
