# SPDX-License-Identifier: Apache-2.0
"""Input memory and DAC register bank: bytes written, presented in parallel, cleared."""

import random

import cocotb
from cocotb_tests.blocks import CONFIG, DOUBLE, chance, put, started


class Scoreboard:
    """The bytes that a bank holds, and the comparison with what it shows."""

    def __init__(self, port, size: int):
        self.bytes = bytearray(size)
        self._port = port
        self.seen: set[bytes] = set()

    def check(self) -> None:
        shown = int(self._port.value).to_bytes(len(self.bytes), "little")
        assert shown == self.bytes, f"{shown.hex()} where {self.bytes.hex()} is due"
        self.seen.add(shown)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_groups_and_clears(dut):
    block, clock = await started(dut, "inputs")
    scoreboard = Scoreboard(block.codes, CONFIG.rows)
    put(block, clear=1)
    await clock.wait()
    for _ in range(800):
        count = random.randrange(5)
        start = random.randrange(CONFIG.rows - count + 1)
        start = min(start, CONFIG.rows - 1)
        write, clear, data = chance(0.7), chance(0.05), random.getrandbits(32)
        put(block, write=write, start=start, count=count, data=data, clear=clear)
        scoreboard.check()
        await clock.wait()
        if write:
            scoreboard.bytes[start : start + count] = data.to_bytes(4, "little")[:count]
        if clear:
            scoreboard.bytes[:] = bytes(CONFIG.rows)
        scoreboard.check()
    assert len(scoreboard.seen) > 200


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_group_at_every_index(dut):
    block, clock = await started(dut, "inputs")
    scoreboard = Scoreboard(block.codes, CONFIG.rows)
    put(block, clear=1)
    await clock.wait()
    put(block, clear=0, write=1)
    for start in range(CONFIG.rows):
        for count in range(1, min(4, CONFIG.rows - start) + 1):
            data = random.getrandbits(32)
            put(block, start=start, count=count, data=data)
            await clock.wait()
            scoreboard.bytes[start : start + count] = data.to_bytes(4, "little")[:count]
            scoreboard.check()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def dac_registers_hold_between_load_and_clear(dut):
    block, clock = await started(dut, "dac")
    scoreboard = Scoreboard(block.o_codes, DOUBLE.rows)
    put(block, clear=1)
    await clock.wait()
    for _ in range(300):
        load, clear = chance(0.2), chance(0.1)
        codes = random.randbytes(DOUBLE.rows)
        put(block, load=load, clear=clear, i_codes=int.from_bytes(codes, "little"))
        await clock.wait()
        if clear:
            scoreboard.bytes[:] = bytes(DOUBLE.rows)
        elif load:
            scoreboard.bytes[:] = codes
        scoreboard.check()
    assert len(scoreboard.seen) > 30
