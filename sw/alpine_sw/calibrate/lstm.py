"""The reference's long short-term memory on one core, analog and digital, whole and by region."""

from collections.abc import Callable

import numpy as np

from alpine_platform.address_space import Buffer
from alpine_platform.config import SystemConfig
from alpine_platform.operations import Compute, Program
from alpine_platform.system import System
from alpine_sw import kernels

from .experiment import Measured, ReferenceUnits, Regions, experiment, play, timed
from .micro import walk

__all__: list[str] = []

CHARACTERS = 50
WARM = 1
"""Inferences before the measured ones: with 256 units the weights stay in L2."""
REGION_INSTRUCTIONS = 17
"""Of a region's markers here: what the process regions hold besides their one CM instruction."""
LOAD = Compute(cycles=53, instructions=32)
"""Start of an inference: what input_load's counts hold besides its copies, at both sizes."""
PLACE = Compute(cycles=3, instructions=3)
"""Address of an output, by the counts of writeback."""
APART = 192 * 1024
"""Between the small buffers and the digital weights. The reference's layout is not given; on lp its
misses say that weights and small buffers share sets of the 2-way L2, of whose ways each is 256 kB:
328 kB of weights fill both ways of the sets that lie 0 to 72 kB behind their start."""


class Cell:
    """Memory of a network with so many units, and the steps that both variants share."""

    def __init__(self, system: System, units: int, count: int, regions: Regions | None) -> None:
        floats = system.memory.allocate
        self.units = units
        self.count = count
        self.regions = regions
        self.inputs = floats("inputs", (count + WARM) * CHARACTERS, np.float32)
        self.state = floats("h and x", units + CHARACTERS, np.float32)
        self.hidden = floats("h", units, np.float32)
        self.memory = floats("c", units, np.float32)
        self.squashed = floats("tanh c", units, np.float32)
        self.gates = floats("gates", 4 * units, np.float32)
        self.logits = floats("logits", CHARACTERS, np.float32)
        self.outputs = [
            floats(f"output {index}", CHARACTERS, np.float32) for index in range(count + WARM)
        ]
        size, start = self.inputs.size_bytes, self.inputs.address
        system.run({0: play([walk(size, start, write=True)])})

    def region(self, name: str, *steps: Program) -> Program:
        """Run steps as one of the reference's regions."""
        if self.regions is not None:
            yield from self.regions.begin(name)
        for step in steps:
            yield from step

    def character(self, index: int) -> Buffer:
        """Input vector of an inference."""
        return self.inputs.part(index * CHARACTERS, (index + 1) * CHARACTERS)

    def gate(self, number: int) -> Buffer:
        """Input, forget, output gate or candidate."""
        return self.gates.part(number * self.units, (number + 1) * self.units)

    def load(self, index: int) -> Program:
        """Place h and x beside each other."""
        yield from self.region(
            "input_load",
            play([LOAD]),
            kernels.copy(self.state.part(0, self.units), self.hidden),
            kernels.copy(
                self.state.part(self.units, self.units + CHARACTERS),
                self.character(index),
                style="inline",
            ),
        )

    def combine(self) -> Program:
        """Activate the gates and update c and h."""
        squash = [kernels.sigmoid(self.gate(gate), self.gate(gate)) for gate in range(3)]
        yield from self.region("gate_act", *squash, kernels.tanh(self.gate(3), self.gate(3)))
        yield from self.region(
            "gate_comb",
            kernels.cell_update(self.gate(1), self.memory, self.gate(0), self.gate(3)),
            kernels.tanh(self.memory, self.squashed),
            kernels.vector_multiply(self.gate(2), self.squashed, self.hidden),
        )

    def finish(self, index: int) -> Program:
        """Turn the logits into probabilities and store them."""
        yield from self.region("softmax", kernels.softmax(self.logits, self.logits))
        yield from self.region(
            "writeback",
            play([PLACE]),
            kernels.copy(self.outputs[index], self.logits, style="inline"),
        )


Step = Callable[[Cell, int], Program]


def analog(*, pipelined: bool) -> Callable[[System, Cell], Step]:
    """Cell and dense layer on the tile, in one product if pipelined."""

    def prepare(system: System, cell: Cell) -> Step:
        def step(cell: Cell, index: int) -> Program:
            yield from cell.load(index)
            yield from cell.region("queue", kernels.queue_floats(cell.state, scale=1.0))
            yield from cell.region("process", kernels.process())
            yield from cell.region("dequeue", kernels.dequeue_floats(cell.gates, scale=1.0))
            yield from cell.combine()
            yield from cell.region("dense_queue", kernels.queue_floats(cell.hidden, scale=1.0))
            if not pipelined:
                yield from cell.region("dense_process", kernels.process())
            yield from cell.region("dense_dequeue", kernels.dequeue_floats(cell.logits, scale=1.0))
            yield from cell.finish(index)

        return step

    return prepare


