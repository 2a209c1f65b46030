# SPDX-License-Identifier: Apache-2.0
"""Where matrices lie in tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.macro import Macro
from alpine_sw.quantisation.operands import adc_steps, code_matrix

__all__ = ["MatrixOnTile", "TilePlan"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MatrixOnTile:
    """A matrix on a rectangle of a tile's cells.

    Members
    -------
    name : of the matrix, for messages.
    weights : int8 [outputs, inputs]; given as whole numbers of any type.
    lsb : float32 [outputs], size of one ADC code; one number counts for all outputs.
    row, column : word line of input 0 and bit line of output 0.

    Raises
    ------
    AlpineError
        A weight is none that a cell holds, a step is not positive and finite in float32, their
        shapes do not fit, or a place is no whole number of 0 or more.
    """

    name: str
    weights: NDArray[np.int8]
    lsb: NDArray[np.float32]
    row: int = 0
    column: int = 0

    def __post_init__(self) -> None:
        name = f"matrix {self.name}"
        weights = code_matrix(self.weights, name=name)
        checked = {
            "weights": weights,
            "lsb": adc_steps(self.lsb, outputs=len(weights), name=name),
            "row": whole_number(f"row of {name}", self.row, least=0),
            "column": whole_number(f"column of {name}", self.column, least=0),
        }
        for field, value in checked.items():
            object.__setattr__(self, field, value)

    @property
    def rows(self) -> slice:
        """Word lines that the matrix takes."""
        return slice(self.row, self.row + self.weights.shape[1])

    @property
    def columns(self) -> slice:
        """Bit lines that the matrix takes."""
        return slice(self.column, self.column + self.weights.shape[0])

    @property
    def place(self) -> str:
        """The rectangle in words."""
        rows, columns = self.rows, self.columns
        return (
            f"word lines {rows.start} to {rows.stop - 1} and "
            f"bit lines {columns.start} to {columns.stop - 1}"
        )


def _check_steps(one: MatrixOnTile, other: MatrixOnTile) -> None:
    """A bit line has one converter, whose step is that of all matrices on it."""
    first, end = max(one.column, other.column), min(one.columns.stop, other.columns.stop)
    if first >= end:
        return
    steps = one.lsb[first - one.column : end - one.column]
    others = other.lsb[first - other.column : end - other.column]
    for place in np.flatnonzero(steps != others)[:1]:
        raise AlpineError(
            f"matrix {one.name} has a step of {steps[place]:g} on bit line {first + place}, but "
            f"matrix {other.name} has {others[place]:g} there: give them bit lines of their own"
        )


def _meet(one: slice, other: slice) -> bool:
    return one.start < other.stop and other.start < one.stop


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TilePlan:
    """Contents of one tile.

    Members
    -------
    config : the tile.
    placements : the matrices in it.

    Raises
    ------
    AlpineError
        A matrix does not fit the tile, overlaps another, or shares a bit line with one whose step
        is another.
    """

    config: TileConfig
    placements: Sequence[MatrixOnTile]

    def __post_init__(self) -> None:
        for number, placement in enumerate(self.placements):
            outputs, inputs = placement.weights.shape
            matrix = f"matrix {placement.name} of {outputs} outputs and {inputs} inputs"
            rows, columns = placement.rows, placement.columns
            fits = rows.stop <= self.config.rows and columns.stop <= self.config.columns
            if not fits:
                raise AlpineError(
                    f"{matrix} needs {placement.place}, but the tile has {self.config.rows} x "
                    f"{self.config.columns}: use a larger tile"
                )
            for other in self.placements[:number]:
                if _meet(rows, other.rows) and _meet(columns, other.columns):
                    raise AlpineError(
                        f"{matrix} at {placement.place} overlaps matrix {other.name} at "
                        f"{other.place}: move it"
                    )
                _check_steps(placement, other)

    @property
    def lsb(self) -> NDArray[np.float32]:
        """Size of one ADC code per bit line; 1 where no matrix lies."""
        lsb = np.ones(self.config.columns, np.float32)
        for placement in self.placements:
            lsb[placement.columns] = placement.lsb
        return lsb

    def fill(self, macro: Macro) -> None:
        """Write weights and sizes of ADC codes where they are held, past all instructions."""
        macro.lsb[:] = self.lsb
        for placement in self.placements:
            macro.weights[placement.columns, placement.rows] = placement.weights

    @property
    def cells(self) -> int:
        """Cells that hold a weight."""
        return sum(placement.weights.size for placement in self.placements)
