# SPDX-License-Identifier: Apache-2.0
"""The published perceptron on the loosely coupled system: chained tiles behind the I/O path.

Two off-chip tiles hold a layer each, with a ReLU unit between them; one core feeds and drains them
(Klein et al., ALPINE, IEEE TC 2022, Sec. VII).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from alpine_models.tile import TileConfig
from alpine_platform.cores.operations import Program
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.library.accelerator_driver import AcceleratorDriver, AcceleratorPlan
from alpine_sw.library.aimclib import PACKING, section
from alpine_sw.library.tile_plan import TilePlan
from alpine_sw.library.workloads import InputFormat, Software, Workload
from alpine_sw.networks import MlpNetwork

from .mlp import mlp_memory, mlp_placement
from .mlp_programs import MlpMemory, load_input, write_back

__all__ = ["loose_mlp"]

FIRST, SECOND = 0, 1
"""The tiles, by layer."""


def loose_mlp(
    network: MlpNetwork, *, software: Software, input_format: InputFormat = InputFormat.INT8
) -> Workload:
    """Map a two-layer perceptron onto two chained tiles of an accelerator.

    Parameters
    ----------
    network : two layers without bias.
    software : how operands are packed.
    input_format : what inputs are in memory.
    """
    placements = [mlp_placement(network, layer) for layer in (FIRST, SECOND)]
    tiles = [
        TilePlan(
            config=TileConfig(rows=part.weights.shape[1], columns=part.weights.shape[0]),
            placements=[part],
        )
        for part in placements
    ]
    # Tile 0 feeds tile 1, through the ReLU.
    plan = AcceleratorPlan(tiles=tiles, chain=1 << FIRST, relu=1 << FIRST)

    def programs(
        system: System, inputs: NDArray[np.int8], on_step: Callable[[], None]
    ) -> tuple[NDArray[np.int8], Mapping[int, Program]]:
        memory = mlp_memory(
            network, system, inputs, PACKING[software], on_step, input_format=input_format
        )
        driver = AcceleratorDriver(
            base=plan.base,
            access_bytes=system.config.io.access_bytes,
            packing=memory.packing,
        )
        return memory.outputs.data.reshape(len(inputs), -1), {plan.core: loose(memory, driver)}

    return Workload(plans={}, accelerator=plan, programs=programs)


def loose(memory: MlpMemory, driver: AcceleratorDriver) -> Program:
    """Software pipeline: step k feeds input k and fetches output k - 1.

    Meanwhile the tiles work on input k, so that the core never waits for a product.
    """
    x = memory.space.allocate("x", memory.width)
    y = memory.space.allocate("y", memory.size)
    for step in range(memory.count + 1):
        if step < memory.count:
            yield from load_input(x, memory.input(step), packing=memory.packing)
            yield from section("analog process", driver.wait_until_free(FIRST))
            yield from section("analog queue", driver.send(FIRST, x))
            yield from section("analog process", driver.start(FIRST))
        if step > 0:
            yield from section("analog process", driver.wait_for_result(SECOND))
            yield from section("analog dequeue", driver.receive(SECOND, y))
            yield from section("analog process", driver.release_result(SECOND))
            yield from section("activation", kernels.relu8(y))
            yield from write_back(memory.output(step - 1), y)
            memory.on_step()
