# SPDX-License-Identifier: Apache-2.0
"""What the simulator runs for `simulate.run_in_cocotb`: one test that serves the hardware."""

from pathlib import Path
from typing import Any

import cocotb
from cocotb.task import bridge

from .clock import TileClock
from .job import PLUSARG, Job


# Simulated time, far beyond any run; the launching process watches the real one.
@cocotb.test(timeout_time=1000, timeout_unit="sec")
async def serve(dut: Any) -> None:
    """Call the job's function with the hardware and leave its outcome beside the job."""
    directory = Path(str(cocotb.plusargs[PLUSARG]))
    job = Job.find(directory)
    clock = TileClock(dut, ports=job.kind.ports(job.configuration), period_fs=job.period_fs)
    accelerator = job.kind.in_cocotb(job.configuration, dut, clock)
    await clock.start()
    accelerator.start()
    await bridge(job.carry_out)(accelerator, directory)
