# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""The loosely coupled accelerator, driven over its bus in pysim."""

import random

import numpy as np
import pytest
from accelerator_bus import DECERR, INPUT, OKAY, OUTPUT, SLVERR, page, run, top, vectors
from pysim import packed, signed_bytes

from alpine_models.registers import (
    ACCELERATOR_ID,
    PAGE_REGISTERS,
    TILE_ID,
    TILE_REGISTERS,
)
from alpine_models.tile import TileConfig
from alpine_rtl.accelerator import AimcAxi

PHASES = {"precharge_cycles": 1, "integrate_cycles": 6, "digitise_cycles": 1}
SMALL = TileConfig(rows=6, columns=7, **PHASES)


def test_identification():
    async def body(bus, dut, macros):
        assert await bus.read(top("id")) == (ACCELERATOR_ID, OKAY)
        assert await bus.read(top("tiles")) == (1, OKAY)
        assert await bus.read(page(0, TILE_REGISTERS["id"].offset)) == (TILE_ID, OKAY)
        assert await bus.read(page(0, TILE_REGISTERS["rows"].offset)) == (6, OKAY)
        assert await bus.read(page(0, TILE_REGISTERS["columns"].offset)) == (7, OKAY)

    run([SMALL], body)


@pytest.mark.parametrize("double_buffer", [False, True])
@pytest.mark.parametrize("stalled", [False, True])
def test_single_tile_multiplies_and_interrupts(double_buffer, stalled):
    config = TileConfig(rows=6, columns=7, **PHASES, double_buffer=double_buffer)

    async def body(bus, dut, macros):
        assert await bus.write(top("interrupt_enable"), 1) == OKAY
        for codes in vectors(3, 6, seed=3):
            await bus.put_vector(0, codes.tolist())
            assert not bus.ctx.get(dut.irq)
            assert await bus.write(top("start"), 1) == OKAY
            await bus.wait_for("result", 0)
            assert bus.ctx.get(dut.irq)
            assert await bus.get_vector(0, 7) == macros[0].multiply(codes).tolist()
            assert await bus.write(top("interrupt_enable"), 0) == OKAY
            assert not bus.ctx.get(dut.irq)
            assert await bus.write(top("interrupt_enable"), 1) == OKAY
            assert await bus.write(top("result"), 1) == OKAY
            assert not bus.ctx.get(dut.irq)
            assert await bus.read(top("busy")) == (0, OKAY)

    run([config], body, pauses=random.Random(5) if stalled else None)


@pytest.mark.parametrize("double_buffer", [False, True])
@pytest.mark.parametrize("relu", [0, 1])
def test_chained_tiles_work_as_a_pipeline(double_buffer, relu):
    # Long enough that the host can hand the next vector over meanwhile.
    phases = {**PHASES, "integrate_cycles": 150}
    tiles = [
        TileConfig(rows=5, columns=10, **phases, double_buffer=double_buffer),
        TileConfig(rows=9, columns=6, **phases, double_buffer=double_buffer),
        TileConfig(rows=6, columns=3, **phases, double_buffer=double_buffer),
    ]

    async def body(bus, dut, macros):
        assert await bus.write(top("chain"), 0b011) == OKAY
        assert await bus.write(top("relu"), relu) == OKAY
        inputs = vectors(7, 5, seed=11)
        answers, fed, both_busy = [], 0, False
        for _ in range(1000):
            if len(answers) == len(inputs):
                break
            free, _ = await bus.read(top("input_free"))
            assert free >> 1 == 0, "tiles fed by a link take nothing from the host"
            busy, _ = await bus.read(top("busy"))
            both_busy |= busy & 0b11 == 0b11
            if fed < len(inputs) and free & 1:
                await bus.put_vector(0, inputs[fed].tolist())
                assert await bus.write(top("start"), 1) == OKAY
                fed += 1
            ready, _ = await bus.read(top("result"))
            assert ready in (0, 0b100)
            if ready and (fed == len(inputs) or fed - len(answers) >= 3):
                answers.append(await bus.get_vector(2, 3))
                assert await bus.write(top("result"), 0b100) == OKAY
        for codes, answer in zip(inputs, answers, strict=True):
            hidden = macros[0].multiply(codes)
            hidden = np.maximum(hidden, 0) if relu else hidden
            last = macros[1].multiply(hidden[:9])
            assert answer == macros[2].multiply(last).tolist()
        assert both_busy

    run(tiles, body, pauses=random.Random(2))


