"""Energy of one matrix-vector product, scaled with the geometry of the tile.

ALPINE states 12.8 TOPS/W at 256 x 256 in 14 nm, "re-calculated for varying tile sizes, considering
the crossbar array size as well as data converters" (Klein et al., IEEE TC 2022, Sec. III-B), but
not how. The shape here is an inference: an offset, a part per row (DAC, word line) and a part per
column (ADC, bit line), fitted on the energies per job that Garofalo et al. publish for a tile of
the same make inside their cluster (arXiv 2201.01089, Fig. 12a: 16 to 256 lines a side; residuals
0.34 nJ rms, 1.0 nJ of 20.5 nJ at most). Only the ratio to 256 x 256 is taken from there, so the
cluster's own overhead cancels as far as it is proportional.

Not modelled: a part per cell. A term in rows x columns would halve the residuals, but its size
hangs on the one job that fills the array, and beyond the table, where ALPINE's tiles lie, it would
outgrow everything else.
"""

from .tile import MAX_LINES

__all__ = [
    "HIGH_POWER_SCALING",
    "LOW_POWER_SCALING",
    "TOPS_PER_W",
    "power_scaling",
    "product_energy_pj",
    "within_published_sizes",
]

TOPS_PER_W = 12.8
"""Efficiency at 256 x 256 in 14 nm, an operation being a multiplication or an addition
(Klein et al., Table I-C): 131072 operations in 10.24 nJ."""

HIGH_POWER_SCALING = 5.3
"""14 nm to 28 nm at the high-power system's 1.3 V (Klein et al., Sec. III-B):
alpha beta^2 = 28/14 (1.3/0.8)^2 = 5.28."""

LOW_POWER_SCALING = 2.0
"""14 nm to 28 nm in the low-power system (Klein et al., Sec. III-B): alpha = 28/14 alone, as if the
tile kept its 0.8 V, although the cores run at 0.75 V."""

REFERENCE_SIDE = 256
OFFSET_NJ, ROW_NJ, COLUMN_NJ = 1.34, 0.0287, 0.0421
"""Least squares over the rows of Garofalo et al.'s Fig. 12a: energy per job of the IMA, in nJ."""

SMALLEST_SIDE = 16
"""Smallest side in that table; 256 is the largest."""


def product_energy_pj(
    rows: int, columns: int, *, tops_per_w: float = TOPS_PER_W, scaling: float = 1.0
) -> float:
    """Return the energy of one matrix-vector product, converters included.

    Parameters
    ----------
    rows, columns : int, word and bit lines of the tile.
    tops_per_w : float, efficiency at 256 x 256 before scaling.
    scaling : float, factor for technology and voltage, e.g. `HIGH_POWER_SCALING`.

    Returns
    -------
    float, picojoules

    Raises
    ------
    ValueError
        A side is not 1 to 65536 lines, or a factor is not positive.
    """
    for name, lines in (("rows", rows), ("columns", columns)):
        if not 1 <= lines <= MAX_LINES:
            raise ValueError(f"{name} must be 1 to {MAX_LINES}, not {lines!r}")
    for name, factor in (("tops_per_w", tops_per_w), ("scaling", scaling)):
        if not factor > 0.0:
            raise ValueError(f"{name} must be positive, not {factor!r}")
    # TOPS/W is operations per picojoule.
    reference_pj = 2 * REFERENCE_SIDE * REFERENCE_SIDE / tops_per_w
    return reference_pj * scaling * _job(rows, columns) / _job(REFERENCE_SIDE, REFERENCE_SIDE)


def within_published_sizes(rows: int, columns: int) -> bool:
    """Whether both sides lie within the table that the shape was fitted on.

    ALPINE's own tiles reach 1600 x 3050: their energies continue the straight lines.
    """
    return all(SMALLEST_SIDE <= lines <= REFERENCE_SIDE for lines in (rows, columns))


def power_scaling(*, length_ratio: float, voltage_ratio: float) -> float:
    """Return alpha beta^2, the power at constant speed after scaling lengths and voltage.

    Capacitance grows with the length ratio alpha, switching energy with the square of the voltage
    ratio beta (Klein et al., Sec. III-B).

    Raises
    ------
    ValueError
        A ratio is not positive.
    """
    for name, ratio in (("length_ratio", length_ratio), ("voltage_ratio", voltage_ratio)):
        if not ratio > 0.0:
            raise ValueError(f"{name} must be positive, not {ratio!r}")
    return length_ratio * voltage_ratio**2


def _job(rows: int, columns: int) -> float:
    return OFFSET_NJ + ROW_NJ * rows + COLUMN_NJ * columns
