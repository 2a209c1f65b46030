# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The accelerator in pysim, with crossbars at its tiles and a host on its bus."""

import numpy as np
from pysim import crossbar, packed, pins, signed_bytes, simulate

from alpine_models.registers import ACCELERATOR_REGISTERS, PAGE_WINDOWS, TILE_PAGE_BYTES
from alpine_rtl.accelerator import AimcAxi
from alpine_rtl.axi_lite import AxiResponse

OKAY, SLVERR, DECERR = AxiResponse.OKAY, AxiResponse.SLVERR, AxiResponse.DECERR
INPUT, OUTPUT = (window.offset for window in PAGE_WINDOWS)


def page(tile, offset):
    return (tile + 1) * TILE_PAGE_BYTES + offset


def top(name):
    return ACCELERATOR_REGISTERS[name].offset


class Bus:
    """Drives the bus with a random pause before every channel's transfer."""

    def __init__(self, ctx, dut, *, pauses=None):
        self.ctx, self.dut, self.pauses = ctx, pins(dut), pauses
        self.cycles = 0

    async def tick(self):
        self.cycles += 1
        await self.ctx.tick()

    def pause(self):
        return self.pauses.randrange(4) if self.pauses else 0

    async def write(self, address, value, strobes=0xF):
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.s_axi_awaddr, address)
        ctx.set(dut.s_axi_wdata, value & 0xFFFFFFFF)
        ctx.set(dut.s_axi_wstrb, strobes)
        waits = {"aw": self.pause(), "w": self.pause(), "b": self.pause()}
        while waits:
            for channel, wait in waits.items():
                strobe = "ready" if channel == "b" else "valid"
                ctx.set(getattr(dut, f"s_axi_{channel}{strobe}"), wait <= 0)
            moved = [
                channel
                for channel in waits
                if ctx.get(getattr(dut, f"s_axi_{channel}valid"))
                and ctx.get(getattr(dut, f"s_axi_{channel}ready"))
            ]
            response = ctx.get(dut.s_axi_bresp)
            await self.tick()
            for channel in moved:
                del waits[channel]
                ctx.set(getattr(dut, f"s_axi_{channel}{'ready' if channel == 'b' else 'valid'}"), 0)
            waits = {channel: wait - 1 for channel, wait in waits.items()}
        return response

    async def read(self, address):
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.s_axi_araddr, address)
        waits = {"ar": self.pause(), "r": self.pause()}
        while waits:
            for channel, wait in waits.items():
                strobe = "ready" if channel == "r" else "valid"
                ctx.set(getattr(dut, f"s_axi_{channel}{strobe}"), wait <= 0)
            moved = [
                channel
                for channel in waits
                if ctx.get(getattr(dut, f"s_axi_{channel}valid"))
                and ctx.get(getattr(dut, f"s_axi_{channel}ready"))
            ]
            answer = ctx.get(dut.s_axi_rdata), ctx.get(dut.s_axi_rresp)
            await self.tick()
            for channel in moved:
                del waits[channel]
                ctx.set(getattr(dut, f"s_axi_{channel}{'ready' if channel == 'r' else 'valid'}"), 0)
            waits = {channel: wait - 1 for channel, wait in waits.items()}
        return answer

    async def put_vector(self, tile, codes):
        for first in range(0, len(codes), 4):
            group = codes[first : first + 4]
            strobes = (1 << len(group)) - 1
            assert await self.write(page(tile, INPUT + first), packed(group), strobes) == OKAY

    async def get_vector(self, tile, count):
        values = []
        for first in range(0, count, 4):
            data, response = await self.read(page(tile, OUTPUT + first))
            assert response == OKAY
            values += signed_bytes(data, min(4, count - first))
        return values

    async def wait_for(self, name, bit, *, patience=400):
        for _ in range(patience):
            value, response = await self.read(top(name))
            assert response == OKAY
            if value >> bit & 1:
                return
        raise AssertionError(f"{name} bit {bit} never rose")


def run(tiles, body, *, seed=1, pauses=None):
    dut = AimcAxi(tiles=tiles)
    played = [crossbar(dut.macro(k), c, seed=seed + k) for k, c in enumerate(tiles)]

    async def testbench(ctx):
        await body(Bus(ctx, dut, pauses=pauses), dut, [macro for _, macro in played])

    simulate(dut, testbench, processes=[play for play, _ in played])


def vectors(count, rows, seed):
    return np.random.default_rng(seed).integers(-9, 9, (count, rows), np.int8)
