# SPDX-License-Identifier: Apache-2.0
"""What layers give, in plain integers: nothing of the simulated cluster is used here."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Codes", "Sums", "clipped", "depthwise_sums", "product_codes"]

Codes = npt.NDArray[np.int8]
Sums = npt.NDArray[np.int64]


def clipped(values: npt.NDArray[Any]) -> Codes:
    """Return values as codes, what is beyond -128 or 127 as those."""
    return np.clip(values, -128, 127).astype(np.int8)


def product_codes(vectors: Codes, weights: Codes, lsb: float) -> Codes:
    """Return what an ADC makes of the products of vectors [n, rows] and weights [rows, columns].

    A code is so much of a product as the size of an ADC code, rounded to even.
    """
    return clipped(np.rint(vectors.astype(np.int64) @ weights.astype(np.int64) / lsb))


def depthwise_sums(image: Codes, taps: Codes, *, stride: int = 1) -> Sums:
    """Return a 3 x 3 depthwise layer's sums, with a pixel of padding on each side.

    Parameters
    ----------
    image : [height, width, channels]. taps : [9, channels], row after row.
    """
    height, width, _ = image.shape
    padded = np.pad(image.astype(np.int64), ((1, 1), (1, 1), (0, 0)))
    sums = np.zeros_like(padded[1 : height + 1 : stride, 1 : width + 1 : stride])
    for tap in range(9):
        y, x = divmod(tap, 3)
        seen = padded[y : y + height : stride, x : x + width : stride]
        sums += seen * taps[tap].astype(np.int64)
    return sums
