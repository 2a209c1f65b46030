# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportUntypedFunctionDecorator=false
# Numba carries no types; everything that crosses this module's border is annotated.
"""Compiled loops over the cells of an array, and the exact sums of its products.

Conductances stand on an integer grid, so every sum is an exact integer whatever the order,
vector width or library it is added with.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alpine_models.compiling import compiled

from .formulas import (
    Coefficients,
    drift_factor,
    drift_moments,
    programming_deviation,
    read_amplitude,
    read_moments,
)
from .noise import normal, philox

__all__ = ["draw_devices", "matrix_product", "read_devices", "round_variances"]

Float32, Float64 = NDArray[np.float32], NDArray[np.float64]

BLOCK = 256
"""Rows summed in 32 bits before widening: 2^8 products of at most 2^15 x 2^7 or 2^8 x 2^14."""

VECTORS = 16
"""Vectors multiplied together, so few that they stay in a core's nearest cache."""

VARIANCE_STEPS = 254
"""Largest variance of a column in its own steps; one less than a byte holds, for the carry."""


@compiled(nogil=True)
def draw_devices(
    c: Coefficients,
    weights: NDArray[np.int8],
    written: NDArray[np.bool_],
    targets: Float64,
    key: tuple[np.uint32, np.uint32, np.uint32],
    line_words: tuple[np.uint32, np.uint32],
    noisy_programming: bool,
    noisy_drift: bool,
    g: Float32,
    nu: Float32,
) -> None:
    """Fill `g` and `nu` [2, columns, rows]: programmed conductance and drift exponent.

    Parameters
    ----------
    c : Coefficients. weights : int8 [columns, rows]. written : bool [columns, rows]; the other
    cells conduct nothing. targets : float64, conductance of every magnitude of a weight in units of
    g_max, the first one that of an idle device. key : (k0, k1, c2). line_words : (c1, c3).
    """
    deviation, drift = np.zeros(len(targets)), np.zeros((2, len(targets)))
    for i in range(len(targets)):
        if noisy_programming:
            deviation[i] = programming_deviation(c, targets[i])
        if noisy_drift:
            drift[0, i], drift[1, i] = drift_moments(c, targets[i])
    columns, rows = weights.shape
    for column in range(columns):
        for row in range(rows):
            if not written[column, row]:
                g[:, column, row] = 0.0
                nu[:, column, row] = 0.0
                continue
            words = philox(
                np.uint32(row << 16 | column), line_words[0], key[2], line_words[1], key[0], key[1]
            )
            weight = np.int64(weights[column, row])
            for side in range(2):
                level = max(weight if side == 0 else -weight, 0)
                z_program = normal(words[0] if side == 0 else words[1])
                z_drift = normal(words[2] if side == 0 else words[3])
                g[side, column, row] = max(targets[level] + deviation[level] * z_program, 0.0)
                nu[side, column, row] = abs(drift[0, level] + drift[1, level] * z_drift)


@compiled(nogil=True)
def read_devices(
    c: Coefficients,
    g: Float32,
    nu: Float32,
    log_ratio: float,
    spread: float,
    frozen: bool,
    key: tuple[np.uint32, np.uint32, np.uint32],
    line_words: tuple[np.uint32, np.uint32],
    mean: Float64,
    variance: Float64,
) -> None:
    """Fill `mean` and `variance` [2, columns, rows] of the conductances that a product meets.

    Parameters
    ----------
    log_ratio : float, ln((t + t0) / t0). spread : float, sqrt(ln(...)) of the 1/f noise, or 0 for
    none. frozen : bool, whether the noise is drawn once, here, so that the variance is 0.
    """
    _, columns, rows = g.shape
    for column in range(columns):
        for row in range(rows):
            if g[0, column, row] == 0.0 and g[1, column, row] == 0.0:
                mean[:, column, row] = 0.0
                variance[:, column, row] = 0.0
                continue
            z = (0.0, 0.0)
            if frozen:
                words = philox(
                    np.uint32(row << 16 | column),
                    line_words[0],
                    key[2],
                    line_words[1],
                    key[0],
                    key[1],
                )
                z = (normal(words[0]), normal(words[1]))
            for side in range(2):
                start = np.float64(g[side, column, row])
                if start == 0.0:
                    mean[side, column, row] = 0.0
                    variance[side, column, row] = 0.0
                    continue
                drifted = start * drift_factor(log_ratio, np.float64(nu[side, column, row]))
                if spread == 0.0:
                    mean[side, column, row] = drifted
                    variance[side, column, row] = 0.0
                    continue
                sigma = read_amplitude(c, start) * spread
                if frozen:
                    mean[side, column, row] = drifted * max(1.0 + sigma * z[side], 0.0)
                    variance[side, column, row] = 0.0
                else:
                    relative_mean, relative_variance = read_moments(sigma)
                    mean[side, column, row] = drifted * relative_mean
                    variance[side, column, row] = drifted * drifted * relative_variance


@compiled(nogil=True)
def round_variances(variances: Float64, steps: NDArray[np.uint8], unit: Float64) -> None:
    """Fill uint8 `steps` [columns, rows] and float64 `unit` [columns]: variances = steps x unit.

    Each rounding error is carried to the next row, so that a column's total is right to half a
    step: small variances are kept on average, where plain rounding would lose them.
    """
    columns, rows = variances.shape
    for column in range(columns):
        largest = 0.0
        for row in range(rows):
            largest = max(largest, variances[column, row])
        unit[column] = largest / VARIANCE_STEPS
        carry = 0.0
        for row in range(rows):
            step = 0.0
            if largest > 0.0:
                carry += variances[column, row] / unit[column]
                step = math.floor(carry + 0.5)
                carry -= step
            steps[column, row] = np.uint8(step)


@compiled(inline="always")
def _dot(cells, x):
    # Fixed-length inner loops over slices are what the compiler turns into vector instructions.
    rows = len(cells)
    whole = rows - rows % BLOCK
    total = np.int64(0)
    for start in range(0, whole, BLOCK):
        cell_block, x_block = cells[start : start + BLOCK], x[start : start + BLOCK]
        part = np.int32(0)
        for row in range(BLOCK):
            part += np.int32(cell_block[row]) * np.int32(x_block[row])
        total += part
    part = np.int32(0)
    for row in range(whole, rows):
        part += np.int32(cells[row]) * np.int32(x[row])
    return total + part


@compiled()
def matrix_product(
    cells: NDArray[np.int16] | NDArray[np.uint8],
    vectors: NDArray[np.int16],
    products: NDArray[np.int64],
) -> None:
    """Fill int64 `products` [n, columns] with vectors . cells, exactly.

    Parameters
    ----------
    cells : int16 or uint8 [columns, rows]. vectors : int16 [n, rows], such that 256 products of a
    cell and a vector's element stay below 2^31.
    """
    for first in range(0, vectors.shape[0], VECTORS):
        for column in range(cells.shape[0]):
            for n in range(first, min(first + VECTORS, vectors.shape[0])):
                products[n, column] = _dot(cells[column], vectors[n])
