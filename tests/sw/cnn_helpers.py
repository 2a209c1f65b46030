# SPDX-License-Identifier: Apache-2.0
"""A tiny convolutional network and a run of it on timed tiles."""

from collections.abc import Callable
from typing import Any

import numpy as np

from alpine_platform.config import SystemConfig
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System
from alpine_sw.library.timed_ports import timed_ports
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping import Mapping
from alpine_sw.networks.cnn import CnnNetwork, calibrate, seeded_weights
from alpine_sw.networks.cnn_shapes import CnnShape, ConvolutionLayer, Pool
from alpine_sw.programs.generate import mapped_workload

SHAPE = CnnShape(
    name="tiny",
    side=15,
    channels=3,
    convolutions=(
        # 15 -> 7 -> 3, normalised; 3 -> 3 -> 2 with a window over the edge; 2 -> 2; 2 -> 1.
        ConvolutionLayer(
            outputs=6, kernel=3, stride=2, pool=Pool(kernel=2, stride=2), normalised=True
        ),
        ConvolutionLayer(outputs=5, kernel=3, pad=1, pool=Pool(kernel=2, stride=2, ceil=True)),
        ConvolutionLayer(outputs=7, kernel=3, pad=1, normalised=True),
        ConvolutionLayer(outputs=4, kernel=3, stride=2, pad=1),
    ),
    dense=(9, 5),
)


def images(count: int, shape: CnnShape = SHAPE) -> np.ndarray:
    rng = np.random.default_rng(count)
    return rng.integers(-128, 128, (count, shape.inputs)).astype(np.int8)


def tiny(shape: CnnShape = SHAPE) -> CnnNetwork:
    weights = seeded_weights(shape, 1)
    return CnnNetwork(shape=shape, weights=weights, lsb=calibrate(shape, weights, images(4, shape)))


def mapped(network: CnnNetwork, mapping: Callable[..., Mapping], **options: Any) -> Workload:
    """A network as a mapping's builder has it."""
    graph = network.graph()
    return mapped_workload(graph, mapping(graph, **options))


def run_workload(
    workload: Workload, inputs: np.ndarray, config: SystemConfig = HIGH_POWER
) -> tuple[np.ndarray, SystemResult, int]:
    """Return outputs, result and how often a step was told."""
    ports = timed_ports(workload.plans, tile_period_fs=config.tile_clock.period_fs)
    system = System(config, tile_ports=ports)
    steps: list[None] = []
    outputs, programs = workload.programs(system, inputs, lambda: steps.append(None))
    result = system.run(programs)
    return outputs, result, len(steps)
