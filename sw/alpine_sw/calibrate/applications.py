"""Whole applications of the reference: the multi-layer perceptron, analog and digital.

As in the reference, inferences that are not measured come first, on inputs of their own.
"""

from collections.abc import Callable, Mapping

import numpy as np

from alpine_platform.address_space import Buffer
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Channel, Compute, Program, Put, Take
from alpine_platform.system import System
from alpine_sw import kernels
from alpine_sw.kernels.cm import Packing

from .experiment import Measured, ReferenceUnits, Regions, experiment, placed, play, timed
from .micro import walk

__all__: list[str] = []

SIDE = 1024
COUNT = 10
WARM = 1
FLUSH_BYTES = 3 << 20
FLUSH_BASE = 1 << 30

LOAD = Compute(cycles=33, instructions=20)
"""Start of an inference: what input_load's counts hold beyond writeback's, which copy as much."""

Programs = Callable[[range], Mapping[int, Program]]
"""What each core does for the inferences of a range."""


class Inferences:
    """A system with tiles on its first cores, inputs and results of all inferences.

    Parameters
    ----------
    config : the system.
    tiles : how many cores own reference units.
    cold : only DRAM holds the inputs.
    regions : whether markers delimit regions.
    """

    def __init__(
        self, config: SystemConfig, *, tiles: int, cold: bool, regions: bool = False
    ) -> None:
        self.system = System(
            config, tile_ports={core: ReferenceUnits(config) for core in range(tiles)}
        )
        self.memory = self.system.memory
        self.regions = Regions(self.system) if regions else None
        self._inputs = self.memory.allocate("inputs", (COUNT + WARM) * SIDE)
        self._results = self.memory.allocate("results", (COUNT + WARM) * SIDE)
        size, start = self._inputs.size_bytes, self._inputs.address
        self.system.run({0: play([walk(size, start, write=True)])})
        if cold:
            self.system.run({0: play([walk(FLUSH_BYTES, FLUSH_BASE)])})

    def vectors(self, name: str, count: int) -> list[Buffer]:
        """Working vectors of one layer's width."""
        return [self.memory.allocate(f"{name} {index}", SIDE) for index in range(count)]

    def begin(self, name: str) -> Program:
        """Begin one of the reference's regions, where they are measured."""
        if self.regions is not None:
            yield from self.regions.begin(name)

    def load(self, destination: Buffer, index: int) -> Program:
        """Copy an inference's input."""
        yield from self.begin("input_load")
        yield LOAD
        yield from kernels.copy(destination, self._inputs.part(index * SIDE, (index + 1) * SIDE))

    def store(self, index: int, source: Buffer) -> Program:
        """Copy an inference's result."""
        yield from self.begin("writeback")
        yield from kernels.copy(self._results.part(index * SIDE, (index + 1) * SIDE), source)

    def analog_layer(self, source: Buffer, destination: Buffer, packing: Packing) -> Program:
        """Queue, product, dequeue, ReLU."""
        yield from self.begin("queue")
        yield from kernels.queue_vector(source, packing=packing)
        yield from self.begin("process")
        yield from kernels.process()
        yield from self.begin("dequeue")
        yield from kernels.dequeue_vector(destination, packing=packing)
        yield from self.begin("act")
        yield from kernels.relu8(destination)

    def measured(
        self, programs: Programs, count: int, *, region: str | None, per_inference: int = 1
    ) -> Measured:
        """Warm up, then measure so many inferences, or one region of them."""
        self.system.run(programs(range(WARM)))
        inferences = range(WARM, WARM + count)
        if region is None or self.regions is None:
            return timed(self.system, programs(inferences), count)
        self.regions.forget()
        self.system.run(programs(inferences))
        return self.regions.measured(region, count * per_inference)


Execute = Callable[[SystemConfig], Measured]


