import numpy as np
import pytest

from alpine_platform.address_space import AddressSpace


def test_buffers_are_aligned_and_apart():
    space = AddressSpace()
    one = space.allocate("one", 100)
    two = space.allocate("two", 10, np.float32)
    assert one.address % 64 == 0
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
