# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of the platform: lines looked up, loops of digital programs, steps of whole networks.

Networks are timed step by step and the fastest step counts, so that a busy machine shows less.
"""

import csv
import time
from collections.abc import Callable
from importlib import resources

import numpy as np
import pytest

from alpine_cosim import run
from alpine_platform.cores.operations import RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.memory.memory_system import MemorySystem
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System
from alpine_sw.kernels import BODIES

LINE = 64
BASE = 1 << 28
CHAIN = 1 << 14
PLACES = {
    "L1 hits": 16 << 10,
    "L2 hits": 256 << 10,
    "DRAM reads": 64 << 20,
}
"""Bytes over which a chain of look-ups goes round, one line after the other."""
GEM5_RUNS = {
    "neon4": "mlp_dig_neon4:total",
    "neon1": "mlp_dig_neon1:total",
    "eigen_i8row": "mlp_dig_ei8r:total",
    "analog": "mlp_ana1_cold:total",
}


def gem5_seconds(name: str) -> float:
    """Host seconds per inference of the reference run, from a machine of this kind."""
    text = (resources.files("alpine_platform") / "data/gem5/runs.csv").read_text()
    row = next(
        row
        for row in csv.DictReader(text.splitlines())
        if row["name"] == GEM5_RUNS[name] and row["system"] == "hp"
    )
    return float(row["host_seconds"]) / float(row["reps"])


def fastest_step(start: Callable[[Callable[[], None]], object]) -> float:
    """Processor seconds of the fastest of a run's steps but the first.

    Waiting for a processor is left out.
    """
    times: list[float] = []
    start(lambda: times.append(time.process_time()))
    return float(np.diff(times).min())


@pytest.mark.parametrize("place", PLACES)
def test_look_ups(benchmark, place: str):
    memory = MemorySystem(HIGH_POWER)
    lines = PLACES[place] // LINE
    chain = iter(range(1 << 20))

    def arguments():
        number = next(chain)
        addresses = BASE + (np.arange(CHAIN) + number * CHAIN) % lines * LINE
        cycle = number * CHAIN * 1000
        return (0, addresses.astype(np.int64)), {"write": False, "cycle": cycle}

    benchmark.pedantic(memory.look_up, setup=arguments, rounds=100, warmup_rounds=2)
    benchmark.extra_info.update(
        rate=CHAIN / benchmark.stats["min"], unit="lines/s", layer=f"look-ups, {place}"
    )


@pytest.mark.parametrize("remember", [True, False], ids=["remembered", "computed"])
def test_loop(benchmark, remember: bool):
    body, iterations = BODIES["mvm_neon4"], 1 << 16
    streams = {
        name: Stream(address=BASE + (place << 20), stride=16)
        for place, name in enumerate(("inputs", *(f"weights{row}" for row in range(4))))
    }
    loop = RunLoop(phases=[Phase(body=body, iterations=iterations, streams=streams)])
    system = System(HIGH_POWER)
    system.pipelines.remember = remember

    def program():
        yield loop

    benchmark.pedantic(lambda: system.run({0: program()}), rounds=5, warmup_rounds=1)
    benchmark.extra_info.update(
        rate=iterations / benchmark.stats["min"],
        unit="iterations/s",
        layer=f"loop of 64 products, {'remembered' if remember else 'computed'}",
    )


@pytest.mark.parametrize("style", ["neon4", "neon1", "eigen_i8row"])
def test_digital_perceptron(benchmark, style: str):
    def infer() -> float:
        return fastest_step(
            lambda on_step: run(
                "mlp", case="digital", digital_style=style, inferences=40, on_step=on_step
            )
        )

    seconds = benchmark.pedantic(infer, rounds=1)
    benchmark.extra_info.update(
        rate=1 / seconds,
        unit="inferences/s",
        layer=f"mlp, digital {style}",
        times_gem5=gem5_seconds(style) / seconds,
    )


NETWORKS = {
    "mlp": ("mlp", {}, 100),
    "lstm-750": ("lstm-750", {}, 50),
    "cnn-s": ("cnn-s", {"software": "tuned"}, 1),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_analog_networks_on_rtl(benchmark, name: str):
    network, options, count = NETWORKS[name]

    def infer() -> float:
        if count == 1:
            return run(network, inferences=1, back_door=True, **options).host_seconds
        return fastest_step(
            lambda on_step: run(
                network, inferences=count, back_door=True, on_step=on_step, **options
            )
        )

    seconds = benchmark.pedantic(infer, rounds=1)
    benchmark.extra_info.update(
        rate=1 / seconds, unit="inferences/s", layer=f"{network}, case 1, engine rtl"
    )
    if network == "mlp":
        benchmark.extra_info.update(times_gem5=gem5_seconds("analog") / seconds)