def analog_case1(packing: Packing, *, cold: bool, region: str | None = None) -> Execute:
    """Both layers in one product: this input's first layer, the previous one's second."""

    def execute(config: SystemConfig) -> Measured:
        run = Inferences(config, tiles=1, cold=cold, regions=region is not None)
        codes = run.memory.allocate("codes", 2 * SIDE)
        outputs = run.memory.allocate("outputs", 2 * SIDE)

        def program(inferences: range) -> Program:
            for index in inferences:
                yield from run.load(codes.part(0, SIDE), index)
                yield from run.begin("queue")
                yield from kernels.queue_vector(codes, packing=packing)
                yield from run.begin("process")
                yield from kernels.process()
                yield from run.begin("dequeue")
                yield from kernels.dequeue_vector(outputs, packing=packing)
                yield from run.begin("act")
                yield from kernels.relu8(outputs.part(0, SIDE))
                yield from kernels.relu8(outputs.part(SIDE, 2 * SIDE))
                yield from run.store(index, outputs.part(SIDE, 2 * SIDE))
            if run.regions is not None:
                yield from run.regions.end()

        return run.measured(lambda inferences: {0: program(inferences)}, COUNT, region=region)

    return execute


def analog_case2(packing: Packing, *, cold: bool, region: str | None = None) -> Execute:
    """Two products per inference; regions of a layer count per layer."""

    def execute(config: SystemConfig) -> Measured:
        run = Inferences(config, tiles=1, cold=cold, regions=region is not None)
        codes, hidden, outputs = run.vectors("vector", 3)

        def program(inferences: range) -> Program:
            for index in inferences:
                yield from run.load(codes, index)
                yield from run.analog_layer(codes, hidden, packing)
                yield from run.analog_layer(hidden, outputs, packing)
                yield from run.store(index, outputs)
            if run.regions is not None:
                yield from run.regions.end()

        return run.measured(
            lambda inferences: {0: program(inferences)},
            COUNT,
            region=region,
            per_inference=1 if region in ("input_load", "writeback") else 2,
        )

    return execute


Layer = Callable[[Inferences, int, Buffer, Buffer], Program]


def pipeline(prepare: Callable[[Inferences], Layer], *, cold: bool, spinning: bool) -> Execute:
    """One layer per core, with a double buffer between them; filling the pipeline counts.

    The first core spins until the second has ended: the reference's instruction counts show it.
    """

    def execute(config: SystemConfig) -> Measured:
        run = Inferences(config, tiles=2, cold=cold)
        channel = Channel("hidden", slots=2, spinning=spinning)
        ended = Channel("ended", spinning=True)
        between = run.vectors("hidden", 2)
        work = run.vectors("work", 4)
        layer = prepare(run)

        def first(inferences: range) -> Program:
            for index in inferences:
                yield from run.load(work[0], index)
                yield from layer(run, 0, work[0], work[1])
                yield from kernels.copy(between[index % 2], work[1])
                yield Put(channel)
            yield Take(ended)

        def second(inferences: range) -> Program:
            for index in inferences:
                yield Take(channel)
                yield from kernels.copy(work[2], between[index % 2])
                yield from layer(run, 1, work[2], work[3])
                yield from run.store(index, work[3])
            yield Put(ended)

        return run.measured(
            lambda inferences: {0: first(inferences), 1: second(inferences)}, COUNT, region=None
        )

    return execute


def analog_case3(packing: Packing, *, cold: bool, spinning: bool = False) -> Execute:
    """One analog layer per core."""

    def layer(run: Inferences, place: int, source: Buffer, destination: Buffer) -> Program:
        del place
        yield from run.analog_layer(source, destination, packing)

    return pipeline(lambda run: layer, cold=cold, spinning=spinning)


class DigitalLayers:
    """Weights and sums of both layers.

    Parameters
    ----------
    run : where they are allocated.
    style : of the products.
    """

    def __init__(self, run: Inferences, style: str) -> None:
        self._style = style
        places = range(2)
        # Before the weights: only so do they leave the L2 as the reference's act1 and act2 say.
        self._scratch = run.memory.allocate("scratch", SIDE, np.int32)
        self._sums = [run.memory.allocate(f"sums {place}", SIDE, np.int32) for place in places]
        self._weights = [run.memory.allocate(f"weights {place}", (SIDE, SIDE)) for place in places]

    def layer(self, run: Inferences, place: int, source: Buffer, destination: Buffer) -> Program:
        """Product, requantisation with ReLU."""
        yield from run.begin(f"mvm{place + 1}")
        yield from kernels.mvm(
            self._weights[place],
            source,
            self._sums[place],
            style=self._style,
            scratch=self._scratch,
        )
        yield from run.begin(f"act{place + 1}")
        yield from kernels.requantise(self._sums[place], destination, shift=8)


