# SPDX-License-Identifier: Apache-2.0
"""Programming cells: reading back and writing again, and what pulses cost in time and energy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

from .crossbar import AnalogCrossbar

__all__ = [
    "MAX_ROUNDS",
    "ProgramVerify",
    "ProgrammingCost",
    "pulse_cost",
    "row_cost",
    "verify_margin",
]

MAX_ROUNDS = 30
"""Most iterations of a device (Le Gallo et al., Nature Electronics 2023, HERMES 64-core chip)."""

MARGIN_COUNTS = 5
COUNTS_OF_G_MAX = {"hermes-1": 80, "hermes-2": 160}
"""Margin of convergence and largest conductance, in ADC counts (same source)."""

DEVICES_PER_CELL = {"hermes-1": 2, "hermes-2": 4}
"""One or two devices per polarity."""

PULSE_S = 125e-9
LEAST_PULSE_A, MOST_PULSE_A = 125e-6, 700e-6
PULSE_V = 2.5
"""Pulses of 125 ns and 125 to 700 uA (Le Gallo et al.) at more than 2.5 V (Khaddam-Aljameh et al.,
JSSC 2022): energies below are therefore lower bounds of their kind."""

VERIFY_READ_S = 512e-9 + 256e-9
"""Pulse-width modulated read and precharge (Le Gallo et al.)."""

DIAGONAL_DEVICES, CURRENT_SOURCES = 256, 32
"""Devices programmed together, by so many current sources: eight pulses one after the other."""

LEAST_ROW_PRODUCTS, MOST_ROW_PRODUCTS = 20, 30
"""Time of programming one row, in products (Garofalo et al., arXiv 2201.01089, Sec. III)."""


def verify_margin(device: str) -> float:
    """Return the published margin of convergence, in weights when g_max holds a weight of 127.

    Raises
    ------
    AlpineError
        None is published for the device.
    """
    if device not in COUNTS_OF_G_MAX:
        raise AlpineError(
            f"no margin of convergence is published for device {device}: give one in weights, as "
            f"in --verify 4"
        )
    return 127 * MARGIN_COUNTS / COUNTS_OF_G_MAX[device]


class ProgramVerify:
    """Reads a programmed tile's cells and writes those again that are off by more than a margin.

    Each writing errs anew, with the published deviation; accepted cells err less, as their errors
    are cut at the margin. The published deviation is already the outcome of the chip's own
    iterations, so this is verification by software on top of them: an inference, not a published
    scheme. Reads take place right after programming and have the device's read noise, if it has
    any.

    Parameters
    ----------
    crossbar : AnalogCrossbar, programmed once. weights : int8 [columns, rows], what it should hold.
    programmed : bool [columns, rows]. margin : accepted difference, in weights.

    Members
    -------
    rounds : int, writings so far, the first included.
    writes, reads : int, cells written again, and cells read, so far.
    rows : int, word lines on which cells were written again, over all rounds.
    pending : bool [columns, rows], cells to be read next.
    """

    def __init__(
        self,
        crossbar: AnalogCrossbar,
        *,
        weights: NDArray[np.int8],
        programmed: NDArray[np.bool_],
        margin: float,
    ):
        if not margin > 0.0:
            raise AlpineError(f"verify margin {margin!r} is refused: give weights above 0")
        self.rounds, self.writes, self.reads, self.rows = 1, 0, 0, 0
        self.pending = programmed.copy()
        self._crossbar, self._margin = crossbar, margin
        self._weights = weights.astype(np.int16)

    def read(self) -> NDArray[np.int8]:
        """Return what CM_PARAM_READ finds in all cells now, int8 [columns, rows]."""
        self.reads += int(np.count_nonzero(self.pending))
        return self._crossbar.verify_read(self.rounds)

    def reject(self, found: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Return which of the cells just read must be written again; they become pending."""
        off = np.abs(found - self._weights) > self._margin
        self.pending &= off
        return self.pending

    @property
    def finished(self) -> bool:
        """Whether no cell is pending, or none may be written once more."""
        return self.rounds >= MAX_ROUNDS or not self.pending.any()

    def rewrite(self) -> None:
        """Write the pending cells again."""
        self.writes += int(np.count_nonzero(self.pending))
        self.rows += int(np.count_nonzero(self.pending.any(axis=0)))
        self._crossbar.rewrite(self.pending, cycle=self.rounds)
        self.rounds += 1

    def run(self) -> None:
        """Read, reject and write until finished."""
        self.reject(self.read())
        while not self.finished:
            self.rewrite()
            self.reject(self.read())


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgrammingCost:
    """What the arrays of a chip take to be programmed, between two bounds.

    Members
    -------
    least_s, most_s : time. least_j, most_j : energy.
    basis : what the bounds rest on.
    """

    least_s: float
    most_s: float
    least_j: float
    most_j: float
    basis: str


def pulse_cost(device: str, *, writes: int, reads: int) -> ProgrammingCost:
    """Return the cost of HERMES's pulses: 1 to 30 iterations per device of every cell written.

    A diagonal of 256 devices takes eight pulses and a read per iteration. Energies count pulses;
    reads by CM_PARAM_READ, one cell at a time, add their time.

    Parameters
    ----------
    device : ``hermes-1`` or ``hermes-2``.
    writes, reads : cells written and read.
    """
    devices = writes * DEVICES_PER_CELL[device]
    diagonals = -(-devices // DIAGONAL_DEVICES)
    pulses = DIAGONAL_DEVICES // CURRENT_SOURCES
    iteration_s = diagonals * (pulses * PULSE_S + VERIFY_READ_S)
    reading_s = reads * VERIFY_READ_S
    energy_j = devices * PULSE_V * PULSE_S
    return ProgrammingCost(
        least_s=iteration_s + reading_s,
        most_s=MAX_ROUNDS * iteration_s + reading_s,
        least_j=energy_j * LEAST_PULSE_A,
        most_j=MAX_ROUNDS * energy_j * MOST_PULSE_A,
        basis=f"HERMES pulses, 1 to {MAX_ROUNDS} iterations",
    )


def row_cost(*, rows: int, product_s: float, product_j: float) -> ProgrammingCost:
    """Return the cost of programming row by row, each as long as 20 to 30 products.

    The time is published; that programming draws the power of a product meanwhile is an inference.

    Parameters
    ----------
    rows : written, over all rounds. product_s, product_j : time and energy of one product.
    """
    least, most = LEAST_ROW_PRODUCTS * rows, MOST_ROW_PRODUCTS * rows
    return ProgrammingCost(
        least_s=least * product_s,
        most_s=most * product_s,
        least_j=least * product_j,
        most_j=most * product_j,
        basis=f"a row as {LEAST_ROW_PRODUCTS} to {MOST_ROW_PRODUCTS} products",
    )
