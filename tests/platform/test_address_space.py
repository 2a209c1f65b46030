# SPDX-License-Identifier: Apache-2.0
from typing import Any

import numpy as np
import pytest

from alpine_models.errors import AlpineError
from alpine_platform.cores.operations import Compute
from alpine_platform.memory.address_space import AddressSpace


def test_buffers_are_aligned_and_apart():
    space = AddressSpace()
    one = space.allocate("one", 100)
    two = space.allocate("two", 10, np.float32)
    assert one.address % 16 == 0
    assert two.address >= one.address + 100
    assert two.part(2, 4).address == two.address + 8


def test_overlap_is_refused_with_both_names():
    space = AddressSpace()
    one = space.allocate("one", 100)
    with pytest.raises(ValueError, match=r"buffer two at .* overlaps buffer one"):
        space.place("two", np.zeros(4), address=one.address + 96)


def test_reading_what_was_never_written_is_an_error_when_checked():
    space = AddressSpace(check_reads=True)
    buffer = space.allocate("codes", 8)
    space.note_write(buffer.address, 4)
    space.note_read(buffer.address, 4)
    with pytest.raises(ValueError, match="buffer codes: byte 4 is read and was never written"):
        space.note_read(buffer.address, 8)


@pytest.mark.parametrize("address", [-64, (1 << 48) - 63, 1 << 70])
def test_addresses_are_those_of_the_cores(address: int):
    with pytest.raises(AlpineError, match="leave the address out"):
        AddressSpace().place("v", np.zeros(64, np.int8), address=address)
    assert AddressSpace().place("v", np.zeros(64), address=(1 << 48) - 512).size_bytes == 512


def test_memory_holds_numbers_and_a_copy_of_them():
    given = np.arange(3)
    AddressSpace().place("v", given).data[:] = 7
    assert given.tolist() == [0, 1, 2]
    with pytest.raises(AlpineError, match="buffer v holds Python objects"):
        AddressSpace().place("v", np.array([None, 1]))


@pytest.mark.parametrize("cycles", [-1, 10.5, "1", True])
def test_work_takes_a_whole_number_of_cycles(cycles: Any):
    with pytest.raises(AlpineError, match=r"cycles .* is refused: give a whole number from 0 on"):
        Compute(cycles=cycles)
    assert Compute(cycles=np.int64(3)).cycles == 3  # type: ignore[arg-type]
