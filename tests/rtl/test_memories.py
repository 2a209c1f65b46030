# SPDX-License-Identifier: Apache-2.0
"""Input memory, output memory and DAC registers, byte by byte."""

import random

import pytest
from pysim import simulate

from alpine_models.tile import TileConfig
from alpine_rtl.double_buffer import DacBank, PendingAnswers
from alpine_rtl.input_memory import InputMemory
from alpine_rtl.output_memory import OutputMemory

SIZES = (1, 2, 3, 4, 5, 9)


def of_size(size, **options):
    return TileConfig(rows=size, columns=size, **options)


@pytest.mark.parametrize("size", SIZES)
def test_any_group_at_any_index_is_written(size):
    dut = InputMemory(config=of_size(size))
    rng = random.Random(size)

    async def testbench(ctx):
        want = [0] * size
        for start in range(size):
            for count in range(min(4, size - start) + 1):
                data = rng.getrandbits(32)
                for name, value in (("start", start), ("count", count), ("data", data)):
                    ctx.set(getattr(dut, name), value)
                ctx.set(dut.write, 1)
                await ctx.tick()
                want[start : start + count] = data.to_bytes(4, "little")[:count]
                assert ctx.get(dut.codes).to_bytes(size, "little") == bytes(want)
                ctx.set(dut.write, 0)
                ctx.set(dut.data, rng.getrandbits(32))
                await ctx.tick()
                assert ctx.get(dut.codes).to_bytes(size, "little") == bytes(want)
        ctx.set(dut.write, 1)
        ctx.set(dut.count, 1)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert ctx.get(dut.codes) == 0

    simulate(dut, testbench)


@pytest.mark.parametrize("size", SIZES)
def test_any_group_at_any_index_is_read(size):
    dut = OutputMemory(config=of_size(size))
    codes = random.Random(size).randbytes(size)

    async def testbench(ctx):
        ctx.set(dut.codes, int.from_bytes(codes, "little"))
        await ctx.tick()
        ctx.set(dut.count, 1)
        assert ctx.get(dut.data) == 0, "codes are taken with sample only"
        ctx.set(dut.sample, 1)
        await ctx.tick()
        ctx.set(dut.sample, 0)
        ctx.set(dut.codes, 0)
        for start in range(size):
            for count in range(min(4, size - start) + 1):
                ctx.set(dut.start, start)
                ctx.set(dut.count, count)
                await ctx.tick()
                want = int.from_bytes(codes[start : start + count], "little")
                assert ctx.get(dut.data) == want
        ctx.set(dut.clear, 1)
        ctx.set(dut.sample, 1)
        await ctx.tick()
        assert ctx.get(dut.data) == 0

    simulate(dut, testbench)


def test_dac_registers_hold_between_load_and_clear():
    dut = DacBank(config=of_size(3, double_buffer=True))

    async def testbench(ctx):
        ctx.set(dut.i_codes, 0x112233)
        await ctx.tick()
        assert ctx.get(dut.o_codes) == 0
        ctx.set(dut.load, 1)
        await ctx.tick()
        ctx.set(dut.load, 0)
        ctx.set(dut.i_codes, 0)
        await ctx.tick()
        assert ctx.get(dut.o_codes) == 0x112233
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert ctx.get(dut.o_codes) == 0

    simulate(dut, testbench)


@pytest.mark.parametrize("rows, capacity", [(1, 4), (4, 4), (7, 7)])
def test_pending_answers_count_up_to_their_capacity(rows, capacity):
    dut = PendingAnswers(config=of_size(rows, double_buffer=True))
    rng = random.Random(rows)

    async def testbench(ctx):
        owed, reached = 0, set()
        for step in range(400):
            # Filling and draining in turn.
            add = owed < capacity and rng.random() < (0.7 if step // 50 % 2 else 0.3)
            take = owed > 0 and rng.random() < 0.5
            ctx.set(dut.add, add)
            ctx.set(dut.take, take)
            await ctx.tick()
            owed += add - take
            reached.add(owed)
            assert (ctx.get(dut.any), ctx.get(dut.full)) == (owed > 0, owed == capacity)
        assert reached == set(range(capacity + 1))

    simulate(dut, testbench)
