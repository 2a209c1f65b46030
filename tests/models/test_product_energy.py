# SPDX-License-Identifier: Apache-2.0
import csv
from importlib import resources
from typing import NamedTuple

import numpy as np
import pytest

from alpine_models.energy import (
    COEFFICIENTS_NJ,
    HIGH_POWER_SCALING,
    LOW_POWER_SCALING,
    ProductRule,
    job_energy_nj,
    power_scaling,
    product_energy_pj,
    within_published_sizes,
)

SIDE = 256


class Layer(NamedTuple):
    """A layer's matrix, cut into arrays, and the energy of one output pixel in nanojoules."""

    name: str
    rows: int
    columns: int
    energy_nj: float

    def jobs(self) -> list[tuple[int, int]]:
        """Rows and columns of the jobs of an output pixel."""
        return [
            (min(SIDE, self.rows - row), min(SIDE, self.columns - column))
            for row in range(0, self.rows, SIDE)
            for column in range(0, self.columns, SIDE)
        ]


def layers() -> list[Layer]:
    """Layers on crossbars: multiplications of a pixel over the printed GMAC/s/W are nanojoules."""
    text = (resources.files("alpine_models") / "data" / "garofalo_mobilenetv2.csv").read_text()
    found: list[Layer] = []
    for row in csv.DictReader(line for line in text.splitlines() if line[0] != "#"):
        matrix, _, arrays = row["mapping_rows_x_cols"].partition(" t=")
        if arrays:
            rows, columns = map(int, matrix.split("x"))
            energy_nj = rows * columns / float(row["gmac_per_s_per_w"])
            layer = Layer(row["layer"], rows, columns, energy_nj)
            assert len(layer.jobs()) == int(arrays)
            found.append(layer)
    return found


def test_rule_gives_the_printed_efficiencies():
    first, *others = layers()
    assert len(others) == 35
    for layer in others:
        energy_nj = sum(job_energy_nj(*job) for job in layer.jobs())
        assert energy_nj == pytest.approx(layer.energy_nj, rel=2e-4), layer.name
    # 3 x 3 windows of 3 channels are 27 word lines, of which the printed energy counts 3.
    assert (first.rows, first.columns) == (27, 32)
    assert job_energy_nj(3, 32) == pytest.approx(first.energy_nj, rel=2e-4)
    assert job_energy_nj(27, 32) > 1.16 * first.energy_nj


def test_linear_alternative_is_the_best_fit_without_a_part_per_cell():
    others = layers()[1:]
    sums = np.array([[len(x), *np.sum(x, axis=0)] for x in (layer.jobs() for layer in others)])
    relative = sums / np.array([[layer.energy_nj] for layer in others])
    fit, *_ = np.linalg.lstsq(relative, np.ones(len(others)))
    coefficients = COEFFICIENTS_NJ[ProductRule.LINEAR]
    assert fit == pytest.approx(coefficients[:3], rel=2e-3)
    assert coefficients[3] == 0
    assert np.sqrt(((relative @ fit - 1) ** 2).mean()) == pytest.approx(0.021, abs=5e-4)


def test_reference_tile_has_the_published_efficiency():
    # 2 x 256 x 256 operations at 12.8e12 operations per joule.
    assert product_energy_pj(256, 256) == pytest.approx(131072 / 12.8, rel=1e-12)


def test_other_efficiencies_and_scalings_multiply():
    assert product_energy_pj(256, 256, tops_per_w=20.0) == pytest.approx(131072 / 20.0)
    assert product_energy_pj(256, 256, scaling=5.3) == pytest.approx(54272.0)  # 54.3 nJ
    assert product_energy_pj(256, 256, scaling=2.0) == pytest.approx(20480.0)


def test_part_per_cell_grows_beyond_the_table():
    """In nJ at 256 x 256: 2.1602 + 5.7467 + 9.1957 + 2.6744 = 19.777, and at 2048 x 2048
    2.1602 + 45.974 + 73.566 + 171.16 = 292.86; linear 1.862 + 16.742 = 18.604 and 135.80.
    """
    full = product_energy_pj(256, 256)
    assert product_energy_pj(2048, 2048) / full == pytest.approx(292.86 / 19.777, rel=1e-3)
    linear = product_energy_pj(2048, 2048, rule=ProductRule.LINEAR)
    assert linear / full == pytest.approx(135.80 / 18.604, rel=1e-3)
    assert product_energy_pj(256, 256, rule=ProductRule.LINEAR) == pytest.approx(full)


def test_published_scalings_are_capacitance_times_voltage_squared():
    assert power_scaling(length_ratio=28 / 14, voltage_ratio=1.3 / 0.8) == pytest.approx(
        HIGH_POWER_SCALING, rel=0.005
    )
    assert power_scaling(length_ratio=28 / 14, voltage_ratio=1.0) == LOW_POWER_SCALING


def test_sizes_beyond_the_table_are_told():
    assert within_published_sizes(16, 256)
    assert not within_published_sizes(257, 100)
    assert not within_published_sizes(100, 15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 0, "columns": 4}, "rows must be 1 to 65536, not 0"),
        ({"rows": 4, "columns": 1 << 17}, "columns must be 1 to 65536, not 131072"),
        ({"rows": 4, "columns": 4, "scaling": 0.0}, "scaling must be positive, not 0.0"),
        ({"rows": 4, "columns": 4, "tops_per_w": -1.0}, "tops_per_w must be positive, not -1.0"),
    ],
)
def test_bad_values_are_named(arguments: dict[str, float], message: str):
    with pytest.raises(ValueError, match=f"^{message}$"):
        product_energy_pj(**arguments)  # type: ignore[arg-type]


def test_bad_ratios_are_named():
    with pytest.raises(ValueError, match=r"^length_ratio must be positive, not 0$"):
        power_scaling(length_ratio=0, voltage_ratio=1.0)
