# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of whole runs of the perceptron, engine by engine."""

import pytest

from alpine_cosim import run

INFERENCES = {"rtl": 300, "model": 300, "cocotb": 4}


@pytest.mark.parametrize("engine", INFERENCES)
def test_inferences(benchmark, engine: str):
    count = INFERENCES[engine]

    def infer() -> float:
        result = run("mlp", engine=engine, inferences=count, back_door=True)
        assert result.outputs_equal_golden
        infer.best = min(infer.best, result.host_seconds)
        infer.cycles = result.host_tile_cycles_per_second
        return result.host_seconds

    infer.best, infer.cycles = float("inf"), None
    benchmark.pedantic(infer, rounds=3 if engine != "cocotb" else 1)
    name = f"alpine run mlp --engine {engine}, end to end"
    benchmark.extra_info.update(rate=count / infer.best, unit="inferences/s", layer=name)
    if infer.cycles is not None:
        benchmark.extra_info.update(tile_cycles_per_second=infer.cycles)
