# SPDX-License-Identifier: Apache-2.0
"""The accelerator driven by cocotbext-axi, a bus model that is not ours.

That model goes to sleep between transfers and is woken by an edge of valid, which some Verilator
versions do not deliver; so every access here has a time limit, and a hang is a failure with a name.
"""

import itertools
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge, with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from alpine_models.crossbar import IdealCrossbar
from alpine_models.registers import (
    ACCELERATOR_ID,
    ACCELERATOR_REGISTERS,
    PAGE_REGISTERS,
    PAGE_WINDOWS,
    TILE_PAGE_BYTES,
    TILE_REGISTERS,
)

PATIENCE_US = 20
INPUT, OUTPUT = (TILE_PAGE_BYTES + window.offset for window in PAGE_WINDOWS)
GUARD = 0xAA


def offset(name: str) -> int:
    return ACCELERATOR_REGISTERS[name].offset


class TB:
    """Clock, bus model and crossbar around the accelerator."""

    def __init__(self, dut):
        self.dut = dut
        self.rows = int(str(cocotb.plusargs["rows"]))
        self.columns = int(str(cocotb.plusargs["columns"]))
        self.crossbar = IdealCrossbar(rows=self.rows, columns=self.columns)
        Clock(dut.clk, 10, unit="ns").start()
        bus = AxiLiteBus.from_prefix(dut, "s_axi")
        self.master = AxiLiteMaster(bus, dut.clk, dut.rst)
        cocotb.start_soon(self._play_crossbar())

    async def start(self) -> None:
        self.dut.rst.value = 1
        self.dut.xb0_adc.value = 0
        self.dut.xb0_read_weight.value = 0
        self.dut.xb0_prog_busy.value = 0
        await ClockCycles(self.dut.clk, 3)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 2)

    async def reset(self) -> None:
        """Reset the accelerator; the bus model gives up what it was doing at the same time."""
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 3)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 2)

    async def traffic(self, rng: random.Random) -> None:
        """Use everything at random for as long as nobody ends it."""
        page = TILE_PAGE_BYTES
        while True:
            kind = rng.randrange(6)
            if kind == 0:
                await self.write(INPUT + rng.randrange(self.rows), rng.randbytes(1))
            elif kind == 1:
                await self.write_word(offset(rng.choice(["start", "result"])), 1)
            elif kind == 2:
                await self.write_word(offset("interrupt_enable"), rng.randrange(2))
            elif kind == 3:
                name = rng.choice([*PAGE_REGISTERS.registers, *TILE_REGISTERS.registers])
                await self.write_word(page + name.offset, rng.randrange(8))
            elif kind == 4:
                await self.read(OUTPUT, self.columns)
            else:
                await self.read(page + PAGE_REGISTERS["weight"].offset, 4)

    def pause(self, chance: float) -> None:
        """Stall every channel of the bus at random."""
        write, read = self.master.write_if, self.master.read_if
        for number, channel in enumerate(
            (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel)
        ):
            rng = random.Random(number)
            channel.set_pause_generator(rng.random() < chance for _ in itertools.count())

    async def write(self, address: int, data: bytes):
        return await with_timeout(self.master.write(address, data), PATIENCE_US, "us")

    async def read(self, address: int, length: int):
        return await with_timeout(self.master.read(address, length), PATIENCE_US, "us")

    async def write_word(self, address: int, value: int) -> AxiResp:
        return (await self.write(address, value.to_bytes(4, "little"))).resp

    async def read_word(self, address: int) -> int:
        answer = await self.read(address, 4)
        assert answer.resp == AxiResp.OKAY
        return int.from_bytes(answer.data, "little")

    async def multiply(self, codes: bytes) -> bytes:
        """Write a vector, start, wait for the result and read it."""
        assert (await self.write(INPUT, codes)).resp == AxiResp.OKAY
        assert await self.write_word(offset("start"), 1) == AxiResp.OKAY
        while not await self.read_word(offset("result")) & 1:
            pass
        outputs = (await self.read(OUTPUT, self.columns)).data
        assert await self.write_word(offset("result"), 1) == AxiResp.OKAY
        return bytes(outputs)

    async def _play_crossbar(self) -> None:
        """Answer the crossbar ports; the codes stand from the start of a multiplication on."""
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            await ReadOnly()
            adc = weight = None
            if dut.xb0_start.value == 1:
                driven = int(dut.xb0_dac.value).to_bytes(self.rows, "little")
                adc = self.crossbar.multiply(np.frombuffer(driven, np.int8)).tobytes()
            if dut.xb0_prog_valid.value == 1:
                cell = int(dut.xb0_prog_col.value), int(dut.xb0_prog_row.value)
                programmed = np.uint8(int(dut.xb0_prog_weight.value)).astype(np.int8)
                self.crossbar.weights[cell] = programmed
            if dut.xb0_read_valid.value == 1:
                cell = int(dut.xb0_read_col.value), int(dut.xb0_read_row.value)
                weight = int(self.crossbar.weights[cell]) & 0xFF
            await cocotb.triggers.FallingEdge(dut.clk)
            if adc is not None:
                dut.xb0_adc.value = int.from_bytes(adc, "little")
            if weight is not None:
                dut.xb0_read_weight.value = weight


