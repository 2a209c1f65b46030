# SPDX-License-Identifier: Apache-2.0
"""A network: positive parts of a vector through one dense layer, with two mappings.

Case 1 computes the layer in a tile; case ``engine`` lets the accelerator of this package take the
positive parts in memory while the core sleeps, and computes the layer on the core.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_cosim.spec.network import Asked, Network, NetworkOptions, Task, sample_count
from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program, WaitForEvent
from alpine_platform.memory.address_space import Buffer
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.graph import Dense, Graph, GraphBuilder, Relu, Requantise, golden, int8
from alpine_sw.library.aimclib import Aimc, Tile, section
from alpine_sw.library.hardware_plan import HardwarePlan, core_tiles
from alpine_sw.library.workloads import Programs, Software, Workload

from .accelerator import ReluRegister

__all__ = ["TOY"]

INPUTS, OUTPUTS, SAMPLES = 16, 8, 20
ENGINE = "engine"
BASE_ADDRESS = 0x0300_0000
"""Where the accelerator's registers are."""
SHARED_ADDRESS = 0x0400_0000
"""Where the memory is that core and accelerator share."""

rng = np.random.default_rng(5)
WEIGHTS = rng.integers(-20, 21, (OUTPUTS, INPUTS)).astype(np.int8)
LSB = np.full(OUTPUTS, 80.0, np.float32)
DATA = rng.integers(-128, 128, (SAMPLES, INPUTS)).astype(np.int8)

Step = Callable[[Buffer, Buffer], Program]
"""From a vector in memory to the codes of the layer."""


def graph() -> Graph:
    """Return the network as operators, from which the golden outputs follow."""
    net = GraphBuilder("toy", {"inputs": int8(INPUTS)})
    positive = net.add("positive", Relu(), "inputs")
    sums = net.add("layer", Dense(weights=WEIGHTS), positive)
    codes = net.add("codes", Requantise(lsb=LSB), sums)
    return net.build(net.add("relu", Relu(), codes))


def prepare(asked: Asked) -> Task:
    """Return the task: seeded vectors in their order."""
    inputs = DATA[: sample_count(asked, default=4, available=SAMPLES)]
    workload = with_engine() if asked.case == ENGINE else in_tile(asked.software.style)
    return Task(workload=workload, inputs=inputs, golden=lambda: golden(graph(), inputs))


def in_tile(software: Software) -> Workload:
    """Map the layer onto a tile."""
    tile = Tile(TileConfig(rows=INPUTS, columns=OUTPUTS))
    tile.map_matrix(WEIGHTS, lsb=LSB, name="layer")

    def step(system: System) -> Step:
        aimc = Aimc(system.memory, software=software)

        def layer(x: Buffer, y: Buffer) -> Program:
            yield from section("activation", kernels.relu8(x))
            yield from section("analog queue", aimc.queue_vector(x))
            yield from section("analog process", aimc.process())
            yield from section("analog dequeue", aimc.dequeue_vector(y))
            yield from section("activation", aimc.relu(y))

        return layer

    return Workload(hardware=core_tiles({0: [tile.plan]}), programs=programs(step))


def with_engine() -> Workload:
    """Map the positive parts onto the accelerator, the layer onto the core."""
    engine = HardwarePlan(
        hardware="toy_relu", name="engine", configuration=None, core=0, base=BASE_ADDRESS
    )

    def step(system: System) -> Step:
        space = system.memory
        weights, steps = space.place("weights", WEIGHTS), space.place("steps", LSB)
        sums = space.allocate("sums", OUTPUTS, np.int32)
        shared = space.place("shared", np.zeros(INPUTS, np.int8), address=SHARED_ADDRESS)

        def layer(x: Buffer, y: Buffer) -> Program:
            yield from kernels.copy(shared, x)
            yield from section("engine", started(shared))
            yield WaitForEvent(BASE_ADDRESS)
            yield from section("product", kernels.mvm(weights, shared, sums))
            yield from section("activation", kernels.rescale(sums, steps, y))

        return layer

    return Workload(hardware=[engine], programs=programs(step))


def started(vector: Buffer) -> Program:
    """Tell the accelerator where a vector lies, and let it begin."""
    for register, value in (
        (ReluRegister.ADDRESS, vector.address),
        (ReluRegister.LENGTH, vector.size_bytes),
        (ReluRegister.START, 1),
    ):
        yield from kernels.write_register(base=BASE_ADDRESS, address=register, value=value)


def programs(step: Callable[[System], Step]) -> Programs:
    """Return what makes the program of core 0: every vector by and by."""

    def made(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[Any], Mapping[int, Program]]:
        vectors = system.memory.place("inputs", inputs.reshape(-1))
        outputs = system.memory.allocate("outputs", len(inputs) * OUTPUTS)
        x, layer = system.memory.allocate("x", INPUTS), step(system)

        def program() -> Program:
            for number in range(len(inputs)):
                vector = vectors.part(number * INPUTS, (number + 1) * INPUTS)
                yield from section("input load", kernels.copy(x, vector))
                yield from layer(x, outputs.part(number * OUTPUTS, (number + 1) * OUTPUTS))
                on_step()

        return outputs.data.reshape(len(inputs), OUTPUTS), {0: program()}

    return made


TOY = Network(cases=("1", ENGINE), options=NetworkOptions, prepare=prepare)
"""`alpine run toy`."""
