# SPDX-License-Identifier: Apache-2.0
"""Convolution and fully connected layers of the reference, position by position."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alpine_platform.config import SystemConfig
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import Compute, Program, RunCmLoop, RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.memory.address_space import Buffer
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.kernels.bodies import lines, numbered, tail
from alpine_sw.kernels.cm import Packing, dequeue_batch, queue_batch
from alpine_sw.kernels.streams import over

from .experiment import Measured, ReferenceUnits, Regions, experiment, play, timed
from .micro import walk

__all__: list[str] = []

VECTOR = 16
REGION_INSTRUCTIONS = 21
"""Of a region's markers here: what the process regions hold besides their one CM instruction."""
POSITION = Compute(cycles=23, instructions=23)
"""Between two positions: what the totals' counts hold besides their regions, markers apart."""
LINE_INSTRUCTIONS = 4
"""What a window's row takes here beyond the rows of mb_conv, by the counts of both."""


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
        return -(-self.length // VECTOR) * VECTOR


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
        self.sums = memory.allocate("sums", layer.outputs, np.int32)
        self.codes = memory.allocate("codes", layer.outputs)
        self.weights = memory.allocate("weights", (layer.outputs, layer.padded))
        self.results = memory.allocate("results", 256 * layer.outputs)

    def result(self, layer: Layer, index: int) -> Buffer:
        """Where the outputs of a position go."""
        return self.results.part(index * layer.outputs, (index + 1) * layer.outputs)


Begin = Callable[[str], Program]
Step = Callable[[Layer, Buffers, Begin], Program]

QUEUE_PAIR = LoopBody(
    name="conv_queue_pair",
    text=lines(
        "load a <- p i           @codes",
        "alu v <- a",
        "cm_queue <- v",
        "load b <- p i           @codes+4",
        "alu w <- b",
        "cm_queue <- w",
        "alu q <- i",
        "alu i <- q",
        tail("i"),
    ),
)
DEQUEUE_WORD = LoopBody(
    name="conv_dequeue_word",
    text=lines("cm_dequeue a <-", "store <- a p            @codes", "alu p <- p", tail("p")),
)
QUEUE_LEFT = LoopBody(
    name="conv_queue_left",
    text=lines(
        "load a <- p             @codes",
        "load b <- p             @codes+1",
        "load c <- p             @codes+2",
        numbered("alu a <- a b c", 6),
        "cm_queue <- a",
    ),
)
RELU = LoopBody(
    name="conv_relu",
    text=lines(
        "load q <- p             @codes",
        "fp q <- q zero",
        "store16 <- q p          @codes",
        "alu p <- p",
        tail("p"),
    ),
)
REQUANTISE = LoopBody(
    name="conv_requantise",
    text=lines(
        "load_pair q0 q1 <- p    @sums",
        "load_pair q2 q3 <- p    @sums+32",
        "alu p <- p",
        numbered("fp q% <- q% shift", 4),
        "fp h0 <- q0",
        "fp h1 <- q2",
        "fp h0 <- q1 h0",
        "fp h1 <- q3 h1",
        "fp b <- h0",
        "fp b <- h1 b",
        "fp b <- b zero",
        "store16_post <- b d     @codes",
        tail("p"),
    ),
)
"""The loops of these programs, which the reference's README does not give or gives otherwise. Its
counts at both layers' sizes do: five instructions a word when queueing and dequeueing, none of them
a post-increment, and two lines fetched a word when queueing against four when dequeueing, that is,
one taken branch for two words; six for 16 codes of the ReLU and 17 for 16 sums."""
QUEUE_SET_UP, DEQUEUE_SET_UP, RELU_SET_UP, REQUANTISE_SET_UP, PLACE = (
    Compute(cycles=count, instructions=count) for count in (19, 15, 2, 10, 7)
)
"""What those counts leave over; of a writeback, beside its copy, at the third layer."""


def queue_words(window: Buffer) -> Program:
    """Queue a window by pairs of words; what is left over, three bytes, by itself."""
    batch = queue_batch(window.data)
    pairs, single = divmod(len(batch), 2)
    phases = [Phase(body=QUEUE_PAIR, iterations=pairs, streams={"codes": over(window, 8)})]
    if single:
        last = {"codes": over(window, 4, offset=8 * pairs)}
        phases.append(Phase(body=QUEUE_LEFT, iterations=1, streams=last))
    yield QUEUE_SET_UP
    yield RunCmLoop(phases=phases, batch=batch, wait=False)


def dequeue_words(codes: Buffer) -> Program:
    """Dequeue a position's outputs by words."""
    batch = dequeue_batch(len(codes.data))
    yield DEQUEUE_SET_UP
    loop = Phase(body=DEQUEUE_WORD, iterations=len(batch), streams={"codes": over(codes, 4)})
    yield RunCmLoop(phases=[loop], batch=batch, wait=True)


def relu(codes: Buffer) -> Program:
    """ReLU of a position's outputs."""
    yield RELU_SET_UP
    yield one_loop(RELU, len(codes.data) // VECTOR, codes=over(codes, VECTOR))


def requantise(sums: Buffer, codes: Buffer) -> Program:
    """Turn a position's sums into codes."""
    yield REQUANTISE_SET_UP
    streams = {"sums": over(sums, 4 * VECTOR), "codes": over(codes, VECTOR)}
    yield one_loop(REQUANTISE, len(codes.data) // VECTOR, **streams)


def one_loop(body: LoopBody, iterations: int, **streams: Stream) -> RunLoop:
    """A loop over a body of these programs."""
    return RunLoop(phases=[Phase(body=body, iterations=iterations, streams=streams)])


def analog(packing: Packing) -> Step:
    """One product on the tile per position."""

    def compute(layer: Layer, buffers: Buffers, begin: Begin) -> Program:
        window = buffers.window.part(0, layer.length)
        yield from begin("queue")
        if packing == "word":
            yield from queue_words(window)
        else:
            yield from kernels.queue_vector(window, packing=packing)
        yield from begin("process")
        yield from kernels.process()
        yield from begin("dequeue")
        if packing == "word":
            yield from dequeue_words(buffers.codes)
        else:
            yield from kernels.dequeue_vector(buffers.codes, packing=packing)
        yield from begin("act")
        yield from relu(buffers.codes)

    return compute


def digital(style: str) -> Step:
    """One product by the core per position."""

    def compute(layer: Layer, buffers: Buffers, begin: Begin) -> Program:
        del layer
        yield from begin("mvm")
        yield from kernels.mvm(buffers.weights, buffers.window, buffers.sums, style=style)
        yield from begin("act")
        yield from requantise(buffers.sums, buffers.codes)

    return compute


def convolution(
    layer: Layer, compute: Step, *, region: str | None = None
) -> Callable[[SystemConfig], Measured]:
    """Gather, multiply, activate and write back, per position; or one region of that."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config, tile_ports={0: ReferenceUnits(config)})
        regions = Regions(system, instructions=REGION_INSTRUCTIONS)
        buffers = Buffers(system, layer)

        def begin(name: str) -> Program:
            if region is not None:
                yield from regions.begin(name)

        def program(places: tuple[tuple[int, int], ...], first: int) -> Program:
            for index, (row, column) in enumerate(places):
                yield from begin("im2col")
                yield from kernels.im2col_window(
                    buffers.image,
                    buffers.window,
                    row=row * layer.stride,
                    column=column * layer.stride,
                    kernel=layer.kernel,
                )
                extra = LINE_INSTRUCTIONS * layer.kernel
                yield Compute(cycles=extra, instructions=extra)
                yield from compute(layer, buffers, begin)
                yield from begin("writeback")
                yield PLACE
                yield from kernels.copy(buffers.result(layer, first + index), buffers.codes)
                if region is None:
                    yield POSITION
                else:
                    yield from regions.end()

        image = buffers.image
        system.run({0: play([walk(image.size_bytes, image.address, write=True)])})
        system.run({0: program(layer.warm, 0)})
        measured = program(layer.measured, len(layer.warm))
        count = len(layer.measured)
        if region is None:
            return timed(system, {0: measured}, count)
        regions.forget()
        system.run({0: measured})
        return regions.measured(region, count)

    return execute


def part_of(matrix: Buffer, row: int) -> Buffer:
    """One row of a matrix as a vector."""
    columns = matrix.data.shape[1]
    flat = Buffer(matrix.name, matrix.address, matrix.data.reshape(-1))
    return flat.part(row * columns, (row + 1) * columns)


def blocks(config: SystemConfig) -> Measured:
    """Four positions of the third layer that share each weight row's loads."""
    layer = CONV3
    system = System(config)
    buffers = Buffers(system, layer)
    count = 4
    windows = system.memory.allocate("windows", (count, layer.padded))
    sums = system.memory.allocate("sums", (count, layer.outputs), np.int32)

    def program(first: int) -> Program:
        for number in range(count):
            window = part_of(windows, number)
            yield from kernels.im2col_window(
                buffers.image, window, row=0, column=first + number, kernel=layer.kernel
            )
        yield from kernels.mm(buffers.weights, windows, sums)
        for number in range(count):
            yield from requantise(part_of(sums, number), buffers.codes)
            yield from kernels.copy(buffers.result(layer, first + number), buffers.codes)
            yield POSITION

    image = buffers.image
    system.run({0: play([walk(image.size_bytes, image.address, write=True)])})
    system.run({0: program(0)})
    return timed(system, {0: program(count)}, count)


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


BODIES: dict[Packing, dict[str, str]] = {
    "bytes": {"queue": "cm_queue_aimclib", "dequeue": "cm_dequeue_aimclib"},
    "word": {},
}
PACKINGS: tuple[tuple[Packing, str], ...] = (("bytes", ""), ("word", "_word"))
for number, layer in ((1, CONV1), (3, CONV3)):
    job, sizes = f"conv{number}", {"queue": layer.length, "mvm": layer.outputs * layer.padded}
    for packing, ending in PACKINGS:
        step = analog(packing)
        experiment(
            f"conv_c{number}_ana{ending}_total:total", "applications", convolution(layer, step)
        )
        for part in ("im2col", "queue", "process", "dequeue", "act", "writeback"):
            experiment(
                f"{job}_ana{ending}:{part}",
                "application regions",
                convolution(layer, step, region=part),
                body=BODIES[packing].get(part),
                working_set_bytes=sizes.get(part, layer.outputs),
            )
    experiment(
        f"conv_c{number}_dig_total:total", "applications", convolution(layer, digital("neon4"))
    )
    for part in ("im2col", "mvm", "act", "writeback"):
        experiment(
            f"{job}_dig:{part}",
            "application regions",
            convolution(layer, digital("neon1"), region=part),
            body="mvm_neon1" if part == "mvm" else None,
            working_set_bytes=sizes.get(part, layer.outputs),
        )
experiment("conv3_dig_blk:total", "applications", blocks)
experiment("fc_dig:total", "applications", fully_connected)
