# SPDX-License-Identifier: Apache-2.0
"""The bus front end with every channel stalling at random, against a memory behind it."""

import random
from itertools import pairwise

import pytest
from pysim import pins, simulate

from alpine_rtl.axi_lite import AxiLitePort, AxiResponse

WORDS = 8


class Memory:
    """Serves accesses after a random number of cycles; addresses beyond it are errors."""

    def __init__(self, dut, rng):
        self.dut, self.rng, self.words = dut, rng, [0] * WORDS

    async def serve(self, ctx):
        dut = self.dut
        while True:
            if not ctx.get(dut.access.valid):
                await ctx.tick()
                continue
            names = ("write", "address", "wdata", "wstrb")
            assert ctx.get(dut.access.first)
            access = [ctx.get(getattr(dut.access, name)) for name in names]
            assert access[1] % 4 == 0
            for _ in range(self.rng.choice([0, 0, 3])):
                await ctx.tick()
                assert ctx.get(dut.access.valid) and not ctx.get(dut.access.first)
                assert [ctx.get(getattr(dut.access, name)) for name in names] == access
            write, address, data, strobes = access
            known = address // 4 < WORDS
            if write and known:
                mask = sum(0xFF << 8 * i for i in range(4) if strobes >> i & 1)
                old = self.words[address // 4]
                self.words[address // 4] = old & ~mask | data & mask
            ctx.set(dut.access.rdata, self.words[address // 4] if known else 0)
            ctx.set(dut.access.resp, AxiResponse.OKAY if known else AxiResponse.DECERR)
            ctx.set(dut.access.done, 1)
            await ctx.tick()
            ctx.set(dut.access.done, 0)


async def transfer(ctx, rng, valid, ready, *, payload=(), capture=()):
    """Make one transfer on a channel after a random pause; return what it carried."""
    driven = valid if payload else ready
    other = ready if payload else valid
    for _ in range(rng.choice([0, 0, 1, 5])):
        await ctx.tick()
    for port, value in payload:
        ctx.set(port, value)
    ctx.set(driven, 1)
    while not ctx.get(other):
        await ctx.tick()
    values = [ctx.get(port) for port in capture]
    await ctx.tick()
    ctx.set(driven, 0)
    return values


@pytest.mark.parametrize("seed", range(4))
def test_channels_stall_independently(seed):
    dut = AxiLitePort(address_bits=6)
    bus = pins(dut)
    rng = random.Random(seed)
    memory = Memory(dut, rng)
    writes = [(4 * rng.randrange(10), rng.getrandbits(32), rng.randrange(16)) for _ in range(60)]
    model = [0] * WORDS
    for address, data, strobes in writes:
        if address // 4 < WORDS:
            old = model[address // 4].to_bytes(4, "little")
            new = data.to_bytes(4, "little")
            merged = bytes(
                n if strobes >> i & 1 else o for i, (o, n) in enumerate(zip(old, new, strict=True))
            )
            model[address // 4] = int.from_bytes(merged, "little")

    async def addresses(ctx):
        for address, _, _ in writes:
            payload = [(bus.s_axi_awaddr, address + rng.randrange(4))]
            await transfer(ctx, rng, bus.s_axi_awvalid, bus.s_axi_awready, payload=payload)

    async def data(ctx):
        for _, word, strobes in writes:
            payload = [(bus.s_axi_wdata, word), (bus.s_axi_wstrb, strobes)]
            await transfer(ctx, rng, bus.s_axi_wvalid, bus.s_axi_wready, payload=payload)

    async def write_answers(ctx):
        for address, _, _ in writes:
            (resp,) = await transfer(
                ctx, rng, bus.s_axi_bvalid, bus.s_axi_bready, capture=[bus.s_axi_bresp]
            )
            assert resp == (0 if address // 4 < WORDS else AxiResponse.DECERR)
        for word in range(10):
            payload = [(bus.s_axi_araddr, 4 * word)]
            await transfer(ctx, rng, bus.s_axi_arvalid, bus.s_axi_arready, payload=payload)
            capture = [bus.s_axi_rdata, bus.s_axi_rresp]
            answer = await transfer(ctx, rng, bus.s_axi_rvalid, bus.s_axi_rready, capture=capture)
            assert answer == ([model[word], 0] if word < WORDS else [0, AxiResponse.DECERR])

    simulate(dut, addresses, data, write_answers, processes=[memory.serve])


def test_reads_and_writes_take_turns():
    dut = AxiLitePort(address_bits=6)
    bus = pins(dut)
    order = []

    async def testbench(ctx):
        for name in ("awvalid", "wvalid", "arvalid", "bready", "rready"):
            ctx.set(getattr(bus, f"s_axi_{name}"), 1)
        for _ in range(40):
            ctx.set(dut.access.done, ctx.get(dut.access.valid))
            if ctx.get(dut.access.valid):
                order.append(ctx.get(dut.access.write))
            await ctx.tick()

    simulate(dut, testbench)
    assert len(order) > 10
    assert all(a != b for a, b in pairwise(order))
