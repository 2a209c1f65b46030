# SPDX-License-Identifier: Apache-2.0
"""Defects that stay: cells stuck at one conductance, bit lines without a connection."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

from .ideal import IDEAL, Ideal, OutOfRangeError
from .noise import Effect, NoiseKey, cell_uniforms, line_uniforms

__all__ = ["NO_FAULTS", "ArrayFaults", "Polarity", "StuckAt", "StuckDevice"]


class Polarity(Enum):
    """Which device of a differential pair; the values are places in arrays and noise words."""

    POSITIVE = 0
    NEGATIVE = 1


class StuckAt(Enum):
    """What a stuck device conducts, in units of g_max; it neither drifts nor answers programming.

    Both values are this project's choice: the sources count devices that did not converge, not
    what they conduct.
    """

    RESET = 0.0
    """Amorphous or open: nothing."""
    SET = 1.0
    """Crystalline or shorted: g_max of the constants, cut to twice the weights' range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StuckDevice:
    """One named defect.

    Members
    -------
    row, column : int, the cell. polarity : which of its devices. at : what it conducts.
    """

    row: int
    column: int
    polarity: Polarity
    at: StuckAt


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrayFaults:
    """Defects of an array: drawn from fractions, listed one by one, or both.

    For scale: programming converged on 99.9 % to 100 % of the HERMES core's devices
    (Khaddam-Aljameh et al., JSSC 2022).

    Members
    -------
    set_fraction, reset_fraction : float in (0, 1), or IDEAL
        Probability that a device is stuck at SET, and at RESET.
    open_columns_fraction : float in (0, 1), or IDEAL
        Probability that a bit line is open, so that its sum is 0.
    devices : tuple of StuckDevice. open_columns : tuple of int, columns.

    Raises
    ------
    AlpineError
        A fraction is not between 0 and 1, or stuck fractions exceed 1 together.
    """

    set_fraction: float | Ideal = IDEAL
    reset_fraction: float | Ideal = IDEAL
    open_columns_fraction: float | Ideal = IDEAL
    devices: tuple[StuckDevice, ...] = ()
    open_columns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("set_fraction", "reset_fraction", "open_columns_fraction"):
            value = getattr(self, name)
            if value is not IDEAL and not 0.0 < value < 1.0:
                raise OutOfRangeError(name, value, "a fraction between 0 and 1")
        together = _or_zero(self.set_fraction) + _or_zero(self.reset_fraction)
        if together > 1.0:
            raise AlpineError(
                f"the fractions of devices stuck at set and at reset are {together:g} together: "
                f"lower one, a device is stuck in one way only"
            )

    def stuck(self, rows: int, columns: int, key: NoiseKey) -> NDArray[np.float32]:
        """Return what each device is stuck at, in units of g_max; NaN where it works.

        Returns
        -------
        float32 [2, columns, rows], positive devices first.

        Raises
        ------
        AlpineError
            A listed device lies outside the array.
        """
        state = np.full((2, columns, rows), np.nan, np.float32)
        set_fraction, reset_fraction = _or_zero(self.set_fraction), _or_zero(self.reset_fraction)
        if set_fraction + reset_fraction > 0.0:
            for polarity in Polarity:
                draw = cell_uniforms(
                    key, Effect.STUCK_CELL, rows=rows, columns=columns, word=polarity.value
                )
                state[polarity.value][draw < set_fraction + reset_fraction] = StuckAt.RESET.value
                state[polarity.value][draw < set_fraction] = StuckAt.SET.value
        for device in self.devices:
            if not (0 <= device.row < rows and 0 <= device.column < columns):
                raise AlpineError(
                    f"stuck device at row {device.row}, column {device.column} does not exist: "
                    f"the array has {rows} rows and {columns} columns"
                )
            state[device.polarity.value, device.column, device.row] = device.at.value
        return state

    def open(self, columns: int, key: NoiseKey) -> NDArray[np.bool_]:
        """Return which bit lines are open, bool [columns].

        Raises
        ------
        AlpineError
            A listed column does not exist.
        """
        state = np.zeros(columns, np.bool_)
        fraction = _or_zero(self.open_columns_fraction)
        if fraction > 0.0:
            state |= line_uniforms(key, Effect.STUCK_COLUMN, columns) < fraction
        for column in self.open_columns:
            if not 0 <= column < columns:
                raise AlpineError(
                    f"open column {column} does not exist: the array has {columns} columns"
                )
            state[column] = True
        return state


def _or_zero(fraction: float | Ideal) -> float:
    return fraction if isinstance(fraction, float) else 0.0


NO_FAULTS = ArrayFaults()
"""Every device and every bit line works."""
