# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""Testbench of the cluster's tops, with the bench and the golden loops of `tests/rtl`.

Plusarg ``configuration`` names one of `cluster_tops.CONFIGURATIONS`; tests of other tops skip what
they do not have. The bench checks handshakes; memory, counters and events are compared here.
"""

import random

import cocotb
from cluster_tops import CONFIGURATIONS, top
from cocotb.triggers import Timer
from hwpe_bench import Engine, HwpeBench
from hwpe_programs import DEPTHWISE, IMA, run_jobs
from hwpe_reference import (
    MEMORY_BYTES,
    Macro,
    random_depthwise_job,
    random_ima_job,
    run_depthwise,
    run_ima,
)
from tcdm_bench import MASTERS, TcdmBench

from alpine_cosim.binding import ports_of
from alpine_cosim.cocotb.clock import TileClock
from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS

PERIOD_FS = 1_000_000
PRODUCT_CYCLES = 5
MOST_CYCLES = 20_000


class Pins:
    """The ports of the top by name; an input is written when it changes."""

    def __init__(self, dut) -> None:
        self.dut, self.held = dut, {}

    def get(self, name: str) -> int:
        return int(getattr(self.dut, name).value)

    def put(self, name: str, value: int) -> None:
        if self.held.get(name) != value:
            self.held[name] = int(value)
            getattr(self.dut, name).value = int(value)


async def started(dut) -> tuple[Pins, TileClock, str]:
    """Reset the top; return its pins, the running clock and the configuration's name."""
    name = str(cocotb.plusargs["configuration"])
    clock = TileClock(dut, ports=ports_of(top(name)), period_fs=PERIOD_FS)
    await clock.start()
    return Pins(dut), clock, name


@cocotb.test(timeout_time=100, timeout_unit="us")
async def random_jobs(dut):
    """Jobs leave in the memory what loops over bytes leave; counters and events agree."""
    pins, clock, name = await started(dut)
    config = CONFIGURATIONS[name]
    if config is None:
        return
    draw = random.Random(random.getrandbits(32))
    macro = Macro(
        rows=config.rows,
        columns=config.columns,
        crossbars=config.crossbars,
        product_cycles=PRODUCT_CYCLES,
        programming_cycles=2,
    ).randomise(draw)
    memory = bytearray(draw.randbytes(MEMORY_BYTES))
    want, jobs, seen, engines = bytearray(memory), {}, {}, []
    both = name == "cluster_accelerators"
    if name != "depthwise":
        # Neither reads what the other writes: the inputs of both lie below 2000.
        jobs["ima"] = [random_ima_job(draw, macro) | {"destination": 3700} for _ in range(3)]
        before = [(IMA["product_cycles"], PRODUCT_CYCLES)]
        program = run_jobs(IMA_REGISTERS, jobs["ima"], seen.setdefault("ima", {}), before=before)
        names = ("ima_cfg", "ima_event_done") if both else ("cfg", "event_done")
        engines.append(Engine(*names, program))
        for job in jobs["ima"]:
            run_ima(want, macro, job)
    if both or name == "depthwise":
        jobs["dw"] = [random_depthwise_job(draw) for _ in range(2)]
        program = run_jobs(DEPTHWISE_REGISTERS, jobs["dw"], seen.setdefault("dw", {}))
        names = ("dw_cfg", "dw_event_done") if both else ("cfg", "event_done")
        engines.append(Engine(*names, program))
        for job in jobs["dw"]:
            run_depthwise(want, job)
    bench = HwpeBench(
        port_bytes=config.port_bytes,
        engines=engines,
        memory=memory,
        macro=None if name == "depthwise" else macro,
        grants=lambda: draw.random() < 0.8,
        ports=("mem", "mem_out")[: config.memory_ports],
    )
    while bench.cycle(pins.get, pins.put):
        await clock.wait()
        assert bench.now < MOST_CYCLES, "the run does not end"
    assert bytes(memory) == bytes(want)
    assert [len(engine.events) for engine in engines] == [len(each) for each in jobs.values()]
    if "ima" in jobs:
        vectors = sum(job["jobs_x"] * job["jobs_y"] for job in jobs["ima"])
        assert seen["ima"]["products"] == len(bench.starts) == vectors
    assert all(counters["status"] == 0 for counters in seen.values())
    assert sum(counters["stalled_cycles"] for counters in seen.values()) == len(bench.stalled)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def a_reset_in_a_job_leaves_the_state_after_power_up(dut):
    """Nothing is requested or busy any more, and both contexts are free."""
    pins, clock, name = await started(dut)
    if name in ("tcdm", "cluster_accelerators"):
        return
    config, draw = CONFIGURATIONS[name], random.Random(1)
    at = DEPTHWISE if name == "depthwise" else IMA
    macro = Macro(rows=config.rows, columns=config.columns, crossbars=config.crossbars)
    macro.randomise(draw)
    job = random_depthwise_job(draw) if name == "depthwise" else random_ima_job(draw, macro)
    registers = DEPTHWISE_REGISTERS if name == "depthwise" else IMA_REGISTERS
    for cycles in (30, 55):
        bench = one_bench(config, run_jobs(registers, [job], {}), macro, name)
        for _ in range(cycles):
            bench.cycle(pins.get, pins.put)
            await clock.wait()
        await clock.reset()
        pins.held.clear()
        found = []
        bench = one_bench(config, asked(at, found), macro, name)
        while bench.cycle(pins.get, pins.put):
            await clock.wait()
        await clock.wait()
        assert found == [0, 0, 1]
        assert not bench.granted


def one_bench(config, program, macro, name) -> HwpeBench:
    return HwpeBench(
        port_bytes=config.port_bytes,
        engines=[Engine("cfg", "event_done", program)],
        memory=bytearray(MEMORY_BYTES),
        macro=None if name == "depthwise" else macro,
        ports=("mem", "mem_out")[: config.memory_ports],
    )


def asked(at, found):
    """Read status and acquire both contexts."""
    for register in ("status", "acquire", "acquire"):
        found.append((yield at[register], None))


@cocotb.test(timeout_time=100, timeout_unit="us")
async def random_requests(dut):
    """Banks are granted by the rule in plain words, and what was written is read."""
    pins, clock, name = await started(dut)
    if name != "tcdm":
        return
    bench = TcdmBench(random.getrandbits(32))
    for _ in range(400):
        bench.drive(pins.put)
        # Grants depend on the requests of the same cycle.
        await Timer(1, "step")
        bench.check(pins.get)
        await Timer(PERIOD_FS - 1, "step")
    assert 1 <= bench.most < len(MASTERS)
    assert bench.read
    await clock.wait()