def digital(style: str, count: int, *, region: str | None = None) -> Execute:
    """Both layers on one core."""

    def execute(config: SystemConfig) -> Measured:
        run = Inferences(config, tiles=0, cold=True, regions=region is not None)
        codes = run.vectors("codes", 3)
        layers = DigitalLayers(run, style)

        def program(inferences: range) -> Program:
            for index in inferences:
                yield from run.load(codes[0], index)
                for place in range(2):
                    yield from layers.layer(run, place, codes[place], codes[place + 1])
                yield from run.store(index, codes[2])
            if run.regions is not None:
                yield from run.regions.end()

        return run.measured(lambda inferences: {0: program(inferences)}, count, region=region)

    return execute


def digital_pipeline(style: str) -> Execute:
    """One digital layer per core."""
    return pipeline(lambda run: DigitalLayers(run, style).layer, cold=False, spinning=False)


def enter_regions(
    job: str,
    names: tuple[str, ...],
    run: Callable[[str], Execute],
    bodies: Mapping[str, str],
    working_set_bytes: int,
) -> None:
    """Enter the regions of a job, with the loop bodies that some of them consist of."""
    for name in names:
        experiment(
            f"{job}:{name}",
            "application regions",
            run(name),
            body=bodies.get(name),
            working_set_bytes=working_set_bytes,
        )


ANALOG = ("input_load", "queue", "process", "dequeue", "act", "writeback")


ACROSS_LINES = ("mlp_ana1_word:total", "mlp_ana2_word:total", "mlp_ana2_word_sub:dequeue")
"""Runs whose dequeue loop of words lies in two fetch lines: the region fetches 4.1 lines a word,
the totals 4506 to 4512 an inference, against 3.1 a word and 4108 an inference where it does not."""


def as_fetched(name: str, run: Execute) -> Execute:
    """Place the word loop of a run as its fetches say."""
    if name not in ACROSS_LINES:
        return run

    def execute(config: SystemConfig) -> Measured:
        with placed("cm_dequeue_word", 56):
            return run(config)

    return execute


BODIES: dict[Packing, dict[str, str]] = {
    "bytes": {"queue": "cm_queue_aimclib", "dequeue": "cm_dequeue_aimclib", "act": "relu8_neon"},
    "word": {"queue": "cm_queue_word", "dequeue": "cm_dequeue_word", "act": "relu8_neon"},
}
PACKINGS: tuple[tuple[Packing, str], ...] = (("bytes", ""), ("word", "_word"))
for packing, suffix in PACKINGS:
    for cold, ending in ((False, ""), (True, "_cold")):
        for case, run, size in (("ana1", analog_case1, 2 * SIDE), ("ana2", analog_case2, SIDE)):
            job = f"mlp_{case}{suffix}{ending}"
            whole = f"{job}:total"
            experiment(whole, "applications", as_fetched(whole, run(packing, cold=cold)))
            enter_regions(
                f"{job}_sub",
                ANALOG,
                lambda name, run=run, packing=packing, cold=cold, job=job: as_fetched(
                    f"{job}_sub:{name}", run(packing, cold=cold, region=name)
                ),
                BODIES[packing],
                size,
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
enter_regions(
    "mlp_dig_neon4_sub",
    ("input_load", "mvm1", "act1", "mvm2", "act2", "writeback"),
    lambda name: digital("neon4", 2, region=name),
    {"mvm1": "mvm_neon4", "mvm2": "mvm_neon4"},
    SIDE**2,
)
experiment("mlp_dig2:total", "applications", digital_pipeline("neon4"))
experiment("mlp_dig2_neon1:total", "applications", digital_pipeline("neon1"))
