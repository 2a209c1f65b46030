"""What every kernel shares: streams over buffers, and the calls' fixed costs."""

from alpine_platform.address_space import AddressSpace, Buffer
from alpine_platform.operations import Compute, Program, RunLoop
from alpine_platform.pipeline import Phase, Stream

__all__ = ["AddressSpace", "Buffer", "Compute", "Phase", "Program", "RunLoop", "Stream", "over"]


def over(buffer: Buffer, stride: int, *, repeat_stride: int = 0, offset: int = 0) -> Stream:
    """Stream through a buffer: so many bytes further per iteration and per repetition."""
    return Stream(address=buffer.address + offset, stride=stride, repeat_stride=repeat_stride)
