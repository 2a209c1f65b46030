# SPDX-License-Identifier: Apache-2.0
"""The CM instruction decoder: random words and operands against the instruction set's text."""

import random

import cocotb
from cocotb.triggers import Timer
from cocotb_tests.blocks import CONFIG, chance, get, put, started

from alpine_models.isa import XZR, CmOperation, CmStatus, encode

OPERATIONS = [operation for operation in CmOperation if operation is not CmOperation.UNKNOWN]
FAR = (1 << 16, 1 << 32, (1 << 32) + 1, 1 << 63, (1 << 64) - 4, (1 << 64) - 1)
TRANSFER = ("decoded_start", "decoded_count", "decoded_streaming")


def ask(block, word, rn, rm, ra):
    put(block, request_instr=word, request_rn=rn, request_rm=rm, request_ra=ra)


def transfer(count, index, streaming, counter, size):
    """Return (status, start, bytes) of a group, as the instruction set has it."""
    if not 1 <= count <= 4:
        return CmStatus.BAD_COUNT, None, None
    if streaming:
        if counter == size:
            return CmStatus.INDEX_OUT_OF_RANGE, None, None
        return CmStatus.DONE, counter, min(count, size - counter)
    if index + count > size:
        return CmStatus.INDEX_OUT_OF_RANGE, None, None
    return CmStatus.DONE, index, count


class Scoreboard:
    """What each request must be decoded as."""

    def __init__(self):
        self.compared = self.accepted = 0

    def check(self, block, word, operands, counters):
        rn, rm, ra = operands
        zero = {name: word >> low & 31 == XZR for name, low in (("rm", 16), ("ra", 10), ("rn", 5))}
        rm, ra, rn = (0 if zero[n] else v for n, v in (("rm", rm), ("ra", ra), ("rn", rn)))
        operation = {
            (0x108, 1): CmOperation.QUEUE,
            (0x108, 0): CmOperation.DEQUEUE,
            (0x008, 0): CmOperation.PROCESS,
            (0x208, 0): CmOperation.INITIALIZE,
            (0x208, 1): CmOperation.PARAM_READ,
        }.get((word >> 21, word >> 15 & 1), CmOperation.UNKNOWN)
        start = moved = None
        status = CmStatus.DONE
        if operation is CmOperation.UNKNOWN:
            status = CmStatus.UNKNOWN_INSTRUCTION
        elif operation is CmOperation.QUEUE:
            count = 4 if zero["ra"] else ra
            status, start, moved = transfer(count, rn, zero["rn"], counters[0], CONFIG.rows)
        elif operation is CmOperation.DEQUEUE:
            status, start, moved = transfer(rm, rn, zero["rn"], counters[1], CONFIG.columns)
        elif operation is not CmOperation.PROCESS:
            inside = rn < CONFIG.rows and rm < CONFIG.columns
            status = CmStatus.DONE if inside else CmStatus.INDEX_OUT_OF_RANGE
            if inside:
                assert get(block, "decoded_row", "decoded_column") == (rn, rm)
        assert get(block, "decoded_operation", "decoded_status") == (operation, status)
        if start is not None:
            assert get(block, *TRANSFER) == (start, moved, zero["rn"])
        if operation is CmOperation.QUEUE and not status:
            assert int(block.decoded_data.value) == rm & 0xFFFFFFFF
        if operation is CmOperation.INITIALIZE and not status:
            assert int(block.decoded_data.value) & 0xFF == ra & 0xFF
        self.compared += 1
        self.accepted += not status


def operand(limit):
    return random.randrange(limit + 2) if chance(0.8) else random.choice(FAR)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_requests(dut):
    block, _ = await started(dut, "decoder")
    scoreboard = Scoreboard()
    for _ in range(1500):
        rm, ra, rn = (XZR if chance(0.3) else random.randrange(XZR) for _ in range(3))
        word = encode(random.choice(OPERATIONS), rm=rm, ra=ra, rn=rn)
        if chance(0.1):
            word ^= 1 << random.choice([15, *range(21, 32)])
        values = [operand(max(CONFIG.rows, CONFIG.columns)) for _ in range(3)]
        if chance(0.5):
            values[random.randrange(3)] = random.getrandbits(64)
        counters = random.randint(0, CONFIG.rows), random.randint(0, CONFIG.columns)
        ask(block, word, *values)
        put(block, input_counter=counters[0], output_counter=counters[1])
        await Timer(10, "ps")
        scoreboard.check(block, word, values, counters)
    assert scoreboard.accepted > scoreboard.compared // 4


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_opcode_and_bit(dut):
    block, _ = await started(dut, "decoder")
    scoreboard = Scoreboard()
    for opcode in range(1 << 11):
        for rw in (0, 1):
            word = opcode << 21 | 9 << 16 | rw << 15 | 11 << 10 | 12 << 5
            ask(block, word, 0, 1, 1)
            await Timer(10, "ps")
            scoreboard.check(block, word, (0, 1, 1), (0, 0))
    assert scoreboard.accepted == 5
