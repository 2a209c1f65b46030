# SPDX-License-Identifier: Apache-2.0
"""What a program yields: one operation at a time, executed by the core it runs on.

A program is a plain generator; `yield` gives an operation to the core and returns its result once
simulated time has passed. Kernels are generators too and are called with ``yield from``.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from alpine_models.checks import whole_number
from alpine_platform.accelerators.peripheral_port import IoBatch
from alpine_platform.accelerators.tile_port import CmBatch
from alpine_platform.compiled.kernel_state import Ints

from .machine_code import MachineCode, Trace
from .pipeline import Phase

__all__ = [
    "Arrive",
    "Barrier",
    "Begin",
    "Channel",
    "Compute",
    "Condition",
    "End",
    "Fence",
    "Lock",
    "Mutex",
    "Notify",
    "Operation",
    "Program",
    "Put",
    "RunCm",
    "RunCmLoop",
    "RunIo",
    "RunIoLoop",
    "RunLoop",
    "RunTrace",
    "Take",
    "Unlock",
    "Wait",
    "WaitForEvent",
]


@dataclass(frozen=True, slots=True, eq=False)
class Mutex:
    """A lock that one core holds at a time; waiting for it is idle time."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A condition variable: cores wait for it holding a mutex, another notifies them all."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Barrier:
    """Cores wait here until all parties have arrived."""

    name: str
    parties: int


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """A ping-pong buffer: at most `slots` items between `Put` and `Take`, in order.

    Members
    -------
    spinning : bool, atomic flags (the waiting core spins: active time) instead of a mutex with
        condition variable (the waiting core sleeps: idle time).
    """

    name: str
    slots: int = 2
    spinning: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLoop:
    """Run a nest of loops: the phases one after another, all of it `repeats` times."""

    phases: Sequence[Phase]
    repeats: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCm:
    """Run CM instructions with the gaps given in the batch; returns `CmResult`.

    The core goes on when the last response has arrived (`wait`) or was issued.
    """

    batch: CmBatch
    tile: int = 0
    wait: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCmLoop:
    """Run loops that contain CM instructions; returns `CmResult`.

    The pipeline and memory models set the gaps; a load that misses L1 ends a batch before it.

    Members
    -------
    phases, repeats : as in `RunLoop`.
    batch : the CM instructions in program order; the gaps in it are overwritten.
    wait : whether the instruction after each CM instruction needs its response.
    """

    phases: Sequence[Phase]
    batch: CmBatch
    repeats: int = 1
    tile: int = 0
    wait: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTrace:
    """Take the time of machine code that was executed; returns `CmResult`.

    Members
    -------
    code : whose blocks they are; the pipeline goes on from the part of the same code before.
    trace : the blocks.
    batch : their CM instructions in program order; the gaps in it are overwritten.
    parts : a row for each part: blocks and CM instructions before its end, and `AnswerKind`. The
        tile gets a part's instructions as one batch, once the part has been timed.
    """

    code: MachineCode
    trace: Trace
    batch: CmBatch
    parts: Ints
    tile: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Compute:
    """Keep the core active for a number of cycles, committing instructions.

    Raises
    ------
    AlpineError
        A number is not whole, or negative.
    """

    cycles: int
    instructions: int = 0

    def __post_init__(self) -> None:
        whole_number("cycles", self.cycles, least=0)
        whole_number("instructions", self.instructions, least=0)


@dataclass(frozen=True, slots=True)
class Fence:
    """Wait until every store of the core has its line, as a data synchronisation barrier does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunIo:
    """Access a memory-mapped peripheral with the gaps given in the batch; returns `IoResult`.

    The core goes on when the last response has arrived (`wait`) or was issued.

    Members
    -------
    base : address at which the system has the peripheral.
    """

    base: int
    batch: IoBatch
    wait: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RunIoLoop:
    """Run loops that contain uncached accesses to a peripheral; returns `IoResult`.

    In the bodies a CM instruction stands for each access; the rest is as in `RunCmLoop`.

    Members
    -------
    base : address at which the system has the peripheral.
    phases, repeats : as in `RunLoop`.
    batch : the accesses in program order; the gaps in it are overwritten.
    wait : whether the instruction after each access needs its response: so do loads.
    """

    base: int
    phases: Sequence[Phase]
    batch: IoBatch
    repeats: int = 1
    wait: bool


@dataclass(frozen=True, slots=True)
class WaitForEvent:
    """Sleep until the accelerator at an address tells that it has finished; returns None.

    Every event ends one wait, also where it was there first.
    """

    base: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a named section of the breakdown; sections nest, time goes to the innermost."""

    name: str


@dataclass(frozen=True, slots=True)
class End:
    """End the innermost section."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Take a mutex."""

    mutex: Mutex


@dataclass(frozen=True, slots=True)
class Unlock:
    """Give a mutex back."""

    mutex: Mutex


@dataclass(frozen=True, slots=True)
class Wait:
    """Give a mutex back, wait until the condition is notified, take the mutex again."""

    condition: Condition
    mutex: Mutex


@dataclass(frozen=True, slots=True)
class Notify:
    """Wake all cores that wait for a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Arrive:
    """Arrive at a barrier and wait for the others."""

    barrier: Barrier


@dataclass(frozen=True, slots=True)
class Put:
    """Hand an item over, waiting for a free slot."""

    channel: Channel
    item: Any = field(default=None)


@dataclass(frozen=True, slots=True)
class Take:
    """Take the oldest item, waiting for one; returns it."""

    channel: Channel


Operation = (
    RunLoop
    | RunCm
    | RunCmLoop
    | RunTrace
    | Compute
    | Fence
    | RunIo
    | RunIoLoop
    | WaitForEvent
    | Begin
    | End
    | Lock
    | Unlock
    | Wait
    | Notify
    | Arrive
    | Put
    | Take
)
"""Anything a program may yield."""

Program = Generator[Operation, Any, Any]
"""A program or kernel."""
