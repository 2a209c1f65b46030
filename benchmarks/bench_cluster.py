# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of the IMC cluster: all layers of MobileNetV2, accelerators in RTL and as model."""

import time

from alpine_papers.garofalo2022.layer_runs import run_layer, run_network
from alpine_papers.garofalo2022.layers import published_layers
from alpine_papers.garofalo2022.workload import ClusterSetting

ENGINES = ("model", "rtl")


def test_mobilenetv2(benchmark):
    layers = published_layers()
    settings = {engine: ClusterSetting(engine=engine) for engine in ENGINES}
    for setting in settings.values():
        # Builds and compiles.
        run_layer(layers[-1], setting=setting)
    seconds: dict[str, float] = {}

    def run() -> None:
        for engine, setting in settings.items():
            begun = time.perf_counter()
            runs = run_network(layers, setting=setting)
            seconds[engine] = time.perf_counter() - begun
            assert all(each.is_correct for each in runs.values())

    benchmark.pedantic(run, rounds=1)
    benchmark.extra_info["layer"] = (
        f"mobilenetv2 on the IMC cluster: engine rtl ({seconds['rtl']:.1f} s) over model "
        f"({seconds['model']:.1f} s)"
    )
    benchmark.extra_info["rate"] = seconds["rtl"] / seconds["model"]
    benchmark.extra_info["unit"] = "times the time"
