# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# The accelerator is made for its list of ports and its Verilog.
"""Runs the accelerator under cocotbext-axi, an AXI4-Lite master that is not ours."""

from pathlib import Path

import pytest
from tests.random_inputs import seed

from alpine_cosim.binding import ports_of
from alpine_cosim.cocotb.building import build_simulator
from alpine_cosim.cocotb.running import CocotbTests, run_simulation
from alpine_models.tile import TileConfig
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.verilog import emit

HERE = Path(__file__).parent


@pytest.mark.random
@pytest.mark.parametrize("double_buffer", [False, True], ids=["single", "double"])
def test_accelerator_under_an_independent_master(double_buffer):
    config = TileConfig(
        rows=6,
        columns=9,
        precharge_cycles=1,
        integrate_cycles=5,
        digitise_cycles=1,
        double_buffer=double_buffer,
    )
    component = AimcAxi(tiles=[config])
    simulator = build_simulator(
        emit(component, name="aimc_axi"), top="aimc_axi", ports=ports_of(component)
    )
    outcomes = run_simulation(
        simulator,
        CocotbTests(
            module="tb_axi_client",
            seed=seed(1),
            plusargs={"rows": str(config.rows), "columns": str(config.columns)},
            python_path=[HERE],
            verbose=False,
        ),
        # A master that sleeps through an edge must fail the test, not hold up everything.
        timeout_s=120,
    )
    assert len(outcomes) >= 7
    assert not any(outcome.skipped for outcome in outcomes)
