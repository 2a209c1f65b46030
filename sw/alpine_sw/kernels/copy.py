# SPDX-License-Identifier: Apache-2.0
"""Memory copy: the paths of glibc's routine by size, and copies expanded in line.

Up to 32, 64 and 128 bytes are copied without a loop, more in a loop of 64 bytes after a first part
and before a last one, whose last 64 bytes may overlap what the loop wrote. Mixes after glibc 2.36
for AArch64 with 16-byte registers; what the reference's counts hold besides is in `copy_long`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from alpine_platform.cores.operations import Program, RunLoop
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.memory.address_space import Buffer

from .bodies import BODIES, body, numbered
from .streams import loop_over, over, phase

__all__ = ["CopyStyle", "Span", "copy", "copy_phases", "inline_body"]

CopyStyle = Literal["memcpy", "inline", "bytes"]

LOOP_BYTES = 64
SHORT_PATHS = {32: 16, 64: 32, 128: 64}
"""Longest copy of a path without a loop -> bytes that it counts from the end."""
OUTSIDE_LOOP = 144
"""Bytes that the first and the last part of a long copy move or leave to each other."""
INLINE_BYTES = 512
"""Most that a compiler is taken to expand in line."""

FIRST = "alu end <- s n\nalu flags <- n\n"
SECOND = "alu last <- d n\nalu flags <- n\n"
body(
    "copy_call",
    numbered("alu argument% <- base", 3),
    "jump <-",
    "alu place <- base",
    "alu place <- place",  # a load of a line that stays in L1
    "alu entry <- base",
    "jump <- place",
)
"""Arguments, call, and the stub that leads to the routine chosen at start-up."""
body(
    "copy_32",
    FIRST + "skip <- flags",
    SECOND + "skip <- flags",
    "alu flags <- n",
    "skip <- flags",
    "load a <- s             @source",
    "load b <- end           @source_end",
    "store16 <- a d          @destination",
    "store16 <- b last       @destination_end",
    "jump <-",
)
body(
    "copy_64",
    FIRST + "skip <- flags",
    SECOND + "jump <- flags",
    "load_pair a b <- s      @source",
    "load_pair c e <- end    @source_end",
    "alu flags <- n",
    "skip <- flags",
    "store_pair <- a b d     @destination",
    "store_pair <- c e last  @destination_end",
    "jump <-",
)
body(
    "copy_128",
    FIRST + "skip <- flags",
    SECOND + "jump <- flags",
    "load_pair a b <- s      @source",
    "load_pair c e <- end    @source_end+32",
    "alu flags <- n",
    "jump <- flags",
    "load_pair f g <- s      @source+32",
    "alu flags <- n",
    "skip <- flags",
    "load_pair h i <- end    @source_end",
    "store_pair <- h i last  @destination_end",
    "store_pair <- a b d     @destination",
    "store_pair <- f g d     @destination+32",
    "store_pair <- c e last  @destination_end+32",
    "jump <-",
)
body(
    "copy_long",
    numbered("alu r% <- base", 7),  # by the counts of the im2col and writeback rows
    FIRST + "jump <- flags",
    "alu last <- d n",
    "load a <- s             @source",
    "alu odd <- d",
    "alu d <- d",
    "alu s <- s odd",
    "alu n <- n odd",
    "load_pair b c <- s      @source+16",
    "store16 <- a d          @destination",
    "load_pair e f <- s      @source+48",
    "alu n <- n",
    "skip <- n",
)
body(
    "copy_long_end",
    "load_pair a b <- s      @source",
    "store_pair <- c e d     @rest",
    "load_pair f g <- s      @source+32",
    "store_pair <- h i d     @rest+32",
    "store_pair <- a b last  @destination",
    "store_pair <- f g last  @destination+32",
    "jump <-",
)
"""What the loop has loaded and not stored, and the last 64 bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Bytes to copy from or to: a place in a buffer that moves on with every repetition."""

    buffer: Buffer
    offset: int = 0
    repeat_stride: int = 0

    def stream(self, *, stride: int = 0, offset: int = 0) -> Stream:
        """Addresses that begin so many bytes after the span."""
        return over(
            self.buffer, stride, repeat_stride=self.repeat_stride, offset=self.offset + offset
        )


def copy_phases(size: int, source: Span, destination: Span) -> list[Phase]:
    """Call of a copy and its path, to be run as often as there are copies of this size."""
    call = phase("copy_call", 1, {})
    if size == 0:
        return [call]
    for most, last in SHORT_PATHS.items():
        if size <= most:
            ends = max(size - last, 0)
            streams = {
                "source": source.stream(),
                "destination": destination.stream(),
                "source_end": source.stream(offset=ends),
                "destination_end": destination.stream(offset=ends),
            }
            return [call, phase(f"copy_{most}", 1, streams)]
    loops = max(-(-(size - OUTSIDE_LOOP) // LOOP_BYTES), 0)
    phases = [
        call,
        phase("copy_long", 1, {"source": source.stream(), "destination": destination.stream()}),
    ]
    if loops > 0:
        streams = {
            "source": source.stream(stride=LOOP_BYTES, offset=80),
            "destination": destination.stream(stride=LOOP_BYTES, offset=16),
        }
        phases.append(phase("memory_copy", loops, streams))
    ends = size - LOOP_BYTES
    streams = {
        "source": source.stream(offset=ends),
        "destination": destination.stream(offset=ends),
        "rest": destination.stream(offset=16 + LOOP_BYTES * loops),
    }
    return [*phases, phase("copy_long_end", 1, streams)]


@cache
def inline_body(pairs: int) -> str:
    """Body of a copy of a constant size: as many pairs of loads and stores as it takes."""
    name = f"copy_inline_{32 * pairs}"
    if name not in BODIES:
        body(
            name,
            "alu s <- base",
            "alu d <- base",
            numbered("load_pair a% b% <- s    @source+$", pairs, step=32),
            numbered("store_pair <- a% b% d   @destination+$", pairs, step=32),
        )
    return name


def copy(destination: Buffer, source: Buffer, *, style: CopyStyle = "memcpy") -> Program:
    """Copy a buffer onto another of the same size.

    Parameters
    ----------
    destination, source : any element types.
    style : ``"memcpy"`` calls the C library's routine, ``"inline"`` is what compilers make of a
        constant size of at most `INLINE_BYTES`, ``"bytes"`` copies byte by byte.

    Raises
    ------
    ValueError
        The sizes differ, or are too large to be expanded in line.
    """
    size = source.size_bytes
    if destination.size_bytes != size:
        raise ValueError(
            f"copy of {size} bytes ({source.name}) onto {destination.size_bytes}"
            f" ({destination.name}); the sizes must be equal"
        )
    if style == "bytes":
        yield loop_over("copy_bytes", size, source=(source, 1), destination=(destination, 1))
    elif style == "inline":
        if size > INLINE_BYTES:
            raise ValueError(f"copies in line hold at most {INLINE_BYTES} bytes, not {size}")
        yield loop_over(
            inline_body(-(-size // 32)), 1, source=(source, 0), destination=(destination, 0)
        )
    else:
        phases = copy_phases(size, Span(buffer=source), Span(buffer=destination))
        yield RunLoop(phases=phases)
    destination.data.reshape(-1).view("u1")[:] = source.data.reshape(-1).view("u1")
