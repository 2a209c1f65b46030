# SPDX-License-Identifier: Apache-2.0
import re

import numpy as np
import pytest

from alpine_models.device import (
    DEVICES,
    EFFECTS,
    HERMES_ADC,
    HERMES_DAC,
    HERMES_TWO_DEVICE,
    IDEAL,
    IDEAL_ADC,
    IDEAL_DAC,
    PUBLISHED,
    Calibration,
    NoiseKey,
    ReadNoise,
    analog_device,
)
from alpine_models.durations import duration_s, duration_text
from alpine_models.errors import AlpineError

SIZES = {"ir-drop": 5, "adc-offset": 2, "adc-noise": 0.02}
FRACTIONS = {"stuck-set": 0.01, "stuck-reset": 0.3, "open-columns": 0.2}
RNG = np.random.default_rng(2)
WEIGHTS = RNG.integers(-127, 128, (64, 64)).astype(np.int8)
CODES = RNG.integers(-128, 128, (20, 64)).astype(np.int8)


def named(effect: str) -> str:
    size = {**SIZES, **FRACTIONS}.get(effect)
    return effect if size is None else f"{effect}={size}"


def codes(*effects: str, device: str = "hermes-2", seed: int = 1, **options):
    made = analog_device(device, effects=effects or None, **options)
    crossbar = made.crossbar(
        weights=WEIGHTS,
        programmed=np.ones((64, 64), np.bool_),
        lsb=np.full(64, 500.0),
        key=NoiseKey(seed=seed),
    )
    return crossbar.multiply(CODES, product=0)


def test_hermes_has_everything_that_is_published_for_it():
    config = analog_device("hermes-2").config
    assert (config.dac, config.adc) == (HERMES_DAC, HERMES_ADC)
    array = config.array
    assert (array.constants, array.wires) == (HERMES_TWO_DEVICE, IDEAL)
    assert (array.programming, array.drift) == (PUBLISHED, PUBLISHED)
    assert array.read_noise is ReadNoise.EVERY_PRODUCT


def test_pcm_has_ideal_converters():
    config = analog_device("pcm").config
    assert (config.dac, config.adc) == (IDEAL_DAC, IDEAL_ADC)


@pytest.mark.parametrize("effect", sorted(set(EFFECTS) - {"adc-uncalibrated"}))
def test_every_effect_alone_changes_codes(effect: str):
    # Calibration leaves a gain's and an offset's rounding; uncalibrated ones are seen whole.
    extra = ["adc-uncalibrated"] if effect in ("adc-gain", "adc-offset") else []
    exact = np.clip(np.rint(CODES.astype(int) @ WEIGHTS.T.astype(int) / 500.0), -128, 127)
    found = codes(named(effect), *extra, after_s=86400.0)
    assert (found != exact).any()


def test_uncalibrated_gains_differ_by_the_published_spread():
    # Signals near full scale show the gain itself: 7.09 % of 100 codes.
    device = analog_device("hermes-2", effects=["adc-gain", "adc-uncalibrated"])
    crossbar = device.crossbar(
        weights=np.full((4000, 1), 100, np.int8),
        programmed=np.ones((4000, 1), np.bool_),
        lsb=np.full(4000, 127.0),
        key=NoiseKey(seed=4),
    )
    answers = crossbar.multiply(np.array([[100]], np.int8), product=0)[0]
    assert answers.std() / (100 * 100 / 127) == pytest.approx(0.0709, rel=0.05)


def test_calibration_is_on_unless_it_is_named_off():
    assert analog_device("hermes-1").config.adc.calibration is Calibration.PER_COLUMN
    off = analog_device("hermes-1", effects=["adc-gain", "adc-uncalibrated"])
    assert off.config.adc.calibration is Calibration.NONE


def test_largest_weight_takes_the_largest_conductance():
    device = analog_device("pcm", effects=["programming"])
    crossbar = device.crossbar(
        weights=np.full((2, 2), -30, np.int8),
        programmed=np.ones((2, 2), np.bool_),
        lsb=np.ones(2),
        key=NoiseKey(seed=1),
    )
    assert crossbar.reading.weight_range == 30


