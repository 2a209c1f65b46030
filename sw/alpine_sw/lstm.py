"""The published LSTM mapped onto one core with one tile."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.golden_lstm import STATE_SCALE, Gate
from alpine_models.tile import TileConfig
from alpine_platform.address_space import Buffer
from alpine_platform.operations import Begin, End, Operation, Program
from alpine_platform.system import System
from alpine_sw import kernels
from alpine_sw.mapping import Placement, TilePlan
from alpine_sw.networks.lstm import LstmNetwork
from alpine_sw.texts import ONE_HOT_WIDTH
from alpine_sw.workloads import Workload

__all__ = ["LSTM_CASES", "analog_lstm"]

LSTM_CASES = (1, 2)
"""Published single-core mappings (Klein et al., ALPINE, IEEE TC 2022, Table II).

1: one CM_PROCESS per step works on the cell of this step and the dense layer of the one before.
2: one CM_PROCESS for the cell, another for the dense layer.
"""

UNUSED_ROWS = 50
"""Word lines by which the tiles of Table II exceed what [h, x] needs; they stay unused."""


def analog_lstm(network: LstmNetwork, *, case: int) -> Workload:
    """Map a network onto one tile of Table II's size.

    The program is the one of the reference runs: scaled queue and dequeue of float32 values,
    activations and gate combination in float32.

    Parameters
    ----------
    network : any size.
    case : one of `LSTM_CASES`.
    """
    hidden = network.hidden
    width = hidden + ONE_HOT_WIDTH
    gates = len(Gate) * hidden
    dense_row = width if case == 1 else 0
    rows = UNUSED_ROWS + (width + hidden if case == 1 else width)
    plan = TilePlan(
        config=TileConfig(rows=rows, columns=gates + ONE_HOT_WIDTH),
        placements=(
            Placement(name="cell", weights=network.cell_weights, lsb=network.cell_lsb),
            Placement(
                name="dense",
                weights=network.dense_weights,
                lsb=network.dense_lsb,
                row=dense_row,
                column=gates,
            ),
        ),
    )
    body = _case_1 if case == 1 else _case_2

    def programs(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[Any], Mapping[int, Program]]:
        memory = _Memory.allocate(system, network, inputs, on_step)
        return memory.outputs.data.reshape(len(inputs), ONE_HOT_WIDTH), {0: body(memory)}

    return Workload(plans={0: [plan]}, programs=programs)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Memory:
    """Buffers of a run, all float32; ``hx`` is [h, x], what a step's product takes in."""

    network: LstmNetwork
    steps: int
    inputs: Buffer
    outputs: Buffer
    hx: Buffer
    gates: Buffer
    cell: Buffer
    squashed: Buffer
    logits: Buffer
    probabilities: Buffer
    on_step: Callable[[], None]

    @classmethod
    def allocate(
        cls,
        system: System,
        network: LstmNetwork,
        inputs: NDArray[np.int8],
        on_step: Callable[[], None],
    ) -> "_Memory":
        space, hidden, steps = system.memory, network.hidden, len(inputs)

        def floats(name: str, size: int) -> Buffer:
            return space.allocate(name, size, np.float32)

        # The program reads values, not codes: one-hot 1.0 where the code is 127.
        values = (inputs.reshape(-1) > 0).astype(np.float32)
        state = {
            "hx": space.place("hx", np.zeros(hidden + ONE_HOT_WIDTH, np.float32)),
            "cell": space.place("cell", np.zeros(hidden, np.float32)),
        }
        return cls(
            network=network,
            steps=steps,
            inputs=space.place("inputs", values),
            outputs=floats("outputs", steps * ONE_HOT_WIDTH),
            gates=floats("gates", len(Gate) * hidden),
            squashed=floats("squashed", hidden),
            logits=floats("logits", ONE_HOT_WIDTH),
            probabilities=floats("probabilities", ONE_HOT_WIDTH),
            on_step=on_step,
            **state,
        )

    @property
    def hidden(self) -> int:
        return self.network.hidden

    @property
    def h(self) -> Buffer:
        return self.hx.part(0, self.hidden)

    def gate(self, gate: Gate) -> Buffer:
        return self.gates.part(gate * self.hidden, (gate + 1) * self.hidden)


def _section(name: str, *programs: Program) -> Generator[Operation, Any, None]:
    yield Begin(name)
    for program in programs:
        yield from program
    yield End()


def _load_and_queue(memory: _Memory, step: int) -> Program:
    x = memory.hx.part(memory.hidden, memory.hidden + ONE_HOT_WIDTH)
    source = memory.inputs.part(step * ONE_HOT_WIDTH, (step + 1) * ONE_HOT_WIDTH)
    yield from _section("input load", kernels.copy(x, source))
    yield from _section("cell queue", kernels.queue_floats(memory.hx, scale=STATE_SCALE))


def _cell(memory: _Memory) -> Program:
    """Dequeue the gates, apply their functions, advance c and h."""
    sigmoids = memory.gates.part(0, Gate.CANDIDATE * memory.hidden)
    candidate, squashed = memory.gate(Gate.CANDIDATE), memory.squashed
    yield from _section(
        "cell dequeue",
        kernels.dequeue_floats(memory.gates, scale=memory.network.gate_scale),
    )
    yield from _section(
        "cell activation",
        kernels.sigmoid(sigmoids, sigmoids),
        kernels.tanh(candidate, candidate),
    )
    yield from _section(
        "gate combination",
        kernels.cell_update(
            memory.gate(Gate.FORGET), memory.cell, memory.gate(Gate.INPUT), candidate
        ),
        kernels.tanh(memory.cell, squashed),
        kernels.vector_multiply(memory.gate(Gate.OUTPUT), squashed, memory.h),
    )


def _queue_dense(memory: _Memory, *, index: int | None = None) -> Program:
    yield from _section(
        "dense queue", kernels.queue_floats(memory.h, scale=STATE_SCALE, index=index)
    )


def _dense(memory: _Memory, step: int, *, index: int | None = None) -> Program:
    """Dequeue the logits of a step and write its probabilities back."""
    yield from _section(
        "dense dequeue",
        kernels.dequeue_floats(memory.logits, scale=memory.network.logit_scale, index=index),
    )
    yield from _section("softmax", kernels.softmax(memory.logits, memory.probabilities))
    destination = memory.outputs.part(step * ONE_HOT_WIDTH, (step + 1) * ONE_HOT_WIDTH)
    yield from _section("output writeback", kernels.copy(destination, memory.probabilities))
    memory.on_step()


def _case_1(memory: _Memory) -> Program:
    """Step k works on the cell of symbol k and the dense layer of symbol k - 1."""
    width, gates = len(memory.hx.data), len(memory.gates.data)
    for step in range(memory.steps + 1):
        cell, dense = step < memory.steps, step > 0
        if cell:
            # h is the state after symbol k - 1 until the gates are combined.
            yield from _load_and_queue(memory, step)
        if dense:
            yield from _queue_dense(memory, index=None if cell else width)
        yield from _section("analog process", kernels.process())
        if cell:
            yield from _cell(memory)
        if dense:
            yield from _dense(memory, step - 1, index=None if cell else gates)


def _case_2(memory: _Memory) -> Program:
    """The cell first, then the dense layer, each through a CM_PROCESS of its own."""
    for step in range(memory.steps):
        yield from _load_and_queue(memory, step)
        yield from _section("analog process", kernels.process())
        yield from _cell(memory)
        yield from _queue_dense(memory)
        yield from _section("analog process", kernels.process())
        yield from _dense(memory, step, index=len(memory.gates.data))
