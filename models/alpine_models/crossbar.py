# SPDX-License-Identifier: Apache-2.0
"""The ideal crossbar: exact integer dot products between 8-bit converters."""

import numpy as np
import numpy.typing as npt

from .compiling import compiled

__all__ = ["IdealCrossbar", "multiply"]


@compiled()
def multiply(
    cells: npt.NDArray[np.int8],
    lsb: npt.NDArray[np.float64],
    dac_codes: npt.NDArray[np.int8],
    adc_codes: npt.NDArray[np.int8],
) -> None:
    """Fill ``adc_codes`` with clamp(rint(cells . dac_codes / lsb), -128, 127), halves to even.

    ``cells`` is [columns, rows]. Dot products are exact in int32: at most 2**16 rows of products of
    magnitude 2**14.
    """
    for column in range(cells.shape[0]):
        total = np.int32(0)
        for row in range(cells.shape[1]):
            total += np.int32(cells[column, row]) * np.int32(dac_codes[row])
        code = np.rint(total / lsb[column])
        adc_codes[column] = np.int8(min(max(code, -128.0), 127.0))


class IdealCrossbar:
    """Cells that hold their int8 weight exactly; unprogrammed ones hold 0.

    Members
    -------
    weights : int8 array, [columns, rows].
    lsb : float64 array, [columns]
        Size of one ADC code per bit line, set from float32 values; 1 reproduces the published
        functional model.
    """

    def __init__(self, *, rows: int, columns: int):
        self.rows, self.columns = rows, columns
        self.weights: npt.NDArray[np.int8] = np.zeros((columns, rows), np.int8)
        self.lsb: npt.NDArray[np.float64] = np.ones(columns)

    def read(self, *, row: int, column: int) -> int:
        """Return the weight that CM_PARAM_READ finds in a cell."""
        return int(self.weights[column, row])

    def multiply(self, dac_codes: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Return the ADC codes for one vector of DAC codes."""
        adc_codes = np.empty(self.columns, np.int8)
        multiply(self.weights, self.lsb, np.ascontiguousarray(dac_codes, np.int8), adc_codes)
        return adc_codes
