# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of many-cores: batches of ResNet-18, whose events grow with images and clusters.

Published beside it: under 20 minutes in GVSoC on an Intel i7-2600, one run of ResNet-18 on 512
clusters (Bruschi et al., arXiv 2211.12877).
"""

import time
from dataclasses import replace

import pytest

from alpine_cosim.manycore.run import run_many_core
from alpine_cosim.manycore.specification import many_core_spec
from alpine_platform.manycore import MANY_CORES
from alpine_platform.manycore.simulate import simulate
from alpine_sw.manycore import auto, lower, residual_l1
from alpine_sw.networks.resnet import resnet_graph

PUBLISHED = MANY_CORES["manycore-512"]
CASES = {
    "512 clusters, batch of 16": (PUBLISHED, residual_l1, 16),
    "512 clusters, batch of 64": (PUBLISHED, residual_l1, 64),
    "4096 clusters, batch of 16": (
        replace(PUBLISHED, wrapper_children=64),
        lambda graph, config: auto(graph, config, clusters=config.clusters),
        16,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_resnet_18(benchmark, name):
    config, allocate, images = CASES[name]
    graph = resnet_graph()
    stages = lower(graph, allocate(graph, config), config)
    # Compiling is left out.
    simulate(stages, config, images=1)
    found = benchmark.pedantic(simulate, (stages, config), {"images": images}, rounds=3)
    benchmark.extra_info["layer"] = f"resnet-18, {name}"
    benchmark.extra_info["rate"] = found.events / benchmark.stats["min"]
    benchmark.extra_info["unit"] = "events/s"


def test_batch_with_its_data(benchmark):
    """Everything that `alpine run resnet-18 --system manycore-512` does, but its start."""
    spec = many_core_spec("resnet-18", system="manycore-512", case="residual-l1", inferences=16)
    cpu_s = []

    def run() -> None:
        begun = time.process_time()
        assert run_many_core(spec).agrees
        cpu_s.append(time.process_time() - begun)

    benchmark.pedantic(run, rounds=2, warmup_rounds=1)
    benchmark.extra_info["layer"] = (
        f"resnet-18 with data, batch of 16 ({min(cpu_s):.1f} s of processor time; GVSoC: 1200 s "
        "at most on an i7-2600)"
    )
    benchmark.extra_info["rate"] = benchmark.stats["min"]
    benchmark.extra_info["unit"] = "s"
