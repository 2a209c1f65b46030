# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# A tile is made for its list of ports alone.
"""Testbench of the tile: directed tests of each instruction and error, random programs, reset.

Every test runs under a monitor that checks handshakes and a scoreboard that compares each answer
with `ReferenceTile`; directed tests state their expected values again, from the instruction set's
text. Plusargs give the configuration: ``rows``, ``columns`` and the three phases.
"""

import random
from collections.abc import Iterator

import cocotb
import numpy as np

from alpine_cosim.binding import ports_of
from alpine_cosim.cocotb.clock import TileClock
from alpine_cosim.cocotb.drivers import CmDriver, CmProgram, CmRequest, CrossbarResponder
from alpine_cosim.cocotb.scoreboard import CmMonitor, Scoreboard
from alpine_models import isa
from alpine_models.crossbar import IdealCrossbar
from alpine_models.isa import CmOperation, CmStatus, encode
from alpine_models.tile import TileConfig
from alpine_rtl.tile import AimcTile

DONE, UNKNOWN = CmStatus.DONE, CmStatus.UNKNOWN_INSTRUCTION
BAD_COUNT, BAD_INDEX = CmStatus.BAD_COUNT, CmStatus.INDEX_OUT_OF_RANGE
BAD_COUNTS = (0, 5, 7, 8, 1 << 32, (1 << 32) + 1, 1 << 63, (1 << 64) - 1)
BEYOND = (1 << 16, 1 << 32, 1 << 63, (1 << 64) - 4, (1 << 64) - 1)
GUARD_CODE = 0x55
"""What the converters show when nobody should look."""

QUEUE_AT = isa.queue(rm=9, ra=11, rn=12)
QUEUE_NEXT_SOME = isa.queue(rm=9, ra=11)
QUEUE_NEXT = isa.queue(rm=9)
DEQUEUE_AT = isa.dequeue(rm=11, rn=12)
DEQUEUE_NEXT = isa.dequeue(rm=11)
PROCESS = isa.process()
INITIALIZE = isa.initialize()
PARAM_READ = isa.param_read()


class Bench:
    """The tile with everything around it, out of reset after `start`."""

    def __init__(self, dut):
        names = (
            "rows",
            "columns",
            "precharge_cycles",
            "integrate_cycles",
            "digitise_cycles",
        )
        self.config = TileConfig(**{name: int(str(cocotb.plusargs[name])) for name in names})
        self.rows, self.columns = self.config.rows, self.config.columns
        self.dut = dut
        self.busy_cycles = 0
        ports = ports_of(AimcTile(config=self.config))
        self.clock = TileClock(dut, ports=ports, period_fs=1_000_000)
        self.driver = CmDriver(dut, clock=self.clock)
        self.crossbar = IdealCrossbar(rows=self.rows, columns=self.columns)
        self.responder = CrossbarResponder(
            dut,
            clock=self.clock,
            config=self.config,
            crossbar=self.crossbar,
            idle_code=GUARD_CODE,
            programming_cycles=lambda: self.busy_cycles,
        )
        self.scoreboard = Scoreboard(rows=self.rows, columns=self.columns)
        self.monitor = CmMonitor(dut, clock=self.clock, scoreboard=self.scoreboard)

    async def start(self) -> None:
        await self.clock.start()
        self.responder.start()
        self.monitor.start()

    async def reset(self) -> None:
        """Reset the tile and whatever is under way around it."""
        self.responder.stop()
        await self.clock.reset()
        self.driver.forget()
        self.responder.start()

    async def expect(self, word: int, status: int, *, rn=0, rm=0, ra=0) -> int:
        """Execute an instruction, check its status and return its rd."""
        rd, answered = await self.driver.execute(word, rn=rn, rm=rm, ra=ra)
        assert answered == status, f"status {answered} where {status!r} is due"
        return rd

    def load_weights(self, weights) -> None:
        """Fill the cells by the back door, here and in the reference."""
        self.crossbar.weights[:] = weights
        self.scoreboard.reference.crossbar.weights[:] = weights

    def load_random_weights(self, magnitude: int = 127) -> None:
        rng = np.random.default_rng(random.getrandbits(32))
        shape = (self.columns, self.rows)
        self.load_weights(rng.integers(-magnitude, magnitude + 1, shape))

    async def queue_all(self, codes: bytes) -> None:
        """Write the whole input memory with indexed groups."""
        for start in range(0, self.rows, 4):
            group = codes[start : start + 4]
            packed = int.from_bytes(group, "little")
            await self.expect(QUEUE_AT, DONE, rn=start, rm=packed, ra=len(group))

    async def dequeue_all(self) -> bytes:
        """Read the whole output memory with indexed groups."""
        out = b""
        for start in range(0, self.columns, 4):
            count = min(4, self.columns - start)
            rd = await self.expect(DEQUEUE_AT, DONE, rn=start, rm=count)
            assert rd < 1 << 8 * count, "bytes above the count must be zero"
            out += rd.to_bytes(count, "little")
        return out

    @property
    def inputs(self) -> bytes:
        """The input memory, as the word lines show it."""
        return int(self.dut.xb_dac.value).to_bytes(self.rows, "little")

    def check_end(self) -> None:
        """Nothing is owed, and the tile is where the reference is."""
        self.scoreboard.check_finished()
        assert self.responder.fault is None, self.responder.fault
        reference = self.scoreboard.reference
        assert self.inputs == reference.input_memory.tobytes(), "input memory differs"
        assert (self.crossbar.weights == reference.crossbar.weights).all(), "cells differ"

    async def finish(self) -> None:
        """Compare everything that commands can reveal, then `check_end`."""
        outputs = await self.dequeue_all()
        assert outputs == self.scoreboard.reference.output_memory.tobytes()
        for row in range(min(self.rows, 5)):
            for column in range(min(self.columns, 5)):
                await self.expect(PARAM_READ, DONE, rm=column, rn=row)
        await self.clock.wait()
        self.check_end()


