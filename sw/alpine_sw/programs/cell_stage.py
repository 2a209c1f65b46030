# SPDX-License-Identifier: Apache-2.0
"""An LSTM cell, or the units of it that one core computes.

Values in memory are float32; codes exist in front of and behind the product only (Klein et al.,
ALPINE, IEEE TC 2022, Table II and Fig. 10; the reference programs of the gem5 runs measure the same
structure).
"""

from collections.abc import Sequence

import numpy as np

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw import kernels
from alpine_sw.graph import Gate, LstmCell
from alpine_sw.library.aimclib import section
from alpine_sw.mapping import Stage

from .core_context import CoreContext
from .ends import BufferSource, ChosenSource, InputSource, VectorSource, load
from .products import Product, run_sections
from .results import BufferResult

__all__ = ["CellStage"]


class CellStage:
    """A stage that reads x and the h of the inference before, and advances c and h.

    Parameters
    ----------
    stage : of the mapping.
    context : of the core.
    source : of x.
    state_source : of the whole h where other cores make some of it, or None.
    product : with the stage's matrix.
    results : where h goes, if to other cores.
    """

    def __init__(
        self,
        stage: Stage,
        context: CoreContext,
        *,
        source: VectorSource,
        state_source: BufferSource | None,
        product: Product,
        results: Sequence[BufferResult],
    ) -> None:
        cell = stage.node.operator
        assert isinstance(cell, LstmCell)
        self.stage, self.product = stage, product
        self._context, self._cell = context, cell
        self._source, self._state_source, self._results = source, state_source, results

    def start(self) -> None:
        """Lay out the stage's own memory; c and h are zero."""
        hidden, units = self._cell.hidden, self.stage.size
        width = hidden + self._cell.inputs
        self._state = self._zeros("[h, x]", width)
        self._h_before = self._state.part(0, hidden)
        self._x = self._state.part(hidden, width)
        self._gates = self._zeros("gates", len(Gate) * units)
        self._h = self._zeros("h", units)
        self._c = self._zeros("c", units)
        self._squashed = self._zeros("tanh c", units)
        self._context.buffers[self.stage.node.name] = self._h
        self.product.start(self._context.run.space)
        if self._results:
            self._first_h = self._zeros("first h", hidden)

    def _zeros(self, name: str, size: int) -> Buffer:
        name = f"{name} of {self.stage.name}"
        return self._context.run.space.place(name, np.zeros(size, np.float32))

    def feed(self, inference: int) -> Program:
        """Place the h of the inference before and x beside each other; hand them to the product."""
        others = self._state_source if inference else None
        h = self._h if self._state_source is None else self._first_h
        if others is not None:
            h = yield from others.wait(inference)
        x: Buffer = yield from self._source.wait(inference)
        style = self._context.style(self.stage)
        inline = style.inline_copies and isinstance(self._source, InputSource | ChosenSource)
        yield from section(
            "input load",
            kernels.copy(self._h_before, h),
            load(self._x, x, style=style, inline=inline),
        )
        if others is not None:
            yield from others.release(inference)
        yield from self._source.release(inference)
        yield from self.product.feed(self._state)

    def drain(self, inference: int) -> Program:
        """Apply the gates' functions, advance c and h, hand h on."""
        yield from self.product.multiply(self._state)
        yield from run_sections(self.product.convert(self._gates))
        yield from self._advance()
        for result in self._results:
            yield from result.copy(self._h)

    def _advance(self) -> Program:
        library = self._context.library(self.stage)
        gates = [self._gate(gate) for gate in Gate]
        forget, entry, candidate = gates[Gate.FORGET], gates[Gate.INPUT], gates[Gate.CANDIDATE]
        label = self.stage.label
        yield from section(
            f"{label} activation" if label else "activation",
            *(library.sigmoid(gate, gate) for gate in gates[: Gate.CANDIDATE]),
            library.tanh(candidate, candidate),
        )
        yield from section(
            "gate combination",
            kernels.cell_update(forget, self._c, entry, candidate),
            library.tanh(self._c, self._squashed),
            kernels.vector_multiply(gates[Gate.OUTPUT], self._squashed, self._h),
        )

    def _gate(self, gate: Gate) -> Buffer:
        return self._gates.part(gate * self.stage.size, (gate + 1) * self.stage.size)
