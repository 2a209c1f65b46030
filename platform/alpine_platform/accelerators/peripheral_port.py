# SPDX-License-Identifier: Apache-2.0
"""The contract between a core and a memory-mapped peripheral: batches of accesses, with times.

A core hands over a run of uncached loads and stores as one structured array and gets data,
responses and times back as arrays, as it does with CM instructions at a `tile_port.TilePort`.
Whatever stands behind the port (verilated hardware, a timed model) obeys the same rules:

1. Access i is issued at the later of ``issue[i-1] + gap_fs[i]``, ``response[i-1] +
   response_gap_fs[i]`` (unless that is `tile_port.NO_DEPENDENCY`) and ``response[i-1]``: one access
   is outstanding. For the first one of a batch, ``issue[-1]`` is the batch's start, and
   ``response[-1]`` that of the port's last access.
2. It reaches the peripheral ``request_fs`` later and is presented at the first clock edge at or
   after that which is also after the edge that completed access i-1. Accesses reach the peripheral
   one at a time and in order.
3. It is accepted at the first such edge at which the peripheral takes it (a write's address and
   data together), and completes at the edge at which its response is transferred.
4. The response reaches the core at the first core edge at or after ``response_fs`` behind the
   completion. A posted store has its response as soon as the path has taken it, at the first core
   edge at or after ``taken_fs`` behind its issue; buffers on the path take as many as come.

Core and peripheral clock edges are multiples of their periods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import simpy

from alpine_models.tile import TileConfig

from .accelerator import Accelerator
from .batch_result import BatchResult
from .tile_port import NO_DEPENDENCY

__all__ = [
    "IO_BATCH_DTYPE",
    "EventPort",
    "IoBatch",
    "IoResult",
    "IoTimes",
    "PeripheralPort",
    "ScheduledEvents",
    "check_accesses",
    "empty_accesses",
    "issue_fs",
]

IO_BATCH_DTYPE = np.dtype(
    [
        ("address", np.uint32),
        ("data", np.uint32),
        ("write", np.uint8),
        ("strobes", np.uint8),
        ("gap_fs", np.int64),
        ("response_gap_fs", np.int64),
    ],
    align=True,
)
"""One access: byte address from the peripheral's first one, whether it writes, what and which byte
lanes of the 32-bit word (both for writes only), and when it may issue.

``gap_fs`` and ``response_gap_fs`` are multiples of the core's clock period.
"""

IoBatch = npt.NDArray[np.void]
"""One-dimensional array of `IO_BATCH_DTYPE`."""

ALL_LANES = 0b1111


def empty_accesses(length: int, *, write: bool) -> IoBatch:
    """Return a batch of whole-word accesses to address 0 in which none waits for a response."""
    batch = np.zeros(length, IO_BATCH_DTYPE)
    batch["write"] = write
    batch["strobes"] = ALL_LANES
    batch["response_gap_fs"] = NO_DEPENDENCY
    return batch


@dataclass(frozen=True, kw_only=True, slots=True)
class IoTimes:
    """What the path between core and peripheral takes, in femtoseconds.

    Members
    -------
    request_fs : from the issue of an access to its arrival.
    response_fs : from its completion to the response's arrival at the core.
    taken_fs : from the issue of a posted store to the end of the core's part in it.
    posted_stores : whether stores are posted.
    """

    request_fs: int
    response_fs: int
    taken_fs: int
    posted_stores: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class IoResult(BatchResult):
    """What a batch of accesses returned.

    Members
    -------
    data : uint32 array, what was read; 0 for writes.
    response : uint8 array, `alpine_models.axi.AxiResponse`. Of a posted store no program knows it.
    """

    ELEMENTS: ClassVar[Mapping[str, Any]] = {"data": np.uint32, "response": np.uint8}

    data: npt.NDArray[np.uint32]
    response: npt.NDArray[np.uint8]


def issue_fs(batch: IoBatch, result: IoResult, i: int, *, start_fs: int, free_fs: int) -> int:
    """Return when access ``i`` is issued, by the first of this module's rules.

    Parameters
    ----------
    batch : the accesses. result : with the times of those before.
    start_fs : as in `PeripheralPort.execute`. free_fs : when the core has the answer of the last
        access that this port took, of this batch or of one before.
    """
    access = batch[i]
    time_fs = start_fs if i == 0 else int(result.issue_fs[i - 1])
    time_fs = max(time_fs + int(access["gap_fs"]), free_fs)
    if i and access["response_gap_fs"] >= 0:
        time_fs = max(time_fs, int(result.response_fs[i - 1]) + int(access["response_gap_fs"]))
    return time_fs


class PeripheralPort(Accelerator, Protocol):
    """An accelerator that cores reach by loads and stores."""

    @property
    def size_bytes(self) -> int:
        """Addresses that it answers to, from its first one on."""
        ...

    @property
    def configs(self) -> Sequence[TileConfig]:
        """The tiles in it, one per macro."""
        ...

    @property
    def products(self) -> Sequence[int]:
        """Matrix-vector products that each tile has begun."""
        ...

    @property
    def counters(self) -> Mapping[str, int]:
        """What it has counted so far, by name; looking takes no time."""
        ...

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses.

        Parameters
        ----------
        batch : the accesses, in program order; empty is allowed.
        start_fs : core edge from which the first gap counts.
        core_period_fs : period of the core's clock.
        times : of the path.

        Raises
        ------
        ValueError
            An address lies outside, or the array is no batch.
        """
        ...


@runtime_checkable
class EventPort(Protocol):
    """An accelerator that works on its own once it is started, and tells when it is finished."""

    def next_event_fs(self) -> int:
        """Return when the oldest event that nobody has waited for yet reaches the core.

        It may be in the past. The accelerator runs ahead of the system up to it.

        Raises
        ------
        AlpineError
            The accelerator is at rest, so that no event will come, or it hangs.
        """
        ...


@runtime_checkable
class ScheduledEvents(Protocol):
    """The same, where it shares what it works on with others and cannot run ahead of them."""

    def scheduled_event(self) -> simpy.Event:
        """Return what happens when the oldest event comes that nobody has waited for yet.

        Raises
        ------
        AlpineError
            The accelerator is at rest, so that no event will come.
        """
        ...


def check_accesses(batch: IoBatch, *, size_bytes: int) -> None:
    """Raise the errors that `PeripheralPort.execute` promises."""
    if batch.dtype != IO_BATCH_DTYPE or batch.ndim != 1:
        raise ValueError(f"a batch is a one-dimensional IO_BATCH_DTYPE array, not {batch.dtype}")
    if len(batch) and int(batch["address"].max()) >= size_bytes:
        address = int(batch["address"].max())
        raise ValueError(
            f"address {address:#x} lies outside the peripheral's {size_bytes:#x} bytes"
        )
