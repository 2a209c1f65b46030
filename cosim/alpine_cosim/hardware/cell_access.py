# SPDX-License-Identifier: Apache-2.0
"""How programs on a core reach the cells of a tile: CM instructions, or an accelerator's registers.

Every way offers the same three programs, called with ``yield from``.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from alpine_models import isa
from alpine_models.errors import AlpineError
from alpine_platform.accelerators.peripheral_port import IoResult
from alpine_platform.accelerators.tile_port import empty_batch
from alpine_platform.cores.operations import Program, RunCm, RunIo
from alpine_sw import kernels
from alpine_sw.library.accelerator_driver import cell_batch, programming_batches
from alpine_sw.library.tile_plan import MatrixOnTile, TilePlan

__all__ = ["CellDriver", "CmCells", "PeripheralCells"]

COLUMNS_PER_BATCH = 64
"""Bit lines whose cells are stored in one batch: bounds the memory that it takes."""
CELLS_PER_BATCH = 1 << 14
"""The same of scattered cells."""

Lines = npt.NDArray[np.int64]


class CellDriver(Protocol):
    """A tile's cells, as a program reaches them."""

    method: str
    """Name of the way, as results tell it."""

    def batches(self, plan: TilePlan) -> int:
        """Return in how many batches a tile's matrices are programmed."""
        ...

    def initialize(self, placement: MatrixOnTile, on_batch: Callable[[], None]) -> Program:
        """Program a matrix; raise an `AlpineError` where it does not fit the tile."""
        ...

    def write(self, columns: Lines, rows: Lines, weights: npt.NDArray[np.int8]) -> Program:
        """Program cells anywhere."""
        ...

    def read(self, columns: Lines, rows: Lines) -> Program:
        """Read cells anywhere; returns int8 [cells]."""
        ...


class CmCells:
    """Cells of one of a core's own tiles.

    Parameters
    ----------
    tile : which.
    """

    method = "port"

    def __init__(self, tile: int):
        self._tile = tile

    def batches(self, plan: TilePlan) -> int:
        """Return in how many batches a tile's matrices are programmed."""
        return sum(-(-part.weights.size // kernels.CELLS_PER_BATCH) for part in plan.placements)

    def initialize(self, placement: MatrixOnTile, on_batch: Callable[[], None]) -> Program:
        """Program a matrix, one CM_INITIALIZE per cell."""
        yield from kernels.initialize_matrix(
            placement.weights,
            row=placement.row,
            column=placement.column,
            name=placement.name,
            tile=self._tile,
            on_batch=on_batch,
        )

    def write(self, columns: Lines, rows: Lines, weights: npt.NDArray[np.int8]) -> Program:
        """Program cells by CM_INITIALIZE."""
        for cells in _parts(len(rows), kernels.CELLS_PER_BATCH):
            batch = empty_batch(len(rows[cells]))
            batch["word"] = isa.initialize()
            batch["rm"], batch["rn"] = columns[cells], rows[cells]
            batch["ra"] = weights[cells].view(np.uint8)
            yield RunCm(batch=batch, tile=self._tile)

    def read(self, columns: Lines, rows: Lines) -> Program:
        """Read cells by CM_PARAM_READ."""
        found = np.zeros(len(rows), np.int8)
        for cells in _parts(len(rows), kernels.CELLS_PER_BATCH):
            batch = empty_batch(len(rows[cells]))
            batch["word"] = isa.param_read()
            batch["rm"], batch["rn"] = columns[cells], rows[cells]
            answer: Any = yield RunCm(batch=batch, tile=self._tile)
            found[cells] = answer.rd.astype(np.uint8).view(np.int8)
        return found


class PeripheralCells:
    """Cells of a tile in an accelerator behind the I/O path.

    Parameters
    ----------
    base : the accelerator's first address.
    tile : number in it.
    """

    method = "peripheral"

    def __init__(self, *, base: int, tile: int):
        self._base, self._tile = base, tile

    def batches(self, plan: TilePlan) -> int:
        """Return in how many batches a tile's matrices are programmed."""
        return sum(-(-part.weights.shape[0] // COLUMNS_PER_BATCH) for part in plan.placements)

    def initialize(self, placement: MatrixOnTile, on_batch: Callable[[], None]) -> Program:
        """Program a matrix, one store per cell."""
        for batch in programming_batches(self._tile, placement, columns=COLUMNS_PER_BATCH):
            answer: IoResult = yield RunIo(base=self._base, batch=batch, wait=True)
            if answer.response.any():
                raise AlpineError(
                    f"programming matrix {placement.name} was refused: tile {self._tile} of the "
                    f"accelerator is smaller than its plan"
                )
            on_batch()

    def write(self, columns: Lines, rows: Lines, weights: npt.NDArray[np.int8]) -> Program:
        """Program cells, three stores each."""
        for cells in _parts(len(rows), CELLS_PER_BATCH):
            batch = cell_batch(self._tile, columns[cells], rows[cells], weights[cells])
            yield RunIo(base=self._base, batch=batch, wait=True)

    def read(self, columns: Lines, rows: Lines) -> Program:
        """Read cells, two stores and a load each."""
        found = np.zeros(len(rows), np.int8)
        for cells in _parts(len(rows), CELLS_PER_BATCH):
            batch = cell_batch(self._tile, columns[cells], rows[cells])
            answer: IoResult = yield RunIo(base=self._base, batch=batch, wait=True)
            words = answer.data.reshape(-1, len(batch) // len(rows[cells]))[:, -1]
            found[cells] = words.astype(np.uint8).view(np.int8)
        return found


def _parts(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