async def started(dut) -> TB:
    bench = TB(dut)
    await bench.start()
    return bench


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def registers_identify_the_accelerator(dut):
    bench = await started(dut)
    assert await bench.read_word(offset("id")) == ACCELERATOR_ID
    assert await bench.read_word(offset("tiles")) == 1
    page = TILE_PAGE_BYTES
    assert await bench.read_word(page + TILE_REGISTERS["rows"].offset) == bench.rows
    assert await bench.read_word(page + TILE_REGISTERS["columns"].offset) == bench.columns


@cocotb.test(timeout_time=5, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def vectors_are_multiplied(dut, stall):
    bench = await started(dut)
    bench.pause(stall)
    rng = np.random.default_rng(1)
    weights = rng.integers(-9, 10, (bench.columns, bench.rows))
    bench.crossbar.weights[:] = weights
    for _ in range(4):
        codes = rng.integers(-9, 10, bench.rows)
        outputs = await bench.multiply(codes.astype(np.int8).tobytes())
        expected = np.clip(weights @ codes, -128, 127).astype(np.int8).tobytes()
        assert outputs == expected


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def any_bytes_of_the_input_window_can_be_written(dut):
    bench = await started(dut)
    # The identity on as many lines as both sides have: outputs show the input memory.
    side = min(bench.rows, bench.columns)
    bench.crossbar.weights[range(side), range(side)] = 1
    for first in range(side):
        for length in range(1, min(6, side - first) + 1):
            memory = bytearray([GUARD] * bench.rows)
            assert (await bench.write(INPUT, bytes(memory))).resp == AxiResp.OKAY
            data = random.Random(first * 8 + length).randbytes(length)
            assert (await bench.write(INPUT + first, data)).resp == AxiResp.OKAY
            memory[first : first + length] = data
            await bench.write_word(offset("start"), 1)
            while not await bench.read_word(offset("result")) & 1:
                pass
            outputs = bytes((await bench.read(OUTPUT, side)).data)
            await bench.write_word(offset("result"), 1)
            assert outputs == memory[:side], f"{length} bytes at {first}"


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def cells_are_programmed_and_read(dut):
    bench = await started(dut)
    page = TILE_PAGE_BYTES
    weight = page + PAGE_REGISTERS["weight"].offset
    for column in range(bench.columns):
        for name, value in (("row", 0), ("column", column)):
            await bench.write_word(page + PAGE_REGISTERS[name].offset, value)
        for row in range(bench.rows):
            assert await bench.write_word(weight, (row - column) & 0xFF) == AxiResp.OKAY
    rows, columns = np.indices((bench.rows, bench.columns))
    assert (bench.crossbar.weights == (rows - columns).T).all()
    await bench.write_word(page + PAGE_REGISTERS["row"].offset, 0)
    for row in range(bench.rows):
        value = await bench.read_word(weight)
        assert value == (row - (bench.columns - 1)) % 2**32


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def what_cannot_be_is_refused(dut):
    bench = await started(dut)
    beyond_registers = 0xF0
    assert (await bench.read(beyond_registers, 4)).resp == AxiResp.DECERR
    assert await bench.write_word(beyond_registers, 1) == AxiResp.DECERR
    assert await bench.write_word(offset("id"), 1) == AxiResp.SLVERR
    assert (await bench.write(offset("interrupt_enable"), b"\x01")).resp == AxiResp.SLVERR
    assert (await bench.read(INPUT, 4)).resp in (AxiResp.SLVERR, AxiResp.DECERR)
    assert await bench.write_word(OUTPUT, 1) in (AxiResp.SLVERR, AxiResp.DECERR)
    assert await bench.read_word(offset("id")) == ACCELERATOR_ID


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def reset_in_the_middle_of_anything(dut):
    bench = await started(dut)
    bench.pause(0.3)
    rng = random.Random(4)
    for _ in range(16):
        running = cocotb.start_soon(bench.traffic(rng))
        await ClockCycles(dut.clk, rng.randint(1, 90))
        running.cancel()
        await bench.reset()
        assert dut.irq.value == 0
        for name in ("busy", "result", "interrupt_enable", "chain", "relu"):
            assert await bench.read_word(offset(name)) == 0, name
        assert await bench.read_word(offset("input_free")) == 1
        for name in ("control", "error", "mvms", "bytes_in", "bytes_out"):
            assert await bench.read_word(TILE_PAGE_BYTES + TILE_REGISTERS[name].offset) == 0, name
        for name in ("row", "column"):
            assert await bench.read_word(TILE_PAGE_BYTES + PAGE_REGISTERS[name].offset) == 0
        assert bytes((await bench.read(OUTPUT, bench.columns)).data) == bytes(bench.columns)
        # One byte is written; the others are 0 again.
        code = rng.randrange(-9, 10)
        assert await bench.multiply(bytes([code & 0xFF])) == (
            np.clip(bench.crossbar.weights[:, 0].astype(int) * code, -128, 127)
            .astype(np.int8)
            .tobytes()
        )
