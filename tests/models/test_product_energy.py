import numpy as np
import pytest

from alpine_models.energy import (
    COLUMN_NJ,
    HIGH_POWER_SCALING,
    LOW_POWER_SCALING,
    OFFSET_NJ,
    ROW_NJ,
    power_scaling,
    product_energy_pj,
    within_published_sizes,
)

# (rows, columns, nJ per job) of the IMA layers of MobileNetV2, Garofalo et al., arXiv 2201.01089,
# Fig. 12a: energy divided by jobs; layers on several tiles count one tile's share. The last is the
# full array at the stated 6.39 TOPS/W.
JOBS = np.array(
    [
        (27, 32, 3.38),
        (32, 32, 4.07),
        (32, 16, 3.47),
        (16, 96, 6.03),
        (96, 24, 5.27),
        (24, 144, 8.01),
        (144, 24, 6.40),
        (144, 32, 6.73),
        (32, 192, 10.03),
        (192, 32, 7.87),
        (192, 64, 9.27),
        (64, 192, 10.99),
        (192, 96, 10.67),
        (96, 192, 11.96),
        (192, 160, 13.47),
        (160, 240, 15.94),
        (240, 160, 14.86),
        (160, 256, 16.62),
        (256, 256, 20.5),
    ]
)


def test_reference_tile_has_the_published_efficiency():
    # 2 x 256 x 256 operations at 12.8e12 operations per joule.
    assert product_energy_pj(256, 256) == pytest.approx(131072 / 12.8, rel=1e-12)


def test_other_efficiencies_and_scalings_multiply():
    assert product_energy_pj(256, 256, tops_per_w=20.0) == pytest.approx(131072 / 20.0)
    assert product_energy_pj(256, 256, scaling=5.3) == pytest.approx(54272.0)  # 54.3 nJ
    assert product_energy_pj(256, 256, scaling=2.0) == pytest.approx(20480.0)


def test_coefficients_are_the_least_squares_fit_of_the_table():
    rows, columns, energy = JOBS.T
    design = np.stack([np.ones(len(JOBS)), rows, columns], axis=1)
    fit, *_ = np.linalg.lstsq(design, energy)
    assert fit == pytest.approx([OFFSET_NJ, ROW_NJ, COLUMN_NJ], rel=0.01)


def test_shape_follows_the_table_within_the_stated_residuals():
    full = product_energy_pj(256, 256)
    fitted = [
        product_energy_pj(int(r), int(c)) / full * (OFFSET_NJ + 256 * (ROW_NJ + COLUMN_NJ))
        for r, c, _ in JOBS
    ]
    residuals = np.array(fitted) - JOBS[:, 2]
    assert np.abs(residuals).max() < 1.05
    assert np.sqrt((residuals**2).mean()) < 0.35


def test_columns_cost_more_than_rows_and_twice_the_array_less_than_four_times():
    assert product_energy_pj(64, 256) > product_energy_pj(256, 64)
    assert product_energy_pj(512, 512) < 2.1 * product_energy_pj(256, 256)


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
