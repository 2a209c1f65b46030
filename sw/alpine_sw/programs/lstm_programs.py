# SPDX-License-Identifier: Apache-2.0
"""The published LSTM as programs, one generator per core.

Source of the mappings: Klein et al., ALPINE, IEEE TC 2022, Table II and Fig. 10; the reference
programs of the gem5 runs measure the same structure. All values in memory are float32; codes exist
in front of and behind a product only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.datasets.texts import ONE_HOT_WIDTH, SYMBOLS
from alpine_sw.graph.lstm import STATE_SCALE, Gate
from alpine_sw.library.aimclib import Aimc, section
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.tile_plan import Placement

__all__ = [
    "AnalogProduct",
    "CellPart",
    "DigitalProduct",
    "Links",
    "LstmMemory",
    "Product",
    "Share",
    "Writing",
    "cell_core",
    "dense_core",
    "in_one_product",
    "one_core",
]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Writing:
    """A run in which the network chooses what it reads once the given symbols end.

    Members
    -------
    given : symbols to read before it chooses the next, 1 or more.
    draws : float64, one per chosen symbol, 0 to 1; None to take the likeliest every time.
    """

    given: int
    draws: NDArray[np.float64] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LstmMemory:
    """Where a run's data lies.

    Members
    -------
    space : where programs allocate their own buffers.
    hidden : units of the cell.
    inputs, outputs : float32, one one-hot vector and one vector of probabilities per step.
    steps : symbols to read.
    on_step : called after each step.
    writing : or None where all symbols are given.
    """

    space: AddressSpace
    hidden: int
    inputs: Buffer
    outputs: Buffer
    steps: int
    on_step: Callable[[], None]
    writing: Writing | None = None

    def input(self, step: int) -> Buffer:
        """Where a step's symbol lies."""
        return self.inputs.part(step * ONE_HOT_WIDTH, (step + 1) * ONE_HOT_WIDTH)

    def chosen(self, step: int) -> bool:
        """Whether the step before chooses what a step reads."""
        return self.writing is not None and step >= self.writing.given

    def floats(self, name: str, size: int) -> Buffer:
        """Memory of a program's own, zero before the first step."""
        return self.space.place(name, np.zeros(size, np.float32))


class Product(Protocol):
    """A layer's matrix product on float32 vectors."""

    def run(self, values: Buffer, results: Buffer) -> Program:
        """Quantise, multiply, dequantise."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalogProduct:
    """A layer through the core's tile.

    Members
    -------
    aimc : the library.
    name : of the layer, in the breakdown.
    matrix : the layer's weights on the tile.
    scale : result per ADC code.
    """

    aimc: Aimc
    name: str
    matrix: Placement
    scale: float

    def run(self, values: Buffer, results: Buffer) -> Program:
        """Queue, process, dequeue."""
        yield from self.queue(values)
        yield from section("analog process", self.aimc.process())
        yield from self.dequeue(results)

    def queue(self, values: Buffer, *, behind: bool = False) -> Program:
        """Queue values behind what was queued before, or from the matrix's first word line on."""
        index = None if behind else self.matrix.row or None  # a fresh counter stands at 0
        program = self.aimc.queue_vector(values, scale=STATE_SCALE, index=index)
        yield from section(f"{self.name} queue", program)

    def dequeue(self, results: Buffer, *, behind: bool = False) -> Program:
        """Dequeue results behind those dequeued before, or from the matrix's first bit line on."""
        index = None if behind else self.matrix.column or None
        program = self.aimc.dequeue_vector(results, scale=self.scale, index=index)
        yield from section(f"{self.name} dequeue", program)


