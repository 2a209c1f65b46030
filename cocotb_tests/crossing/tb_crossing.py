# SPDX-License-Identifier: Apache-2.0
"""The clock-domain crossing: two clocks that have nothing to do with each other, and resets."""

import random

import cocotb
import numpy as np
from cocotb.triggers import Timer
from cocotb_tests.blocks import CONFIG, PERIOD_FS, Block, Blocks, pauses, requests, started

from alpine_cosim.binding import Port, PortDirection
from alpine_cosim.cocotb.clock import TileClock
from alpine_cosim.cocotb.drivers import CmDriver, CmProgram, CmRequest, CrossbarResponder
from alpine_cosim.cocotb.scoreboard import CmMonitor, Scoreboard
from alpine_models import isa
from alpine_models.crossbar import IdealCrossbar

QUEUE_AT = isa.queue(rm=9, ra=11, rn=12)
QUEUE_NEXT = isa.queue(rm=9)
DEQUEUE_AT = isa.dequeue(rm=11, rn=12)
PROCESS = isa.process()
WORDS = [QUEUE_AT] * 4 + [QUEUE_NEXT] * 2 + [DEQUEUE_AT] * 4
WORDS += [PROCESS, isa.initialize(), isa.param_read(), PROCESS | 1 << 15]
SETTLING_FS = 12 * PERIOD_FS
"""Longer than the resets take to leave both domains, for the clocks used here."""


class PortMonitor(CmMonitor):
    """Watches the CM port alone: the crossbar's pulses belong to the other clock."""

    PULSES = ()


class Bench:
    """The core in the CPU's clock, the crossbar in the tile's."""

    def __init__(self, dut):
        self.dut = dut

    async def start(self, cpu_period_fs: int) -> None:
        tile_side, self.tile_clock = await started(self.dut, "crossing")
        cpu_side = Block(self.dut, "crossing", clk="cpu_clk", rst="cpu_rst")
        members = Blocks().blocks["crossing"].signature.members
        inputs = [
            Port(name=name, width=1, direction=PortDirection.INPUT)
            for name, member in members.items()
            if name.startswith("cm_") and member.flow.value == "in"
        ]
        self.cpu_clock = TileClock(cpu_side, ports=inputs, period_fs=cpu_period_fs)
        await self.cpu_clock.start()
        self.driver = CmDriver(cpu_side, clock=self.cpu_clock)
        self.crossbar = IdealCrossbar(rows=CONFIG.rows, columns=CONFIG.columns)
        self.responder = CrossbarResponder(
            tile_side, clock=self.tile_clock, config=CONFIG, crossbar=self.crossbar, idle_code=0x55
        )
        self.scoreboard = Scoreboard(rows=CONFIG.rows, columns=CONFIG.columns)
        self.monitor = PortMonitor(cpu_side, clock=self.cpu_clock, scoreboard=self.scoreboard)
        self.load(np.random.default_rng(3).integers(-8, 8, self.crossbar.weights.shape, np.int8))
        self.responder.start()
        self.monitor.start()
        await self.settle()

    def load(self, weights) -> None:
        self.crossbar.weights[:] = weights
        self.scoreboard.reference.crossbar.weights[:] = weights

    async def settle(self) -> None:
        await Timer(SETTLING_FS, "step")
        await self.cpu_clock.until(self.cpu_clock.edge)

    async def reset(self, side: str) -> None:
        """Reset one side for two edges of its clock."""
        self.responder.stop()
        self.dut.crossing_cm_req_valid.value = self.dut.crossing_cm_rsp_ready.value = 0
        reset = {"cpu": self.dut.cpu_rst, "tile": self.dut.rst}[side]
        period = {"cpu": self.cpu_clock, "tile": self.tile_clock}[side].period_fs
        reset.value = 1
        await Timer(2 * period, "step")
        reset.value = 0
        await self.settle()
        self.scoreboard.reset()
        self.load(self.crossbar.weights.copy())
        self.driver.forget()
        for name in ("instr", "rn", "rm", "ra"):
            getattr(self.dut, f"crossing_cm_req_{name}").value = 0
        self.dut.crossing_xb_prog_busy.value = 0
        self.responder.start()


PERIODS_FS = [1_000_000, 434_783, 170_003, 1_003_001, 2_718_281]


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(cpu_period_fs=PERIODS_FS)
async def random_programs(dut, cpu_period_fs):
    bench = Bench(dut)
    await bench.start(cpu_period_fs)
    for request, response in ((0, 0), (0.4, 0.7)):
        program = CmProgram(
            requests(WORDS, 100), request_pauses=pauses(request), response_pauses=pauses(response)
        )
        await bench.driver.run(program)
        assert len(program.answers) == 100
    bench.scoreboard.check_finished()
    assert bench.responder.fault is None, bench.responder.fault
    # Nothing comes unasked; the monitor would object.
    await bench.settle()


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(cpu_period_fs=[434_783, 1_000_000, 2_718_281], side=["cpu", "tile"])
async def reset_in_the_middle_of_anything(dut, cpu_period_fs, side):
    bench = Bench(dut)
    await bench.start(cpu_period_fs)
    for _ in range(12):
        program = CmProgram(
            requests(WORDS, 1000), request_pauses=pauses(0.2), response_pauses=pauses(0.4)
        )
        running = cocotb.start_soon(bench.driver.run(program))
        await bench.cpu_clock.wait(random.randint(1, 40))
        running.cancel()
        bench.monitor.stop()
        await bench.reset(side)
        bench.monitor.start()
        probe = CmProgram(
            [CmRequest(DEQUEUE_AT, i, 1) for i in range(CONFIG.columns)]
            + [CmRequest(QUEUE_NEXT, 0, 0x01010101)] * 3
            + [CmRequest(PROCESS), CmRequest(DEQUEUE_AT, 0, 4)]
        )
        await bench.driver.run(probe)
        statuses = [status for _, status in probe.answers]
        assert statuses == [0] * CONFIG.columns + [0, 0, 3, 0, 0]
        assert [rd for rd, _ in probe.answers[: CONFIG.columns]] == [0] * CONFIG.columns
        bench.scoreboard.check_finished()
        await bench.settle()
