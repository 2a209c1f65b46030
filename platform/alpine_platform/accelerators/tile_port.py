# SPDX-License-Identifier: Apache-2.0
"""The contract between a core and its tiles: batches of CM instructions, with times.

A core hands over a run of CM instructions as one structured array and gets data, statuses and
times back as arrays. Whatever stands behind the port (the verilated tile, a cocotb simulation, the
timed Python tile) obeys the same rules:

1. Instruction i is issued at the later of ``issue[i-1] + gap_fs[i]``, ``response[i-1] +
   response_gap_fs[i]`` (unless that is `NO_DEPENDENCY`) and the first core edge at or after
   ``accept[i-1]``. For the first one, ``issue[-1]`` is the batch's start and the others do not
   apply.
2. The tile sees it at the first tile clock edge at or after its issue that is also after the edge
   which accepted instruction i-1; which completed it, if this one waits for that response; which
   completed the tile's last instruction, for the first one of a batch.
3. It is accepted at the first such edge at which the tile is ready, and completes at the edge at
   which its response is transferred. Cores always take responses at once.
4. The response reaches the core at the first core edge at or after the completion.

Core and tile clock edges are multiples of their periods, so times need no common phase.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from .accelerator import Accelerator
from .batch_result import BatchResult

__all__ = [
    "CM_BATCH_DTYPE",
    "NO_DEPENDENCY",
    "CmBatch",
    "CmResult",
    "PortTile",
    "TileGroup",
    "TilePort",
    "check_batch",
    "empty_batch",
]

NO_DEPENDENCY = -1
"""Value of ``response_gap_fs`` for an instruction that need not wait for the response before it."""

CM_BATCH_DTYPE = np.dtype(
    [
        ("word", np.uint32),
        ("rn", np.uint64),
        ("rm", np.uint64),
        ("ra", np.uint64),
        ("gap_fs", np.int64),
        ("response_gap_fs", np.int64),
    ],
    align=True,
)
"""One CM instruction: its word, the values of the registers it names, and when it may issue.

``gap_fs`` and ``response_gap_fs`` are multiples of the core's clock period.
"""

CmBatch = npt.NDArray[np.void]
"""One-dimensional array of `CM_BATCH_DTYPE`."""


def empty_batch(length: int) -> CmBatch:
    """Return a zeroed batch of the given length in which no instruction waits for a response."""
    batch = np.zeros(length, CM_BATCH_DTYPE)
    batch["response_gap_fs"] = NO_DEPENDENCY
    return batch


@dataclass(frozen=True, kw_only=True, slots=True)
class CmResult(BatchResult):
    """What a batch of CM instructions returned.

    Members
    -------
    rd : uint64 array, value for the destination register.
    status : uint8 array, `alpine_models.isa.CmStatus`.
    """

    ELEMENTS: ClassVar[Mapping[str, Any]] = {"rd": np.uint64, "status": np.uint8}

    rd: npt.NDArray[np.uint64]
    status: npt.NDArray[np.uint8]


class TilePort(Protocol):
    """The tiles that one core owns, numbered from 0."""

    @property
    def tile_period_fs(self) -> int:
        """Period of the tile clock."""
        ...

    def execute(
        self, batch: CmBatch, *, start_fs: int, core_period_fs: int, tile: int = 0
    ) -> CmResult:
        """Run a batch on one tile.

        Parameters
        ----------
        batch : the instructions, in program order; empty is allowed.
        start_fs : core edge from which the first gap counts.
        core_period_fs : period of the core's clock.
        tile : which of the core's tiles.

        Raises
        ------
        ValueError
            The tile does not exist, or the array is no batch.
        """
        ...


def check_batch(batch: CmBatch, *, tile: int, tile_count: int) -> None:
    """Raise the errors that `TilePort.execute` promises."""
    if not 0 <= tile < tile_count:
        raise ValueError(f"tile {tile} does not exist; the port has {tile_count}")
    if batch.dtype != CM_BATCH_DTYPE or batch.ndim != 1:
        raise ValueError(f"a batch is a one-dimensional CM_BATCH_DTYPE array, not {batch.dtype}")


class PortTile(Accelerator, Protocol):
    """One tile as a port needs it: an accelerator that takes CM instructions.

    It is busy while a request is pending or a response outstanding.
    """

    def execute(self, batch: CmBatch, *, start_fs: int, core_period_fs: int) -> CmResult:
        """Run a batch on this tile; see `TilePort.execute`."""
        ...


AnyTile = TypeVar("AnyTile", bound=PortTile)


class TileGroup(Generic[AnyTile]):
    """A core's tiles behind `TilePort`, whatever they are made of.

    Parameters
    ----------
    tiles : numbered from 0 in this order.
    tile_period_fs : period of the tile clock.
    """

    def __init__(self, tiles: Sequence[AnyTile], *, tile_period_fs: int):
        self.tiles = tuple(tiles)
        self._tile_period_fs = tile_period_fs

    @property
    def tile_period_fs(self) -> int:
        """Period of the tile clock."""
        return self._tile_period_fs

    @property
    def tile_count(self) -> int:
        """How many tiles stand behind the port."""
        return len(self.tiles)

    def execute(
        self, batch: CmBatch, *, start_fs: int, core_period_fs: int, tile: int = 0
    ) -> CmResult:
        """Run a batch on one tile; see `TilePort.execute`."""
        check_batch(batch, tile=tile, tile_count=self.tile_count)
        return self.tiles[tile].execute(batch, start_fs=start_fs, core_period_fs=core_period_fs)