@dataclass(frozen=True, slots=True)
class Share:
    """What one of several cores computes of the cell.

    Members
    -------
    number : of the core among those of the cell.
    units : how many.
    """

    number: int
    units: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DigitalProduct:
    """A layer as an int8 product on the core.

    Its sums become the codes that a tile's converters would give, so that results are the same.

    Members
    -------
    name : of the layer, in the breakdown.
    weights : int8 [outputs, inputs], inputs filled up to whole vectors.
    steps : float32 [outputs], dot product per code.
    scale : result per code.
    inputs, sums, codes : int8, int32 and int8, scratch.
    style : of the product, one of `kernels.MVM_STYLES`.
    """

    name: str
    weights: Buffer
    steps: Buffer
    scale: float
    inputs: Buffer
    sums: Buffer
    codes: Buffer
    style: str

    def run(self, values: Buffer, results: Buffer) -> Program:
        """Quantise the values, multiply, turn sums into codes and codes into results."""
        quantised = self.inputs.part(0, len(values.data))
        yield from section(
            f"{self.name} quantisation", kernels.quantise(values, quantised, scale=STATE_SCALE)
        )
        yield from section(
            f"{self.name} product",
            kernels.mvm(self.weights, self.inputs, self.sums, style=self.style),
        )
        yield from section(
            f"{self.name} dequantisation",
            kernels.rescale_signed(self.sums, self.steps, self.codes),
            kernels.dequantise(self.codes, results, scale=self.scale),
        )


class CellPart:
    """The cell's units that one core computes, and what it keeps of them.

    Parameters
    ----------
    memory : of the run.
    aimc : the library, for the activations.
    units : how many.
    """

    def __init__(self, memory: LstmMemory, aimc: Aimc, *, units: int) -> None:
        self._memory = memory
        self._aimc = aimc
        width = memory.hidden + ONE_HOT_WIDTH
        self.state = memory.floats("[h, x]", width)
        self._h_before = self.state.part(0, memory.hidden)
        self._x = self.state.part(memory.hidden, width)
        self.gates = memory.floats("gates", len(Gate) * units)
        self.h = memory.floats("h", units)
        self._cell = memory.floats("c", units)
        self._squashed = memory.floats("tanh c", units)
        self._units = units

    def load(self, h_before: Buffer, x: Buffer) -> Program:
        """Place the h of the step before and the x of this one beside each other."""
        yield from section(
            "input load",
            kernels.copy(self._h_before, h_before),
            kernels.copy(self._x, x, style="inline"),
        )

    def advance(self) -> Program:
        """Apply the gates' functions, advance c and h."""
        aimc = self._aimc
        gates = [self._gate(gate) for gate in Gate]
        forget, entry, candidate = gates[Gate.FORGET], gates[Gate.INPUT], gates[Gate.CANDIDATE]
        yield from section(
            "cell activation",
            *(aimc.sigmoid(gate, gate) for gate in gates[: Gate.CANDIDATE]),
            aimc.tanh(candidate, candidate),
        )
        yield from section(
            "gate combination",
            kernels.cell_update(forget, self._cell, entry, candidate),
            aimc.tanh(self._cell, self._squashed),
            kernels.vector_multiply(gates[Gate.OUTPUT], self._squashed, self.h),
        )

    def _gate(self, gate: Gate) -> Buffer:
        return self.gates.part(gate * self._units, (gate + 1) * self._units)


