# SPDX-License-Identifier: Apache-2.0
# pyright: basic
"""Host speed of sweeps: what a second worker brings, and what a run costs beside itself."""

import os
import time
from typing import Any

import pytest

from alpine_cosim.campaigns.dask_executor import DaskProcesses
from alpine_cosim.campaigns.sweep.definition import definition_from_text
from alpine_cosim.campaigns.sweep.plan import plan_sweep
from alpine_cosim.campaigns.sweep.runs import measured_run
from alpine_cosim.spec.specification import RunSpec

RUNS = 64
SWEEP = """
[fixed]
network = "mlp"
engine = "model"
inferences = 100
tiles.back_door = true
[axes]
seed = {seeds}
"""


def plan_of(runs: int) -> tuple[RunSpec, ...]:
    return plan_sweep(definition_from_text(SWEEP.format(seeds=list(range(runs))))).runs


RUN_S = 0.02
"""Of a run that only takes its time: Dask sends a worker the next one after 5 ms or more."""


def busy(_run: RunSpec) -> dict[str, Any]:
    end = time.perf_counter() + RUN_S
    while time.perf_counter() < end:
        pass
    return {}


def seconds_of(workers: int, function: Any, runs: tuple[RunSpec, ...], *, warm: int) -> float:
    """Seconds of all calls but the first ones, by which workers start, load and compile."""
    start = 0.0
    for number, _ in enumerate(DaskProcesses(workers).outcomes(function, runs), start=1):
        if number == warm:
            start = time.perf_counter()
    return time.perf_counter() - start


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor has no second worker")
def test_a_second_worker(benchmark):
    runs, warm = plan_of(RUNS + 16), 16

    seconds = {}

    def sweep() -> None:
        seconds.update({n: seconds_of(n, measured_run, runs, warm=warm) for n in (1, 2)})

    benchmark.pedantic(sweep, rounds=1)
    ratio = seconds[1] / seconds[2]
    name = f"alpine sweep, {RUNS} runs of the mlp on engine model: 2 workers over 1"
    benchmark.extra_info.update(rate=ratio, unit="times the throughput of one", layer=name)


def test_what_a_run_costs_beside_itself(benchmark):
    runs, warm = plan_of(516), 16

    seconds = []
    benchmark.pedantic(lambda: seconds.append(seconds_of(1, busy, runs, warm=warm)), rounds=2)
    beyond_ms = (min(seconds) / (len(runs) - warm) - RUN_S) * 1e3
    name = f"alpine sweep, beside a run of {RUN_S * 1e3:.0f} ms, one worker"
    benchmark.extra_info.update(rate=beyond_ms, unit="ms a run", layer=name)
