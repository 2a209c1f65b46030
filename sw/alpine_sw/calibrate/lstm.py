"""The reference's long short-term memory: the library's own programs, whole and by region."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from alpine_platform.address_space import AddressSpace, Buffer
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Begin, Channel, Compute, Program, Put, Take
from alpine_platform.system import System
from alpine_sw import kernels
from alpine_sw.aimclib import section
from alpine_sw.lstm import analog_lstm, digital_lstm
from alpine_sw.lstm_programs import LstmMemory
from alpine_sw.networks.lstm import LstmNetwork
from alpine_sw.ping_pong import PingPong
from alpine_sw.texts import ONE_HOT_WIDTH
from alpine_sw.workloads import Workload

from .experiment import Measured, ReferenceUnits, Regions, experiment, play, timed
from .layout import Layout
from .micro import walk

__all__: list[str] = []

COUNT = 10
VECTOR = 16
WARM = 1
"""Inferences before the measured ones: with 256 units the weights stay in L2."""
REGION_INSTRUCTIONS = 17
"""Of a region's markers here: what the process regions hold besides their one CM instruction."""
LOAD = Compute(cycles=53, instructions=32)
"""Start of an inference: what input_load's counts hold besides its copies, at both sizes."""
PLACE = Compute(cycles=3, instructions=3)
"""Address of an output, by the counts of writeback."""

REGIONS = {
    "input load": "input_load",
    "cell queue": "queue",
    "analog process": "process",
    "cell dequeue": "dequeue",
    "cell quantisation": "quant",
    "cell product": "mvm",
    "cell dequantisation": "dequant",
    "cell activation": "gate_act",
    "gate combination": "gate_comb",
    "dense queue": "dense_queue",
    "dense dequeue": "dense_dequeue",
    "dense quantisation": "dense",
    "dense product": "dense",
    "dense dequantisation": "dense",
    "softmax": "softmax",
    "output writeback": "writeback",
}
"""Sections of the library's programs -> regions of the reference's on one core."""


def network(units: int) -> LstmNetwork:
    """A network of a size; its weights do not matter to the time."""
    gates, width = 4 * units, units + ONE_HOT_WIDTH
    return LstmNetwork(
        name=f"{units} units",
        cell_weights=np.zeros((gates, width), np.int8),
        cell_lsb=np.ones(gates, np.float32),
        gate_scale=1.0,
        dense_weights=np.zeros((ONE_HOT_WIDTH, units), np.int8),
        dense_lsb=np.ones(ONE_HOT_WIDTH, np.float32),
        logit_scale=1.0,
    )