@pytest.mark.parametrize("relu", [0, 1])
def test_a_link_hands_every_vector_on(relu):
    # Ten outputs for nine inputs: the link's last group has one byte. The second tile is slower.
    tiles = [
        TileConfig(rows=5, columns=10, **PHASES),
        TileConfig(rows=9, columns=6, **{**PHASES, "integrate_cycles": 60}),
    ]

    async def body(bus, dut, macros):
        assert await bus.write(top("chain"), 0b01) == OKAY
        assert await bus.write(top("relu"), relu) == OKAY
        assert await bus.read(top("input_free")) == (0b01, OKAY)
        inputs = vectors(3, 5, seed=12)
        for codes in inputs:
            await bus.wait_for("input_free", 0)
            await bus.put_vector(0, codes.tolist())
            assert await bus.write(top("start"), 0b01) == OKAY
        # Until one is a result, one waits in the second tile's memory, and one at the link.
        await bus.wait_for("input_free", 0)
        for _ in range(100):
            await bus.tick()
        for codes in inputs:
            await bus.wait_for("result", 1)
            hidden = macros[0].multiply(codes)[:9]
            assert hidden.min() < 0 < hidden.max() and hidden[8]
            hidden = np.maximum(hidden, 0) if relu else hidden
            assert await bus.get_vector(1, 6) == macros[1].multiply(hidden).tolist()
            assert await bus.write(top("result"), 0b10) == OKAY
        assert await bus.read(top("busy")) == (0, OKAY)

    run(tiles, body)


@pytest.mark.parametrize("double_buffer", [False, True])
def test_outputs_read_during_a_multiplication_are_its_own(double_buffer):
    phases = {**PHASES, "integrate_cycles": 60}
    config = TileConfig(rows=6, columns=7, **phases, double_buffer=double_buffer)

    async def body(bus, dut, macros):
        first, second = vectors(2, 6, seed=7)
        await bus.put_vector(0, first.tolist())
        assert await bus.write(top("start"), 1) == OKAY
        if double_buffer:
            # Accepted at once, answered after the multiplication: answers that are not the read's.
            await bus.put_vector(0, second.tolist())
        before = bus.cycles
        assert await bus.get_vector(0, 7) == macros[0].multiply(first).tolist()
        assert bus.cycles - before > 30

    run([config], body)


def test_byte_lanes_reach_single_inputs():
    async def body(bus, dut, macros):
        codes = np.zeros(6, np.int8)
        chosen = random.Random(8)
        # Single lanes come last, and codes are small, so that no output saturates.
        for strobes in reversed(range(16)):
            value = packed([chosen.randint(-3, 3) for _ in range(4)])
            assert await bus.write(page(0, INPUT), value, strobes) == OKAY
            for lane in range(4):
                if strobes >> lane & 1:
                    codes[lane] = signed_bytes(value, 4)[lane]
        assert await bus.write(page(0, INPUT + 4), 0x03FE, 0b0010) == OKAY
        codes[5] = 3
        assert await bus.write(top("start"), 1) == OKAY
        await bus.wait_for("result", 0)
        want = macros[0].multiply(codes)
        assert abs(want).max() < 127
        assert await bus.get_vector(0, 7) == want.tolist()

    run([SMALL], body)


