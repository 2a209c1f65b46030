"""Memory copy."""

from typing import Literal

from alpine_platform.address_space import Buffer
from alpine_platform.operations import Compute, Program

from .streams import loop_over

__all__ = ["copy"]

CALL = Compute(cycles=25, instructions=22)
"""Call of glibc's copy with its set-up and tail, by the counts of the `im2col` rows."""

SHORT_CALL = Compute(cycles=16, instructions=14)
"""The same up to `SHORT_BYTES`, which glibc copies without a loop."""
SHORT_BYTES = 128


def copy(
    destination: Buffer, source: Buffer, *, style: Literal["memcpy", "bytes"] = "memcpy"
) -> Program:
    """Copy a buffer onto another of the same size, 64 bytes or one byte at a time.

    Raises
    ------
    ValueError
        The sizes differ.
    """
    size = source.size_bytes
    if destination.size_bytes != size:
        raise ValueError(
            f"copy of {size} bytes ({source.name}) onto {destination.size_bytes}"
            f" ({destination.name}); the sizes must be equal"
        )
    if style == "bytes":
        yield loop_over("copy_bytes", size, source=(source, 1), destination=(destination, 1))
    else:
        yield SHORT_CALL if size <= SHORT_BYTES else CALL
        yield loop_over(
            "memory_copy", -(-size // 64), source=(source, 64), destination=(destination, 64)
        )
    destination.data.reshape(-1).view("u1")[:] = source.data.reshape(-1).view("u1")
