# SPDX-License-Identifier: Apache-2.0
"""Random CM programs that go to every limit of the instruction set."""

import random
from collections.abc import Iterator

from tile_bench import Request

from alpine_models import isa
from alpine_models.isa import XZR, CmOperation, encode
from alpine_models.tile import TileConfig

FAR = (1 << 16, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 63, (1 << 64) - 4, (1 << 64) - 1)
BAD_COUNTS = (0, 5, 7, 8, 1 << 32, (1 << 32) + 1, 1 << 63)
WEIGHTS = {
    CmOperation.QUEUE: 10,
    CmOperation.DEQUEUE: 8,
    CmOperation.PROCESS: 3,
    CmOperation.INITIALIZE: 5,
    CmOperation.PARAM_READ: 5,
}


def random_program(config: TileConfig, *, length: int, seed: int) -> Iterator[Request]:
    """Yield random requests, then ones that show everything a command can reveal."""
    rng = random.Random(seed)
    for row in range(config.rows):
        column = rng.randrange(config.columns)
        yield Request(isa.initialize(), rn=row, rm=column, ra=rng.getrandbits(64))
    for _ in range(length):
        if rng.random() < 0.02:
            yield from queues_behind_a_process(config, rng)
        yield random_request(config, rng)
    yield from probe(config)


def queues_behind_a_process(config: TileConfig, rng: random.Random) -> Iterator[Request]:
    """Yield more queues than answers can wait where there are two buffers."""
    yield Request(isa.process())
    for _ in range(config.rows + 4):
        index = rng.randrange(config.rows)
        yield Request(isa.queue(ra=11, rn=12), rn=index, rm=rng.getrandbits(64), ra=1)


def probe(config: TileConfig) -> Iterator[Request]:
    """Yield requests that reveal memories, counters and some cells."""
    for _ in range(2):
        for start in range(0, config.columns, 4):
            count = min(4, config.columns - start)
            yield Request(isa.dequeue(rn=12), rn=start, rm=count)
        yield Request(isa.dequeue(), rm=1)
        yield Request(isa.queue(ra=11), rm=0x7F, ra=1)
        for row in range(config.rows):
            yield Request(isa.param_read(), rn=row, rm=row % config.columns)
        yield Request(isa.process())


def random_request(config: TileConfig, rng: random.Random) -> Request:
    """Return a request that is mostly valid, with operands at and around every limit."""
    operation = rng.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    chance = 0.5 if operation in (CmOperation.QUEUE, CmOperation.DEQUEUE) else 0.1
    rm, ra, rn = (XZR if rng.random() < chance else rng.randrange(XZR) for _ in range(3))
    if operation is CmOperation.DEQUEUE and rng.random() < 0.9:
        rm = 11
    word = encode(operation, rm=rm, ra=ra, rn=rn)
    if rng.random() < 0.06:
        word ^= 1 << rng.choice([15, *range(21, 32)])

    def index(size: int) -> int:
        if rng.random() < 0.6:
            return rng.randrange(size)
        return rng.choice((0, size - 4, size - 3, size - 2, size - 1, size, size + 1, *FAR)) % 2**64

    def count() -> int:
        return rng.randint(1, 4) if rng.random() < 0.85 else rng.choice(BAD_COUNTS)

    if operation is CmOperation.QUEUE:
        return Request(word, index(config.rows), rng.getrandbits(64), count())
    if operation is CmOperation.DEQUEUE:
        return Request(word, index(config.columns), count(), rng.getrandbits(64))
    return Request(word, index(config.rows), index(config.columns), rng.getrandbits(64))