class SpinningPingPong(PingPong):
    """The same hand-over with atomic counters, at which the waiting cores spin.

    Parameters
    ----------
    space, name, size, producers, consumers, slots, dtype : as of `PingPong`.
    """

    def __init__(
        self,
        space: AddressSpace,
        *,
        name: str,
        size: int,
        producers: int | Sequence[int] = 1,
        consumers: int = 1,
        slots: int = 2,
        dtype: npt.DTypeLike = "int8",
    ) -> None:
        super().__init__(
            space,
            name=name,
            size=size,
            producers=producers,
            consumers=consumers,
            slots=slots,
            dtype=dtype,
        )
        self._counters = [
            [Channel(f"{name} {p} to {c}", slots=slots, spinning=True) for c in range(consumers)]
            for p in range(len(self._put))
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


class ReferenceLayer:
    """A digital layer as the reference has it: sums become values at once, not by way of codes.

    Both layers read vectors of the width of [h, x].

    Parameters
    ----------
    memory, layer, name, scale, style : as of `alpine_sw.lstm.DigitalLayer`.
    """

    def __init__(
        self,
        memory: LstmMemory,
        layer: tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]],
        name: str,
        scale: float,
        style: str,
    ) -> None:
        outputs = len(layer[0])
        width = -(-(memory.hidden + ONE_HOT_WIDTH) // VECTOR) * VECTOR
        self._weights = memory.space.allocate(f"{name} weights", (outputs, width))
        self._codes = memory.space.allocate(f"{name} layer codes", width)
        self._sums = memory.space.allocate(f"{name} layer sums", outputs, np.int32)
        self._name, self._scale, self._style = name, scale, style

    def run(self, values: Buffer, results: Buffer) -> Program:
        """Quantise, multiply, dequantise."""
        codes = self._codes.part(0, len(values.data))
        yield from section(f"{self._name} quantisation", kernels.quantise(values, codes, scale=1.0))
        yield from section(
            f"{self._name} product",
            kernels.mvm(self._weights, self._codes, self._sums, style=self._style),
        )
        yield from section(
            f"{self._name} dequantisation",
            kernels.dequantise_sums(self._sums, results, scale=self._scale),
        )


def as_counted(program: Program, regions: Regions | None, *, reads: bool = True) -> Program:
    """Run a program with the instructions that the reference's counts hold besides.

    Begin the reference's regions where the program's sections begin, if they are measured.
    """
    result, region = None, ""
    while True:
        try:
            operation = program.send(result)
        except StopIteration:
            break
        result = yield operation
        if not isinstance(operation, Begin):
            continue
        before, region = region, REGIONS.get(operation.name, "")
        if region == "process" and before == "dense_queue":
            region = "dense_process"
        if regions is not None and region != before:
            yield from regions.begin(region)
        if region == "input_load" and reads:
            yield LOAD
        if region == "writeback":
            yield PLACE
    if regions is not None:
        yield from regions.end()


def joined(program: Program, core: int, ended: Channel, others: int) -> Program:
    """Let the first core spin until every other core's program has ended."""
    yield from program
    if core:
        yield Put(ended)
    else:
        for _ in range(others):
            yield Take(ended)


def lstm(
    workload: Callable[[], Workload], cores: int, count: int, *, region: str | None = None
) -> Callable[[SystemConfig], Measured]:
    """So many characters, after a warm-up; of one region only, if named."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config, tile_ports={core: ReferenceUnits(config) for core in range(cores)})
        space = system.memory = Layout(system.memory)
        regions = Regions(system, instructions=REGION_INSTRUCTIONS)
        programs = workload().programs

        def counted(steps: int) -> Mapping[int, Program]:
            space.again()
            inputs = np.zeros((steps, ONE_HOT_WIDTH), np.int8)
            ended = Channel("ended", spinning=True, slots=cores)
            _, parts = programs(system, inputs, lambda: None)
            return {
                core: joined(
                    as_counted(
                        part,
                        None if region is None else regions,
                        reads=core + 1 < cores or cores == 1,
                    ),
                    core,
                    ended,
                    cores - 1,
                )
                for core, part in parts.items()
            }

        measured = counted(count)
        inputs = space.named("inputs")
        system.run({0: play([walk(inputs.size_bytes, inputs.address, write=True)])})
        system.run(counted(WARM))
        space.again()
        if region is None:
            return timed(system, measured, count)
        regions.forget()
        system.run(measured)
        return regions.measured(region, count)

    return execute


def analog(units: int, case: int, *, libm: bool = False, spinning: bool = False):
    """The network on tiles."""
    return lambda: analog_lstm(
        network(units),
        case=case,
        activations="libm" if libm else "eigen",
        buffers=SpinningPingPong if spinning else PingPong,
    )


def digital(units: int, cores: int, style: str):
    """The network as int8 products by the cores."""
    return lambda: digital_lstm(network(units), cores=cores, style=style, layer=ReferenceLayer)


SHARED = ("input_load", "gate_act", "gate_comb", "softmax", "writeback")
ANALOG = ("queue", "process", "dequeue", "dense_queue", "dense_process", "dense_dequeue")
DIGITAL = ("quant", "mvm", "dequant", "dense")
BODIES = {
    "queue": "cm_queue_f32",
    "dequeue": "cm_dequeue_f32",
    "dense_queue": "cm_queue_f32",
    "dense_dequeue": "cm_dequeue_f32",
}


def enter_totals(units: int) -> None:
    """Enter the whole runs of a network."""
    for name, workload, cores, count in (
        ("ana_tot", analog(units, 2), 1, COUNT),
        ("ana1", analog(units, 1), 1, COUNT),
        ("dig_tot", digital(units, 1, "neon4"), 1, COUNT),
        ("dig_totei8r", digital(units, 1, "eigen_i8row"), 1, 5),
        ("dig_neon1", digital(units, 1, "neon1"), 1, 5),
        ("ana3", analog(units, 3), 2, COUNT),
        ("ana4", analog(units, 4), 5, COUNT),
        ("ana4spin", analog(units, 4, spinning=True), 5, COUNT),
        ("dig2", digital(units, 2, "neon4"), 2, COUNT),
        ("dig5", digital(units, 5, "neon4"), 5, COUNT),
    ):
        experiment(f"lstm{units}_{name}:total", "applications", lstm(workload, cores, count))


def enter_regions(units: int) -> None:
    """Enter the regions of the runs on one core."""
    for libm, job in ((False, "ana"), (True, "ana_libm")):
        for region in (*SHARED, *ANALOG):
            experiment(
                f"lstm{units}_{job}:{region}",
                "application regions",
                lstm(analog(units, 2, libm=libm), 1, COUNT, region=region),
                body=None if libm else BODIES.get(region),
                working_set_bytes=4 * units,
            )
    for region in (*SHARED, *DIGITAL):
        experiment(
            f"lstm{units}_dig:{region}",
            "application regions",
            lstm(digital(units, 1, "neon1"), 1, 5 if units == 256 else 2, region=region),
            body="mvm_neon1" if region == "mvm" else None,
            working_set_bytes=4 * units * (-(-(units + ONE_HOT_WIDTH) // VECTOR) * VECTOR),
        )


for size in (256, 750):
    enter_totals(size)
    enter_regions(size)
