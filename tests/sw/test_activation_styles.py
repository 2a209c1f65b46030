# SPDX-License-Identifier: Apache-2.0
"""Scalar activations of the C library beside Eigen's packets: same bits, the gem5 runs' times."""

import csv
from importlib import resources

import numpy as np
import pytest

from alpine_platform.systems.presets import HIGH_POWER, SYSTEMS
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.kernels.timing import time_kernel

ROWS = {"exp": "exp", "sigmoid": "sig", "tanh": "tanh", "softmax": "softmax"}
"""Kernels and what the reference calls them."""


def reference(name: str, system: str) -> tuple[float, float]:
    """Cycles and instructions per element of a micro-benchmark's run."""
    short = {"high-power": "hp", "low-power": "lp"}[system]
    file = resources.files("alpine_platform") / "data" / "gem5" / "runs.csv"
    for row in csv.DictReader(file.read_text().splitlines()):
        if row["name"] == f"mb_act:{name}" and row["system"] == short:
            return float(row["cycles_per_rep"]), float(row["insts_per_rep"])
    raise AssertionError(f"no run {name}")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("size", [256, 1024])
@pytest.mark.parametrize("kernel", ROWS)
def test_scalar_functions_take_the_time_of_the_gem5_runs(kernel: str, size: int, system: str):
    """No constant was fitted to these rows."""
    timing = time_kernel(kernel, size=(size,), style="libm", config=SYSTEMS[system])
    cycles, instructions = reference(f"{ROWS[kernel]}_libm_{size}", system)
    assert timing.cycles / size == pytest.approx(cycles, rel=0.06)
    assert timing.instructions / size == pytest.approx(instructions, rel=0.005)


@pytest.mark.parametrize("kernel", ["exponential", "sigmoid", "tanh", "softmax"])
def test_style_decides_time_and_not_values(kernel: str):
    values = np.linspace(-9, 9, 37, dtype=np.float32)
    results: list[np.ndarray] = []
    times: list[int] = []
    for style in ("eigen", "libm"):
        system = System(HIGH_POWER, check_reads=True)
        inputs = system.memory.place("inputs", values)
        outputs = system.memory.allocate("outputs", len(values), np.float32)
        program = getattr(kernels, kernel)(inputs, outputs, style=style)
        times.append(system.run({0: program}).time_fs)
        results.append(outputs.data.view(np.uint32).copy())
    assert np.array_equal(*results)
    assert times[1] > times[0]


@pytest.mark.parametrize("zeros", [0, 1, 99, 100])
def test_tanhf_returns_early_for_zeros(zeros: int):
    system = System(HIGH_POWER)
    inputs = system.memory.place("inputs", np.where(np.arange(100) < zeros, 0, 1.0).astype("f4"))
    outputs = system.memory.allocate("outputs", 100, np.float32)
    result = system.run({0: kernels.tanh(inputs, outputs, style="libm")})
    # 129 instructions in the reference's micro-benchmark; its LSTM with outputs of zero leaves 19
    # per element of 93106 - 17 in region gate_act with 750 units, 2250 sigmoids at 35 apart.
    assert (93106 - 17 - 2250 * 35) // 750 == 19
    assert result.instructions == 10 + 19 * zeros + 129 * (100 - zeros)
