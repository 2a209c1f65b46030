# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from alpine_models.device import (
    HERMES_ADC,
    HERMES_MVM_ERROR,
    IDEAL,
    IDEAL_ADC,
    AdcConfig,
    Calibration,
    ColumnAdcs,
    GainSpread,
    NoiseKey,
)
from alpine_models.errors import AlpineError

UNITS = 1024
"""Sum units per code in these tests."""


def convert(config: AdcConfig, signals, columns: int = 1, *, product: int = 0, compensation=1.0):
    """Codes for signals in codes, [n], each given to all columns: [n, columns]."""
    adcs = ColumnAdcs(columns=columns, config=config, key=NoiseKey(seed=2))
    sums = np.rint(np.asarray(signals) * UNITS).astype(np.int64)
    return adcs.codes(
        np.repeat(sums[:, np.newaxis], columns, axis=1),
        units_per_code=np.full(columns, float(UNITS)),
        compensation=np.full(columns, compensation, np.float32),
        product=product,
    )


def test_ideal_rounds_halves_to_even_and_clamps():
    signals = [0.5, 1.5, -0.5, -2.5, 126.5, 127.5, 400.0, -128.5, -129.0, -400.0]
    assert list(convert(IDEAL_ADC, signals)[:, 0]) == [0, 2, 0, -2, 126, 127, 127, -128, -128, -128]


@pytest.mark.parametrize("bits", [2, 4, 7])
def test_fewer_bits_give_multiples_of_their_step(bits: int):
    step = 1 << 8 - bits
    codes = convert(AdcConfig(bits=bits), np.arange(-200, 200))[:, 0]
    assert set(codes) == set(range(-128, 128, step))
    inner = np.arange(-100, 100)
    limit = (2 ** (bits - 1) - 1) * step
    expected = np.clip(np.rint(inner / step) * step, -128, limit)
    assert (convert(AdcConfig(bits=bits), inner)[:, 0] == expected).all()


def test_counts_quantise_and_saturation_cuts():
    # Ten counts for 127 codes: only 21 different codes are left.
    assert (
        len(set(convert(AdcConfig(full_scale_counts=10), np.linspace(-127, 127, 999))[:, 0])) == 21
    )
    codes = convert(AdcConfig(saturation=0.5), [0.0, 60.0, 63.0, 64.0, 100.0, -100.0])[:, 0]
    assert list(codes) == [0, 60, 63, 64, 64, -64]


def gains(config: AdcConfig, columns: int, points: int):
    """Slope of each column's codes over random inputs from -100 to 100, by least squares."""
    signals = np.random.default_rng(0).uniform(-100, 100, points)
    codes = convert(config, signals, columns).astype(float)
    return signals @ codes / (signals @ signals)


def test_gains_spread_as_published_before_calibration_and_not_after():
    # Counters left out: their steps and the codes' would beat and hide the gain.
    config = replace(HERMES_ADC, inl_codes=IDEAL, full_scale_counts=IDEAL)
    before = gains(replace(config, calibration=Calibration.NONE), 20_000, 400)
    assert before.std() == pytest.approx(0.0709, rel=0.02)
    assert before.mean() == pytest.approx(1.0, abs=0.002)
    assert 0.79 - 0.002 <= before.min() < 0.8
    assert 1.2 < before.max() <= 1.21 + 0.002
    after = gains(config, 1000, 10_000)
    # Half precision has 11 significant bits: the scale is off by 2^-11 at most. Rounding to codes
    # lets the slope scatter by 0.3 / (58 sqrt(10000)).
    assert np.abs(after - 1.0).max() < 2**-11 + 5 * 0.3 / (58 * 100)
    assert after.std() < 0.0709 / 200


def transitions(config: AdcConfig, columns: int):
    """Input at which each column's code first reaches -126, ..., 127, [252, columns] in codes."""
    signals = np.arange(-128.0, 128.0, 1 / 32)
    codes = convert(config, signals, columns)
    return np.stack(
        [
            [signals[np.searchsorted(codes[:, c], k)] for c in range(columns)]
            for k in range(-126, 127)
        ]
    )


def test_non_linearity_is_within_one_lsb_after_calibration():
    ideal = np.arange(-126, 127)[:, np.newaxis] - 0.5
    inl = np.abs(transitions(HERMES_ADC, 300) - ideal).max(axis=0)
    assert inl.max() <= 1.0
    assert inl.max() > 0.85
    bend_only = AdcConfig(inl_codes=2.0)
    inl = np.abs(transitions(bend_only, 300) - ideal).max(axis=0)
    assert 1.9 < inl.max() <= 2.0 + 1 / 32