async def started(dut) -> Bench:
    bench = Bench(dut)
    await bench.start()
    return bench


def random_bytes(length: int) -> bytes:
    return random.randbytes(length)


@cocotb.test(timeout_time=100, timeout_unit="us")
async def reset_leaves_everything_zero(dut):
    bench = await started(dut)
    assert bench.inputs == bytes(bench.rows)
    assert await bench.dequeue_all() == bytes(bench.columns)
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def queue_writes_any_group_at_any_index(dut):
    bench = await started(dut)
    memory = bytearray(bench.rows)
    for count in range(1, 5):
        for start in range(bench.rows - count + 1):
            data = random_bytes(8)
            packed = int.from_bytes(data, "little")
            await bench.expect(QUEUE_AT, DONE, rn=start, rm=packed, ra=count)
            memory[start : start + count] = data[:count]
            assert bench.inputs == memory, f"{count} at {start}"
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def streaming_queue_fills_the_array_and_clips_the_last_group(dut):
    bench = await started(dut)
    codes = random_bytes((bench.rows + 3) // 4 * 4)
    for start in range(0, bench.rows, 4):
        await bench.expect(QUEUE_NEXT, DONE, rm=int.from_bytes(codes[start : start + 4], "little"))
    assert bench.inputs == codes[: bench.rows]
    await bench.expect(QUEUE_NEXT, BAD_INDEX, rm=0x01020304)
    await bench.expect(QUEUE_NEXT_SOME, BAD_INDEX, rm=0x01020304, ra=1)
    assert bench.inputs == codes[: bench.rows]
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def streaming_queue_advances_by_what_it_moved(dut):
    bench = await started(dut)
    memory, position = bytearray(bench.rows), 0
    while position < bench.rows:
        count, data = random.randint(1, 4), random_bytes(4)
        await bench.expect(QUEUE_NEXT_SOME, DONE, rm=int.from_bytes(data, "little"), ra=count)
        moved = min(count, bench.rows - position)
        memory[position : position + moved] = data[:moved]
        position += moved
        if position < bench.rows:
            # An indexed write in between leaves the counter alone.
            await bench.expect(QUEUE_AT, DONE, rn=bench.rows - 1, rm=0x99, ra=1)
            memory[-1] = 0x99
        assert bench.inputs == memory
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def dequeue_reads_any_group_at_any_index_with_zeros_above(dut):
    bench = await started(dut)
    # Negative outputs everywhere, so that a sign extension would show.
    bench.load_weights(np.full((bench.columns, bench.rows), -1))
    await bench.queue_all(bytes([7]) + bytes(bench.rows - 1))
    await bench.expect(PROCESS, DONE)
    for count in range(1, 5):
        for start in range(bench.columns - count + 1):
            rd = await bench.expect(DEQUEUE_AT, DONE, rn=start, rm=count)
            assert rd == int.from_bytes(bytes([256 - 7]) * count, "little")
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def streaming_dequeue_reads_the_array_and_clips_the_last_group(dut):
    bench = await started(dut)
    bench.load_random_weights()
    await bench.queue_all(random_bytes(bench.rows))
    await bench.expect(PROCESS, DONE)
    outputs = await bench.dequeue_all()
    read = b""
    for start in range(0, bench.columns, 4):
        rd = await bench.expect(DEQUEUE_NEXT, DONE, rm=4)
        left = min(4, bench.columns - start)
        assert rd < 1 << 8 * left
        read += rd.to_bytes(left, "little")
    assert read == outputs
    assert await bench.expect(DEQUEUE_NEXT, BAD_INDEX, rm=4) == 0
    await bench.expect(DEQUEUE_NEXT, BAD_INDEX, rm=1)
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def bad_counts_are_refused_and_change_nothing(dut):
    bench = await started(dut)
    codes = random_bytes(bench.rows)
    await bench.queue_all(codes)
    for count in BAD_COUNTS:
        await bench.expect(QUEUE_AT, BAD_COUNT, rn=0, rm=0xFFFFFFFF, ra=count)
        await bench.expect(QUEUE_NEXT_SOME, BAD_COUNT, rm=0xFFFFFFFF, ra=count)
        assert await bench.expect(DEQUEUE_AT, BAD_COUNT, rn=0, rm=count) == 0
        assert await bench.expect(DEQUEUE_NEXT, BAD_COUNT, rm=count) == 0
        # Both are wrong: the lower status wins.
        await bench.expect(QUEUE_AT, BAD_COUNT, rn=bench.rows, ra=count)
        await bench.expect(DEQUEUE_AT, BAD_COUNT, rn=bench.columns, rm=count)
    assert bench.inputs == codes
    # The counters are where they were: at 0.
    await bench.expect(QUEUE_NEXT_SOME, DONE, rm=0x5A, ra=1)
    assert bench.inputs == b"\x5a" + codes[1:]
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def indices_are_compared_in_full_at_the_boundary(dut):
    bench = await started(dut)
    for count in range(1, 5):
        for word, size in ((QUEUE_AT, bench.rows), (DEQUEUE_AT, bench.columns)):
            for start in (*range(max(0, size - count - 1), size + 5), *BEYOND):
                operands = {"rm": 0x7F7F7F7F, "ra": count} if word == QUEUE_AT else {"rm": count}
                status = DONE if start + count <= size else BAD_INDEX
                await bench.expect(word, status, rn=start, **operands)
    for row in (0, bench.rows - 1, bench.rows, *BEYOND):
        for column in (0, bench.columns - 1, bench.columns, *BEYOND):
            status = DONE if row < bench.rows and column < bench.columns else BAD_INDEX
            rd = await bench.expect(INITIALIZE, status, rn=row, rm=column, ra=0x33)
            assert rd == status
            rd = await bench.expect(PARAM_READ, status, rn=row, rm=column)
            assert rd == (0x33 if status is DONE else 0)
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def unknown_instructions_are_answered_and_change_nothing(dut):
    bench = await started(dut)
    codes = random_bytes(bench.rows)
    await bench.queue_all(codes)
    assigned = {(int(opcode), rw) for opcode, rw in isa.OPCODES.values()}
    near = {(opcode ^ 1 << bit, rw) for opcode, rw in assigned for bit in range(11)}
    for opcode, rw in sorted({(0x008, 1), (0, 0), (0x7FF, 1)} | near - assigned):
        word = opcode << 21 | 9 << 16 | rw << 15 | 11 << 10 | 12 << 5 | 10
        assert await bench.expect(word, UNKNOWN, rn=0, rm=1, ra=1) == 0
    assert bench.inputs == codes
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def zero_register_reads_zero_or_selects_streaming(dut):
    bench = await started(dut)
    zr = isa.XZR
    # The port's operands are noise wherever the word names XZR.
    noise = {"rn": 0x1234567890ABCDEF, "rm": 0xFEDCBA0987654321, "ra": 0x0F1E2D3C4B5A6978}
    count = min(4, bench.rows)
    await bench.queue_all(b"\x11" * bench.rows)
    await bench.expect(isa.queue(rm=zr), DONE, **noise)
    assert bench.inputs == bytes(count) + b"\x11" * (bench.rows - count)
    assert await bench.expect(isa.dequeue(rm=zr), BAD_COUNT, **noise) == 0
    assert await bench.expect(isa.dequeue(rm=zr, rn=12), BAD_COUNT, rm=1) == 0
    await bench.expect(isa.initialize(rm=zr, rn=zr, ra=7), DONE, **{**noise, "ra": 0x85})
    assert bench.crossbar.weights[0, 0] == 0x85 - 256
    assert await bench.expect(isa.param_read(rm=zr, rn=zr), DONE, **noise) == (1 << 64) + 0x85 - 256
    await bench.expect(isa.initialize(rm=zr, rn=zr, ra=zr), DONE, **noise)
    assert bench.crossbar.weights[0, 0] == 0
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def process_multiplies_clears_inputs_and_restarts_counters(dut):
    bench = await started(dut)
    for magnitude in (1, 3, 127):
        bench.load_random_weights(magnitude)
        codes = random_bytes(bench.rows)
        for start in range(0, bench.rows, 4):
            packed = int.from_bytes(codes[start : start + 4], "little")
            await bench.expect(QUEUE_NEXT, DONE, rm=packed)
        await bench.expect(DEQUEUE_NEXT, DONE, rm=1)
        assert await bench.expect(PROCESS, DONE) == 0
        assert bench.inputs == bytes(bench.rows)
        exact = bench.crossbar.weights.astype(int) @ np.frombuffer(codes, np.int8).astype(int)
        outputs = np.clip(exact, -128, 127).astype(np.int8).tobytes()
        assert await bench.dequeue_all() == outputs
        assert await bench.expect(DEQUEUE_NEXT, DONE, rm=1) == outputs[0]
        await bench.expect(QUEUE_NEXT_SOME, DONE, rm=0x42, ra=1)
        assert bench.inputs[0] == 0x42
        await bench.expect(PROCESS, DONE)
    assert bench.responder.products == 6
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def cells_are_programmed_and_read_back_with_their_sign(dut):
    bench = await started(dut)
    for weight in (-128, -1, 0, 1, 127):
        row, column = random.randrange(bench.rows), random.randrange(bench.columns)
        operand = weight & 0xFF | random.getrandbits(56) << 8
        await bench.expect(INITIALIZE, DONE, rn=row, rm=column, ra=operand)
        assert bench.crossbar.weights[column, row] == weight
        rd = await bench.expect(PARAM_READ, DONE, rn=row, rm=column)
        assert rd == weight & (1 << 64) - 1
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def programming_waits_while_the_macro_is_busy(dut):
    bench = await started(dut)
    for bench.busy_cycles in (0, 1, 2, 7, 50):
        program = CmProgram(
            [
                CmRequest(INITIALIZE, rn=bench.rows - 1, rm=bench.columns - 1, ra=0x81),
                CmRequest(PARAM_READ, rn=bench.rows - 1, rm=bench.columns - 1),
            ]
        )
        await bench.driver.run(program)
        assert program.answers == [(0, 0), ((1 << 64) - 127, 0)]
        assert program.complete_edges[0] - program.accept_edges[0] == 2 + bench.busy_cycles
        bench.crossbar.weights[-1, -1] = 0
    bench.scoreboard.reference.crossbar.weights[-1, -1] = 0
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def commands_behind_a_process_see_its_effect(dut):
    bench = await started(dut)
    bench.load_weights(np.full((bench.columns, bench.rows), -2))
    program = CmProgram(
        [
            CmRequest(QUEUE_AT, rn=0, rm=9, ra=1),
            CmRequest(PROCESS),
            CmRequest(DEQUEUE_AT, rn=bench.columns - 1, rm=1),
            CmRequest(QUEUE_AT, rn=bench.rows - 1, rm=1, ra=1),
            CmRequest(PROCESS),
            CmRequest(DEQUEUE_NEXT, rm=1),
            CmRequest(DEQUEUE_AT, rn=1 << 40, rm=1),
        ]
    )
    await bench.driver.run(program)
    assert [rd for rd, _ in program.answers] == [0, 0, 256 - 18, 0, 0, 254, 0]
    mvm = bench.config.mvm_cycles + 1
    edges = zip(program.accept_edges, program.complete_edges, strict=True)
    assert [complete - accept for accept, complete in edges] == [1, mvm, 1, 1, mvm, 1, 1]
    # One command per cycle, and the next one as the last one's response leaves.
    assert program.accept_edges[1:] == program.complete_edges[:-1]
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def one_response_waits_for_the_core_as_it_is(dut):
    bench = await started(dut)
    for request in (
        CmRequest(PARAM_READ, rn=0, rm=0),
        CmRequest(QUEUE_NEXT, rm=1),
        CmRequest(QUEUE_AT, rn=bench.rows, ra=1),
        CmRequest(PROCESS),
    ):
        stalled = bench.monitor.stalled_responses
        program = CmProgram([request], response_pauses=[True] * (bench.config.mvm_cycles + 10))
        await bench.driver.run(program)
        # The monitor sees to it that the response does not change meanwhile.
        assert bench.monitor.stalled_responses >= stalled + 8
        assert program.answers == [(0, 3 if request.ra else 0)]
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
async def two_responses_wait_for_the_core(dut):
    bench = await started(dut)
    bench.load_random_weights(3)
    wait = 20
    program = CmProgram(
        [CmRequest(QUEUE_NEXT_SOME, rm=1, ra=1)]
        + [CmRequest(DEQUEUE_AT, rn=bench.columns, rm=1)] * 5
        + [CmRequest(PROCESS), CmRequest(DEQUEUE_AT, rn=0, rm=1)],
        response_pauses=[True] * wait,
    )
    first = bench.clock.edge
    await bench.driver.run(program)
    accepted = [edge for edge in program.accept_edges if edge < first + wait]
    assert len(accepted) == 2
    assert bench.monitor.stalled_responses >= wait - 2
    await bench.finish()


@cocotb.test(timeout_time=100, timeout_unit="us")
@cocotb.parametrize(moment=["queue", "mvm", "held_response", "programming"])
async def reset_in_the_middle_starts_afresh(dut, moment):
    bench = await started(dut)
    bench.load_random_weights()
    await bench.queue_all(random_bytes(bench.rows))
    await bench.expect(PROCESS, DONE)
    bench.busy_cycles = 1000
    request = {
        "queue": CmRequest(QUEUE_NEXT_SOME, rm=0x77, ra=1),
        "mvm": CmRequest(PROCESS),
        "held_response": CmRequest(DEQUEUE_NEXT, rm=1),
        "programming": CmRequest(INITIALIZE, rm=0, rn=0, ra=1),
    }[moment]
    program = CmProgram([request] * 3, response_pauses=[moment == "held_response"] * 1000)
    running = cocotb.start_soon(bench.driver.run(program))
    await bench.clock.wait(3 if moment != "queue" else 1)
    assert program.accept_edges
    running.cancel()
    await bench.reset()
    bench.busy_cycles = 0
    # Nothing says what becomes of a cell whose programming is cut short.
    bench.load_weights(bench.crossbar.weights)
    assert bench.inputs == bytes(bench.rows)
    assert await bench.dequeue_all() == bytes(bench.columns)
    assert await bench.expect(QUEUE_NEXT, DONE, rm=0x04030201) == 0
    assert bench.inputs[:4] == b"\x01\x02\x03\x04"[: bench.rows]
    await bench.expect(PROCESS, DONE)
    await bench.finish()


def pauses(chance: float) -> Iterator[bool]:
    while True:
        yield random.random() < chance


def random_request(bench: Bench) -> CmRequest:
    """Return an instruction that is mostly valid, with operands at and around every limit."""
    operation = random.choices(list(isa.OPCODES), weights=[10, 6, 1, 4, 4], k=1)[0]
    register = [random.choice((isa.XZR, 1, 9, 30)) for _ in range(3)]
    if operation in (CmOperation.INITIALIZE, CmOperation.PARAM_READ):
        register = [random.choice((isa.XZR, 9, 9, 9)) for _ in range(3)]
    word = encode(operation, rm=register[0], ra=register[1], rn=register[2])
    if random.random() < 0.05:
        word ^= 1 << random.randrange(15, 32)

    def index(size: int) -> int:
        if random.random() < 0.8:
            return random.randrange(size)
        return random.choice((size - 1, size, size + 1, *BEYOND))

    def count() -> int:
        return random.randint(1, 4) if random.random() < 0.9 else random.choice(BAD_COUNTS)

    rn, rm, ra = index(bench.rows), random.getrandbits(64), count()
    if operation is CmOperation.DEQUEUE:
        rn, rm, ra = index(bench.columns), count(), random.getrandbits(64)
    elif operation in (CmOperation.INITIALIZE, CmOperation.PARAM_READ):
        rm, ra = index(bench.columns), random.getrandbits(64)
    return CmRequest(word, rn, rm, ra)


@cocotb.test(timeout_time=1000, timeout_unit="us")
@cocotb.parametrize(
    (
        ("request_pause", "response_pause", "busy"),
        [(0.0, 0.0, 0), (0.6, 0.0, 0), (0.0, 0.6, 0), (0.5, 0.5, 6), (0.0, 0.95, 3)],
    )
)
async def random_programs_agree_with_the_reference(dut, request_pause, response_pause, busy):
    bench = await started(dut)
    bench.load_random_weights(5)
    length = 400
    for _ in range(2):
        bench.busy_cycles = random.randint(0, busy)
        program = CmProgram(
            [random_request(bench) for _ in range(length)],
            request_pauses=pauses(request_pause),
            response_pauses=pauses(response_pause),
        )
        await bench.driver.run(program)
        assert len(program.answers) == length
        bench.check_end()
    assert (bench.monitor.stalled_responses > 0) == (response_pause > 0)
    await bench.finish()
