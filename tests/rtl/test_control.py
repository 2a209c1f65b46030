# SPDX-License-Identifier: Apache-2.0
"""Sequencer, response buffer, command register, cell access, counters."""

import random

import pytest
from pysim import simulate

from alpine_models.isa import CmOperation
from alpine_models.tile import TileConfig
from alpine_rtl.cells import CellAccess
from alpine_rtl.command import CommandRegister
from alpine_rtl.responses import ResponseBuffer
from alpine_rtl.sequencer import MvmPhase, MvmSequencer
from alpine_rtl.stream_counters import StreamCounters

CONFIG = TileConfig(rows=6, columns=7)


@pytest.mark.parametrize("lengths", [(1, 1, 1), (2, 5, 3), (1, 98, 1)])
def test_phases_follow_each_other_for_their_lengths(lengths):
    dut = MvmSequencer()
    names = ("precharge_cycles", "integrate_cycles", "digitise_cycles")

    async def testbench(ctx):
        for name, value in zip(names, lengths, strict=True):
            ctx.set(getattr(dut, name), value)
        ctx.set(dut.begin, 1)
        await ctx.tick()
        ctx.set(dut.begin, 0)
        for name in names:
            ctx.set(getattr(dut, name), 9)
        seen = []
        for cycle in range(sum(lengths)):
            seen.append(ctx.get(dut.phase))
            assert ctx.get(dut.start) == (cycle == 0)
            assert ctx.get(dut.sample) == (cycle == sum(lengths) - 1)
            await ctx.tick()
        phases = (MvmPhase.PRECHARGE, MvmPhase.INTEGRATE, MvmPhase.DIGITISE)
        assert seen == [p for p, n in zip(phases, lengths, strict=True) for _ in range(n)]
        assert ctx.get(dut.phase) == MvmPhase.IDLE
        assert not ctx.get(dut.sample)

    simulate(dut, testbench)


def test_responses_keep_their_order_and_their_values():
    dut = ResponseBuffer()
    rng = random.Random(3)

    async def testbench(ctx):
        sent, taken, number = [], [], 0
        for _ in range(500):
            offered = rng.random() < 0.6
            ctx.set(dut.i.valid, offered)
            ctx.set(dut.i.payload.rd, number)
            ctx.set(dut.i.payload.status, number % 4)
            ctx.set(dut.o.ready, rng.random() < 0.5)
            if offered and ctx.get(dut.i.ready):
                sent.append((number, number % 4))
                number += 1
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                taken.append((ctx.get(dut.o.payload.rd), ctx.get(dut.o.payload.status)))
            await ctx.tick()
        assert len(taken) > 100
        assert taken == sent[: len(taken)]
        assert len(sent) - len(taken) <= 1

    simulate(dut, testbench)


def test_a_rejected_command_is_done_at_once_and_does_nothing():
    dut = CommandRegister(config=CONFIG)

    async def testbench(ctx):
        ctx.set(dut.accept, 1)
        ctx.set(dut.i.operation, CmOperation.INITIALIZE)
        for status in (3, 0):
            ctx.set(dut.i.status, status)
            assert ctx.get(dut.execute) == (0 if status else CmOperation.INITIALIZE)
            await ctx.tick()
            flags = ctx.get(dut.valid), ctx.get(dut.done), ctx.get(dut.waiting)
            assert flags == (1, bool(status), not status)
            assert ctx.get(dut.rd_is_status)
        ctx.set(dut.accept, 0)
        ctx.set(dut.launch, 1)
        await ctx.tick()
        assert (ctx.get(dut.fresh), ctx.get(dut.waiting), ctx.get(dut.done)) == (0, 0, 0)
        ctx.set(dut.finish, 1)
        await ctx.tick()
        assert ctx.get(dut.done)
        ctx.set(dut.leave, 1)
        await ctx.tick()
        assert not ctx.get(dut.valid)

    simulate(dut, testbench)


@pytest.mark.parametrize("busy_cycles", [0, 1, 4])
def test_programming_ends_when_the_macro_is_no_longer_busy(busy_cycles):
    dut = CellAccess()

    async def testbench(ctx):
        ctx.set(dut.program, 1)
        for cycle in range(busy_cycles + 1):
            ctx.set(dut.prog_busy, cycle < busy_cycles)
            assert ctx.get(dut.finish) == (cycle == busy_cycles)
            await ctx.tick()
            ctx.set(dut.program, 0)
        assert not ctx.get(dut.finish)
        ctx.set(dut.read, 1)
        ctx.set(dut.read_weight, 0x85)
        assert ctx.get(dut.finish)
        await ctx.tick()
        ctx.set(dut.read, 0)
        ctx.set(dut.read_weight, 0)
        await ctx.tick()
        assert ctx.get(dut.weight) == 0x85

    simulate(dut, testbench)


def test_counters_follow_streaming_commands_only():
    dut = StreamCounters(config=CONFIG)

    async def testbench(ctx):
        for operation, streaming, count, want in (
            (CmOperation.QUEUE, 1, 4, (4, 0)),
            (CmOperation.QUEUE, 0, 2, (4, 0)),
            (CmOperation.DEQUEUE, 1, 3, (4, 3)),
            (CmOperation.UNKNOWN, 1, 3, (4, 3)),
            (CmOperation.QUEUE, 1, 2, (6, 3)),
            (CmOperation.PROCESS, 1, 3, (0, 0)),
        ):
            ctx.set(dut.execute, operation)
            ctx.set(dut.streaming, streaming)
            ctx.set(dut.count, count)
            await ctx.tick()
            assert (ctx.get(dut.input), ctx.get(dut.output)) == want

    simulate(dut, testbench)
