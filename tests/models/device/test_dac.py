# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.device import (
    DRIVE_UNITS,
    HERMES_DAC,
    IDEAL_DAC,
    DacConfig,
    NoiseKey,
    PulseWidthDac,
)
from alpine_models.errors import AlpineError

KEY = NoiseKey(seed=1)
CODES = np.arange(-128, 128).astype(np.int8)


def drives(config: DacConfig, rows: int = 256, codes=None):
    dac = PulseWidthDac(rows=rows, config=config, key=KEY)
    return dac.drives(CODES if codes is None else codes) / DRIVE_UNITS


def test_ideal_keeps_every_code():
    assert (drives(IDEAL_DAC) == CODES).all()


def test_sign_and_seven_bits_of_magnitude_cut_the_most_negative_code():
    pulses = drives(DacConfig(pulse_bits=8))
    assert pulses[0] == -127
    assert (pulses[1:] == CODES[1:]).all()


@pytest.mark.parametrize("bits", [2, 4, 7])
def test_fewer_bits_leave_whole_pulses(bits: int):
    pulses = drives(DacConfig(pulse_bits=bits))
    step = 1 << 8 - bits
    assert set(pulses) == {step * k for k in range(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1))}
    inner = np.abs(CODES.astype(int)) <= 127 - step
    assert np.abs(pulses - CODES)[inner].max() <= step / 2


def test_non_linearity_fills_its_bound_and_differs_by_row():
    dac = PulseWidthDac(rows=2000, config=DacConfig(inl_codes=1.0), key=KEY)
    errors = dac.table / DRIVE_UNITS - CODES
    peaks = np.abs(errors[:, 1:]).max(axis=1)
    half_step = 0.5 / DRIVE_UNITS
    assert peaks.max() <= 1.0 + half_step
    assert peaks.max() > 0.95
    assert peaks.mean() == pytest.approx(0.5, abs=0.03)
    assert (np.abs(errors[:, [1, 128, 255]]) <= half_step).all()  # -127, 0, 127 stay


def test_hermes_stays_within_one_lsb():
    errors = PulseWidthDac(rows=512, config=HERMES_DAC, key=KEY).table / DRIVE_UNITS - CODES
    assert np.abs(errors[:, 1:]).max() <= 1.0 + 0.5 / DRIVE_UNITS


def test_batches_have_each_rows_own_curve():
    config = DacConfig(inl_codes=4.0)
    codes = np.random.default_rng(0).integers(-128, 128, (6, 256)).astype(np.int8)
    batch = drives(config, codes=codes)
    for n in range(6):
        assert (drives(config, codes=codes[n]) == batch[n]).all()
    same = np.full(256, 73, np.int8)
    assert len(set(drives(config, codes=same))) > 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pulse_bits": 0}, "pulse_bits 0 is refused: give 2 to 8, or IDEAL"),
        ({"pulse_bits": 9}, "pulse_bits 9 is refused: give 2 to 8, or IDEAL"),
        (
            {"inl_codes": 0.0},
            "inl_codes 0.0 is refused: give codes above 0 and up to 8, or IDEAL",
        ),
        (
            {"inl_codes": 9.0},
            "inl_codes 9.0 is refused: give codes above 0 and up to 8, or IDEAL",
        ),
    ],
)
def test_bad_values_are_refused(options: dict[str, float], message: str):
    with pytest.raises(AlpineError) as error:
        DacConfig(**options)  # type: ignore[arg-type]
    assert str(error.value) == message
