# SPDX-License-Identifier: Apache-2.0
"""Energy of one matrix-vector product, scaled with the geometry of the tile.

ALPINE states 12.8 TOPS/W at 256 x 256 in 14 nm, "re-calculated for varying tile sizes, considering
the crossbar array size as well as data converters" (Klein et al., IEEE TC 2022, Sec. III-B), but
not how. The shape here is an inference from the energies per job that Garofalo et al. publish for a
tile of the same make inside their cluster (arXiv 2201.01089, the table of MobileNetV2's layers;
`data/garofalo_mobilenetv2.csv`): an offset, a part per row (DAC, word line), a part per column
(ADC, bit line) and a part per cell. It gives 35 of the table's 36 crossbar layers within 0.02 %,
and the first, too, if its job has the 3 input channels as word lines in place of all 27. Only the
ratio to 256 x 256 is taken from there, so the cluster's own overhead cancels as far as it is
proportional.

The table's jobs have 16 to 256 lines a side; ALPINE's own tiles have up to 3050. There both rules
extrapolate, and the part per cell, 14 % of the energy at 256 x 256, becomes most of it: at
2048 x 2048 the bilinear rule gives 14.8 times the energy of 256 x 256, the linear one 7.3 times.
"""

from enum import StrEnum

from .tile import MAX_LINES

__all__ = [
    "HIGH_POWER_SCALING",
    "LOW_POWER_SCALING",
    "TOPS_PER_W",
    "ProductRule",
    "job_energy_nj",
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


class ProductRule(StrEnum):
    """How a product's energy depends on the numbers of rows and columns."""

    BILINEAR = "bilinear"
    """An offset, parts per row, per column and per cell: what the published table shows."""
    LINEAR = "linear"
    """The best fit without the part per cell: 2 % off on average, and less beyond 256 lines."""


COEFFICIENTS_NJ = {
    ProductRule.BILINEAR: (2.1602, 0.0224481, 0.0359207, 4.08084e-5),
    ProductRule.LINEAR: (1.862, 0.0259, 0.0395, 0.0),
}
"""Offset, per row, per column and per cell, of Garofalo et al.'s jobs. The bilinear ones solve the
table's efficiencies, which are printed to four digits; the linear ones are the least squares of the
relative deviations on the same layers."""

REFERENCE_SIDE = 256
SMALLEST_SIDE = 16
"""Smallest side in that table; 256 is the largest."""


def job_energy_nj(rows: int, columns: int, rule: ProductRule = ProductRule.BILINEAR) -> float:
    """Return the energy of a job of Garofalo et al.'s tile, its cluster included, in nanojoules."""
    offset, row, column, cell = COEFFICIENTS_NJ[rule]
    return offset + row * rows + column * columns + cell * rows * columns


def product_energy_pj(
    rows: int,
    columns: int,
    *,
    tops_per_w: float = TOPS_PER_W,
    scaling: float = 1.0,
    rule: ProductRule = ProductRule.BILINEAR,
) -> float:
    """Return the energy of one matrix-vector product, with converters of 8 bits.

    Beyond 256 lines a side it is an extrapolation; `within_published_sizes` tells.

    Parameters
    ----------
    rows, columns : int, word and bit lines of the tile.
    tops_per_w : float, efficiency at 256 x 256 before scaling.
    scaling : float, factor for technology and voltage, e.g. `HIGH_POWER_SCALING`.
    rule : how the energy depends on rows and columns.

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
    reference_job = job_energy_nj(REFERENCE_SIDE, REFERENCE_SIDE, rule)
    return reference_pj * scaling * job_energy_nj(rows, columns, rule) / reference_job


def within_published_sizes(rows: int, columns: int) -> bool:
    """Whether both sides lie within the table that the rules come from."""
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
