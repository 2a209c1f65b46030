# SPDX-License-Identifier: Apache-2.0
"""Driver of the loosely coupled accelerator, as programs on a core run it.

Registers and windows are those of `alpine_models.registers`; every method is a kernel, called with
``yield from``.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from alpine_models.registers import (
    ACCELERATOR_REGISTERS,
    PAGE_REGISTERS,
    PAGE_WINDOWS,
    tile_page,
)
from alpine_platform.accelerators.peripheral_port import IoBatch, empty_accesses
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import Buffer
from alpine_sw import kernels

from .tile_plan import MatrixOnTile

__all__ = ["AcceleratorDriver", "cell_batch", "programming_batches"]

INPUT_WINDOW, OUTPUT_WINDOW = (window.offset for window in PAGE_WINDOWS)


class AcceleratorDriver:
    """What a program does to an accelerator.

    Parameters
    ----------
    base : its first address.
    access_bytes : bytes per access to a window.
    packing : how the software assembles words.
    """

    def __init__(self, *, base: int, access_bytes: int, packing: kernels.Packing):
        self._base = base
        self._access_bytes = access_bytes
        self._packing: kernels.Packing = packing

    def configure(self, settings: Mapping[str, int]) -> Program:
        """Set registers by name, in order; the tiles must be at rest."""
        for register, value in settings.items():
            yield from self._write(register, value)

    def send(self, tile: int, vector: Buffer) -> Program:
        """Write a vector to a tile's input window."""
        yield from kernels.store_vector(
            vector,
            base=self._base,
            address=tile_page(tile) + INPUT_WINDOW,
            access_bytes=self._access_bytes,
            packing=self._packing,
        )

    def receive(self, tile: int, vector: Buffer) -> Program:
        """Read a vector from a tile's output window."""
        yield from kernels.load_vector(
            vector,
            base=self._base,
            address=tile_page(tile) + OUTPUT_WINDOW,
            access_bytes=self._access_bytes,
            packing=self._packing,
        )

    def wait_until_free(self, tile: int) -> Program:
        """Poll until a tile takes a vector."""
        yield from self._poll("input_free", tile)

    def start(self, tile: int) -> Program:
        """Hand a tile its vector over."""
        yield from self._write("start", 1 << tile)

    def wait_for_result(self, tile: int) -> Program:
        """Poll until a tile's output window holds a result."""
        yield from self._poll("result", tile)

    def release_result(self, tile: int) -> Program:
        """Let a tile's next multiplication begin."""
        yield from self._write("result", 1 << tile)

    def _write(self, register: str, value: int) -> Program:
        address = ACCELERATOR_REGISTERS[register].offset
        yield from kernels.write_register(base=self._base, address=address, value=value)

    def _poll(self, register: str, tile: int) -> Program:
        address = ACCELERATOR_REGISTERS[register].offset
        yield from kernels.poll_register(base=self._base, address=address, mask=1 << tile)


def programming_batches(tile: int, placement: MatrixOnTile, *, columns: int) -> Iterator[IoBatch]:
    """Stores that program a matrix cell by cell, some bit lines at a time.

    Parameters
    ----------
    tile : number in the accelerator.
    placement : the matrix.
    columns : bit lines per batch at most.
    """
    outputs, inputs = placement.weights.shape
    row, column, weight = (
        tile_page(tile) + PAGE_REGISTERS[name].offset for name in ("row", "column", "weight")
    )
    for start in range(0, outputs, columns):
        weights = placement.weights[start : start + columns]
        batch = empty_accesses(len(weights) * (inputs + 2), write=True)
        accesses = batch.reshape(len(weights), inputs + 2)
        accesses["address"][:, 0], accesses["data"][:, 0] = row, placement.row
        accesses["address"][:, 1] = column
        accesses["data"][:, 1] = placement.column + start + np.arange(len(weights))
        accesses["address"][:, 2:] = weight
        accesses["data"][:, 2:] = weights.view(np.uint8)
        yield batch


def cell_batch(
    tile: int,
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
    weights: NDArray[np.int8] | None = None,
) -> IoBatch:
    """Accesses that program cells anywhere, or read them: row, column, weight of each.

    Parameters
    ----------
    tile : number in the accelerator.
    columns, rows : which cells.
    weights : what to program, or None to read.
    """
    names = ("row", "column", "weight")
    batch = empty_accesses(len(rows) * len(names), write=True)
    accesses = batch.reshape(len(rows), len(names))
    for place, name in enumerate(names):
        accesses["address"][:, place] = tile_page(tile) + PAGE_REGISTERS[name].offset
    accesses["data"][:, 0], accesses["data"][:, 1] = rows, columns
    if weights is None:
        accesses["write"][:, 2] = False
    else:
        accesses["data"][:, 2] = weights.view(np.uint8)
    return batch
