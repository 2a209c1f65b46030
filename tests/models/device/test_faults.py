# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.device import (
    IDEAL,
    PCM_LIKE,
    ArrayFaults,
    NoiseKey,
    PcmArray,
    PcmConfig,
    Polarity,
    StuckAt,
    StuckDevice,
)
from alpine_models.errors import AlpineError

WEIGHTS = np.random.default_rng(0).integers(-127, 128, (30, 50)).astype(np.int8)


def reading_with(faults: ArrayFaults, *, seed: int = 1, cycle: int = 0, time_s: float = 86400.0):
    config = PcmConfig(constants=PCM_LIKE, faults=faults, read_noise=IDEAL)
    array = PcmArray(rows=50, columns=30, config=config, key=NoiseKey(seed=seed))
    array.program(WEIGHTS, cycle=cycle)
    return array.at(time_s)


def test_listed_devices_are_stuck_and_no_others_change():
    faults = ArrayFaults(
        devices=(
            StuckDevice(row=4, column=2, polarity=Polarity.POSITIVE, at=StuckAt.SET),
            StuckDevice(row=4, column=2, polarity=Polarity.NEGATIVE, at=StuckAt.RESET),
            StuckDevice(row=49, column=29, polarity=Polarity.NEGATIVE, at=StuckAt.SET),
            StuckDevice(row=49, column=29, polarity=Polarity.POSITIVE, at=StuckAt.RESET),
        )
    )
    whole, broken = reading_with(ArrayFaults()), reading_with(faults)
    full = 127 * whole.steps_per_weight
    assert broken.conductances[2, 4] == full  # stuck devices do not drift
    assert broken.conductances[29, 49] == -full
    changed = whole.conductances != broken.conductances
    assert changed.sum() <= 2


def test_open_columns_read_zero_without_noise():
    config = PcmConfig(constants=PCM_LIKE, faults=ArrayFaults(open_columns=(3, 29)))
    array = PcmArray(rows=50, columns=30, config=config, key=NoiseKey(seed=1))
    array.program(WEIGHTS)
    sums = array.at(60.0).multiply(np.full((4, 50), 100, np.int8), product=0)
    assert not sums[:, [3, 29]].any()
    assert sums[:, [0, 1, 2, 28]].all()


def test_fractions_are_met_and_stay_with_the_chip():
    key = NoiseKey(seed=5)
    faults = ArrayFaults(set_fraction=0.02, reset_fraction=0.05, open_columns_fraction=0.1)
    stuck = faults.stuck(400, 500, key)
    n = stuck.size
    for value, fraction in ((1.0, 0.02), (0.0, 0.05)):
        deviation = np.sqrt(fraction * (1 - fraction) / n)
        assert (stuck == value).mean() == pytest.approx(fraction, abs=5 * deviation)
    assert faults.open(20_000, key).mean() == pytest.approx(0.1, abs=0.012)
    assert np.array_equal(stuck, faults.stuck(400, 500, key), equal_nan=True)
    other = faults.stuck(400, 500, NoiseKey(seed=5, chip=1))
    assert not np.array_equal(stuck, other, equal_nan=True)


def test_reprogramming_does_not_heal():
    faults = ArrayFaults(set_fraction=0.05)
    stuck = faults.stuck(50, 30, NoiseKey(seed=1))[0] == 1.0
    assert stuck.any()
    for cycle in range(2):
        config = PcmConfig(constants=PCM_LIKE, faults=faults)
        array = PcmArray(rows=50, columns=30, config=config, key=NoiseKey(seed=1))
        array.program(WEIGHTS, cycle=cycle)
        assert (array.conductances[0][stuck] == 1.0).all()


@pytest.mark.parametrize("value", [0.0, -0.1, 1.0, float("nan")])
def test_fractions_out_of_range_are_refused(value: float):
    with pytest.raises(AlpineError, match=r"^set_fraction .* is refused: give a fraction between"):
        ArrayFaults(set_fraction=value)


def test_fractions_that_exceed_one_together_are_refused():
    with pytest.raises(
        AlpineError, match=r"^the fractions of devices stuck at set and at reset are 1.2 together"
    ):
        ArrayFaults(set_fraction=0.7, reset_fraction=0.5)


def test_sites_that_do_not_exist_are_refused():
    device = StuckDevice(row=50, column=0, polarity=Polarity.POSITIVE, at=StuckAt.SET)
    with pytest.raises(AlpineError) as error:
        reading_with(ArrayFaults(devices=(device,)))
    assert str(error.value) == (
        "stuck device at row 50, column 0 does not exist: the array has 50 rows and 30 columns"
    )
    with pytest.raises(AlpineError, match=r"^open column 30 does not exist: the array has 30"):
        reading_with(ArrayFaults(open_columns=(30,)))
