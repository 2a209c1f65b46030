# SPDX-License-Identifier: Apache-2.0
"""The published multi-layer perceptron as programs, one generator per core.

Source of the mappings and of the order of steps: Klein et al., ALPINE, IEEE TC 2022, Fig. 6 and
Sec. VII; the reference programs of the gem5 runs measure the same structure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.library.aimclib import Aimc, section
from alpine_sw.library.ping_pong import PingPong

__all__ = [
    "DigitalLayer",
    "Layer",
    "MlpMemory",
    "case_1",
    "case_2",
    "digital",
    "digital_first",
    "digital_second",
    "first_layer",
    "load_input",
    "second_layer",
    "write_back",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class MlpMemory:
    """Where a run's data lies and how it is moved.

    Members
    -------
    space : where programs allocate their own buffers.
    inputs, outputs : one part per inference; inputs int8 codes, or float32 values of 1 per code.
    width, hidden, size : elements of an input, a hidden and an output vector.
    count : inferences.
    packing : how operands of CM instructions are assembled.
    on_step : called after each inference.
    """

    space: AddressSpace
    inputs: Buffer
    outputs: Buffer
    width: int
    hidden: int
    size: int
    count: int
    packing: kernels.Packing
    on_step: Callable[[], None]

    def input(self, inference: int) -> Buffer:
        """The fresh input of an inference."""
        return self.inputs.part(inference * self.width, (inference + 1) * self.width)

    def output(self, inference: int, share: int = 0, shares: int = 1) -> Buffer:
        """Where the output of an inference goes, or one core's share of it."""
        size = self.size // shares
        start = inference * self.size + share * size
        return self.outputs.part(start, start + size)


def load_input(x: Buffer, source: Buffer, *, packing: kernels.Packing = "word") -> Program:
    """Copy a vector that others wrote into a buffer of the core's own.

    Float32 values are turned into codes on the way, one at a time where operands are packed so.
    """
    if source.data.dtype == np.int8:
        program = kernels.copy(x, source)
    else:
        style = "scalar" if packing == "bytes" else "vec"
        program = kernels.quantise(source, x, scale=1.0, style=style)
    yield from section("input load", program)


def _dequeue_relu(aimc: Aimc, vector: Buffer, *, index: int | None = None) -> Program:
    yield from section("analog dequeue", aimc.dequeue_vector(vector, index=index))
    yield from section("activation", aimc.relu(vector))


def write_back(destination: Buffer, y: Buffer) -> Program:
    """Copy an output to where it belongs."""
    yield from section("output writeback", kernels.copy(destination, y))


def case_1(memory: MlpMemory, aimc: Aimc) -> Program:
    """Software pipeline: step k queues input k and hidden vector k - 1, then processes once."""
    space = memory.space
    x, hidden = space.allocate("x", memory.width), space.allocate("hidden", memory.hidden)
    y = space.allocate("y", memory.size)
    for step in range(memory.count + 1):
        first, second = step < memory.count, step > 0  # which layers have work in this step
        if first:
            yield from load_input(x, memory.input(step), packing=memory.packing)
            yield from section("analog queue", aimc.queue_vector(x))
        if second:
            index = None if first else memory.width
            yield from section("analog queue", aimc.queue_vector(hidden, index=index))
        yield from section("analog process", aimc.process())
        if first:
            yield from _dequeue_relu(aimc, hidden)
        if second:
            yield from _dequeue_relu(aimc, y, index=None if first else memory.hidden)
            yield from write_back(memory.output(step - 1), y)
            memory.on_step()


def case_2(memory: MlpMemory, aimc: Aimc) -> Program:
    """One layer after the other, each through a CM_PROCESS of its own."""
    space = memory.space
    x, hidden = space.allocate("x", memory.width), space.allocate("hidden", memory.hidden)
    y = space.allocate("y", memory.size)
    for inference in range(memory.count):
        yield from load_input(x, memory.input(inference), packing=memory.packing)
        yield from section("analog queue", aimc.queue_vector(x))
        yield from section("analog process", aimc.process())
        yield from _dequeue_relu(aimc, hidden)
        yield from section("analog queue", aimc.queue_vector(hidden))
        yield from section("analog process", aimc.process())
        yield from _dequeue_relu(aimc, y, index=memory.hidden)
        yield from write_back(memory.output(inference), y)
        memory.on_step()


