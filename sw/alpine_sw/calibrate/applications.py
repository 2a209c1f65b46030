"""Whole applications of the reference: the multi-layer perceptron, analog and digital."""

from collections.abc import Callable

import numpy as np

from alpine_platform.address_space import Buffer
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Begin, Channel, Compute, Program, Put, Take
from alpine_platform.system import System
from alpine_sw import kernels
from alpine_sw.kernels.cm import Packing

from .experiment import Measured, ReferenceUnits, experiment, play, timed
from .micro import walk

__all__: list[str] = []

SIDE = 1024
COUNT = 10
FLUSH_BYTES = 3 << 20
FLUSH_BASE = 1 << 30


def started(config: SystemConfig, *, tiles: int) -> System:
    """Make a system whose first cores own reference units."""
    return System(config, tile_ports={core: ReferenceUnits(config) for core in range(tiles)})


def inputs_of(system: System, *, cold: bool) -> Buffer:
    """Inputs that were just written, or that only DRAM still holds."""
    inputs = system.memory.allocate("inputs", COUNT * SIDE)
    system.run({0: play([walk(COUNT * SIDE, inputs.address, write=True)])})
    if cold:
        system.run({0: play([walk(FLUSH_BYTES, FLUSH_BASE)])})
    return inputs


def row(buffer: Buffer, index: int) -> Buffer:
    """Vector number `index` of a buffer of vectors."""
    return buffer.part(index * SIDE, (index + 1) * SIDE)


def analog_case1(
    packing: Packing, *, cold: bool, region: str | None = None
) -> Callable[[SystemConfig], Measured]:
    """Both layers in one product: this input's first layer, the previous one's second.

    With a region, only that part of the inference is reported, with the marker instructions that
    the reference's regions include.
    """
    marker = Compute(cycles=25 if region else 0, instructions=17 if region else 0)

    def execute(config: SystemConfig) -> Measured:
        system = started(config, tiles=1)
        codes = system.memory.allocate("codes", 2 * SIDE)
        outputs = system.memory.allocate("outputs", 2 * SIDE)
        results = system.memory.allocate("results", COUNT * SIDE)
        inputs = inputs_of(system, cold=cold)

        def program() -> Program:
            for index in range(COUNT):
                yield Begin("input_load")
                yield marker
                yield from kernels.copy(codes.part(0, SIDE), row(inputs, index))
                yield Begin("queue")
                yield marker
                yield from kernels.queue_vector(codes, packing=packing)
                yield Begin("process")
                yield marker
                yield from kernels.process()
                yield Begin("dequeue")
                yield marker
                yield from kernels.dequeue_vector(outputs, packing=packing)
                yield Begin("act")
                yield marker
                yield from kernels.relu8(outputs.part(0, SIDE))
                yield from kernels.relu8(outputs.part(SIDE, 2 * SIDE))
                yield Begin("writeback")
                yield marker
                yield from kernels.copy(row(results, index), outputs.part(SIDE, 2 * SIDE))

        if region is None:
            return timed(system, {0: program()}, COUNT)
        sections = system.run({0: program()}).cores[0].sections_fs
        cycles = sections[region] / config.core.period_fs / COUNT
        return Measured(cycles=cycles, instructions=float("nan"), llc_misses=0)

    return execute


def analog_case2(packing: Packing, *, cold: bool) -> Callable[[SystemConfig], Measured]:
    """Two products per inference."""

    def execute(config: SystemConfig) -> Measured:
        system = started(config, tiles=1)
        codes = system.memory.allocate("codes", SIDE)
        hidden = system.memory.allocate("hidden", SIDE)
        outputs = system.memory.allocate("outputs", SIDE)
        results = system.memory.allocate("results", COUNT * SIDE)
        inputs = inputs_of(system, cold=cold)

        def program() -> Program:
            for index in range(COUNT):
                yield from kernels.copy(codes, row(inputs, index))
                for source, destination in ((codes, hidden), (hidden, outputs)):
                    yield from kernels.queue_vector(source, packing=packing)
                    yield from kernels.process()
                    yield from kernels.dequeue_vector(destination, packing=packing)
                    yield from kernels.relu8(destination)
                yield from kernels.copy(row(results, index), outputs)

        return timed(system, {0: program()}, COUNT)

    return execute


def analog_case3(
    packing: Packing, *, cold: bool, spinning: bool = False
) -> Callable[[SystemConfig], Measured]:
    """One layer per core, with a double buffer between them."""

    def execute(config: SystemConfig) -> Measured:
        system = started(config, tiles=2)
        channel = Channel("hidden", slots=2, spinning=spinning)
        between = [system.memory.allocate(f"hidden {slot}", SIDE) for slot in range(2)]
        work = [system.memory.allocate(f"work {place}", SIDE) for place in range(4)]
        results = system.memory.allocate("results", COUNT * SIDE)
        inputs = inputs_of(system, cold=cold)

        def layer(source: Buffer, destination: Buffer) -> Program:
            yield from kernels.queue_vector(source, packing=packing)
            yield from kernels.process()
            yield from kernels.dequeue_vector(destination, packing=packing)
            yield from kernels.relu8(destination)

        def first() -> Program:
            for index in range(COUNT):
                yield from kernels.copy(work[0], row(inputs, index))
                yield from layer(work[0], work[1])
                yield from kernels.copy(between[index % 2], work[1])
                yield Put(channel)

        def second() -> Program:
            for index in range(COUNT):
                yield Take(channel)
                yield from kernels.copy(work[2], between[index % 2])
                yield from layer(work[2], work[3])
                yield from kernels.copy(row(results, index), work[3])

        return timed(system, {0: first(), 1: second()}, COUNT)

    return execute


