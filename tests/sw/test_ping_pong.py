# SPDX-License-Identifier: Apache-2.0
"""Vectors handed over by ping-pong buffers: order, shares, waking, names in deadlocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpine_platform.cores.operations import Compute, Program
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import DeadlockError, System
from alpine_sw.library.ping_pong import PingPong

SYNC = HIGH_POWER.sync
WIDTH = 2


def producer(channel: PingPong, number: int, cycles: list[int]) -> Program:
    """Fill the share of one vector after another with the vector's number."""
    for vector, work in enumerate(cycles):
        part = yield from channel.free_part(number)
        yield Compute(cycles=work)
        part.data[:] = vector + 1
        yield from channel.put(number)


def consumer(channel: PingPong, number: int, cycles: list[int]) -> Program:
    """Return the vectors as they were when they were taken."""
    seen = [[]] * len(cycles)
    for vector, work in enumerate(cycles):
        slot = yield from channel.full_slot(number)
        yield Compute(cycles=work)
        seen[vector] = slot.data.tolist()
        yield from channel.take(number)
    return seen


works = st.lists(st.sampled_from([0, 700, 20_000]), min_size=4, max_size=4)


@given(
    producers=st.lists(works, min_size=1, max_size=4),
    consumers=st.lists(works, min_size=1, max_size=3),
    slots=st.integers(1, 3),
)
def test_every_consumer_sees_every_vector_whole_and_in_order(
    producers: list[list[int]], consumers: list[list[int]], slots: int
):
    system = System(HIGH_POWER)
    channel = PingPong(
        system.memory,
        name="h",
        size=WIDTH * len(producers),
        producers=len(producers),
        consumers=len(consumers),
        slots=slots,
    )
    programs = [producer(channel, number, cycles) for number, cycles in enumerate(producers)]
    programs += [consumer(channel, number, cycles) for number, cycles in enumerate(consumers)]
    result = system.run(dict(enumerate(programs)))
    expected = [[vector + 1] * WIDTH * len(producers) for vector in range(4)]
    for core in range(len(producers), len(programs)):
        assert result.returned[core] == expected


def late(program: Program, cycles: int) -> Program:
    """Begin a program after some cycles."""
    yield Compute(cycles=cycles)
    return (yield from program)


ONE_WAIT = SYNC.handover_instructions - 2 * SYNC.mutex_instructions
"""What waiting adds to the locks of the buffer's calls: a hand-over holds three locks and unlocks,
two of them by those calls."""


def test_who_waits_is_woken_once_when_the_last_share_fills_the_slot():
    system = System(HIGH_POWER)
    channel = PingPong(system.memory, name="h", size=6, producers=3)
    programs = {
        core: late(producer(channel, core, [100_000 * (core + 1)]), 1000 * core)
        for core in range(3)
    }
    result = system.run({**programs, 3: late(consumer(channel, 0, [0]), 3000)})
    # Three producers and the consumer lock and unlock twice each, at times of their own.
    assert result.instructions == 8 * SYNC.mutex_instructions + ONE_WAIT


def test_producer_is_woken_once_when_the_last_consumer_frees_the_slot():
    system = System(HIGH_POWER)
    channel = PingPong(system.memory, name="h", size=2, consumers=3, slots=1)
    programs = {
        core: late(consumer(channel, core, [100_000 * (core + 1)]), 50_000 + 1000 * core)
        for core in range(3)
    }
    result = system.run({3: producer(channel, 0, [0, 0]), **programs})
    # Two vectors by the producer, one by each of three consumers, at times of their own.
    assert result.instructions == 10 * SYNC.mutex_instructions + ONE_WAIT


def test_deadlock_names_the_buffer():
    system = System(HIGH_POWER)
    channel = PingPong(system.memory, name="hidden vector", size=4, slots=2)
    with pytest.raises(DeadlockError, match="core 0 waits for condition hidden vector"):
        system.run({0: producer(channel, 0, [0] * 3)})
