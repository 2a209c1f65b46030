# SPDX-License-Identifier: Apache-2.0
"""Mean and deviation of devices against the published formulas, over range and time."""

import numpy as np
import pytest
from tests.models.device.published_pcm import SETS, draw, read_q

from alpine_models.device import (
    DRIVE_UNITS,
    IDEAL,
    PCM_SETS,
    NoiseKey,
    PcmArray,
    PcmConfig,
    ReadNoise,
)

TIMES = {"25 s": 25.0, "1 hour": 3600.0, "1 day": 86400.0, "1 year": 365 * 86400.0}
WEIGHTS = [0, 2, 6, 13, 32, 64, 95, 127]
ROWS, COLUMNS = 512, 256
SAMPLES = 400_000
TOLERANCE = 0.02


def agrees(measured, expected):
    """Whether mean and deviation are within 2 %, the mean of a symmetric quantity absolutely."""
    deviation = expected.std()
    mean_scale = max(abs(expected.mean()), deviation)
    assert measured.mean() == pytest.approx(expected.mean(), abs=TOLERANCE * mean_scale)
    assert measured.std() == pytest.approx(deviation, rel=TOLERANCE)


def array_of(name, weight, **options):
    config = PcmConfig(constants=PCM_SETS[name], **options)
    array = PcmArray(rows=ROWS, columns=COLUMNS, config=config, key=NoiseKey(seed=11))
    array.program(np.full((COLUMNS, ROWS), weight, np.int8))
    return array


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("name", SETS)
def test_moments_are_the_published_ones(name: str, weight: int):
    rng = np.random.default_rng(5)
    target = weight / 127
    positive = draw(name, target, TIMES.values(), SAMPLES, rng)
    negative = draw(name, 0.0, TIMES.values(), SAMPLES, rng)

    array = array_of(name, weight, read_noise=IDEAL)
    agrees(array.conductances[0].astype(float), positive[0])
    agrees(array.conductances[1].astype(float), negative[0])

    frozen = array_of(name, weight, read_noise=ReadNoise.FROZEN)
    flickering = array_of(name, weight)
    steps = 127 * array.config.steps_per_weight
    for time in TIMES.values():
        agrees(array.at(time).conductances / steps, positive[1][time] - negative[1][time])
        read = positive[2][time] - negative[2][time]
        agrees(frozen.at(time).conductances / steps, read)
        # One-hot inputs read every cell of every column once, each with noise of its own.
        drive = 100
        sums = flickering.at(time).multiply(np.eye(ROWS, dtype=np.int8) * drive, product=0)
        agrees(sums / (steps * drive * DRIVE_UNITS), read)


@pytest.mark.parametrize("name", SETS)
def test_a_columns_noise_has_the_sum_of_its_cells_variances(name: str):
    rng = np.random.default_rng(1)
    config = PcmConfig(constants=PCM_SETS[name])
    array = PcmArray(rows=200, columns=3, config=config, key=NoiseKey(seed=4))
    array.program(rng.integers(-127, 128, (3, 200)).astype(np.int8))
    codes = rng.integers(-128, 128, 200).astype(np.int8)
    time = 86400.0
    sums = array.at(time).multiply(np.tile(codes, (20_000, 1)), product=0)

    # The same cells, each read 4000 times on its own with the published bound at zero.
    _, t0, t_read, _ = SETS[name]
    t = time + t0
    g = array.conductances.astype(float)
    drifted = g * (t / t0) ** -array.exponents.astype(float)
    sigma = read_q(name, g) * np.sqrt(np.log((t + t_read) / (2 * t_read)))
    noise = rng.standard_normal((4000, *g.shape))
    read = np.maximum(drifted * (1 + sigma * noise), 0.0)
    expected = (read[:, 0] - read[:, 1]) @ codes.astype(float)
    steps = 127 * array.config.steps_per_weight * DRIVE_UNITS
    for column in range(3):
        mine, theirs = sums[:, column] / steps, expected[:, column]
        assert mine.mean() == pytest.approx(theirs.mean(), abs=0.1 * theirs.std())
        assert mine.std() == pytest.approx(theirs.std(), rel=0.06)
