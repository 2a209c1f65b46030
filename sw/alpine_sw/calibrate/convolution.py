"""Convolution and fully connected layers of the reference, position by position."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alpine_platform.address_space import Buffer
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Program
from alpine_platform.system import System
from alpine_sw import kernels
from alpine_sw.kernels.cm import Packing

from .experiment import Measured, ReferenceUnits, experiment, play, timed
from .micro import walk

__all__: list[str] = []


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A convolution: one output row of it is computed.

    Members
    -------
    kernel, channels, outputs, stride, side : of the layer; `side` is the input's width.
    warm, measured : positions (output row, output column), first those that warm up.
    """

    kernel: int
    channels: int
    outputs: int
    stride: int
    side: int
    warm: tuple[tuple[int, int], ...]
    measured: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        """Elements of a window."""
        return self.kernel**2 * self.channels

    @property
    def padded(self) -> int:
        """The same, padded to vectors of 16."""
        return -(-self.length // 16) * 16


def positions(row: int, columns: range) -> tuple[tuple[int, int], ...]:
    """Positions of one output row."""
    return tuple((row, column) for column in columns)


CONV1 = Layer(
    kernel=11,
    channels=3,
    outputs=64,
    stride=4,
    side=227,
    warm=positions(0, range(54)),
    measured=positions(1, range(54)),
)
CONV3 = Layer(
    kernel=3,
    channels=512,
    outputs=512,
    stride=1,
    side=15,
    warm=positions(0, range(1)),
    measured=positions(0, range(1, 4)),
)


class Buffers:
    """Memory of a layer."""

    def __init__(self, system: System, layer: Layer) -> None:
        memory = system.memory
        rows = layer.kernel + layer.stride
        self.image = memory.allocate("image", (rows, layer.side, layer.channels))
        self.window = memory.allocate("window", layer.padded)
        self.weights = memory.allocate("weights", (layer.outputs, layer.padded))
        self.sums = memory.allocate("sums", layer.outputs, np.int32)
        self.codes = memory.allocate("codes", layer.outputs)
        self.results = memory.allocate("results", 256 * layer.outputs)

    def result(self, layer: Layer, index: int) -> Buffer:
        """Where the outputs of a position go."""
        return self.results.part(index * layer.outputs, (index + 1) * layer.outputs)


Compute = Callable[[Layer, Buffers], Program]


def analog(packing: Packing) -> Compute:
    """One product on the tile per position."""

    def compute(layer: Layer, buffers: Buffers) -> Program:
        yield from kernels.queue_vector(buffers.window.part(0, layer.length), packing=packing)
        yield from kernels.process()
        yield from kernels.dequeue_vector(buffers.codes, packing=packing)
        yield from kernels.relu8(buffers.codes)

    return compute


def digital(layer: Layer, buffers: Buffers) -> Program:
    """One product by the core per position."""
    yield from kernels.mvm(buffers.weights, buffers.window, buffers.sums, style="neon4")
    yield from kernels.requantise(buffers.sums, buffers.codes, shift=8)


def convolution(layer: Layer, compute: Compute) -> Callable[[SystemConfig], Measured]:
    """Gather, multiply, activate and write back, per position."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config, tile_ports={0: ReferenceUnits(config)})
        buffers = Buffers(system, layer)

        def program(places: tuple[tuple[int, int], ...], first: int) -> Program:
            for index, (row, column) in enumerate(places):
                yield from kernels.im2col_window(
                    buffers.image,
                    buffers.window,
                    row=row * layer.stride,
                    column=column * layer.stride,
                    kernel=layer.kernel,
                )
                yield from compute(layer, buffers)
                yield from kernels.copy(buffers.result(layer, first + index), buffers.codes)

        image = buffers.image
        system.run({0: play([walk(image.size_bytes, image.address, write=True)])})
        system.run({0: program(layer.warm, 0)})
        measured = program(layer.measured, len(layer.warm))
        return timed(system, {0: measured}, len(layer.measured))

    return execute


def fully_connected(config: SystemConfig) -> Measured:
    """32 rows of 18432 weights that nobody touched before."""
    system = System(config)
    weights = system.memory.allocate("weights", (32, 18432))
    inputs = system.memory.place("inputs", np.zeros(18432, np.int8))
    outputs = system.memory.allocate("outputs", 32, np.int32)
    warm = system.memory.allocate("warm", (1, 18432))

    def program(matrix: Buffer, sums: Buffer) -> Program:
        yield from kernels.mvm(matrix, inputs, sums, style="neon1")

    system.run({0: program(warm, outputs.part(0, 1))})
    return timed(system, {0: program(weights, outputs)}, 32 * 18432)


for name, layer in (("c1", CONV1), ("c3", CONV3)):
    experiment(f"conv_{name}_ana_total:total", "applications", convolution(layer, analog("bytes")))
    experiment(
        f"conv_{name}_ana_word_total:total", "applications", convolution(layer, analog("word"))
    )
    experiment(f"conv_{name}_dig_total:total", "applications", convolution(layer, digital))
experiment("fc_dig:total", "applications", fully_connected)
