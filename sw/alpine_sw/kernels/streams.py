# SPDX-License-Identifier: Apache-2.0
"""Loops over buffers: what every kernel needs to state its address streams."""

from collections.abc import Mapping
from functools import lru_cache

from alpine_platform.cores.operations import Compute, RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.memory.address_space import Buffer

from .bodies import BODIES

__all__ = ["CALL", "loop_over", "over", "phase"]

CALL = Compute(cycles=10, instructions=10)
"""Call, set-up and return of a short kernel."""


@lru_cache(maxsize=1024)
def stream(address: int, stride: int, repeat_stride: int, end: int) -> Stream:
    """Make a stream, once."""
    return Stream(address=address, stride=stride, repeat_stride=repeat_stride, end=end)


def over(buffer: Buffer, stride: int, *, repeat_stride: int = 0, offset: int = 0) -> Stream:
    """Stream through a buffer: so many bytes further per iteration and per repetition."""
    end = buffer.address + buffer.size_bytes
    return stream(buffer.address + offset, stride, repeat_stride, end)


def phase(body: str, iterations: int, streams: Mapping[str, Stream]) -> Phase:
    """Loop over a body of the library."""
    return Phase(body=BODIES[body], iterations=iterations, streams=streams)


def loop_over(body: str, iterations: int, **buffers: tuple[Buffer, int]) -> RunLoop:
    """One loop in which every stream walks a buffer with a stride in bytes."""
    streams = {name: over(buffer, stride) for name, (buffer, stride) in buffers.items()}
    return RunLoop(phases=[phase(body, iterations, streams)])