def digital(style: str) -> Callable[[System, Cell], Step]:
    """Cell and dense layer as int8 products by the core."""

    def prepare(system: System, cell: Cell) -> Step:
        length = cell.units + CHARACTERS
        padded = -(-length // 16) * 16
        system.memory.allocate("apart", APART)
        weights = system.memory.allocate("cell weights", (4 * cell.units, padded))
        dense = system.memory.allocate("dense weights", (CHARACTERS, padded))
        codes = system.memory.allocate("codes", padded)
        sums = system.memory.allocate("sums", 4 * cell.units, np.int32)
        few = sums.part(0, CHARACTERS)

        def step(cell: Cell, index: int) -> Program:
            yield from cell.load(index)
            state, hidden = codes.part(0, length), codes.part(0, cell.units)
            yield from cell.region("quant", kernels.quantise(cell.state, state, scale=1.0))
            yield from cell.region("mvm", kernels.mvm(weights, codes, sums, style=style))
            yield from cell.region("dequant", kernels.dequantise_sums(sums, cell.gates, scale=1.0))
            yield from cell.combine()
            yield from cell.region(
                "dense",
                kernels.quantise(cell.hidden, hidden, scale=1.0),
                kernels.mvm(dense, codes, few, style=style),
                kernels.dequantise_sums(few, cell.logits, scale=1.0),
            )
            yield from cell.finish(index)

        return step

    return prepare


def lstm(
    units: int,
    prepare: Callable[[System, Cell], Step],
    count: int,
    *,
    region: str | None = None,
) -> Callable[[SystemConfig], Measured]:
    """So many characters, after a warm-up; of one region only, if named."""

    def execute(config: SystemConfig) -> Measured:
        system = System(config, tile_ports={0: ReferenceUnits(config)})
        regions = Regions(system, instructions=REGION_INSTRUCTIONS)
        cell = Cell(system, units, count, None if region is None else regions)
        step = prepare(system, cell)

        def program(first: int, last: int) -> Program:
            for index in range(first, last):
                yield from step(cell, index)
            if region is not None:
                yield from regions.end()

        system.run({0: program(0, WARM)})
        if region is None:
            return timed(system, {0: program(WARM, WARM + count)}, count)
        regions.forget()
        system.run({0: program(WARM, WARM + count)})
        return regions.measured(region, count)

    return execute


SHARED = ("input_load", "gate_act", "gate_comb", "softmax", "writeback")
ANALOG = ("queue", "process", "dequeue", "dense_queue", "dense_process", "dense_dequeue")
DIGITAL = ("quant", "mvm", "dequant", "dense")
BODIES = {
    "queue": "cm_queue_f32",
    "dequeue": "cm_dequeue_f32",
    "dense_queue": "cm_queue_f32",
    "dense_dequeue": "cm_dequeue_f32",
}
for units in (256, 750):
    both, one = analog(pipelined=False), analog(pipelined=True)
    experiment(f"lstm{units}_ana_tot:total", "applications", lstm(units, both, 10))
    experiment(f"lstm{units}_ana1:total", "applications", lstm(units, one, 10))
    experiment(f"lstm{units}_dig_tot:total", "applications", lstm(units, digital("neon4"), 10))
    rows = lstm(units, digital("eigen_i8row"), 5)
    experiment(f"lstm{units}_dig_totei8r:total", "applications", rows)
    for region in (*SHARED, *ANALOG):
        run = lstm(units, both, 10, region=region)
        experiment(
            f"lstm{units}_ana:{region}",
            "application regions",
            run,
            body=BODIES.get(region),
            working_set_bytes=4 * units,
        )
    for region in (*SHARED, *DIGITAL):
        run = lstm(units, digital("neon1"), 5 if units == 256 else 2, region=region)
        experiment(
            f"lstm{units}_dig:{region}",
            "application regions",
            run,
            body="mvm_neon1" if region == "mvm" else None,
            working_set_bytes=4 * units * (-(-(units + CHARACTERS) // 16) * 16),
        )
experiment("lstm750_dig_neon1:total", "applications", lstm(750, digital("neon1"), 5))
