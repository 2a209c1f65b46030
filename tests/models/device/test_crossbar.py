# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.crossbar import IdealCrossbar
from alpine_models.device import (
    HERMES_ADC,
    HERMES_DAC,
    HERMES_TWO_DEVICE,
    IDEAL,
    PCM_LIKE,
    AnalogConfig,
    AnalogCrossbar,
    Compensation,
    NoiseKey,
    PcmConfig,
)
from alpine_sw.graph import arithmetic

KEY = NoiseKey(seed=3)
EXACT = PcmConfig(constants=PCM_LIKE, programming=IDEAL, drift=IDEAL, read_noise=IDEAL)
RNG = np.random.default_rng(0)
WEIGHTS = RNG.integers(-127, 128, (256, 256)).astype(np.int8)
CODES = RNG.integers(-127, 128, (512, 256)).astype(np.int8)
DOTS = CODES.astype(np.int64) @ WEIGHTS.T.astype(np.int64)
LSB = np.full(256, np.float32(np.abs(DOTS).max() / 127), np.float64)


def crossbar(config: AnalogConfig, time_s: float = 0.0, key: NoiseKey = KEY):
    return AnalogCrossbar(weights=WEIGHTS, lsb=LSB, config=config, key=key, time_s=time_s)


def test_with_everything_ideal_the_codes_are_the_golden_ones():
    analog = crossbar(AnalogConfig(array=EXACT))
    expected = arithmetic.dense(CODES, WEIGHTS, LSB.astype(np.float32))
    assert (analog.multiply(CODES, product=0) == expected).all()


@pytest.mark.parametrize("lsb", [1.0, 300.0, 37.25])
def test_with_everything_ideal_the_codes_are_the_ideal_crossbars(lsb: float):
    ideal = IdealCrossbar(rows=256, columns=256)
    ideal.weights[:], ideal.lsb[:] = WEIGHTS, lsb
    analog = AnalogCrossbar(
        weights=WEIGHTS,
        lsb=ideal.lsb,
        config=AnalogConfig(array=EXACT),
        key=KEY,
        time_s=1e8,
    )
    for codes in CODES[:5]:
        assert (analog.multiply(codes, product=0) == ideal.multiply(codes)).all()


def test_hermes_devices_and_converters_together_err_as_measured():
    # Khaddam-Aljameh et al.: MVM error normal, sigma 1.94 %. Nothing here is fitted to it: the
    # devices' error comes from another publication, the converters' from their specification.
    # Error relative to full scale, the largest expected output.
    config = AnalogConfig(
        array=PcmConfig(constants=HERMES_TWO_DEVICE), dac=HERMES_DAC, adc=HERMES_ADC
    )
    errors = (crossbar(config).multiply(CODES, product=0) - DOTS / LSB) / 127
    assert errors.std() == pytest.approx(0.0194, rel=0.12)
    assert abs(errors.mean()) < 0.001
    normalised = (errors - errors.mean()) / errors.std()
    assert (normalised**4).mean() == pytest.approx(3.0, abs=0.1)


def test_batches_equal_single_products():
    config = AnalogConfig(
        array=PcmConfig(constants=HERMES_TWO_DEVICE),
        dac=HERMES_DAC,
        adc=HERMES_ADC,
        compensation=Compensation.COLUMN,
    )
    analog = crossbar(config, 86400.0)
    batch = analog.multiply(CODES[:7], product=50)
    again = crossbar(config, 86400.0)
    for n in range(7):
        assert (again.multiply(CODES[n], product=50 + n) == batch[n]).all()


def test_other_seeds_and_chips_give_other_codes():
    config = AnalogConfig(array=PcmConfig(constants=HERMES_TWO_DEVICE), adc=HERMES_ADC)
    codes = [
        crossbar(config, key=key).multiply(CODES[0], product=0)
        for key in (KEY, NoiseKey(seed=4), NoiseKey(seed=3, chip=1), NoiseKey(seed=3, tile=1))
    ]
    for other in codes[1:]:
        assert (codes[0] != other).mean() > 0.5


def test_compensation_lowers_the_error_after_a_year():
    errors = {}
    for scope in Compensation:
        config = AnalogConfig(array=PcmConfig(constants=PCM_LIKE), compensation=scope)
        codes = crossbar(config, 365 * 86400.0).multiply(CODES, product=0)
        errors[scope] = (codes - DOTS / LSB).std()
    assert errors[Compensation.TILE] < 0.5 * errors[Compensation.NONE]
    assert errors[Compensation.COLUMN] < 1.02 * errors[Compensation.TILE]
