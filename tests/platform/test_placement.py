# SPDX-License-Identifier: Apache-2.0
"""Addresses of buffers, by the rules of each allocator."""

from dataclasses import replace

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_platform.config.overrides import parse_setting
from alpine_platform.config.placement import (
    BufferPlacement,
    GlibcAllocator,
    SkewedAllocator,
    VirtualAllocator,
)
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.systems.presets import HIGH_POWER
from alpine_platform.systems.system import System, allocator_of

MEGABYTE = 1 << 20
PAGE = 4096


def test_small_buffers_are_chunks_of_the_heap():
    # A chunk holds its buffer and 8 bytes of its header, in units of 16 bytes, 32 at least; the
    # other 8 bytes are the end of the chunk before. So 100 bytes take 112, 24 take 32, 25 take 48.
    heap = GlibcAllocator()
    first = heap.choose(100)
    assert first % 16 == 0
    assert [heap.choose(size) - first for size in (24, 25, 0, 1)] == [112, 144, 192, 224]
    assert GlibcAllocator(heap_offset_bytes=640).choose(100) == first + 640


def test_large_buffers_have_mappings_of_their_own():
    # 131,048 bytes are the most whose chunk, 131,056 bytes, is below glibc's 128 kB.
    heap = GlibcAllocator()
    assert heap.choose(131_049) % PAGE == 16
    assert GlibcAllocator().choose(131_048) == GlibcAllocator().choose(16)
    # The data's first page begins 16 bytes late, and its header's frame was given out before: 1 MB
    # and 16 bytes are 257 pages, of which 256 follow each other. 601,616 bytes fill 146.9.
    heap = GlibcAllocator()
    one, two, three = (heap.choose(size) for size in (MEGABYTE, 601_600, 1 << 18))
    assert (one % PAGE, two - one, three - two) == (16, MEGABYTE, 147 * PAGE)


def test_virtual_addresses_of_mappings_go_down_a_page_further():
    heap = VirtualAllocator()
    one, two, three = (heap.choose(size) for size in (MEGABYTE, MEGABYTE, 601_600))
    assert (one % PAGE, two - one, three - two) == (16, -(MEGABYTE + PAGE), -147 * PAGE)
    assert heap.choose(16) == GlibcAllocator().choose(16)


def test_skewed_mappings_begin_in_different_banks():
    # 32 banks of 8 kB rows and 8 cores: every buffer begins 4 banks further.
    allocator = allocator_of(replace(HIGH_POWER, placement=BufferPlacement.SKEWED))
    assert isinstance(allocator, SkewedAllocator)
    banks = [allocator.choose(MEGABYTE) // 8192 % 32 for _ in range(9)]
    assert banks == [0, 4, 8, 12, 16, 20, 24, 28, 0]


def test_packed_buffers_follow_each_other_line_by_line():
    allocator = allocator_of(replace(HIGH_POWER, placement=BufferPlacement.PACKED))
    first = allocator.choose(100)
    assert first % 64 == 0
    assert [allocator.choose(size) - first for size in (64, MEGABYTE, 1)] == [
        128,
        192,
        192 + MEGABYTE,
    ]


@pytest.mark.parametrize("placement", BufferPlacement)
def test_no_two_buffers_overlap(placement: BufferPlacement):
    random = np.random.default_rng(3)
    space = AddressSpace(allocator_of(replace(HIGH_POWER, placement=placement)))
    sizes = random.choice([1, 40, 4096, 131_049, 200_000, 262_144], 40)
    # An overlap is refused. Some buffers are put where the allocator would go next.
    for number, size in enumerate(sizes.tolist()):
        buffer = space.allocate("chosen", size)
        if number % 5 == 0:
            before = placement is BufferPlacement.VIRTUAL and size > 131_048
            address = buffer.address - PAGE if before else buffer.address + size
            space.place("put", np.zeros(64, np.int8), address=address)


def test_placements_are_chosen_by_name():
    chosen = HIGH_POWER.override(dict([parse_setting("placement=packed")]))
    assert chosen.placement is BufferPlacement.PACKED
    assert System(chosen).memory.allocate("v", 8).address % 64 == 0
    with pytest.raises(AlpineError, match="glibc or virtual or packed or skewed, not 'dense'"):
        HIGH_POWER.override({"placement": "dense"})
