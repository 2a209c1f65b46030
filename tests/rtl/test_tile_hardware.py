# SPDX-License-Identifier: Apache-2.0
"""The whole tile in pysim: commands against the reference, registers, counters, reset."""

import random

import pytest
from pysim import crossbar, pins, simulate

from alpine_models.isa import (
    CmOperation,
    CmStatus,
    dequeue,
    encode,
    initialize,
    param_read,
    process,
    queue,
)
from alpine_models.reference_tile import ReferenceTile
from alpine_models.registers import TILE_ID, TILE_REGISTERS
from alpine_models.tile import TileConfig
from alpine_rtl.pins import ports_by_name
from alpine_rtl.sequencer import MvmPhase
from alpine_rtl.tile import AimcTile

PHASES = {"precharge_cycles": 2, "integrate_cycles": 5, "digitise_cycles": 1}


class Harness:
    """A tile with its crossbar and a core that keeps track of what was under way."""

    def __init__(self, *, double_buffer=False, rows=6, columns=7, seed=None):
        self.config = TileConfig(rows=rows, columns=columns, **PHASES, double_buffer=double_buffer)
        self.dut = AimcTile(config=self.config)
        self.port = pins(self.dut)
        self.play, self.macro = crossbar(self.dut.xb, self.config, seed=seed)
        self.edge = self.stalls = self.outstanding_cycles = 0
        self.accepted, self.answered = [], []

    def run(self, body):
        async def testbench(ctx):
            self.ctx = ctx
            await body(self)

        simulate(self.dut, testbench, processes=[self.play])

    async def tick(self):
        ctx, dut = self.ctx, self.port
        valid, ready = ctx.get(dut.cm_req_valid), ctx.get(dut.cm_req_ready)
        self.watch_crossbar(ctx, dut)
        self.outstanding_cycles += len(self.accepted) > len(self.answered)
        self.stalls += valid and not ready
        if ctx.get(dut.cm_rsp_valid) and ctx.get(dut.cm_rsp_ready):
            answer = ctx.get(dut.cm_rsp_rd), CmStatus(ctx.get(dut.cm_rsp_status))
            self.answered.append((self.edge, answer))
        if valid and ready:
            self.accepted.append(self.edge)
        await ctx.tick()
        self.edge += 1
        return valid and ready

    def watch_crossbar(self, ctx, dut):
        """A multiplication is left alone: the same codes all along, no access to cells."""
        if ctx.get(dut.xb_start):
            self.driven = ctx.get(dut.xb_dac)
        if ctx.get(dut.xb_phase) != MvmPhase.IDLE:
            assert ctx.get(dut.xb_dac) == self.driven
            assert not ctx.get(dut.xb_prog_valid)
            assert not ctx.get(dut.xb_read_valid)

    def present(self, word, rn=0, rm=0, ra=0):
        for name, value in (("instr", word), ("rn", rn), ("rm", rm), ("ra", ra)):
            self.ctx.set(getattr(self.port, f"cm_req_{name}"), value)
        self.ctx.set(self.port.cm_req_valid, 1)

    async def send(self, *command):
        self.present(*command)
        while not await self.tick():
            pass
        self.ctx.set(self.port.cm_req_valid, 0)

    async def settle(self, *, patience=100):
        self.ctx.set(self.port.cm_rsp_ready, 1)
        for _ in range(patience):
            if len(self.answered) == len(self.accepted):
                return
            await self.tick()
        raise AssertionError("a request was not answered")

    async def register(self, name, value=None):
        ctx, dut = self.ctx, self.port
        ctx.set(dut.csr_addr, TILE_REGISTERS[name].offset if isinstance(name, str) else name)
        ctx.set(dut.csr_write, value is not None)
        ctx.set(dut.csr_wdata, value or 0)
        await self.tick()
        ctx.set(dut.csr_write, 0)
        return ctx.get(dut.csr_rdata), ctx.get(dut.csr_error)


def commands(rng, length):
    return [
        rng.choice(
            [
                (queue(), 0, rng.getrandbits(64)),
                (queue(ra=5, rn=5), rng.randrange(8), rng.getrandbits(64), rng.randrange(6)),
                (queue(rn=5), 2**32 + 1, 0),
                (dequeue(rm=5), 0, rng.randrange(6)),
                (dequeue(rm=5, rn=5), rng.randrange(9), rng.randrange(6)),
                (process(),),
                (initialize(), rng.randrange(8), rng.randrange(8), rng.randrange(256)),
                (param_read(), rng.randrange(8), rng.randrange(8)),
                (encode(CmOperation.PROCESS) | 1 << 15,),
            ]
        )
        for _ in range(length)
    ]


