# SPDX-License-Identifier: Apache-2.0
"""Programming of a matrix into a tile's cells, one CM_INITIALIZE each."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from alpine_models import isa
from alpine_models.checks import whole_number
from alpine_platform.accelerators.tile_port import CmBatch, CmResult, empty_batch
from alpine_platform.cores.operations import Program, RunCm
from alpine_sw.quantisation.operands import code_matrix

from .cm import LAST_INDEX, check_status

__all__ = ["CELLS_PER_BATCH", "initialize_matrix"]

CELLS_PER_BATCH = 1 << 16
"""CM_INITIALIZE instructions per batch: bounds the host memory that programming takes."""


def initialize_matrix(
    weights: npt.ArrayLike,
    *,
    row: int,
    column: int,
    name: str = "matrix",
    tile: int = 0,
    on_batch: Callable[[], None] = lambda: None,
) -> Program:
    """Program a matrix, in the order in which its weights lie in memory.

    The instructions come back to back: the tile, which takes two of its cycles for each, is slower
    than a loop that loads a weight and counts its place.

    Parameters
    ----------
    weights : [outputs, inputs], whole numbers from -128 to 127 of any type.
    row, column : word line of input 0 and bit line of output 0.
    name : for messages.
    tile : which of the core's tiles.
    on_batch : called after each batch of `CELLS_PER_BATCH`.

    Raises
    ------
    AlpineError
        A weight is none that a cell holds, or a place no whole number of 0 or more.
    CmStatusError
        The tile refused an instruction: the matrix does not fit it.
    """
    codes = code_matrix(weights, name=name)
    row = whole_number(f"row of {name}", row, least=0, most=LAST_INDEX)
    column = whole_number(f"column of {name}", column, least=0, most=LAST_INDEX)
    for batch in initialize_batches(codes, row=row, column=column):
        answer: CmResult = yield RunCm(batch=batch, tile=tile)
        check_status("CM_INITIALIZE", name, answer)
        on_batch()


def initialize_batches(
    weights: npt.NDArray[np.int8], *, row: int, column: int
) -> Iterator[CmBatch]:
    """The instructions, in batches."""
    width = weights.shape[1]
    flat = weights.reshape(-1)
    for start in range(0, flat.size, CELLS_PER_BATCH):
        cells = np.arange(start, min(start + CELLS_PER_BATCH, flat.size))
        batch = empty_batch(len(cells))
        batch["word"] = isa.initialize()
        batch["rm"] = column + cells // width
        batch["rn"] = row + cells % width
        batch["ra"] = flat[cells].view(np.uint8)
        yield batch
