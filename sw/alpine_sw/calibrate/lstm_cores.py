"""The reference's long short-term memory on two and five cores, analog and digital."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from alpine_platform.address_space import AddressSpace, Buffer
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Channel, Program, Put, Take
from alpine_platform.system import System
from alpine_sw import kernels
from alpine_sw.ping_pong import PingPong

from .experiment import Measured, ReferenceUnits, experiment, play, timed
from .lstm import CHARACTERS, LOAD, WARM
from .micro import walk

__all__: list[str] = []

COUNT = 10
VECTOR = 16


class Reused(AddressSpace):
    """Memory that gives a program's second run the buffers of its first.

    Parameters
    ----------
    space : where buffers lie.
    """

    def __init__(self, space: AddressSpace) -> None:
        super().__init__()
        self._space = space
        self._known: dict[tuple[str, int], Buffer] = {}
        self._seen: Counter[str] = Counter()

    def again(self) -> None:
        """Begin the next run."""
        self._seen.clear()

    def allocate(
        self,
        name: str,
        shape: int | tuple[int, ...],
        dtype: npt.DTypeLike = np.int8,
        *,
        align_bytes: int = 64,
    ) -> Buffer:
        """Return the buffer that the run before had, or a new one."""
        self._seen[name] += 1
        key = name, self._seen[name]
        if key not in self._known:
            self._known[key] = self._space.allocate(name, shape, dtype, align_bytes=align_bytes)
        return self._known[key]

    def place(
        self,
        name: str,
        data: npt.NDArray[Any],
        *,
        address: int | None = None,
        align_bytes: int = 64,
    ) -> Buffer:
        """Return the same with an array's values."""
        del address
        buffer = self.allocate(name, data.shape, data.dtype, align_bytes=align_bytes)
        buffer.data[:] = data
        return buffer


class Product(Protocol):
    """A layer's matrix product on float32 vectors."""

    def run(self, values: Buffer, results: Buffer) -> Program:
        """Multiply a vector."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Analog:
    """A layer through the core's tile."""

    def run(self, values: Buffer, results: Buffer) -> Program:
        """Queue, process, dequeue."""
        yield from kernels.queue_floats(values, scale=1.0)
        yield from kernels.process()
        yield from kernels.dequeue_floats(results, scale=1.0)


