# SPDX-License-Identifier: Apache-2.0
"""ADC register bank and output memory: all codes taken at once, read in groups at any index."""

import random

import cocotb
from cocotb.triggers import Timer
from cocotb_tests.blocks import CONFIG, chance, put, started


class Scoreboard:
    """The codes that the bank holds."""

    def __init__(self, block):
        self.bytes = bytes(CONFIG.columns)
        self._block = block
        self.groups = 0

    async def check(self, start: int, count: int) -> None:
        put(self._block, start=start, count=count)
        await Timer(10, "ps")
        expected = int.from_bytes(self.bytes[start : start + count], "little")
        shown = int(self._block.data.value)
        assert shown == expected, f"{count} bytes from {start}: {shown:#x}, due {expected:#x}"
        self.groups += count > 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_samples_and_reads(dut):
    block, clock = await started(dut, "outputs")
    scoreboard = Scoreboard(block)
    put(block, clear=1)
    await clock.wait()
    for _ in range(600):
        sample, clear = chance(0.3), chance(0.05)
        codes = random.randbytes(CONFIG.columns)
        put(block, sample=sample, clear=clear, codes=int.from_bytes(codes, "little"))
        await clock.wait()
        if clear:
            scoreboard.bytes = bytes(CONFIG.columns)
        elif sample:
            scoreboard.bytes = codes
        count = random.randrange(5)
        await scoreboard.check(random.randrange(CONFIG.columns - max(count, 1) + 1), count)
        await clock.until(clock.edge)
    assert scoreboard.groups > 300


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_group_at_every_index(dut):
    block, clock = await started(dut, "outputs")
    scoreboard = Scoreboard(block)
    scoreboard.bytes = random.randbytes(CONFIG.columns)
    put(block, sample=1, codes=int.from_bytes(scoreboard.bytes, "little"))
    await clock.wait()
    put(block, sample=0, codes=0)
    for start in range(CONFIG.columns):
        for count in range(min(4, CONFIG.columns - start) + 1):
            await scoreboard.check(start, count)
