# SPDX-License-Identifier: Apache-2.0
"""Rows handed from core to core: order, room, and reads of rows that are not there."""

import numpy as np
import pytest

from alpine_platform.cores.operations import Compute
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import DeadlockError, System
from alpine_sw.library.row_ring import RowRing

ROWS = 9


def ring_of(system: System, slots: int = 3) -> RowRing:
    return RowRing(system.memory, name="map", size=4, slots=slots)


def produce(ring: RowRing, cycles: int, events: list[str]):
    for number in range(ROWS):
        row = yield from ring.free_row()
        yield Compute(cycles=cycles)
        row.data[:] = number
        events.append(f"put {number}")
        yield from ring.put()


def consume(ring: RowRing, cycles: int, events: list[str], seen: list[int]):
    """Windows of two rows that move on by one."""
    for number in range(ROWS - 1):
        yield from ring.wait_for(number + 2)
        seen += [int(ring.row(number + line).data[0]) for line in range(2)]
        yield Compute(cycles=cycles)
        events.append(f"release {number}")
        yield from ring.release(number + 1)


@pytest.mark.parametrize(("producing", "consuming"), [(10, 100_000), (100_000, 10), (5000, 5000)])
def test_consumer_sees_every_row_whoever_is_faster(producing: int, consuming: int):
    system = System(HIGH_POWER)
    ring, events, seen = ring_of(system), [], []
    system.run({0: produce(ring, producing, events), 1: consume(ring, consuming, events, seen)})
    assert seen == [row for number in range(ROWS - 1) for row in (number, number + 1)]
    # No row is overwritten before it is released: three slots, so row n + 3 comes after release n.
    for number in range(ROWS - 3):
        assert events.index(f"put {number + 3}") > events.index(f"release {number}")


def test_consumer_that_does_not_wait_is_stopped():
    ring = ring_of(System(HIGH_POWER))
    with pytest.raises(ValueError, match="row 0 of map is read, but rows 0 to -1 are there"):
        ring.row(0)


def test_released_row_is_gone():
    system = System(HIGH_POWER)
    ring = ring_of(system)

    def program():
        for _ in range(2):
            yield from ring.free_row()
            yield from ring.put()
        yield from ring.release(1)

    system.run({0: program()})
    assert ring.row(1).data.dtype == np.int8
    with pytest.raises(ValueError, match="row 0 of map is read, but rows 1 to 1 are there"):
        ring.row(0)


def test_full_ring_without_a_consumer_is_a_deadlock_with_a_name():
    system = System(HIGH_POWER)
    with pytest.raises(DeadlockError, match="core 0 waits for condition map"):
        system.run({0: produce(ring_of(system), 10, [])})
