# SPDX-License-Identifier: Apache-2.0
"""Weight programming and read-back: how long an access lasts, and the weight that it brings."""

import random

import cocotb
from cocotb.triggers import Timer
from cocotb_tests.blocks import chance, put, started


class Scoreboard:
    """Accesses and how each must end."""

    def __init__(self, block, clock):
        self._block, self._clock = block, clock
        self.programmed = self.read = 0

    async def program(self, busy: int) -> None:
        """Ask for programming that the macro needs so many further cycles for."""
        for cycle in range(busy + 1):
            put(self._block, program=cycle == 0, prog_busy=cycle < busy)
            await self._finish(cycle == busy)
        put(self._block, program=0)
        self.programmed += 1

    async def fetch(self, weight: int) -> None:
        put(self._block, read=1, read_weight=weight)
        await self._finish(True)
        # The macro shows something else right after the edge.
        put(self._block, read=0, read_weight=weight ^ 0xFF)
        for _ in range(random.randint(0, 3)):
            assert int(self._block.weight.value) == weight
            await self._finish(False)
        assert int(self._block.weight.value) == weight
        self.read += 1

    async def idle(self) -> None:
        # Whatever the macro says while nothing was asked ends no access.
        put(self._block, prog_busy=chance(0.5), read_weight=random.getrandbits(8))
        await self._finish(False)

    async def _finish(self, expected: bool) -> None:
        await Timer(10, "ps")
        assert bool(self._block.finish.value) is expected
        await self._clock.until(self._clock.edge)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_accesses(dut):
    block, clock = await started(dut, "cells")
    scoreboard = Scoreboard(block, clock)
    for _ in range(400):
        kind = random.random()
        if kind < 0.4:
            await scoreboard.program(random.choice([0, 0, 1, 2, 9]))
        elif kind < 0.8:
            await scoreboard.fetch(random.getrandbits(8))
        else:
            await scoreboard.idle()
    assert scoreboard.programmed > 100
    assert scoreboard.read > 100


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_forgets_an_access(dut):
    block, clock = await started(dut, "cells")
    put(block, program=1, prog_busy=1)
    await clock.wait()
    put(block, program=0)
    await clock.wait(3)
    await clock.reset()
    for _ in range(5):
        assert not block.finish.value
        await clock.wait()