def test_cells_are_programmed_and_read_back():
    async def body(bus, dut, macros):
        row, column, weight = (
            page(0, PAGE_REGISTERS[n].offset) for n in ("row", "column", "weight")
        )
        want = np.random.default_rng(4).integers(-128, 128, (7, 6), np.int8)
        for c in range(7):
            assert await bus.write(row, 0) == OKAY
            assert await bus.write(column, c) == OKAY
            for r in range(6):
                assert await bus.write(weight, int(want[c, r])) == OKAY
            assert await bus.read(row) == (6, OKAY)
        np.testing.assert_array_equal(macros[0].weights, want)
        await bus.write(row, 3)
        assert await bus.read(weight) == (int(want[6, 3]) & 0xFFFFFFFF, OKAY)
        assert await bus.read(weight) == (int(want[6, 4]) & 0xFFFFFFFF, OKAY)
        await bus.write(row, 6)
        assert await bus.write(weight, 1) == SLVERR
        assert (await bus.read(weight))[1] == SLVERR
        assert await bus.read(row) == (6, OKAY)
        np.testing.assert_array_equal(macros[0].weights, want)
        assert await bus.read(page(0, TILE_REGISTERS["error"].offset)) == (3, OKAY)

    run([SMALL], body)


def test_illegal_accesses_are_answered_and_change_nothing():
    async def body(bus, dut, macros):
        codes = vectors(1, 6, seed=9)[0]
        await bus.put_vector(0, codes.tolist())
        for address in (0x28, 0xFC, 0x100, page(0, 0x3C), page(0, 0x10C), page(0, 0x30000)):
            assert await bus.read(address) == (0, DECERR)
            assert await bus.write(address, 1) == DECERR
        assert await bus.write(page(0, INPUT + 8), 1) == DECERR
        assert (await bus.read(page(0, OUTPUT + 8)))[1] == DECERR
        for address, value, strobes in (
            (top("id"), 1, 15),
            (top("busy"), 1, 15),
            (top("interrupt_enable"), 1, 7),
            (top("start"), 1, 1),
            (top("start"), 2, 15),
            (top("chain"), 1, 15),
            (page(0, TILE_REGISTERS["rows"].offset), 1, 15),
            (page(0, TILE_REGISTERS["control"].offset), 1, 3),
            (page(0, TILE_REGISTERS["integrate_cycles"].offset), 0, 15),
            (page(0, PAGE_REGISTERS["weight"].offset), 1, 1),
            (page(0, OUTPUT), 1, 15),
            (page(0, INPUT + 4), 0x55555555, 15),
        ):
            assert await bus.write(address, value, strobes) == SLVERR, hex(address)
        assert (await bus.read(page(0, INPUT)))[1] == SLVERR
        assert await bus.read(top("interrupt_enable")) == (0, OKAY)
        assert await bus.read(page(0, TILE_REGISTERS["error"].offset)) == (0, OKAY)
        assert await bus.write(top("start"), 1) == OKAY
        await bus.wait_for("result", 0)
        assert await bus.get_vector(0, 7) == macros[0].multiply(codes).tolist()
        assert await bus.write(top("chain"), 0) == SLVERR, "a result is waiting"

    run([SMALL], body)


def test_the_page_behind_the_last_tile_is_unmapped():
    async def body(bus, dut, macros):
        assert await bus.read(page(1, 0)) == (TILE_ID, OKAY)
        assert await bus.read(page(2, 0)) == (0, DECERR)
        assert await bus.write(page(2, INPUT), 0) == DECERR

    run([SMALL, SMALL], body)