class _Head:
    """What is left to do with a step's logits: softmax and the output."""

    def __init__(
        self, memory: LstmMemory, aimc: Aimc, *, next_symbols: PingPong | None = None
    ) -> None:
        self._memory = memory
        self._aimc = aimc
        self._next_symbols = next_symbols
        self.logits = memory.floats("logits", ONE_HOT_WIDTH)
        self._probabilities = memory.floats("probabilities", ONE_HOT_WIDTH)

    def finish(self, step: int) -> Program:
        """Turn logits into probabilities, write them back, choose the next symbol if asked to."""
        memory = self._memory
        output = memory.outputs.part(step * ONE_HOT_WIDTH, (step + 1) * ONE_HOT_WIDTH)
        yield from section("softmax", self._aimc.softmax(self.logits, self._probabilities))
        yield from section(
            "output writeback", kernels.copy(output, self._probabilities, style="inline")
        )
        if memory.chosen(step + 1):
            yield from self._choose(memory, step + 1)
        memory.on_step()

    def _choose(self, memory: LstmMemory, step: int) -> Program:
        """Choose what a step reads, and write it where the step finds it; the last is not read."""
        assert memory.writing is not None
        draws = memory.writing.draws
        draw = None if draws is None else float(draws[step - memory.writing.given])
        symbols = self._probabilities.part(0, len(SYMBOLS))
        symbol = yield from section("symbol choice", kernels.choose(symbols, draw=draw))
        if step == memory.steps:
            return
        if self._next_symbols is None:
            yield from section("symbol choice", kernels.one_hot(symbol, memory.input(step)))
            return
        place = yield from section("synchronisation", self._next_symbols.free_part())
        yield from section("symbol choice", kernels.one_hot(symbol, place))
        yield from section("synchronisation", self._next_symbols.put())


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Ping-pong buffers between the cores.

    Members
    -------
    h : from the cores of the cell to each other and to the dense layer's.
    symbols : from the dense layer's core back to the cell's, where the network writes.
    """

    h: PingPong
    symbols: PingPong


def in_one_product(
    memory: LstmMemory, aimc: Aimc, cell: AnalogProduct, dense: AnalogProduct
) -> Program:
    """Case 1: step k works on the cell of symbol k and the dense layer of symbol k - 1.

    Where symbol k is what the dense layer of symbol k - 1 says, that has a product of its own.
    """
    part, head = CellPart(memory, aimc, units=memory.hidden), _Head(memory, aimc)
    for step in range(memory.steps):
        if memory.chosen(step):
            yield from dense.run(part.h, head.logits)
            yield from head.finish(step - 1)
        together = step > 0 and not memory.chosen(step)
        yield from part.load(part.h, memory.input(step))
        yield from cell.queue(part.state)
        if together:
            yield from dense.queue(part.h, behind=True)
        yield from section("analog process", aimc.process())
        yield from cell.dequeue(part.gates)
        yield from part.advance()
        if together:
            yield from dense.dequeue(head.logits, behind=True)
            yield from head.finish(step - 1)
    yield from dense.run(part.h, head.logits)
    yield from head.finish(memory.steps - 1)


def one_core(memory: LstmMemory, aimc: Aimc, cell: Product, dense: Product) -> Program:
    """Case 2 and the digital reference on one core: the cell, then the dense layer."""
    part, head = CellPart(memory, aimc, units=memory.hidden), _Head(memory, aimc)
    for step in range(memory.steps):
        yield from part.load(part.h, memory.input(step))
        yield from cell.run(part.state, part.gates)
        yield from part.advance()
        yield from dense.run(part.h, head.logits)
        yield from head.finish(step)


def cell_core(
    memory: LstmMemory, aimc: Aimc, product: Product, links: Links, share: Share
) -> Program:
    """Several cores: compute some units of every h and hand them on."""
    part = CellPart(memory, aimc, units=share.units)
    alone = share.units == memory.hidden
    first_h = memory.floats("first h", memory.hidden)
    number = share.number
    for step in range(memory.steps):
        h_before, x = part.h if alone else first_h, memory.input(step)
        if step and not alone:
            h_before = yield from section("synchronisation", links.h.full_slot(number))
        if memory.chosen(step):
            x = yield from section("synchronisation", links.symbols.full_slot(number))
        yield from part.load(h_before, x)
        if step and not alone:
            yield from section("synchronisation", links.h.take(number))
        if memory.chosen(step):
            yield from section("synchronisation", links.symbols.take(number))
        yield from product.run(part.state, part.gates)
        yield from part.advance()
        place = yield from section("synchronisation", links.h.free_part(number))
        yield from section("state writeback", kernels.copy(place, part.h))
        yield from section("synchronisation", links.h.put(number))


def dense_core(
    memory: LstmMemory, aimc: Aimc, product: Product, links: Links, *, consumer: int
) -> Program:
    """Several cores: take every h and compute the probabilities."""
    h, head = memory.floats("h", memory.hidden), _Head(memory, aimc, next_symbols=links.symbols)
    for step in range(memory.steps):
        whole_h = yield from section("synchronisation", links.h.full_slot(consumer))
        yield from section("input load", kernels.copy(h, whole_h))
        yield from section("synchronisation", links.h.take(consumer))
        yield from product.run(h, head.logits)
        yield from head.finish(step)
