# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# An accelerator is made for its list of ports alone.
# pyright: basic
# cocotb's handles are typed by what the simulator finds, so a port is no more than an attribute.
"""What the simulator runs for `engine.run_accelerator_in_cocotb`: one test that serves the bus."""

from pathlib import Path

import cocotb
from cocotb.task import bridge

from alpine_cosim.binding.ports import ports_of
from alpine_rtl.accelerator import AimcAxi

from .accelerator import CocotbAccelerator
from .clock import TileClock
from .job import PLUSARG, Job


# Simulated time, far beyond any run; the launching process watches the real one.
@cocotb.test(timeout_time=1000, timeout_unit="sec")
async def serve(dut):
    """Call the job's function with a port to the accelerator, leave its outcome beside the job."""
    directory = Path(str(cocotb.plusargs[PLUSARG]))
    job = Job.find(directory)
    configs = job.configuration
    clock = TileClock(dut, ports=ports_of(AimcAxi(tiles=configs)), period_fs=job.period_fs)
    accelerator = CocotbAccelerator(dut, configs=configs, clock=clock)
    await clock.start()
    accelerator.start()
    await bridge(job.carry_out)(accelerator, directory)
