# SPDX-License-Identifier: Apache-2.0
"""The architecture's rules, each with its expectation written out."""

import numpy as np
import pytest

from alpine_models import isa
from alpine_models.isa import CmStatus
from alpine_models.reference_tile import ReferenceTile


@pytest.fixture
def tile() -> ReferenceTile:
    return ReferenceTile(rows=6, columns=5)


def test_streaming_queue_advances_by_the_bytes_moved_and_clips(tile: ReferenceTile):
    assert tile.execute(isa.queue(), rm=0x04030201) == (0, CmStatus.DONE)
    assert tile.execute(isa.queue(), rm=0x08FF0605) == (0, CmStatus.DONE)
    assert list(tile.input_memory) == [1, 2, 3, 4, 5, 6]
    assert tile.counters[0] == 6
    assert tile.execute(isa.queue(), rm=1) == (0, CmStatus.INDEX_OUT_OF_RANGE)


def test_indexed_queue_must_fit_whole_and_leaves_the_counter(tile: ReferenceTile):
    assert tile.execute(isa.queue(rn=1, ra=2), rn=3, rm=0x80FE01, ra=3)[1] is CmStatus.DONE
    assert list(tile.input_memory) == [0, 0, 0, 1, -2, -128]
    assert tile.counters[0] == 0
    assert tile.execute(isa.queue(rn=1, ra=2), rn=4, rm=1, ra=3)[1] is CmStatus.INDEX_OUT_OF_RANGE
    assert tile.execute(isa.queue(rn=1), rn=2**32, rm=1)[1] is CmStatus.INDEX_OUT_OF_RANGE
    assert tile.execute(isa.queue(rn=1), rn=2**64 - 1, rm=1)[1] is CmStatus.INDEX_OUT_OF_RANGE


@pytest.mark.parametrize("count", [0, 5, 2**32 + 1, 2**64 - 1])
def test_bad_counts_win_over_bad_indices(tile: ReferenceTile, count: int):
    assert tile.execute(isa.queue(ra=2, rn=1), rn=99, ra=count)[1] is CmStatus.BAD_COUNT
    assert tile.execute(isa.dequeue(rm=2, rn=1), rn=99, rm=count)[1] is CmStatus.BAD_COUNT


def test_zero_register_reads_zero(tile: ReferenceTile):
    assert tile.execute(isa.dequeue(rm=31), rm=4)[1] is CmStatus.BAD_COUNT
    tile.execute(isa.queue(rm=9), rm=0x01010101)
    tile.execute(isa.queue(rm=31, rn=1), rn=0, rm=0x7F7F7F7F)
    assert list(tile.input_memory[:4]) == [0, 0, 0, 0]


def test_process_multiplies_rounds_halves_to_even_and_clears(tile: ReferenceTile):
    # Column 0 holds (1, 2): 1*3 + 2*(-1) = 1 -> 1/2 rounds to 0. Column 1 holds (3, 0): 9/2 -> 4
    # (4.5 to even). Column 2 holds (127, 127): 127*3 - 127 = 254 -> 127 at lsb 2.
    for row, column, weight in ((0, 0, 1), (1, 0, 2), (0, 1, 3), (0, 2, 127), (1, 2, 127)):
        answer = tile.execute(isa.initialize(), rn=row, rm=column, ra=weight)
        assert answer == (0, CmStatus.DONE)
    tile.crossbar.lsb[:] = 2
    tile.execute(isa.queue(), rm=0xFF03)
    assert tile.execute(isa.process()) == (0, CmStatus.DONE)
    assert list(tile.output_memory) == [0, 4, 127, 0, 0]
    assert not tile.input_memory.any()
    assert not tile.counters.any()
    assert tile.execute(isa.dequeue(), rm=3) == (0x7F0400, CmStatus.DONE)
    assert tile.execute(isa.dequeue(), rm=4) == (0, CmStatus.DONE)
    assert tile.counters[1] == 5


def test_codes_saturate_at_both_ends():
    tile = ReferenceTile(rows=2, columns=2)
    tile.crossbar.weights[:] = [[127, 127], [-128, -128]]
    tile.execute(isa.queue(), rm=0x7F7F)
    tile.execute(isa.process())
    assert list(tile.output_memory) == [127, -128]
    assert tile.execute(isa.dequeue(), rm=2)[0] == 0x807F


def test_parameters_are_signed_and_checked(tile: ReferenceTile):
    assert tile.execute(isa.initialize(), rn=5, rm=4, ra=0x1FF85)[1] is CmStatus.DONE
    assert tile.execute(isa.param_read(), rn=5, rm=4)[0] == 2**64 - 123
    assert tile.execute(isa.initialize(), rn=6, rm=4, ra=1) == (3, CmStatus.INDEX_OUT_OF_RANGE)
    assert tile.execute(isa.initialize(), rn=5, rm=5, ra=1)[1] is CmStatus.INDEX_OUT_OF_RANGE
    assert tile.execute(isa.param_read(), rn=0, rm=2**40)[1] is CmStatus.INDEX_OUT_OF_RANGE


def test_unknown_instructions_change_nothing(tile: ReferenceTile):
    tile.execute(isa.queue(), rm=5)
    for word in (0x008 << 21 | 1 << 15, 0, 0xFFFFFFFF, 0x00C << 21):
        assert tile.execute(word, rn=1, rm=1, ra=1) == (0, CmStatus.UNKNOWN_INSTRUCTION)
    assert list(tile.input_memory) == [5, 0, 0, 0, 0, 0]
    assert list(tile.counters) == [4, 0]


def test_exactly_full_array_loses_no_group():
    tile = ReferenceTile(rows=8, columns=8)
    np.fill_diagonal(tile.crossbar.weights, 1)
    for word in (0x04030201, 0x08070605):
        assert tile.execute(isa.queue(), rm=word)[1] is CmStatus.DONE
    tile.execute(isa.process())
    assert [tile.execute(isa.dequeue(), rm=4)[0] for _ in range(2)] == [0x04030201, 0x08070605]
