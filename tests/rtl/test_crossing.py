# SPDX-License-Identifier: Apache-2.0
"""The clock-domain crossing, with clocks that have nothing to do with each other."""

import random

import pytest
from amaranth.hdl import ClockDomain, Module, ResetSignal, Signal
from amaranth.sim import Simulator
from pysim import crossbar, pins

from alpine_models.isa import dequeue, process, queue
from alpine_models.reference_tile import ReferenceTile
from alpine_models.tile import TileConfig
from alpine_rtl.crossing import AimcTileCdc

CONFIG = TileConfig(rows=6, columns=7, precharge_cycles=1, integrate_cycles=3, digitise_cycles=1)
CLOCKS_NS = [(1.0, 1.0), (0.37, 1.0), (1.0, 0.29), (0.93, 1.07)]


def program(rng, length):
    """Random commands as (word, rn, rm, ra)."""
    return [
        rng.choice(
            [
                (queue(), 0, rng.getrandbits(64), 0),
                (queue(ra=5, rn=5), rng.randrange(8), rng.getrandbits(64), rng.randrange(6)),
                (dequeue(rm=5), 0, rng.randrange(6), 0),
                (dequeue(rm=5, rn=5), rng.randrange(8), rng.randrange(6), 0),
                (process(), 0, 0, 0),
            ]
        )
        for _ in range(length)
    ]


def add_clocks(simulator, cpu_ns, tile_ns):
    simulator.add_clock(cpu_ns * 1e-9, domain="cpu", phase=0.13e-9 * cpu_ns)
    simulator.add_clock(tile_ns * 1e-9, domain="sync", phase=0.71e-9 * tile_ns)


async def present(ctx, dut, command):
    word, rn, rm, ra = command
    dut = pins(dut)
    ctx.set(dut.cm_req_instr, word)
    ctx.set(dut.cm_req_rn, rn)
    ctx.set(dut.cm_req_rm, rm)
    ctx.set(dut.cm_req_ra, ra)
    ctx.set(dut.cm_req_valid, 1)
    while not ctx.get(dut.cm_req_ready):
        await ctx.tick("cpu")
    await ctx.tick("cpu")
    ctx.set(dut.cm_req_valid, 0)


@pytest.mark.parametrize("cpu_ns, tile_ns", CLOCKS_NS)
def test_random_programs_cross_in_order(cpu_ns, tile_ns):
    dut = AimcTileCdc(config=CONFIG)
    port = pins(dut)
    simulator = Simulator(dut)
    add_clocks(simulator, cpu_ns, tile_ns)
    play, macro = crossbar(dut.xb, CONFIG, seed=3)
    simulator.add_testbench(play, background=True)
    reference = ReferenceTile(rows=6, columns=7)
    reference.crossbar.weights[:] = macro.weights
    rng = random.Random(7)
    commands = program(rng, 80)

    async def send(ctx):
        for command in commands:
            await present(ctx, dut, command)
            for _ in range(rng.choice([0, 0, 0, 5])):
                await ctx.tick("cpu")

    async def receive(ctx):
        for word, rn, rm, ra in commands:
            for _ in range(rng.choice([0, 0, 0, 9])):
                await ctx.tick("cpu")
            ctx.set(port.cm_rsp_ready, 1)
            while not ctx.get(port.cm_rsp_valid):
                await ctx.tick("cpu")
            answer = ctx.get(port.cm_rsp_rd), ctx.get(port.cm_rsp_status)
            want = reference.execute(word, rn=rn, rm=rm, ra=ra)
            await ctx.tick("cpu")
            ctx.set(port.cm_rsp_ready, 0)
            assert answer == want
        await ctx.tick("cpu").repeat(30)
        assert not ctx.get(port.cm_rsp_valid)

    simulator.add_testbench(send)
    simulator.add_testbench(receive)
    simulator.run()


@pytest.mark.parametrize("cpu_ns, tile_ns", CLOCKS_NS)
def test_latency_and_throughput(cpu_ns, tile_ns):
    dut = AimcTileCdc(config=CONFIG)
    port = pins(dut)
    simulator = Simulator(dut)
    add_clocks(simulator, cpu_ns, tile_ns)
    count = 60
    took = {}

    async def cycles_until_answered(ctx, total):
        sent = answered = cycles = 0
        while answered < total:
            ctx.set(port.cm_req_valid, sent < total)
            sent += sent < total and ctx.get(port.cm_req_ready)
            answered += ctx.get(port.cm_rsp_valid)
            await ctx.tick("cpu")
            cycles += 1
        ctx.set(port.cm_req_valid, 0)
        return cycles

    async def testbench(ctx):
        await ctx.tick("cpu").repeat(20)
        ctx.set(port.cm_rsp_ready, 1)
        ctx.set(port.cm_req_instr, dequeue(rm=5, rn=5))
        ctx.set(port.cm_req_rm, 4)
        took["one"] = await cycles_until_answered(ctx, 1)
        took["many"] = await cycles_until_answered(ctx, count)

    simulator.add_testbench(testbench)
    simulator.run()
    # From the request's transfer to the response's: at most 4 tile cycles there and in the tile,
    # and 4 cycles of the CPU back. The first cycle counted is the one that ends with the transfer.
    assert (took["one"] - 1) * cpu_ns <= 4 * tile_ns + 4 * cpu_ns
    assert (took["many"] - took["one"]) * cpu_ns <= (count + 1) * max(cpu_ns, tile_ns)


@pytest.mark.parametrize("domain", ["cpu", "sync"])
@pytest.mark.parametrize("cpu_ns, tile_ns", [(0.37, 1.0), (1.0, 0.29)])
def test_a_reset_of_either_side_empties_both(domain, cpu_ns, tile_ns):
    resets = {"cpu": Signal(), "sync": Signal()}
    top = Module()
    for name, reset in resets.items():
        top.domains += ClockDomain(name)
        top.d.comb += ResetSignal(name).eq(reset)
    top.submodules.dut = dut = AimcTileCdc(config=CONFIG)
    port = pins(dut)
    simulator = Simulator(top)
    add_clocks(simulator, cpu_ns, tile_ns)

    async def testbench(ctx):
        await ctx.tick("cpu").repeat(20)
        # Several commands under way, none of the responses taken.
        for command in [(process(), 0, 0, 0), *[(queue(), 0, 0x01010101, 0)] * 5]:
            await present(ctx, dut, command)
        ctx.set(resets[domain], 1)
        await ctx.tick(domain)
        ctx.set(resets[domain], 0)
        ctx.set(port.cm_rsp_ready, 1)
        # The tile's counter is back at 0: an array's worth of streaming groups fits, no more.
        for expected in (0, 0, 3):
            await present(ctx, dut, (queue(), 0, 0x01010101, 0))
            for _ in range(60):
                if ctx.get(port.cm_rsp_valid):
                    break
                await ctx.tick("cpu")
            assert ctx.get(port.cm_rsp_valid)
            assert ctx.get(port.cm_rsp_status) == expected
            await ctx.tick("cpu")
        for _ in range(60):
            assert not ctx.get(port.cm_rsp_valid)
            await ctx.tick("cpu")

    simulator.add_testbench(testbench)
    simulator.run()
