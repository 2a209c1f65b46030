# amaranth: UnusedElaboratable=no
# An accelerator is made for its list of ports alone.
# pyright: basic
# cocotb's handles are typed by what the simulator finds, so a port is no more than an attribute.
"""What the simulator runs for `engine.run_accelerator_in_cocotb`: one test that serves the bus."""

import pickle
from pathlib import Path

import cocotb
from cocotb.task import bridge

from alpine_rtl.accelerator import AimcAxi

from ..crossbar import NativeCrossbar
from ..verilated.ports import ports_of
from .accelerator import CocotbAccelerator
from .axi import AxiLiteDriver
from .clock import TileClock
from .drivers import CrossbarResponder
from .engine import JOB_PLUSARG, call


# Simulated time, far beyond any run; the launching process watches the real one.
@cocotb.test(timeout_time=1000, timeout_unit="sec")
async def serve(dut):
    """Call the job's function with a port to the accelerator, leave its outcome beside the job."""
    directory = Path(str(cocotb.plusargs[JOB_PLUSARG]))
    module, name, arguments, configs, period_fs = pickle.loads(
        (directory / "job.pickle").read_bytes()
    )
    clock = TileClock(dut, ports=ports_of(AimcAxi(tiles=configs)), period_fs=period_fs)
    crossbars = [NativeCrossbar(rows=c.rows, columns=c.columns) for c in configs]
    responders = [
        CrossbarResponder(dut, clock=clock, config=config, crossbar=crossbar, prefix=f"xb{tile}")
        for tile, (config, crossbar) in enumerate(zip(configs, crossbars, strict=True))
    ]
    await clock.start()
    for responder in responders:
        responder.start()
    accelerator = CocotbAccelerator(
        configs=configs,
        clock=clock,
        driver=AxiLiteDriver(dut, clock=clock),
        responders=responders,
        crossbars=crossbars,
    )
    outcome = await bridge(call)((module, name), accelerator, arguments)
    (directory / "outcome.pickle").write_bytes(outcome)
