# SPDX-License-Identifier: Apache-2.0
"""Probabilities of a text's next symbol: their score, a choice among them, texts in pieces."""

import numpy as np
from numpy.typing import NDArray

from alpine_sw.datasets.texts import SYMBOLS

__all__ = ["mean_bits", "pick_symbol", "streams"]


def streams(count: int, pieces: int) -> list[NDArray[np.int64]]:
    """Return for every step the positions that are read in it, one per piece.

    `count` positions are cut into pieces of equal length, the first ones longer by one where they
    do not divide; the last step reads these only. There are never more pieces than positions.

    Parameters
    ----------
    count, pieces : int
        1 or more.
    """
    length, longer = divmod(count, min(pieces, count))
    lengths = np.full(min(pieces, count), length)
    lengths[:longer] += 1
    starts = np.cumsum(lengths) - lengths
    return [starts[lengths > step] + step for step in range(length + (longer > 0))]


def mean_bits(probabilities: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """Return the mean of -log2 of what was given to the symbols that came.

    Parameters
    ----------
    probabilities : float32 [n, 50], n > 0
        Outputs of n steps.
    targets : int64 [n]
        Symbol that came after each.
    """
    chosen = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    return float(-np.log2(chosen).mean())


def pick_symbol(probabilities: NDArray[np.float32], draw: float | None) -> int:
    """Return the symbol at which the running sum of probabilities passes `draw` of its total.

    Without a draw, the likeliest; of several, the first.

    The outputs that stand for no symbol are left out.

    Parameters
    ----------
    probabilities : float32 [50]
        Outputs of a step.
    draw : float or None
        0 to 1, 1 excluded; drawn evenly, it gives each symbol its probability.
    """
    if draw is None:
        return int(probabilities[: len(SYMBOLS)].argmax())
    totals = np.cumsum(probabilities[: len(SYMBOLS)], dtype=np.float64)
    return int(np.count_nonzero(totals <= draw * totals[-1]))