@pytest.mark.parametrize("double_buffer", [False, True])
@pytest.mark.parametrize("rows, columns", [(6, 7), (1, 1), (8, 3)])
def test_random_commands_under_back_pressure(double_buffer, rows, columns):
    harness = Harness(double_buffer=double_buffer, rows=rows, columns=columns, seed=5)
    reference = ReferenceTile(rows=rows, columns=columns)
    reference.crossbar.weights[:] = harness.macro.weights
    rng = random.Random(rows)
    program = commands(rng, 150)

    async def body(h):
        for command in program:
            h.present(*command)
            for _ in range(100):
                h.ctx.set(h.port.cm_rsp_ready, rng.random() < 0.6)
                if await h.tick():
                    break
            h.ctx.set(h.port.cm_req_valid, 0)
            while rng.random() < 0.3:
                await h.tick()
        await h.settle()

    harness.run(body)
    for command, (_, answer) in zip(program, harness.answered, strict=True):
        word, rn, rm, ra = (*command, 0, 0, 0)[:4]
        assert answer == reference.execute(word, rn=rn, rm=rm, ra=ra)


@pytest.mark.parametrize("double_buffer", [False, True])
def test_counters_count_what_happened(double_buffer):
    harness = Harness(double_buffer=double_buffer)
    rng = random.Random(9)
    # A streaming group that is clipped, rejected ones, and whatever else comes.
    program = [(queue(),), (queue(),), (queue(),), *commands(rng, 60), (process(),)]
    reference = ReferenceTile(rows=6, columns=7)
    moved = {CmOperation.QUEUE: 0, CmOperation.DEQUEUE: 0}
    mvms, first_error = 0, 0
    for command in program:
        word, rn, rm, ra = (*command, 0, 0, 0)[:4]
        before = reference.counters.copy()
        _, status = reference.execute(word, rn=rn, rm=rm, ra=ra)
        first_error = first_error or int(status)
        selector = (word >> 21, word >> 15 & 1)
        if status == 0 and selector == (0x008, 0):
            mvms += 1
        elif status == 0 and selector[0] == 0x108:
            operation = CmOperation.QUEUE if selector[1] else CmOperation.DEQUEUE
            streaming = word >> 5 & 31 == 31
            count = rm if not selector[1] else 4 if word >> 10 & 31 == 31 else ra
            advanced = int((reference.counters - before).sum())
            moved[operation] += advanced if streaming else count

    async def body(h):
        for command in program:
            h.present(*command)
            for _ in range(100):
                h.ctx.set(h.port.cm_rsp_ready, rng.random() < 0.3)
                if await h.tick():
                    break
            h.ctx.set(h.port.cm_req_valid, 0)
            h.ctx.set(h.port.cm_rsp_ready, 0)
            if rng.random() < 0.3:
                await h.tick()
                await h.settle()
        await h.settle()
        await h.ctx.tick().repeat(10)
        assert await h.register("bytes_in") == (moved[CmOperation.QUEUE], 0)
        assert await h.register("bytes_out") == (moved[CmOperation.DEQUEUE], 0)
        assert await h.register("mvms") == (mvms, 0)
        assert await h.register("stall_cycles") == (h.stalls, 0)
        assert await h.register("busy_cycles") == (h.outstanding_cycles, 0)
        assert await h.register("error") == (first_error, 0)
        await h.register("control", 1 << 31)
        for name in ("busy_cycles", "mvms", "bytes_in", "bytes_out", "stall_cycles"):
            assert await h.register(name) == (0, 0)

    harness.run(body)


@pytest.mark.parametrize("double_buffer", [False, True])
def test_the_first_error_sticks_until_it_is_cleared(double_buffer):
    async def body(h):
        h.ctx.set(h.port.cm_rsp_ready, 1)
        await h.send(dequeue(rm=5), 0, 5)
        await h.send(param_read(), 6, 0)
        await h.settle()
        assert await h.register("error") == (CmStatus.BAD_COUNT, 0)
        await h.register("error", 0)
        assert await h.register("error") == (CmStatus.BAD_COUNT, 0)
        await h.register("error", 1 << 31)
        assert await h.register("error") == (0, 0)
        await h.send(param_read(), 6, 0)
        await h.settle()
        assert await h.register("error") == (CmStatus.INDEX_OUT_OF_RANGE, 0)
        # A rejection in the very cycle of a clear is not lost.
        await h.send(0)
        await h.register("error", 1 << 31)
        await h.settle()
        assert await h.register("error") == (CmStatus.UNKNOWN_INSTRUCTION, 0)

    Harness(double_buffer=double_buffer).run(body)


