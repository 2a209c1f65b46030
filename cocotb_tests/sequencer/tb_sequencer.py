# SPDX-License-Identifier: Apache-2.0
"""MVM sequencer: phases in order and to length, one multiplication after the other."""

import random

import cocotb
from cocotb_tests.blocks import chance, get, put, started

LENGTHS = ("precharge_cycles", "integrate_cycles", "digitise_cycles")


class Scoreboard:
    """The cycles that are still due, as (phase, start, sample)."""

    def __init__(self):
        self.due: list[tuple[int, int, int]] = []
        self.finished = 0

    def begin(self, lengths) -> None:
        phases = [n + 1 for n, length in enumerate(lengths) for _ in range(length)]
        last = len(phases) - 1
        self.due = [(phase, i == 0, i == last) for i, phase in enumerate(phases)]

    def check(self, shown) -> None:
        expected = self.due.pop(0) if self.due else (0, 0, 0)
        assert shown == expected, f"(phase, start, sample) {shown} where {expected} is due"
        self.finished += expected[2]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_lengths_and_pauses(dut):
    block, clock = await started(dut, "sequencer")
    scoreboard = Scoreboard()
    for _ in range(2500):
        idle = not scoreboard.due
        scoreboard.check(get(block, "phase", "start", "sample"))
        # The sequencer may be asked again only when it shows that it is idle.
        idle = idle and int(block.phase.value) == 0
        begin = idle and chance(0.6)
        lengths = [random.choice([1, 1, 2, 3, 9]) for _ in LENGTHS]
        put(block, begin=begin, **dict(zip(LENGTHS, lengths, strict=True)))
        await clock.wait()
        if begin:
            scoreboard.begin(lengths)
    assert scoreboard.finished > 100


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_default_is_a_hundred_cycles(dut):
    block, clock = await started(dut, "sequencer")
    put(block, begin=1, precharge_cycles=1, integrate_cycles=98, digitise_cycles=1)
    await clock.wait()
    put(block, begin=0)
    scoreboard = Scoreboard()
    scoreboard.begin((1, 98, 1))
    for _ in range(101):
        scoreboard.check(get(block, "phase", "start", "sample"))
        await clock.wait()
    assert scoreboard.finished == 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_ends_a_multiplication(dut):
    block, clock = await started(dut, "sequencer")
    for cycles in range(1, 12):
        put(block, begin=1, precharge_cycles=2, integrate_cycles=5, digitise_cycles=3)
        await clock.wait()
        put(block, begin=0)
        await clock.wait(cycles)
        await clock.reset()
        assert get(block, "phase", "start", "sample") == (0, 0, 0)
        await clock.wait(3)
        assert get(block, "phase", "start", "sample") == (0, 0, 0)