def digital(style: str, count: int) -> Callable[[SystemConfig], Measured]:
    """Both layers on one core."""

    def execute(config: SystemConfig) -> Measured:
        system = started(config, tiles=0)
        memory = system.memory
        weights = [memory.allocate(f"weights {layer}", (SIDE, SIDE)) for layer in range(2)]
        codes = [memory.allocate(f"codes {layer}", SIDE) for layer in range(3)]
        sums = memory.allocate("sums", SIDE, np.int32)
        scratch = memory.allocate("scratch", SIDE, np.int32)
        results = memory.allocate("results", COUNT * SIDE)
        inputs = inputs_of(system, cold=True)

        def program() -> Program:
            for index in range(count):
                yield from kernels.copy(codes[0], row(inputs, index))
                for layer in range(2):
                    yield from kernels.mvm(
                        weights[layer], codes[layer], sums, style=style, scratch=scratch
                    )
                    yield from kernels.requantise(sums, codes[layer + 1], shift=8)
                yield from kernels.copy(row(results, index), codes[2])

        return timed(system, {0: program()}, count)

    return execute


def digital_pipeline(style: str) -> Callable[[SystemConfig], Measured]:
    """One layer per core, with a double buffer between them; filling the pipeline counts."""

    def execute(config: SystemConfig) -> Measured:
        system = started(config, tiles=0)
        memory = system.memory
        channel = Channel("hidden", slots=2)
        weights = [memory.allocate(f"weights {layer}", (SIDE, SIDE)) for layer in range(2)]
        sums = [memory.allocate(f"sums {layer}", SIDE, np.int32) for layer in range(2)]
        between = [memory.allocate(f"hidden {slot}", SIDE) for slot in range(2)]
        work = [memory.allocate(f"work {place}", SIDE) for place in range(4)]
        results = memory.allocate("results", COUNT * SIDE)
        inputs = inputs_of(system, cold=False)

        def layer(place: int, source: Buffer, destination: Buffer) -> Program:
            yield from kernels.mvm(weights[place], source, sums[place], style=style)
            yield from kernels.requantise(sums[place], destination, shift=8)

        def first() -> Program:
            for index in range(COUNT):
                yield from kernels.copy(work[0], row(inputs, index))
                yield from layer(0, work[0], work[1])
                yield from kernels.copy(between[index % 2], work[1])
                yield Put(channel)

        def second() -> Program:
            for index in range(COUNT):
                yield Take(channel)
                yield from kernels.copy(work[2], between[index % 2])
                yield from layer(1, work[2], work[3])
                yield from kernels.copy(row(results, index), work[3])

        return timed(system, {0: first(), 1: second()}, COUNT)

    return execute


PACKINGS: tuple[tuple[Packing, str], ...] = (("bytes", ""), ("word", "_word"))
REGIONS: tuple[tuple[Packing, str, str], ...] = (
    ("bytes", "mlp_ana1_cold_sub", "aimclib"),
    ("word", "mlp_ana1_word_cold_sub", "word"),
)
for packing, suffix in PACKINGS:
    for cold, ending in ((False, ""), (True, "_cold")):
        experiment(
            f"mlp_ana1{suffix}{ending}:total", "applications", analog_case1(packing, cold=cold)
        )
        experiment(
            f"mlp_ana2{suffix}{ending}:total", "applications", analog_case2(packing, cold=cold)
        )
for packing, job, software in REGIONS:
    for region in ("input_load", "queue", "process", "dequeue", "act", "writeback"):
        loop = f"cm_{region}_{software}" if region.endswith("queue") else None
        experiment(
            f"{job}:{region}",
            "application regions",
            analog_case1(packing, cold=True, region=region),
            body=loop,
            working_set_bytes=2 * SIDE,
        )
experiment("mlp_ana3:total", "applications", analog_case3("bytes", cold=False))
experiment("mlp_ana3_cold:total", "applications", analog_case3("bytes", cold=True))
experiment("mlp_ana3_word:total", "applications", analog_case3("word", cold=True))
experiment("mlp_ana3spin:total", "applications", analog_case3("bytes", cold=False, spinning=True))
for name, style, count in (
    ("mlp_dig_neon1", "neon1", 4),
    ("mlp_dig_neon4", "neon4", 10),
    ("mlp_dig_ei8r", "eigen_i8row", 10),
    ("mlp_dig_ei8", "eigen_i8col", 2),
    ("mlp_dig_ecast", "eigen_castcol", 1),
    ("mlp_dig_ecastr", "eigen_castrow", 2),
):
    experiment(f"{name}:total", "applications", digital(style, count))
experiment("mlp_dig2:total", "applications", digital_pipeline("neon4"))
experiment("mlp_dig2_neon1:total", "applications", digital_pipeline("neon1"))
