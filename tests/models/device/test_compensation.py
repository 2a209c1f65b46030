# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.device import (
    IDEAL,
    PCM_LIKE,
    Compensation,
    NoiseKey,
    PcmArray,
    PcmConfig,
    drift_compensation,
)

RNG = np.random.default_rng(0)
WEIGHTS = RNG.integers(-127, 128, (64, 256)).astype(np.int8)
WEIGHTS[7] = 0
YEAR_S = 365 * 86400.0


def readings(weights=WEIGHTS, **options):
    config = PcmConfig(constants=PCM_LIKE, **options)
    array = PcmArray(rows=256, columns=len(weights), config=config, key=NoiseKey(seed=3))
    array.program(weights)
    return array.at(0.0), array.at(YEAR_S)


def test_tile_factor_is_the_ratio_of_mean_magnitudes():
    start, now = readings(programming=IDEAL, read_noise=IDEAL)
    factors = drift_compensation(start, now, Compensation.TILE)
    ratio = np.abs(start.conductances.astype(float)).mean()
    ratio /= np.abs(now.conductances.astype(float)).mean()
    assert factors == pytest.approx(np.full(64, ratio), rel=1e-6)
    # nu is about 0.05 for large conductances and 0.06 on average: 1.6e6^0.055 = 2.2.
    assert 1.8 < factors[0] < 2.7


def test_column_factors_restore_every_columns_magnitude():
    start, now = readings(read_noise=IDEAL)
    factors = drift_compensation(start, now, Compensation.COLUMN)
    restored = np.abs(now.conductances.astype(float)).mean(axis=1) * factors
    expected = np.abs(start.conductances.astype(float)).mean(axis=1)
    assert restored == pytest.approx(expected, rel=1e-6)
    assert factors.std() > 0.001


def test_compensation_brings_products_back():
    start, now = readings()
    codes = RNG.integers(-127, 128, (50, 256)).astype(np.int8)
    before, after = (r.multiply(codes, product=0).astype(float) for r in (start, now))
    factors = drift_compensation(start, now, Compensation.TILE)
    error = np.abs(after - before).mean()
    assert np.abs(after * factors - before).mean() < 0.35 * error


def test_none_is_one_and_empty_arrays_stay_finite():
    start, now = readings(np.zeros((3, 256), np.int8), programming=IDEAL)
    for scope in Compensation:
        assert (drift_compensation(start, now, scope) == 1.0).all()
