# SPDX-License-Identifier: Apache-2.0
"""Random masters of the banks, the rule by which they are granted, and what they must read."""

import random

__all__ = ["MASTERS", "WORDS", "TcdmBench"]

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


class TcdmBench:
    """Play all masters of a memory; knows nothing of the simulator.

    Members
    -------
    most : cycles for which a master was refused, of all that were the most.
    read : bytes that were read and compared.
    """

    def __init__(self, seed: int):
        self.draw = random.Random(seed)
        self.memory = bytearray(BYTES)
        self.first, self.most, self.read = 0, 0, 0
        self.requests = [None] * len(MASTERS)
        self.waits = [0] * len(MASTERS)
        self.expected: dict[str, tuple[int, int]] = {}

    def drive(self, put) -> None:
        """Set the inputs of a cycle."""
        draw = self.draw
        for number, (master, width) in enumerate(MASTERS.items()):
            if self.requests[number] is None and draw.random() < 0.8:
                # Near each other, so that banks are contended for; round the end as well.
                address = draw.choice([draw.randrange(24), BYTES - 6, draw.randrange(BYTES)])
                data = draw.getrandbits(8 * width) if draw.random() < 0.5 else None
                self.requests[number] = (address, draw.randint(1, width), data)
            request = self.requests[number]
            put(f"{master}_req", request is not None)
            if request is not None:
                put(f"{master}_addr", request[0] + BYTES * draw.randrange(3))
                put(f"{master}_be", (1 << request[1]) - 1)
                put(f"{master}_write", request[2] is not None)
                put(f"{master}_wdata", request[2] or 0)

    def check(self, get) -> None:
        """Compare the outputs of the cycle, and let its grants take place."""
        granted, self.first = granted_by_rule(self.first, self.requests)
        for number, master in enumerate(MASTERS):
            assert get(f"{master}_gnt") == (number in granted)
            assert get(f"{master}_rvalid") == (master in self.expected)
            if master in self.expected:
                size, data = self.expected[master]
                assert get(f"{master}_rdata") & (1 << 8 * size) - 1 == data
                self.read += size
            self.waits[number] += 1
            if number in granted or self.requests[number] is None:
                self.waits[number] = 0
            self.most = max(self.most, self.waits[number])
        self.expected = self._serve(granted)

    def _serve(self, granted) -> dict[str, tuple[int, int]]:
        reads = {}
        for number in granted:
            address, size, data = self.requests[number]
            places = [(address + byte) % BYTES for byte in range(size)]
            if data is None:
                read = int.from_bytes(bytes(self.memory[place] for place in places), "little")
                reads[list(MASTERS)[number]] = size, read
            else:
                for byte, place in enumerate(places):
                    self.memory[place] = data >> 8 * byte & 255
            self.requests[number] = None
        return reads
