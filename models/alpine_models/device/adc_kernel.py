# SPDX-License-Identifier: Apache-2.0
"""One conversion of every column, compiled."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpine_models.compiling import compiled

__all__ = ["AdcArrays", "convert"]

FULL_SCALE = 127.0
COUNTER_MAX = 4095.0


class AdcArrays(NamedTuple):
    """What distinguishes columns.

    Members
    -------
    gains, offsets, bends_positive, bends_negative, scales, corrections : float64 [columns]
        Analog gain, offset in codes, B of the transfer for either sign; digital scale and offset
        correction in codes.
    """

    gains: NDArray[np.float64]
    offsets: NDArray[np.float64]
    bends_positive: NDArray[np.float64]
    bends_negative: NDArray[np.float64]
    scales: NDArray[np.float64]
    corrections: NDArray[np.float64]


@compiled()
def convert(
    sums: NDArray[np.int64],
    units_per_code: NDArray[np.float64],
    arrays: AdcArrays,
    compensation: NDArray[np.float64],
    saturation: float,
    noise: float,
    error: float,
    normals: NDArray[np.float64],
    counts: float,
    step: int,
    codes: NDArray[np.int8],
) -> None:
    """Fill int8 `codes` [columns] for int64 `sums` [columns].

    `saturation`, `noise`, `error` (both in codes) and `counts` are 0 where absent. Signals are in
    codes throughout; operations stand in one written order, so that a C++ copy has equal bits.
    """
    for column in range(len(sums)):
        signal = np.float64(sums[column]) / units_per_code[column]
        if saturation > 0.0:
            limit = saturation * FULL_SCALE
            signal = min(max(signal, -limit), limit)
        size = abs(signal) / FULL_SCALE
        bend = arrays.bends_positive[column] if signal > 0.0 else arrays.bends_negative[column]
        if bend != 0.0:
            signal = signal * (1.0 + bend) / (1.0 + bend * size)
        signal = signal * arrays.gains[column] + arrays.offsets[column]
        if noise > 0.0 or error > 0.0:
            signal = signal + (noise * math.sqrt(size) + error) * normals[column]
        if counts > 0.0:
            count = np.rint(signal * counts / FULL_SCALE)
            signal = min(max(count, -COUNTER_MAX), COUNTER_MAX) * FULL_SCALE / counts
        signal = (signal - arrays.corrections[column]) * arrays.scales[column]
        signal = signal * compensation[column]
        code = np.rint(signal / step)
        codes[column] = np.int8(min(max(code, -128.0 / step), 128.0 / step - 1.0) * step)
