# SPDX-License-Identifier: Apache-2.0
"""Runs of a mapped network on timed tiles, compared with its golden model."""

from collections.abc import Callable

import numpy as np

from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.result import SystemResult
from alpine_platform.systems.system import System
from alpine_sw.graph import (
    Convolution,
    Dense,
    Graph,
    GraphBuilder,
    Requantise,
    golden,
    int8,
    square,
)
from alpine_sw.graph.tensors import TensorType
from alpine_sw.library.timed_ports import timed_ports
from alpine_sw.mapping import Mapping, split_graph
from alpine_sw.programs.generate import mapped_workload

PERIOD_FS = 1_000_000
RNG_SEED = 11


def played(graph: Graph, mapping: Mapping, count: int = 3) -> SystemResult:
    """Run on timed tiles and compare with the golden model.

    Reads are checked, but for images: padding relies on fresh memory, which holds zeros.
    """
    workload = mapped_workload(graph, mapping)
    ports = timed_ports(workload.plans, tile_period_fs=PERIOD_FS)
    (kind,) = graph.inputs.values()
    system = System(HIGH_POWER, tile_ports=ports, check_reads=len(kind.shape) == 1)
    inputs = np.random.default_rng(count).integers(-128, 128, (count, kind.elements))
    inputs = inputs.astype(kind.element.dtype)
    steps: list[None] = []
    outputs, programs = workload.programs(system, inputs, lambda: steps.append(None))
    result = system.run(programs)
    expected = golden(split_graph(graph, mapping), inputs)
    assert len(np.unique(expected)) > 2
    assert np.array_equal(outputs, expected.reshape(count, -1))
    assert len(steps) == count
    return result


class Net(GraphBuilder):
    """A graph with random weights."""

    def __init__(self, *shape: int, element: Callable[..., TensorType] = int8):
        super().__init__("net", {"x": element(*shape)})
        self._rng = np.random.default_rng(RNG_SEED)

    def weights(self, *shape: int) -> np.ndarray:
        return self._rng.integers(-128, 128, shape).astype(np.int8)

    def dense(self, name: str, outputs: int, operand: str) -> str:
        size = self.type_of(operand).elements
        sums = self.add(name, Dense(weights=self.weights(outputs, size)), operand)
        return self.add(f"{name} codes", Requantise(lsb=np.float32(60 * size**0.5)), sums)

    def convolution(
        self, name: str, outputs: int, operand: str, *, pad: int = 0, stride: int = 1
    ) -> str:
        channels = self.type_of(operand).shape[2]
        kernels = Convolution(
            weights=self.weights(outputs, 3, 3, channels),
            window=square(3, pad=pad, stride=stride),
        )
        sums = self.add(name, kernels, operand)
        lsb = np.float32(60 * (9 * channels) ** 0.5)
        return self.add(f"{name} codes", Requantise(lsb=lsb), sums)
