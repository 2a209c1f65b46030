# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its list of ports alone.
# pyright: basic
# cocotb's handles are typed by what the simulator finds, so a port is no more than an attribute.
"""What the simulator runs for `engine.run_in_cocotb`: one cocotb test that serves the tile port."""

from pathlib import Path

import cocotb
from cocotb.task import bridge

from alpine_cosim.binding.ports import ports_of
from alpine_cosim.hardware.crossbar import NativeCrossbar
from alpine_rtl.tile import AimcTile

from .clock import TileClock
from .drivers import CmDriver, CrossbarResponder
from .engine import CocotbTile, CocotbTilePort
from .job import PLUSARG, Job


# Simulated time, far beyond any run; the launching process watches the real one.
@cocotb.test(timeout_time=1000, timeout_unit="sec")
async def serve(dut):
    """Call the job's function with a port to the tile and leave its outcome beside the job."""
    directory = Path(str(cocotb.plusargs[PLUSARG]))
    job = Job.find(directory)
    config = job.configuration
    clock = TileClock(dut, ports=ports_of(AimcTile(config=config)), period_fs=job.period_fs)
    crossbar = NativeCrossbar(rows=config.rows, columns=config.columns)
    responder = CrossbarResponder(dut, clock=clock, config=config, crossbar=crossbar)
    await clock.start()
    responder.start()
    tile = CocotbTile(
        config=config,
        clock=clock,
        driver=CmDriver(dut, clock=clock),
        responder=responder,
        crossbar=crossbar,
    )
    await bridge(job.carry_out)(CocotbTilePort(tile, tile_period_fs=job.period_fs), directory)