class Digital:
    """A layer as an int8 product.

    Parameters
    ----------
    space : where weights, codes and sums lie.
    outputs, inputs : of the layer.
    """

    def __init__(self, space: AddressSpace, outputs: int, inputs: int) -> None:
        padded = -(-inputs // VECTOR) * VECTOR
        self._weights = space.allocate("weights", (outputs, padded))
        self._codes = space.allocate("codes", padded)
        self._sums = space.allocate("sums", outputs, np.int32)

    def run(self, values: Buffer, results: Buffer) -> Program:
        """Quantise, multiply, turn sums into values."""
        yield from kernels.quantise(values, self._codes.part(0, len(values.data)), scale=1.0)
        yield from kernels.mvm(self._weights, self._codes, self._sums, style="neon4")
        yield from kernels.dequantise_sums(self._sums, results, scale=1.0)


class SpinningPingPong(PingPong):
    """The same hand-over with atomic counters, at which the waiting cores spin.

    Parameters
    ----------
    space, name, size, producers, consumers, dtype : as of `PingPong`.
    """

    def __init__(
        self,
        space: AddressSpace,
        *,
        name: str,
        size: int,
        producers: list[int],
        consumers: int,
        dtype: npt.DTypeLike,
    ) -> None:
        super().__init__(
            space, name=name, size=size, producers=producers, consumers=consumers, dtype=dtype
        )
        self._counters = [
            [Channel(f"{name} {p} to {c}", spinning=True) for c in range(consumers)]
            for p in range(len(producers))
        ]

    def put(self, producer: int = 0) -> Program:
        """Declare the producer's share filled."""
        self._put[producer] += 1
        for counter in self._counters[producer]:
            yield Put(counter)

    def free_part(self, producer: int = 0) -> Program:
        """Return the producer's share of the next slot; `put` waits until it is free."""
        yield from ()
        return self._share(producer)

    def full_slot(self, consumer: int = 0) -> Program:
        """Wait for a slot that all producers have filled and return it."""
        for counters in self._counters:
            yield Take(counters[consumer])
        return self._slots[self._taken[consumer] % len(self._slots)]

    def take(self, consumer: int = 0) -> Program:
        """Declare the slot read by this consumer."""
        yield from ()
        self._taken[consumer] += 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Memory of some inferences.

    Members
    -------
    space : where each core's buffers lie.
    units : of the whole cell.
    inputs, outputs : of these inferences.
    """

    space: AddressSpace
    units: int
    inputs: list[Buffer]
    outputs: list[Buffer]

    def floats(self, name: str, size: int) -> Buffer:
        """A buffer of a core."""
        return self.space.allocate(name, size, np.float32)


def cell_core(run: Run, product: Product, channel: PingPong, core: int, share: int) -> Program:
    """Compute a share of the units of every h and put them into the channel."""
    state = run.floats("h and x", run.units + CHARACTERS)
    h_before, x = state.part(0, run.units), state.part(run.units, run.units + CHARACTERS)
    gates = run.floats("gates", 4 * share)
    h, memory, squashed = (run.floats(name, share) for name in ("h", "c", "tanh c"))
    first = run.floats("first h", run.units)
    gate = [gates.part(number * share, (number + 1) * share) for number in range(4)]
    alone = share == run.units
    for index, vector in enumerate(run.inputs):
        yield LOAD
        if alone:
            yield from kernels.copy(h_before, h)
        elif index == 0:
            yield from kernels.copy(h_before, first)
        else:
            whole = yield from channel.full_slot(core)
            yield from kernels.copy(h_before, whole)
            yield from channel.take(core)
        yield from kernels.copy(x, vector, style="inline")
        yield from product.run(state, gates)
        for number in range(3):
            yield from kernels.sigmoid(gate[number], gate[number])
        yield from kernels.tanh(gate[3], gate[3])
        yield from kernels.cell_update(gate[1], memory, gate[0], gate[3])
        yield from kernels.tanh(memory, squashed)
        yield from kernels.vector_multiply(gate[2], squashed, h)
        place = yield from channel.free_part(core)
        yield from kernels.copy(place, h)
        yield from channel.put(core)


def dense_core(run: Run, product: Product, channel: PingPong, consumer: int) -> Program:
    """Take every h from the channel and compute the probabilities."""
    h, logits = run.floats("h", run.units), run.floats("logits", CHARACTERS)
    for output in run.outputs:
        whole = yield from channel.full_slot(consumer)
        yield from kernels.copy(h, whole)
        yield from channel.take(consumer)
        yield from product.run(h, logits)
        yield from kernels.softmax(logits, logits)
        yield from kernels.copy(output, logits, style="inline")


def several(
    units: int, cells: int, *, analog: bool, spinning: bool = False
) -> Callable[[SystemConfig], Measured]:
    """The cell over some cores, the dense layer on one more; core 0 spins until all have ended."""

    def execute(config: SystemConfig) -> Measured:
        system = System(
            config, tile_ports={core: ReferenceUnits(config) for core in range(cells + 1)}
        )
        space = Reused(system.memory)
        shares = [units // cells + (core < units % cells) for core in range(cells)]
        inputs = space.allocate("inputs", (COUNT + WARM) * CHARACTERS, np.float32)
        outputs = [
            space.allocate(f"output {index}", CHARACTERS, np.float32)
            for index in range(COUNT + WARM)
        ]
        system.run({0: play([walk(inputs.size_bytes, inputs.address, write=True)])})
        products: list[Product] = [Analog() for _ in range(cells + 1)]
        if not analog:
            products = [Digital(space, 4 * part, units + CHARACTERS) for part in shares]
            products.append(Digital(space, CHARACTERS, units))

        def programs(inferences: range) -> dict[int, Program]:
            space.again()
            run = Run(
                space=space,
                units=units,
                inputs=[inputs.part(i * CHARACTERS, (i + 1) * CHARACTERS) for i in inferences],
                outputs=[outputs[index] for index in inferences],
            )
            kind = SpinningPingPong if spinning else PingPong
            readers = cells if cells > 1 else 0
            channel = kind(
                space,
                name="h channel",
                size=units,
                producers=shares,
                consumers=readers + 1,
                dtype=np.float32,
            )
            ended = Channel("ended", spinning=True, slots=cells)
            made = {
                core: cell_core(run, products[core], channel, core, share)
                for core, share in enumerate(shares)
            }
            made[cells] = dense_core(run, products[cells], channel, readers)
            return {core: joined(program, core, ended, cells) for core, program in made.items()}

        system.run(programs(range(WARM)))
        return timed(system, programs(range(WARM, WARM + COUNT)), COUNT)

    return execute


def joined(program: Program, core: int, ended: Channel, others: int) -> Program:
    """Let the first core spin until every other core's program has ended."""
    yield from program
    if core:
        yield Put(ended)
    else:
        for _ in range(others):
            yield Take(ended)


for units in (256, 750):
    experiment(f"lstm{units}_ana3:total", "applications", several(units, 1, analog=True))
    experiment(f"lstm{units}_ana4:total", "applications", several(units, 4, analog=True))
    experiment(
        f"lstm{units}_ana4spin:total",
        "applications",
        several(units, 4, analog=True, spinning=True),
    )
    experiment(f"lstm{units}_dig2:total", "applications", several(units, 1, analog=False))
    experiment(f"lstm{units}_dig5:total", "applications", several(units, 4, analog=False))
