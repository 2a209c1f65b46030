# SPDX-License-Identifier: Apache-2.0
"""Print what numba compiles while workloads run their inferences: run by test_warm_up."""

import sys

import numpy as np
from numba.core.dispatcher import Dispatcher

from alpine_cosim.engines.timed_hardware import timed_pieces
from alpine_cosim.measurement.measure import measure
from alpine_platform.systems.presets import HIGH_POWER
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping.published_mlp import analog_mlp, digital_mlp, loose_mlp
from alpine_sw.networks.mlp import MlpNetwork
from alpine_sw.programs.generate import mapped_workload


def compiled() -> set[str]:
    """Every compiled function of ours with the types that it was called with."""
    return {
        f"{name}.{function} {signature}"
        for name, module in list(sys.modules.items())
        if name.startswith("alpine_")
        for function, value in vars(module).items()
        if isinstance(value, Dispatcher)
        for signature in value.signatures
    }


def late(workload: Workload) -> set[str]:
    """What a workload compiles after its first inference has begun."""
    before: set[str] = set()
    inputs = np.ones((1, 8), np.int8)
    measure(
        workload,
        timed_pieces(workload, HIGH_POWER),
        system=HIGH_POWER,
        inputs=inputs,
        back_door=True,
        before_inferences=lambda: before.update(compiled()),
    )
    assert before
    return compiled() - before


network = MlpNetwork(
    name="small",
    weights=(np.ones((4, 8), np.int8), np.ones((2, 4), np.int8)),
    lsb=(np.ones(4, np.float32), np.ones(2, np.float32)),
    code_words=np.eye(2, dtype=np.int8),
)
# Each has compiled code that those before it have not.
graph = network.graph()
for name, mapping in {
    "digital": digital_mlp(graph, cores=1),
    "analog": analog_mlp(graph, case=2),
    "loose": loose_mlp(graph),
}.items():
    print(name, *late(mapped_workload(graph, mapping)))
