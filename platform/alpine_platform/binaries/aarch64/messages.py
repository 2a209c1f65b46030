# SPDX-License-Identifier: Apache-2.0
"""What the process that executes AArch64 instructions and who started it say to each other.

A message is a header of three little-endian 32-bit words (kind, how many numbers, how many bytes of
data), then the numbers of 64 bits each, then the data. Commands go to the process:

- MAP address, size: memory of zeros. WRITE address; data. READ address, size: answered by DATA,
  which is empty where there is no such memory.
- RECORD descriptor, bytes; path of the recorder's library: where to record, see `.recording`.
- RECORD_BLOCKS: record blocks and accesses from now on.
- STOP_AT address, ...: tell before one of these instructions would execute.
- GATHER address, word, ...: record these CM instructions and go on, as their answer is known; see
  the recorder's source.
- RUN address, stack pointer, instructions (0: no limit): begin.
- GO_ON address, register, value, ...: set registers x0 to x30 and go on there; 0: where it stands.
- LEAVE: end the run.

It answers RUN with events. STOPPED (with the instruction's word, as it is in memory now) and CALLED
(a supervisor call; the address is of the instruction behind it, the word 0) carry the address, the
word and x0 to x30, and the process takes commands until GO_ON or LEAVE;
FULL carries the address of the next block, 0 behind a CM instruction: what was recorded has to be
taken before GO_ON.
ENDED carries why, the address concerned, a detail, and the address of the instruction.
"""

import struct
from enum import IntEnum
from typing import IO

__all__ = [
    "SUPERVISOR_CALL",
    "UNDEFINED",
    "EndReason",
    "ProcessorCommand",
    "ProcessorEvent",
    "receive",
    "send",
]

SUPERVISOR_CALL = 2
"""Number of the exception of `svc`."""
UNDEFINED = 1
"""Number of the exception of an instruction that does not exist."""

_HEADER = struct.Struct("<III")


class ProcessorCommand(IntEnum):
    """What the process is asked to do."""

    MAP = 1
    WRITE = 2
    READ = 3
    STOP_AT = 4
    RUN = 5
    GO_ON = 6
    LEAVE = 7
    RECORD = 8
    GATHER = 9
    RECORD_BLOCKS = 10


class ProcessorEvent(IntEnum):
    """What the process tells."""

    DATA = 16
    STOPPED = 17
    CALLED = 18
    ENDED = 19
    FULL = 20


class EndReason(IntEnum):
    """Why a run ended."""

    LEFT = 0
    """It was told to."""
    LIMIT = 1
    """It executed the instructions that it was given."""
    ILLEGAL = 2
    """An instruction does not exist."""
    READ = 3
    """It read where there is no memory."""
    WRITE = 4
    """It wrote where there is no memory."""
    FETCH = 5
    """It went on where there is no memory."""
    EXCEPTION = 6
    """Another exception, whose number is the detail."""


def send(
    stream: IO[bytes],
    kind: ProcessorCommand | ProcessorEvent,
    numbers: tuple[int, ...] = (),
    data: bytes = b"",
) -> None:
    """Write one message."""
    words = struct.pack(f"<{len(numbers)}Q", *(number & (1 << 64) - 1 for number in numbers))
    stream.write(_HEADER.pack(kind, len(numbers), len(data)) + words + data)
    stream.flush()


def receive(
    stream: IO[bytes],
) -> tuple[ProcessorCommand | ProcessorEvent, tuple[int, ...], bytes] | None:
    """Read one message; None where the other side has gone."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, count, size = _HEADER.unpack(header)
    body = stream.read(8 * count + size)
    if len(body) < 8 * count + size:
        return None
    known = ProcessorEvent(kind) if kind >= ProcessorEvent.DATA else ProcessorCommand(kind)
    return known, struct.unpack_from(f"<{count}Q", body), body[8 * count :]
