# SPDX-License-Identifier: Apache-2.0
"""Global drift compensation: a gain that undoes what drift did on average."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from .reading import PcmReading

__all__ = ["Compensation", "drift_compensation"]

FLOOR = 1e-4
"""Smallest readout, as a share of the largest weight: below it there is no signal to restore
(aihwkit, `inference/compensation/drift.py`)."""


class Compensation(Enum):
    """Over which cells the average is taken."""

    NONE = "none"
    TILE = "tile"
    COLUMN = "column"


def drift_compensation(
    reference: PcmReading, now: PcmReading, scope: Compensation
) -> NDArray[np.float32]:
    """Return the factor by which each column's result is to be multiplied.

    factor = r(reference) / r(now), where r is the mean magnitude of the cells' effective weights:
    what one-hot inputs read out, in aihwkit's `GlobalDriftCompensation` over the tile, in its
    `PerColumnDriftCompensation` over each column. Read noise is left out of the readout: over a
    column of 256 cells it would scatter the factor by less than 0.5 %.

    Parameters
    ----------
    reference : the array right after programming.
    now : the same array at the time of use.
    scope : over which cells.

    Returns
    -------
    float32 [columns]
    """
    columns = len(now.conductances)
    if scope is Compensation.NONE:
        return np.ones(columns, np.float32)
    floor = FLOOR * reference.weight_range * reference.steps_per_weight
    readouts = np.stack([_readout(reading, scope) for reading in (reference, now)])
    ratios = np.divide(*np.maximum(readouts, floor))
    return np.broadcast_to(ratios, columns).astype(np.float32)


def _readout(reading: PcmReading, scope: Compensation) -> NDArray[np.float64]:
    magnitudes = np.abs(reading.conductances.astype(np.int64))
    if scope is Compensation.TILE:
        return np.array([magnitudes.sum() / magnitudes.size])
    return magnitudes.sum(axis=1) / magnitudes.shape[1]