def test_offsets_show_and_are_calibrated_away():
    spread = AdcConfig(offset_codes=5.0)
    codes = convert(spread, [0.0], 5000)[0].astype(float)
    assert codes.std() == pytest.approx(5.0, rel=0.05)
    trimmed = replace(spread, calibration=Calibration.PER_COLUMN)
    assert not convert(trimmed, [0.0], 5000).any()


def test_noise_grows_with_the_root_of_the_signal_and_changes_with_the_product():
    config = AdcConfig(noise=0.04)
    deviations = []
    for signal in (0.0, 25.0, 100.0):
        codes = convert(config, np.full(40, signal), 1000).astype(float)
        deviations.append(np.sqrt(max(codes.var() - 1 / 12, 0.0)))
    assert deviations[0] == 0.0
    assert deviations[2] == pytest.approx(0.04 * 127 * np.sqrt(100 / 127), rel=0.03)
    assert deviations[2] / deviations[1] == pytest.approx(2.0, rel=0.05)


def test_lumped_error_is_the_published_one():
    signals = np.random.default_rng(0).uniform(-100, 100, 200)
    errors = convert(HERMES_MVM_ERROR, signals, 500) - signals[:, np.newaxis]
    assert errors.std() / 127 == pytest.approx(0.0194, rel=0.02)


@pytest.mark.parametrize(
    "config", [HERMES_ADC, AdcConfig(noise=0.05), HERMES_MVM_ERROR, AdcConfig(offset_codes=3.0)]
)
def test_batches_equal_single_conversions(config: AdcConfig):
    signals = np.linspace(-140, 140, 9)
    batch = convert(config, signals, 30, product=100)
    for n, signal in enumerate(signals):
        assert (convert(config, [signal], 30, product=100 + n)[0] == batch[n]).all()


@pytest.mark.parametrize(
    "alone",
    [
        {"full_scale_counts": 100},
        {"gain": GainSpread(sigma=0.07, bound=0.21)},
        {"offset_codes": 2.0},
        {"inl_codes": 2.0},
        {"saturation": 0.9},
        {"noise": 0.05},
        {"mvm_error": 0.05},
    ],
)
def test_each_effect_alone_changes_codes(alone):
    signals = np.linspace(-127, 127, 500)
    ideal = convert(IDEAL_ADC, signals, 20)
    assert (convert(AdcConfig(**alone), signals, 20) != ideal).mean() > 0.05


def test_compensation_acts_after_counting():
    config = AdcConfig(full_scale_counts=422, saturation=1.0)
    assert list(convert(config, [30.0, 60.0], compensation=2.0)[:, 0]) == [60, 120]
    # A drifted signal that is amplified keeps the coarser steps of its counts.
    coarse = AdcConfig(full_scale_counts=64)
    assert len(set(convert(coarse, np.linspace(0, 60, 999), compensation=2.0)[:, 0])) == 31


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bits": 1}, "ADC bits 1 is refused: give 2 to 8"),
        (
            {"full_scale_counts": 5000},
            "full_scale_counts 5000 is refused: give 1 to 4095, what a 12-bit counter holds, or "
            "IDEAL",
        ),
        (
            {"offset_codes": 0.0},
            "offset_codes 0.0 is refused: give codes above 0 and up to 64, or IDEAL",
        ),
        (
            {"inl_codes": -1.0},
            "inl_codes -1.0 is refused: give codes above 0 and up to 8, or IDEAL",
        ),
        (
            {"noise": 1.5},
            "noise 1.5 is refused: give a share of the 127-code range above 0 and up to 1, or "
            "IDEAL",
        ),
        (
            {"noise": 0.1, "mvm_error": 0.1},
            "noise and mvm_error together count the integration's noise twice: make one IDEAL",
        ),
    ],
)
def test_bad_values_are_refused(options: dict[str, float], message: str):
    with pytest.raises(AlpineError) as error:
        AdcConfig(**options)  # type: ignore[arg-type]
    assert str(error.value) == message


@pytest.mark.parametrize(("sigma", "bound"), [(0.0, 0.1), (0.2, 0.1), (0.1, 1.0), (-0.1, 0.1)])
def test_bad_spreads_are_refused(sigma: float, bound: float):
    with pytest.raises(AlpineError, match=r"^gain spread sigma .* is refused: give 0 < sigma"):
        GainSpread(sigma=sigma, bound=bound)