def first_layer(memory: MlpMemory, aimc: Aimc, channel: PingPong, *, core: int) -> Program:
    """Cases 3 and 4: compute a share of every hidden vector and put it into the channel."""
    x = memory.space.allocate(f"x {core}", memory.width)
    for inference in range(memory.count):
        yield from load_input(x, memory.input(inference), packing=memory.packing)
        yield from section("analog queue", aimc.queue_vector(x))
        yield from section("analog process", aimc.process())
        part = yield from section("synchronisation", channel.free_part(core))
        yield from _dequeue_relu(aimc, part)
        yield from section("synchronisation", channel.put(core))


def second_layer(
    memory: MlpMemory, aimc: Aimc, channel: PingPong, *, share: int, shares: int
) -> Program:
    """Cases 3 and 4: take every hidden vector and compute a share of the output from it."""
    hidden = memory.space.allocate(f"hidden {share}", memory.hidden)
    y = memory.space.allocate(f"y {share}", memory.size // shares)
    for inference in range(memory.count):
        slot = yield from section("synchronisation", channel.full_slot(share))
        yield from load_input(hidden, slot)
        yield from section("synchronisation", channel.take(share))
        yield from section("analog queue", aimc.queue_vector(hidden))
        yield from section("analog process", aimc.process())
        yield from _dequeue_relu(aimc, y)
        yield from write_back(memory.output(inference, share, shares), y)
        if share == 0:
            memory.on_step()


class Layer(Protocol):
    """A digital dense layer, or one core's share of it."""

    def run(self, inputs: Buffer, codes: Buffer) -> Program:
        """Multiply, turn sums into codes with ReLU."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class DigitalLayer:
    """A dense layer, or one core's share of it, in memory.

    Members
    -------
    weights : int8 [outputs, inputs].
    steps : float32 [outputs], dot product per code.
    sums : int32 [outputs], scratch.
    style : of the product, one of `kernels.MVM_STYLES`.
    """

    weights: Buffer
    steps: Buffer
    sums: Buffer
    style: str

    def run(self, inputs: Buffer, codes: Buffer) -> Program:
        """Multiply, rescale, apply the ReLU."""
        yield from section(
            "product", kernels.mvm(self.weights, inputs, self.sums, style=self.style)
        )
        yield from section("activation", kernels.rescale(self.sums, self.steps, codes))


def digital(memory: MlpMemory, first: Layer, second: Layer) -> Program:
    """Digital reference on one core."""
    space = memory.space
    x, hidden = space.allocate("x", memory.width), space.allocate("hidden", memory.hidden)
    y = space.allocate("y", memory.size)
    for inference in range(memory.count):
        yield from load_input(x, memory.input(inference), packing=memory.packing)
        yield from first.run(x, hidden)
        yield from second.run(hidden, y)
        yield from write_back(memory.output(inference), y)
        memory.on_step()


def digital_first(memory: MlpMemory, channel: PingPong, layer: Layer, *, core: int) -> Program:
    """Digital reference on several cores: a share of the first layer."""
    x = memory.space.allocate(f"x {core}", memory.width)
    for inference in range(memory.count):
        yield from load_input(x, memory.input(inference), packing=memory.packing)
        part = yield from section("synchronisation", channel.free_part(core))
        yield from layer.run(x, part)
        yield from section("synchronisation", channel.put(core))


def digital_second(
    memory: MlpMemory, channel: PingPong, layer: Layer, *, share: int, shares: int
) -> Program:
    """Digital reference on several cores: a share of the second layer."""
    hidden = memory.space.allocate(f"hidden {share}", memory.hidden)
    y = memory.space.allocate(f"y {share}", memory.size // shares)
    for inference in range(memory.count):
        slot = yield from section("synchronisation", channel.full_slot(share))
        yield from load_input(hidden, slot)
        yield from section("synchronisation", channel.take(share))
        yield from layer.run(hidden, y)
        yield from write_back(memory.output(inference, share, shares), y)
        if share == 0:
            memory.on_step()