def test_a_vector_handed_over_is_safe_until_its_multiplication_begins():
    async def body(bus, dut, macros):
        first, second = vectors(2, 6, seed=21)
        await bus.put_vector(0, first.tolist())
        await bus.write(top("start"), 1)
        await bus.wait_for("input_free", 0)
        await bus.put_vector(0, second.tolist())
        assert await bus.write(top("start"), 1) == OKAY
        # The first result has not been taken, so the second multiplication waits.
        await bus.wait_for("result", 0)
        assert await bus.write(page(0, INPUT), 0x7F7F7F7F) == SLVERR
        assert await bus.write(top("start"), 1) == SLVERR
        assert await bus.get_vector(0, 7) == macros[0].multiply(first).tolist()
        await bus.write(top("result"), 1)
        await bus.wait_for("result", 0)
        assert await bus.get_vector(0, 7) == macros[0].multiply(second).tolist()

    run([SMALL], body)


async def words_per_cycle(bus, dut, channel_done, drive, words):
    """Count the cycles between the first and the last of some transfers."""
    ctx = bus.ctx
    drive(ctx)
    stamps, cycle = [], 0
    while len(stamps) < words:
        if channel_done(ctx):
            stamps.append(cycle)
        await ctx.tick()
        cycle += 1
    return (stamps[-1] - stamps[0]) / (words - 1)


@pytest.mark.parametrize("double_buffer", [False, True])
def test_input_words_wait_for_a_multiplication_only_without_a_second_buffer(double_buffer):
    phases = {**PHASES, "integrate_cycles": 60}
    config = TileConfig(rows=6, columns=7, **phases, double_buffer=double_buffer)

    async def body(bus, dut, macros):
        await bus.write(top("start"), 1)
        before = bus.cycles
        assert await bus.write(page(0, INPUT), 0x01020304) == OKAY
        assert (bus.cycles - before < 10) is double_buffer

    run([config], body)


def test_a_link_moves_a_group_every_three_cycles():
    def cycles_between_multiplications(columns):
        tiles = [
            TileConfig(rows=4, columns=columns, **PHASES),
            TileConfig(rows=64, columns=4, **PHASES),
        ]
        took = []

        async def body(bus, dut, macros):
            assert await bus.write(top("chain"), 1) == OKAY
            assert await bus.write(top("start"), 1) == OKAY
            cycles = 0
            while not bus.ctx.get(bus.dut.xb1_start) and cycles < 400:
                cycles += 1
                await bus.tick()
            took.append(cycles)

        run(tiles, body)
        return took[0]

    assert cycles_between_multiplications(44) - cycles_between_multiplications(4) == 30


def test_cycles_per_word():
    async def body(bus, dut, macros):
        def writing(ctx):
            ctx.set(bus.dut.s_axi_awaddr, page(0, INPUT))
            ctx.set(bus.dut.s_axi_wstrb, 15)
            for name in ("awvalid", "wvalid", "bready"):
                ctx.set(getattr(bus.dut, f"s_axi_{name}"), 1)

        def written(ctx):
            assert not ctx.get(bus.dut.s_axi_bvalid) or ctx.get(bus.dut.s_axi_bresp) == OKAY
            return ctx.get(bus.dut.s_axi_bvalid)

        write_cost = await words_per_cycle(bus, dut, written, writing, 20)
        bus.ctx.set(bus.dut.s_axi_awvalid, 0)
        bus.ctx.set(bus.dut.s_axi_wvalid, 0)
        await bus.ctx.tick().repeat(5)

        def reading(ctx):
            ctx.set(bus.dut.s_axi_araddr, page(0, OUTPUT))
            ctx.set(bus.dut.s_axi_arvalid, 1)
            ctx.set(bus.dut.s_axi_rready, 1)

        read_cost = await words_per_cycle(
            bus, dut, lambda ctx: ctx.get(bus.dut.s_axi_rvalid), reading, 20
        )
        assert (write_cost, read_cost) == (2, 3)

    run([SMALL], body)


def test_number_of_tiles_is_checked():
    with pytest.raises(ValueError, match=r"^tiles must be 1 to 16 configurations, not 0$"):
        AimcAxi(tiles=[])
    with pytest.raises(ValueError, match=r"^tiles must be 1 to 16 configurations, not 17$"):
        AimcAxi(tiles=[SMALL] * 17)
