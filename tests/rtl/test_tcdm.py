# SPDX-License-Identifier: Apache-2.0
"""The banks: all of an access or none, in turn, and what was written is read."""

import random

from pysim import pins, simulate

from alpine_rtl.cluster.tcdm import Tcdm

MASTERS = {"core0": 4, "core1": 4, "dma": 8, "hwpe": 16}
WORDS = 2
BYTES = WORDS * 32 * 4


def granted_by_rule(first, requests):
    """Return who is granted, and with whom the next cycle begins: the rule in plain words."""
    count, taken, granted, refused = len(requests), set(), set(), None
    for turn in range(count):
        number = (first + turn) % count
        if requests[number] is None:
            continue
        address, size = requests[number][:2]
        banks = {(address + byte) // 4 % 32 for byte in range(size)}
        if taken & banks:
            refused = number if refused is None else refused
        else:
            taken |= banks
            granted.add(number)
    return granted, first if refused is None else refused


def test_random_requests():
    draw = random.Random(1)
    memory = bytearray(BYTES)
    dut = Tcdm(masters=MASTERS, words=WORDS)
    io = pins(dut)

    def pin(master, name):
        return getattr(io, f"{master}_{name}")

    async def testbench(ctx):
        first, requests = 0, [None] * len(MASTERS)
        expected, waits, most = {}, [0] * len(MASTERS), 0
        for _ in range(300):
            for number, (master, width) in enumerate(MASTERS.items()):
                if requests[number] is None and draw.random() < 0.8:
                    # Near each other, so that banks are contended for; round the end as well.
                    address = draw.choice([draw.randrange(24), BYTES - 6, draw.randrange(BYTES)])
                    data = draw.getrandbits(8 * width) if draw.random() < 0.5 else None
                    requests[number] = (address, draw.randint(1, width), data)
                request = requests[number]
                ctx.set(pin(master, "req"), request is not None)
                if request is not None:
                    ctx.set(pin(master, "addr"), request[0] + BYTES * draw.randrange(3))
                    ctx.set(pin(master, "be"), (1 << request[1]) - 1)
                    ctx.set(pin(master, "write"), request[2] is not None)
                    ctx.set(pin(master, "wdata"), request[2] or 0)
            granted, first = granted_by_rule(first, requests)
            reads = {}
            for number, master in enumerate(MASTERS):
                assert ctx.get(pin(master, "gnt")) == (number in granted)
                assert ctx.get(pin(master, "rvalid")) == (master in expected)
                if master in expected:
                    size, data = expected[master]
                    assert ctx.get(pin(master, "rdata")) & (1 << 8 * size) - 1 == data
                waits[number] += 1
                if number in granted or requests[number] is None:
                    waits[number] = 0
                most = max(most, waits[number])
            for number in granted:
                address, size, data = requests[number]
                places = [(address + byte) % BYTES for byte in range(size)]
                if data is None:
                    read = int.from_bytes(bytes(memory[place] for place in places), "little")
                    reads[list(MASTERS)[number]] = size, read
                for byte, place in enumerate(places):
                    if data is not None:
                        memory[place] = data >> 8 * byte & 255
                requests[number] = None
            expected = reads
            await ctx.tick()
        assert 1 <= most < len(MASTERS), "nobody waits longer than there are others"

    simulate(dut, testbench)
