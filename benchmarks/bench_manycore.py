# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of many-cores: batches of ResNet-18, whose events grow with images and clusters."""

from dataclasses import replace

import pytest

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