@pytest.mark.parametrize("name", DEVICES)
def test_devices_are_named_as_people_type_them(name: str):
    assert str(analog_device(name, after_s=3600.0)).startswith(f"{name} after 1 hour")


@pytest.mark.parametrize(
    ("device", "options", "message"),
    [
        ("pmc", {}, "unknown device 'pmc': did you mean pcm?"),
        ("pcm", {"effects": ["dirft"]}, "unknown effect 'dirft': did you mean drift?"),
        ("pcm", {"effects": []}, "device pcm without effects is device ideal"),
        ("pcm", {"effects": ["drift", "drift"]}, "drift is named twice"),
        ("pcm", {"effects": ["drift=2"]}, "drift has no size"),
        ("pcm", {"effects": ["adc-gain"]}, "no published size for device pcm: use device hermes-1"),
        ("hermes-2", {"effects": ["adc-offset"]}, "adc-offset has no published size: give one"),
        ("hermes-2", {"effects": ["ir-drop"]}, "ir-drop has no published size: give one"),
        ("hermes-2", {"effects": ["ir-drop=0"]}, "ir-drop=0 is refused"),
        ("hermes-2", {"effects": ["ir-drop=x"]}, "ir-drop=x is refused"),
        ("hermes-2", {"effects": ["adc-counts=0.5"]}, "give a whole number"),
        ("hermes-2", {"effects": ["read", "read-frozen"]}, "count the same error twice"),
        ("hermes-2", {"effects": ["mvm-error", "drift"]}, "count the same error twice"),
        ("hermes-2", {"effects": ["adc-uncalibrated"]}, "changes nothing alone"),
        ("hermes-2", {"after_s": -1.0}, "time after programming -1 s is refused"),
        ("hermes-2", {"after_s": 4e8}, "give 0 s to ten years"),
        ("hermes-2", {"compensation": "row"}, "unknown drift compensation 'row'"),
        ("hermes-2", {"compensation": "tile", "effects": ["read"]}, "nothing to compensate"),
        ("hermes-2", {"adc_bits": 9}, "ADC bits 9 is refused"),
    ],
)
def test_mistakes_are_told(device: str, options: dict, message: str):
    with pytest.raises(AlpineError, match=message):
        analog_device(device, **options)


@pytest.mark.parametrize("effect", [name for name, entry in EFFECTS.items() if entry.unit])
def test_a_size_that_is_refused_is_told_by_the_effect_s_name(effect: str):
    # Beyond every range: the largest is that of wires, 1 megohm.
    with pytest.raises(AlpineError, match=rf"^effect {effect}=1e\+09 is refused: give ") as told:
        analog_device("hermes-2", effects=[f"{effect}=1e9"])
    assert not re.search(r"_|IDEAL|sigma", str(told.value))


@pytest.mark.parametrize("bits", [4.0, True, "4", 9])
def test_bits_are_a_whole_number(bits: object):
    with pytest.raises(AlpineError, match=f"ADC bits {bits!r} is refused: give 2 to 8"):
        analog_device("pcm", adc_bits=bits)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("25s", 25),
        ("25", 25),
        ("90min", 5400),
        ("1hour", 3600),
        ("2 hours", 7200),
        ("1day", 86400),
        ("2weeks", 14 * 86400),
        ("6months", 365.25 * 43200),
        ("1year", 365.25 * 86400),
        ("1e3s", 1000),
        (".5d", 43200),
        ("0", 0),
    ],
)
def test_durations(text: str, seconds: float):
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["-1day", "day", "", "1fortnight", "nan", "inf", "1 2s"])
def test_what_is_no_duration(text: str):
    with pytest.raises(AlpineError, match="is not understood: give a number of 0 or more"):
        duration_s(text)


def test_durations_are_written_as_they_are_read():
    for text in ("25 s", "1 hour", "1 day", "2 weeks", "1 year"):
        assert duration_text(duration_s(text)) == text
