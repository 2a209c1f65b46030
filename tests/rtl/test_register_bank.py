# SPDX-License-Identifier: Apache-2.0
"""The register bank on a map of its own, with every kind of field."""

from pysim import simulate

from alpine_models.register_map import Access, Field, Register, RegisterMap
from alpine_rtl.register_bank import RegisterBank


def field(name, low, width, access, **options):
    return Field(name=name, low=low, width=width, access=access, description="", **options)


MAP = RegisterMap(
    name="m",
    title="M",
    registers=(
        Register(
            name="fixed",
            offset=0,
            fields=(field("value", 0, 8, Access.READ_ONLY, reset=0x5A),),
            description="",
        ),
        Register(
            name="mode",
            offset=4,
            fields=(
                field("speed", 0, 4, Access.READ_WRITE, reset=3, minimum=1),
                field("state", 4, 4, Access.READ_ONLY),
                field("go", 8, 1, Access.WRITE_ONE),
            ),
            description="",
        ),
        Register(
            name="flags",
            offset=12,
            fields=(field("value", 0, 4, Access.WRITE_ONE_TO_CLEAR),),
            description="",
        ),
    ),
)


def run(body):
    dut = RegisterBank(registers=MAP, address_bits=5)

    async def access(ctx, address, value=None):
        ctx.set(dut.addr, address)
        ctx.set(dut.write, value is not None)
        ctx.set(dut.wdata, value or 0)
        await ctx.tick()
        ctx.set(dut.write, 0)
        return ctx.get(dut.rdata), ctx.get(dut.error)

    async def testbench(ctx):
        ctx.set(dut.fixed, 0x5A)
        await body(ctx, dut, access)

    simulate(dut, testbench)


def test_reads_are_answered_in_the_next_cycle():
    async def body(ctx, dut, access):
        assert ctx.get(dut.rdata) == 0x5A, "the reset value is that of address 0"
        ctx.set(dut.mode_state, 9)
        assert await access(ctx, 4) == (0x93, 0)
        assert await access(ctx, 0) == (0x5A, 0)

    run(body)


def test_illegal_addresses_read_zero_and_are_flagged():
    async def body(ctx, dut, access):
        for address in set(range(32)) - {0, 4, 12}:
            assert await access(ctx, address) == (0, 1)
            assert await access(ctx, address, 0xFFFFFFFF) == (0, 1)
        assert await access(ctx, 4) == (3, 0)

    run(body)


def test_refused_writes_change_nothing():
    async def body(ctx, dut, access):
        assert (await access(ctx, 0, 1))[1] == 1
        ctx.set(dut.addr, 4)
        ctx.set(dut.write, 1)
        ctx.set(dut.wdata, 0x100)
        assert not ctx.get(dut.mode_go_strobe), "a zero speed refuses the command beside it"
        assert (await access(ctx, 4, 0x100))[1] == 1
        ctx.set(dut.veto, 1)
        ctx.set(dut.write, 1)
        assert not ctx.get(dut.mode_go_strobe)
        assert (await access(ctx, 4, 0x105))[1] == 1
        assert await access(ctx, 4) == (3, 0), "a veto is about writes"
        ctx.set(dut.veto, 0)
        assert ctx.get(dut.mode_speed) == 3

    run(body)


def test_commands_and_flags_are_strobes_of_the_write_cycle():
    async def body(ctx, dut, access):
        ctx.set(dut.flags, 0b1010)
        assert await access(ctx, 12) == (0b1010, 0)
        for address, value, strobes in ((4, 0x105, (1, 0)), (12, 0b0110, (0, 0b0110))):
            ctx.set(dut.addr, address)
            ctx.set(dut.wdata, value)
            assert (ctx.get(dut.mode_go_strobe), ctx.get(dut.flags_strobe)) == (0, 0)
            ctx.set(dut.write, 1)
            assert (ctx.get(dut.mode_go_strobe), ctx.get(dut.flags_strobe)) == strobes
            assert ctx.get(dut.taken)
            await ctx.tick()
            ctx.set(dut.write, 0)
            assert (ctx.get(dut.mode_go_strobe), ctx.get(dut.flags_strobe)) == (0, 0)
        assert ctx.get(dut.mode_speed) == 5
        assert await access(ctx, 4) == (5, 0), "commands read 0"

    run(body)
