"""Memory copy."""

from alpine_platform.address_space import Buffer
from alpine_platform.operations import Compute, Program, RunLoop
from alpine_platform.pipeline import Phase

from .bodies import COPY
from .common import over

__all__ = ["copy"]

CALL_CYCLES = 25
CALL_INSTRUCTIONS = 22
"""A call of glibc's copy: set-up and tail (reference rows `pp`, `mlp_ana1_cold_sub`)."""


def copy(destination: Buffer, source: Buffer) -> Program:
    """Copy a buffer onto another of the same size, 64 bytes at a time.

    Raises
    ------
    ValueError
        The sizes differ.
    """
    if destination.size_bytes != source.size_bytes:
        raise ValueError(
            f"copy of {source.size_bytes} bytes ({source.name}) onto {destination.size_bytes}"
            f" ({destination.name}); the sizes must be equal"
        )
    yield Compute(cycles=CALL_CYCLES, instructions=CALL_INSTRUCTIONS)
    phase = Phase(
        body=COPY,
        iterations=-(-source.size_bytes // 64),
        streams={"source": over(source, 64), "destination": over(destination, 64)},
    )
    yield RunLoop(phases=[phase])
    destination.data.reshape(-1).view("u1")[:] = source.data.reshape(-1).view("u1")
