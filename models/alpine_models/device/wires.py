# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# SciPy carries no types; everything that crosses this module's border is annotated.
"""Voltage drop along word and bit lines: an exact network solver and a fast model.

The array is a linear resistive network: word lines driven from the side of column 0 at their read
voltage (or 0 while their pulse is off), bit lines held at 0 V below the last row, one wire segment
between neighbouring cells and one before the first. Charge is then linear in the pulse widths, and
wires only change which conductance each cell appears to have, the *effective conductance* A: the
charge of column j is sum over i of A_ij V t_i. A depends on the programmed pattern, not on inputs.

Not modelled: word lines that float while off, capacitance, the converters' own resistance,
transistors in the cells.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

from .ideal import OutOfRangeError

__all__ = ["Wires", "effective_conductances", "exact_conductances", "interleave", "split"]

Matrix = NDArray[np.float64]

MAX_EXACT_CELLS = 1 << 16
"""Most cells the exact solver accepts: two unknowns each, a few seconds."""

MAX_SEGMENT_OHM = 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class Wires:
    """Resistance of the wires between neighbouring cells; no published value, hence no default.

    Members
    -------
    word_ohm : float, of one word-line segment, between two bit lines.
    bit_ohm : float, of one bit-line segment, between two word lines.

    Raises
    ------
    AlpineError
        A resistance is not between 0 (excluded) and 1 megohm.
    """

    word_ohm: float
    bit_ohm: float

    def __post_init__(self) -> None:
        for name in ("word_ohm", "bit_ohm"):
            value = getattr(self, name)
            if not 0.0 < value <= MAX_SEGMENT_OHM:
                raise OutOfRangeError(
                    name,
                    value,
                    f"ohms per segment above 0 and up to {MAX_SEGMENT_OHM:g}",
                    otherwise="; wires without resistance are IDEAL",
                )


def exact_conductances(conductances_us: Matrix, wires: Wires) -> Matrix:
    """Return the effective conductances by solving the whole network.

    Kirchhoff's current law at the two nodes of every cell gives a sparse symmetric system, which
    is factorised once and solved for one bit line at a time: by reciprocity the voltages that
    1 V at a bit line's foot produces at the word lines' drivers' ends are the wanted currents.

    Parameters
    ----------
    conductances_us : float64 [rows, bit lines], microsiemens, not negative.

    Returns
    -------
    float64 [rows, bit lines], microsiemens

    Raises
    ------
    AlpineError
        The array has more than 65536 cells.
    """
    # Imported here: it takes longer than all else that a run without wires imports.
    from scipy import sparse
    from scipy.sparse.linalg import splu

    rows, columns = conductances_us.shape
    cells = rows * columns
    if cells > MAX_EXACT_CELLS:
        raise AlpineError(
            f"{rows} x {columns} cells are too many for the exact wire solver: use "
            f"effective_conductances beyond {MAX_EXACT_CELLS} cells"
        )
    cell = conductances_us.ravel() * 1e-6
    word, bit = 1.0 / wires.word_ohm, 1.0 / wires.bit_ohm
    number = np.arange(cells).reshape(rows, columns)

    # Segments before the first column (to the driver) and below the last row (to the sense
    # amplifier) end at fixed voltages and count on the diagonal only.
    word_diagonal = np.full((rows, columns), 2.0 * word)
    word_diagonal[:, -1] = word
    bit_diagonal = np.full((rows, columns), 2.0 * bit)
    bit_diagonal[0, :] = bit

    at = np.concatenate
    left, right = number[:, :-1].ravel(), number[:, 1:].ravel()
    above, below = number[:-1, :].ravel() + cells, number[1:, :].ravel() + cells
    every = number.ravel()
    entries = at(
        [
            word_diagonal.ravel() + cell,
            bit_diagonal.ravel() + cell,
            np.full(2 * left.size, -word),
            np.full(2 * above.size, -bit),
            -cell,
            -cell,
        ]
    )
    i = at([every, every + cells, left, right, above, below, every, every + cells])
    j = at([every, every + cells, right, left, below, above, every + cells, every])
    network = sparse.csc_matrix((entries, (i, j)), shape=(2 * cells, 2 * cells))
    factors = splu(network)

    result = np.empty((rows, columns))
    for column in range(columns):
        injected = np.zeros(2 * cells)
        injected[cells + number[-1, column]] = bit
        voltages = factors.solve(injected)
        result[:, column] = voltages[number[:, 0]] * word
    return result * 1e6


def effective_conductances(conductances_us: Matrix, wires: Wires) -> Matrix:
    """Return the effective conductances, taking each line as a ladder of its own.

    A_ij = alpha_ij g_ij beta_ij: alpha is the share of word line i's voltage that reaches cell j
    when all bit lines are at 0 V, beta the share of bit line j's foot voltage that would reach
    cell i when all word lines are at 0 V; by reciprocity that is the share of the cell's current
    which arrives. Each is exact for its ladder. Paths that cross between lines more than once are
    left out, a relative error of the order of (1 - alpha)(1 - beta).

    Parameters
    ----------
    conductances_us : float64 [rows, bit lines], microsiemens, not negative.

    Returns
    -------
    float64 [rows, bit lines], microsiemens
    """
    conductances = conductances_us * 1e-6
    alpha = _ladder(conductances * wires.word_ohm)
    beta = _ladder((conductances * wires.bit_ohm)[::-1].T).T[::-1]
    return conductances_us * alpha * beta


def interleave(positive: Matrix, negative: Matrix) -> Matrix:
    """Return [rows, 2 columns] with each column's positive bit line before its negative one.

    Parameters
    ----------
    positive, negative : float64 [columns, rows].
    """
    columns, rows = positive.shape
    both = np.empty((rows, 2 * columns))
    both[:, 0::2], both[:, 1::2] = positive.T, negative.T
    return both


def split(both: Matrix) -> tuple[Matrix, Matrix]:
    """Undo `interleave`."""
    return np.ascontiguousarray(both[:, 0::2].T), np.ascontiguousarray(both[:, 1::2].T)


def _ladder(shunts: Matrix) -> Matrix:
    """Return voltages along ladders driven by 1 V, one ladder per row.

    `shunts` [ladders, cells] are the shunt conductances to 0 V times the segment resistance. Seen
    from segment k on, the rest of the ladder is one conductance, found from the far end; the
    voltage divides between it and the segment.
    """
    ladders, cells = shunts.shape
    looking_in = np.empty((ladders, cells))
    beyond = np.zeros(ladders)
    for k in range(cells - 1, -1, -1):
        node = shunts[:, k] + beyond
        looking_in[:, k] = node
        beyond = node / (1.0 + node)
    return np.cumprod(1.0 / (1.0 + looking_in), axis=1, dtype=np.float64)