@pytest.mark.parametrize("double_buffer", [False, True])
def test_phase_lengths_change_only_with_the_override(double_buffer):
    overhead = 2 if double_buffer else 1

    async def latency(h):
        await h.send(process())
        await h.settle()
        return h.answered[-1][0] - h.accepted[-1]

    async def body(h):
        h.ctx.set(h.port.cm_rsp_ready, 1)
        assert await latency(h) == 8 + overhead
        for name, cycles in (("precharge", 3), ("integrate", 20), ("digitise", 4)):
            assert (await h.register(f"{name}_cycles", cycles))[1] == 0
            assert (await h.register(f"{name}_cycles", 0))[1] == 1
            assert (await h.register(f"{name}_cycles", 1 << 16))[1] == 1
            assert await h.register(f"{name}_cycles") == (cycles, 0)
        assert await latency(h) == 8 + overhead
        await h.register("control", 1)
        assert await latency(h) == 27 + overhead
        # Lengths are taken when a process begins: a change meanwhile is for the next one.
        await h.send(process())
        await h.register("integrate_cycles", 1)
        await h.register("digitise_cycles", 1)
        await h.settle()
        assert h.answered[-1][0] - h.accepted[-1] == 27 + overhead
        assert await latency(h) == 5 + overhead
        await h.register("control", 0)
        assert await latency(h) == 8 + overhead

    Harness(double_buffer=double_buffer).run(body)


def test_identification_and_illegal_addresses():
    async def body(h):
        assert h.ctx.get(h.port.csr_rdata) == TILE_ID
        assert await h.register("id") == (TILE_ID, 0)
        assert await h.register("rows") == (6, 0)
        assert await h.register("columns") == (7, 0)
        assert await h.register("features") == (1, 0)
        known = {register.offset for register in TILE_REGISTERS.registers}
        for address in set(range(256)) - known:
            assert await h.register(address) == (0, 1)
            assert (await h.register(address, 0xFFFFFFFF))[1] == 1
        for register in TILE_REGISTERS.registers:
            if not register.writable:
                assert (await h.register(register.name, 0xFFFFFFFF))[1] == 1
        assert await h.register("control") == (0, 0)
        assert await h.register("integrate_cycles") == (5, 0)

    Harness(double_buffer=True).run(body)


@pytest.mark.parametrize("double_buffer", [False, True])
def test_outputs_do_not_move_without_a_command(double_buffer):
    async def body(h):
        await h.tick()
        outputs = [pin.value for pin in ports_by_name(h.dut).values() if not pin.is_input]
        assert len(outputs) > 10
        before = [h.ctx.get(port) for port in outputs]
        for _ in range(50):
            await h.tick()
            assert [h.ctx.get(port) for port in outputs] == before

    Harness(double_buffer=double_buffer).run(body)


@pytest.mark.parametrize("double_buffer", [False, True])
def test_streaming_commands_go_back_to_back(double_buffer):
    async def body(h):
        h.ctx.set(h.port.cm_rsp_ready, 1)
        for _ in range(30):
            await h.send(queue(ra=5, rn=5), 2, 7, 4)
            await h.send(dequeue(rm=5, rn=5), 3, 4)
        await h.settle()
        assert h.accepted == list(range(h.accepted[0], h.accepted[0] + 60))
        assert [edge for edge, _ in h.answered] == [edge + 1 for edge in h.accepted]

    Harness(double_buffer=double_buffer).run(body)


@pytest.mark.parametrize("busy", [0, 1, 5])
@pytest.mark.parametrize("double_buffer", [False, True])
def test_programming_waits_for_the_macro(busy, double_buffer):
    async def body(h):
        h.ctx.set(h.port.cm_rsp_ready, 1)
        await h.send(initialize(), 1, 2, 3)
        h.ctx.set(h.port.xb_prog_busy, busy > 0)
        for _ in range(busy):
            await h.tick()
        h.ctx.set(h.port.xb_prog_busy, 0)
        await h.settle()
        assert h.answered[-1] == (h.accepted[-1] + 2 + busy, (0, CmStatus.DONE))
        assert h.macro.weights[2, 1] == 3

    Harness(double_buffer=double_buffer).run(body)
