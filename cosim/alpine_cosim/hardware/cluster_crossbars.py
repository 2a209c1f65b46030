# SPDX-License-Identifier: Apache-2.0
"""The crossbars of a cluster's in-memory accelerator, shared by all engines."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from alpine_models.errors import AlpineError
from alpine_models.imc_cluster import ImcConfig

from .native_macro import MacroCalls, NativeMacro

__all__ = ["ClusterCrossbars"]


class ClusterCrossbars:
    """As many native macros as there are crossbars, all cells 0.

    Parameters
    ----------
    config : their number and geometry.

    Members
    -------
    macros : one for each. Weights and sizes of an ADC code may be set through them at any time.
    calls : their functions, one record after the other in native memory.
    """

    def __init__(self, config: ImcConfig):
        self.config = config
        self.macros = tuple(
            NativeMacro(rows=config.rows, columns=config.columns) for _ in range(config.crossbars)
        )
        self.calls = (MacroCalls * config.crossbars)(*(macro.calls for macro in self.macros))

    def program(self, weights: Mapping[int, npt.NDArray[np.integer[Any]]]) -> None:
        """Put weights into cells past their registers.

        Parameters
        ----------
        weights : by crossbar, integers [rows, columns] for its first word and bit lines.

        Raises
        ------
        AlpineError
            There is no such crossbar, it is smaller, or a weight is beyond its cells.
        """
        low, high = self.config.weight_range
        for number, matrix in weights.items():
            if not 0 <= number < self.config.crossbars:
                raise AlpineError(
                    f"weights of crossbar {number}: there are {self.config.crossbars}, from 0 on"
                )
            rows, columns = matrix.shape
            if rows > self.config.rows or columns > self.config.columns:
                raise AlpineError(
                    f"weights of crossbar {number} are {rows} x {columns}: it has "
                    f"{self.config.rows} x {self.config.columns} cells"
                )
            if matrix.size and (matrix.min() < low or matrix.max() > high):
                raise AlpineError(
                    f"weights of crossbar {number} reach from {matrix.min()} to {matrix.max()}: "
                    f"its cells of {self.config.cell_bits} bits hold {low} to {high}"
                )
            self.macros[number].weights[:columns, :rows] = matrix.T

    def scale(self, lsb: Mapping[int, float | npt.NDArray[np.floating[Any]]]) -> None:
        """Set sizes of an ADC code, by crossbar: one for all bit lines, or one for each."""
        for number, sizes in lsb.items():
            self.macros[number].lsb[:] = np.asarray(sizes, np.float64)
