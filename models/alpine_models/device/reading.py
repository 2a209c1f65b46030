# SPDX-License-Identifier: Apache-2.0
"""An array at one time: integer conductances, and products whose sums are exact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

from .kernels import matrix_product
from .noise import Effect, NoiseKey, fill_line_normals, product_words

__all__ = ["DRIVE_UNITS", "PcmReading"]

DRIVE_UNITS = 16
"""Drive units per DAC code: how finely a pulse width that is no whole code is kept."""

MIN_DRIVE, MAX_DRIVE = (
    -128 * DRIVE_UNITS - DRIVE_UNITS // 2,
    128 * DRIVE_UNITS - DRIVE_UNITS // 2 - 1,
)
"""Drives that round to an 8-bit code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PcmReading:
    """What every product at one time after programming meets.

    A column's sum is exact: S = sum_i G_ij d_i with integer conductances G and drives d (16 a
    code). Its read noise is one normal number of deviation 16 sqrt(unit_j sum_i V_ij x_i^2), the
    exact sum of the cells' variances at the drives rounded to codes x, itself rounded to an
    integer. Nothing depends on the order of summation, so a product gives the same bits alone, in
    a batch, in a C++ loop or from a library.

    Members
    -------
    conductances : int16 [columns, rows], G: steps of the array's grid, positive minus negative.
    variance_steps : uint8 [columns, rows], V: read noise of a cell, in units of its column.
    variance_unit : float64 [columns], grid steps squared per variance step.
    steps_per_weight : int, conductance steps of a weight of 1.
    weight_range : int, weight that the largest conductance holds.
    key : NoiseKey.
    """

    conductances: NDArray[np.int16]
    variance_steps: NDArray[np.uint8]
    variance_unit: NDArray[np.float64]
    steps_per_weight: int
    weight_range: int
    key: NoiseKey

    @property
    def sum_units(self) -> int:
        """What a dot product of 1 (weight 1 times code 1) adds to a column's sum."""
        return DRIVE_UNITS * self.steps_per_weight

    @property
    def noisy(self) -> bool:
        """Whether sums differ from product to product."""
        return bool(self.variance_unit.any())

    def multiply(
        self, inputs: NDArray[np.int8] | NDArray[np.int16], *, product: int
    ) -> NDArray[np.int64]:
        """Return the column sums of one or many input vectors, in `sum_units` per dot product.

        Parameters
        ----------
        inputs : int8 [n, rows] or [rows], DAC codes; or int16, drives of `DRIVE_UNITS` a code.
        product : int, 0 to 2^56 - 1
            Number of the first product on this array; the next vectors have the next numbers.

        Returns
        -------
        int64 [n, columns] or [columns]

        Raises
        ------
        AlpineError
            Inputs have the wrong type, length or range, or the product number is out of range.
        """
        columns, rows = self.conductances.shape
        vectors = np.atleast_2d(inputs)
        if (
            str(inputs.dtype) not in ("int8", "int16")
            or vectors.shape[1] != rows
            or inputs.ndim > 2
        ):
            raise AlpineError(
                f"inputs are {inputs.dtype} with the shape {inputs.shape}: give int8 codes or "
                f"int16 drives, [n, {rows}] or [{rows}]"
            )
        codes, rest = vectors.astype(np.int16), None
        if inputs.dtype == np.int16:
            if vectors.size and not MIN_DRIVE <= vectors.min() <= vectors.max() <= MAX_DRIVE:
                raise AlpineError(
                    f"a drive is outside {MIN_DRIVE} to {MAX_DRIVE}: give {DRIVE_UNITS} units per "
                    f"DAC code"
                )
            codes = (vectors + np.int16(DRIVE_UNITS // 2)) // np.int16(DRIVE_UNITS)
            rest = vectors - codes * np.int16(DRIVE_UNITS)
        sums = np.empty((len(vectors), columns), np.int64)
        matrix_product(self.conductances, codes, sums)
        sums *= DRIVE_UNITS
        if rest is not None and rest.any():
            fraction = np.empty_like(sums)
            matrix_product(self.conductances, rest, fraction)
            sums += fraction
        if self.noisy:
            self._add_noise(sums, codes, product)
        return sums if inputs.ndim == 2 else sums[0]

    def _add_noise(self, sums: NDArray[np.int64], codes: NDArray[np.int16], product: int) -> None:
        variances = np.empty_like(sums)
        matrix_product(self.variance_steps, codes * codes, variances)
        normals = np.empty(sums.shape[1])
        for n in range(len(sums)):
            words = product_words(product + n, Effect.READ_PRODUCT)
            fill_line_normals(*self.key.words, *words, normals)
            deviations = np.sqrt(variances[n] * self.variance_unit) * DRIVE_UNITS
            sums[n] += np.rint(deviations * normals).astype(np.int64)
