# SPDX-License-Identifier: Apache-2.0
"""Runs the testbench of the cluster's tops, each in a small geometry."""

import sys
from pathlib import Path

import pytest
from tests.random_inputs import seed

from alpine_cosim.binding import ports_of
from alpine_cosim.cocotb.building import build_simulator
from alpine_cosim.cocotb.running import CocotbTests, run_simulation
from alpine_rtl.cluster.verilog import top_text

HERE = Path(__file__).parent
BENCHES = HERE.parents[1] / "tests" / "rtl"
sys.path += [str(HERE), str(BENCHES)]

from cluster_tops import CONFIGURATIONS, top  # noqa: E402  # lies beside its testbench


def run_testbench(name: str):
    component = top(name)
    verilog = top_text("dut", component)
    return run_simulation(
        build_simulator(verilog, top="dut", ports=ports_of(component)),
        CocotbTests(
            module="tb_cluster",
            seed=seed(1),
            plusargs={"configuration": name},
            python_path=[HERE, BENCHES],
            verbose=False,
        ),
        timeout_s=120,
    )


@pytest.mark.random
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_top(name):
    outcomes = run_testbench(name)
    assert len(outcomes) == 3
    assert not any(outcome.skipped for outcome in outcomes)
