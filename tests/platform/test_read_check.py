# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.cores.read_check import note_accesses
from alpine_platform.memory.address_space import AddressSpace

READ = LoopBody(name="read", text="load a <- p @s\nalu p <- p\nbranch <- p")
WRITE = LoopBody(name="write", text="store <- a p @s\nalu p <- p\nbranch <- p")
UPDATE = LoopBody(name="update", text="load a <- p @s\nstore <- a p @s\nbranch <- p")


def space() -> AddressSpace:
    return AddressSpace(check_reads=True)


def loop(body: LoopBody, address: int, iterations: int, stride: int = 4, **rest: int) -> Phase:
    streams = {"s": Stream(address=address, stride=stride, **rest)}
    return Phase(body=body, iterations=iterations, streams=streams)


def test_bytes_written_by_a_loop_may_be_read_by_the_next():
    memory = space()
    buffer = memory.allocate("v", 64)
    note_accesses(memory, [loop(WRITE, buffer.address, 16)], 1)
    note_accesses(memory, [loop(READ, buffer.address, 16)], 1)


def test_the_first_unwritten_byte_is_named():
    memory = space()
    buffer = memory.allocate("v", 64)
    note_accesses(memory, [loop(WRITE, buffer.address, 10)], 1)
    with pytest.raises(ValueError, match="buffer v: byte 40 is read and was never written"):
        note_accesses(memory, [loop(READ, buffer.address, 16)], 1)


def test_order_within_an_iteration_counts():
    memory = space()
    buffer = memory.allocate("v", 64)
    with pytest.raises(ValueError, match="buffer v: byte 0 is read"):
        note_accesses(memory, [loop(UPDATE, buffer.address, 16)], 1)


def test_order_of_phases_and_repetitions_counts():
    memory = space()
    buffer = memory.allocate("v", 64)
    write = loop(WRITE, buffer.address, 4, repeat_stride=16)
    read = loop(READ, buffer.address, 4, repeat_stride=16)
    with pytest.raises(ValueError, match="buffer v: byte 0 is read"):
        note_accesses(memory, [read, write], 4)
    note_accesses(memory, [write, read], 4)


def test_a_stream_ends_where_it_says():
    memory = space()
    buffer = memory.place("v", np.zeros(40, np.int8))
    end = buffer.address + 40
    note_accesses(memory, [loop(READ, buffer.address, 3, 16, end=end)], 1)


def test_a_stream_outside_every_buffer_is_refused():
    with pytest.raises(ValueError, match="no buffer lies there"):
        note_accesses(space(), [loop(READ, 64, 1)], 1)


def test_nothing_is_checked_unless_asked():
    note_accesses(AddressSpace(), [loop(READ, 64, 1)], 1)
