# SPDX-License-Identifier: Apache-2.0
import hashlib
import subprocess
import sys

import numpy as np
import pytest

from alpine_models.device import (
    DRIVE_UNITS,
    HERMES_TWO_DEVICE,
    IDEAL,
    MAX_TIME_S,
    PCM_LIKE,
    Effect,
    NoiseKey,
    PcmArray,
    PcmConfig,
    ReadNoise,
    Wires,
    pcm_set,
)
from alpine_models.device.kernels import round_variances
from alpine_models.device.noise import line_normals
from alpine_models.errors import AlpineError

YEAR_S = 365 * 86400.0
EXACT = PcmConfig(constants=PCM_LIKE, programming=IDEAL, drift=IDEAL, read_noise=IDEAL)
RNG = np.random.default_rng(99)
WEIGHTS = RNG.integers(-127, 128, (40, 600)).astype(np.int8)
CODES = RNG.integers(-128, 128, (9, 600)).astype(np.int8)


def programmed(config: PcmConfig, weights=WEIGHTS, seed: int = 1, **options) -> PcmArray:
    array = PcmArray(
        rows=weights.shape[1], columns=weights.shape[0], config=config, key=NoiseKey(seed=seed)
    )
    array.program(weights, **options)
    return array


@pytest.mark.parametrize("weight_range", [127, 128])
def test_without_imperfections_sums_are_the_dot_products(weight_range: int):
    config = PcmConfig(
        constants=PCM_LIKE,
        weight_range=weight_range,
        programming=IDEAL,
        drift=IDEAL,
        read_noise=IDEAL,
    )
    reading = programmed(config).at(YEAR_S)
    dots = CODES.astype(np.int64) @ WEIGHTS.T.astype(np.int64)
    assert (reading.multiply(CODES, product=0) == dots * reading.sum_units).all()


def test_largest_sums_do_not_overflow():
    weights = np.full((1, 4096), -127, np.int8)
    reading = programmed(EXACT, weights).at(0.0)
    codes = np.full(4096, -128, np.int8)
    assert reading.multiply(codes, product=0)[0] == 4096 * 127 * 128 * reading.sum_units


def test_drives_between_codes_add_exactly():
    reading = programmed(EXACT).at(0.0)
    drives = RNG.integers(-2040, 2040, (5, 600)).astype(np.int16)
    expected = drives.astype(np.int64) @ reading.conductances.T.astype(np.int64)
    assert (reading.multiply(drives, product=0) == expected).all()


def test_codes_and_their_drives_give_the_same_noise_too():
    reading = programmed(PcmConfig(constants=PCM_LIKE)).at(YEAR_S)
    drives = CODES.astype(np.int16) * DRIVE_UNITS
    assert (reading.multiply(CODES, product=5) == reading.multiply(drives, product=5)).all()


def test_noise_is_as_the_contract_says_to_the_bit():
    # What a C++ engine has to reproduce, written out in numpy.
    array = programmed(PcmConfig(constants=PCM_LIKE))
    reading = array.at(3600.0)
    codes = CODES[0].astype(np.int64)
    variance = reading.variance_steps.astype(np.int64) @ (codes * codes)
    deviation = np.sqrt(variance * reading.variance_unit) * 16.0
    noise = np.rint(deviation * line_normals(array.key, Effect.READ_PRODUCT, 40, 77))
    expected = 16 * (reading.conductances.astype(np.int64) @ codes) + noise.astype(np.int64)
    assert (reading.multiply(CODES[0], product=77) == expected).all()


@pytest.mark.parametrize("inputs", [CODES, CODES.astype(np.int16) * 15])
def test_batches_equal_single_products_bit_for_bit(inputs):
    reading = programmed(PcmConfig(constants=HERMES_TWO_DEVICE)).at(86400.0)
    batch = reading.multiply(inputs, product=1000)
    for n, vector in enumerate(inputs):
        assert (reading.multiply(vector, product=1000 + n) == batch[n]).all()
    assert (reading.multiply(inputs[4:], product=1004) == batch[4:]).all()


def test_every_product_is_noisy_anew_and_frozen_noise_stays():
    inputs = np.tile(CODES[0], (3, 1))
    flickering = programmed(PcmConfig(constants=PCM_LIKE)).at(60.0).multiply(inputs, product=0)
    assert (flickering[0] != flickering[1]).any()
    array = programmed(PcmConfig(constants=PCM_LIKE, read_noise=ReadNoise.FROZEN))
    frozen = array.at(60.0).multiply(inputs, product=0)
    assert (frozen[0] == frozen[1]).all()
    assert (frozen != array.at(60.0, reading=1).multiply(inputs, product=0)).any()


def digest(seed: int, chip: int = 0, cycle: int = 0) -> str:
    config = PcmConfig(constants=PCM_LIKE, wires=Wires(word_ohm=1.0, bit_ohm=1.0))
    array = PcmArray(rows=600, columns=40, config=config, key=NoiseKey(seed=seed, chip=chip))
    array.program(WEIGHTS, cycle=cycle)
    return hashlib.sha256(array.at(86400.0).multiply(CODES, product=3).tobytes()).hexdigest()


def test_same_address_same_bits_and_any_other_differs():
    assert digest(1) == digest(1)
    assert len({digest(1), digest(2), digest(1, chip=1), digest(1, cycle=1)}) == 4


def test_another_process_gives_the_same_bits():
    script = """
import numpy as np
from alpine_models.device import *
rng = np.random.default_rng(99)
weights = rng.integers(-127, 128, (40, 600)).astype(np.int8)
codes = rng.integers(-128, 128, (9, 600)).astype(np.int8)
config = PcmConfig(constants=PCM_LIKE, wires=Wires(word_ohm=1.0, bit_ohm=1.0))
array = PcmArray(rows=600, columns=40, config=config, key=NoiseKey(seed=1))
array.program(weights)
import hashlib
sums = np.stack([array.at(86400.0).multiply(code, product=3 + n) for n, code in enumerate(codes)])
print(hashlib.sha256(sums.tobytes()).hexdigest())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == digest(1)


@pytest.mark.parametrize(
    "options",
    [
        {"programming": IDEAL, "drift": IDEAL},
        {"programming": IDEAL, "read_noise": IDEAL},
        {"drift": IDEAL, "read_noise": IDEAL},
    ],
)
def test_each_effect_alone_changes_the_sums(options):
    ideal = programmed(EXACT).at(86400.0).multiply(CODES, product=0)
    config = PcmConfig(constants=PCM_LIKE, **options)
    assert (programmed(config).at(86400.0).multiply(CODES, product=0) != ideal).mean() > 0.9


def test_drift_alone_lowers_conductances_by_the_time_ratio():
    config = PcmConfig(constants=PCM_LIKE, programming=IDEAL, read_noise=IDEAL)
    array = programmed(config)
    steps = array.config.steps_per_weight
    positive = np.maximum(WEIGHTS, 0) * ((YEAR_S + 20) / 20) ** -array.exponents[0].astype(float)
    negative = np.maximum(-WEIGHTS, 0) * ((YEAR_S + 20) / 20) ** -array.exponents[1].astype(float)
    expected = (positive - negative) * steps
    assert array.at(YEAR_S).conductances == pytest.approx(expected, abs=0.51)


def test_cells_that_were_not_programmed_conduct_nothing():
    mask = np.zeros(WEIGHTS.shape, np.bool_)
    mask[:, :300] = True
    array = programmed(PcmConfig(constants=PCM_LIKE), programmed=mask)
    reading = array.at(86400.0)
    assert not reading.conductances[:, 300:].any()
    assert not reading.variance_steps[:, 300:].any()
    whole = programmed(PcmConfig(constants=PCM_LIKE)).at(86400.0)
    assert (reading.conductances[:, :300] == whole.conductances[:, :300]).all()


def test_a_cells_noise_does_not_depend_on_the_size_of_its_array():
    part = programmed(PcmConfig(constants=PCM_LIKE), WEIGHTS[:7, :50].copy())
    whole = programmed(PcmConfig(constants=PCM_LIKE))
    assert (part.conductances == whole.conductances[:, :7, :50]).all()


def test_grid_is_far_finer_than_the_programming_error():
    for weight_range in range(1, 129):
        config = PcmConfig(constants=HERMES_TWO_DEVICE, weight_range=weight_range)
        rounding_us = config.grid_us / np.sqrt(12)
        assert rounding_us < 0.166 / 200
        assert config.grid_us * 32767 > 1.9 * 20.7


def test_rounded_variances_keep_each_columns_total_to_half_a_step():
    variances = np.random.default_rng(3).gamma(0.3, size=(6, 500))
    variances[5] = 0.0
    steps, unit = np.empty(variances.shape, np.uint8), np.empty(6)
    round_variances(variances, steps, unit)
    totals = steps.astype(np.int64).sum(axis=1) * unit
    assert (np.abs(totals - variances.sum(axis=1)) <= 0.5001 * unit).all()
    assert (steps[:5].max(axis=1) >= 253).all()
    assert not steps[5].any()


def test_a_smaller_conductance_range_is_allowed_and_noisier():
    narrow = PcmConfig(constants=PCM_LIKE, g_min_us=2.0, g_max_us=10.0, read_noise=IDEAL)
    wide = PcmConfig(constants=PCM_LIKE, read_noise=IDEAL)
    errors = []
    for config in (narrow, wide):
        reading = programmed(config).at(0.0)
        errors.append((reading.conductances / config.steps_per_weight - WEIGHTS).std())
    assert errors[0] > 1.5 * errors[1]


def test_a_wrong_set_name_gets_near_names():
    with pytest.raises(AlpineError, match=r"unknown device constants 'hermes2'.*hermes-2"):
        pcm_set("hermes2")
    assert pcm_set("hermes-2") is HERMES_TWO_DEVICE


@pytest.mark.parametrize("time_s", [-1.0, float("nan"), float("inf"), MAX_TIME_S * 1.01])
def test_absurd_times_are_refused(time_s: float):
    array = programmed(EXACT)
    with pytest.raises(AlpineError) as error:
        array.at(time_s)
    assert str(error.value) == (
        f"time after programming {time_s!r} s is refused: give 0 s to ten years (3.15576e+08 s); "
        f"the drift law is not followed further"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"weight_range": 0},
            "weight_range 0 is refused: give the largest magnitude of an 8-bit weight, 1 to 128",
        ),
        (
            {"weight_range": 12.5},
            "weight_range 12.5 is refused: give the largest magnitude of an 8-bit weight, 1 to 128",
        ),
        (
            {"g_max_us": 30.0},
            "g_max_us 30.0 is refused: pcm-like devices are characterised above 0 and up to 25 uS",
        ),
        (
            {"g_min_us": -1.0},
            "g_min_us -1.0 is refused: give at least 0 and less than g_max_us, 25 uS",
        ),
        (
            {"g_min_us": 25.0},
            "g_min_us 25.0 is refused: give at least 0 and less than g_max_us, 25 uS",
        ),
        (
            {"g_min_us": 24.9},
            "conductances from 24.9 to 25 uS cannot represent weights: the programming error there "
            "is 1.06 uS and the range must be 8.5 times as wide; widen it",
        ),
        (
            {"g_max_us": 5.0},
            "conductances from 0 to 5 uS cannot represent weights: the programming error there is "
            "0.61 uS and the range must be 8.5 times as wide; widen it",
        ),
    ],
)
def test_ranges_that_cannot_hold_weights_are_refused(options: dict[str, float], message: str):
    with pytest.raises(AlpineError) as error:
        PcmConfig(constants=PCM_LIKE, **options)  # type: ignore[arg-type]
    assert str(error.value) == message


def test_weights_beyond_their_range_are_refused():
    array = PcmArray(rows=2, columns=1, config=EXACT, key=NoiseKey(seed=1))
    with pytest.raises(AlpineError, match=r"^weight magnitude 128 does not fit weight_range 127: "):
        array.program(np.array([[-128, 0]], np.int8))


def test_wrong_shapes_and_types_are_refused():
    array = programmed(EXACT)
    with pytest.raises(AlpineError, match=r"^weights are int64 with the shape \(2, 2\)"):
        array.program(np.zeros((2, 2), np.int64))  # type: ignore[arg-type]
    with pytest.raises(AlpineError, match=r"^the mask of programmed cells has the shape \(1,\)"):
        array.program(WEIGHTS, programmed=np.ones(1, np.bool_))
    reading = array.at(0.0)
    with pytest.raises(AlpineError, match=r"^inputs are float64 with the shape \(600,\)"):
        reading.multiply(np.zeros(600), product=0)  # type: ignore[arg-type]
    with pytest.raises(AlpineError, match=r"^inputs are int8 with the shape \(599,\)"):
        reading.multiply(np.zeros(599, np.int8), product=0)
    with pytest.raises(AlpineError, match=r"^a drive is outside -2056 to 2039: "):
        reading.multiply(np.full(600, 2040, np.int16), product=0)


@pytest.mark.parametrize(("rows", "columns"), [(0, 4), (4, -1), (65537, 1)])
def test_absurd_sizes_are_refused(rows: int, columns: int):
    with pytest.raises(AlpineError, match=r"is refused: an array has 1 to 65536 lines a side$"):
        PcmArray(rows=rows, columns=columns, config=EXACT, key=NoiseKey(seed=1))


@pytest.mark.parametrize("cycle", [-1, 1 << 56])
def test_absurd_cycles_are_refused(cycle: int):
    with pytest.raises(AlpineError, match=f"product {cycle} is refused"):
        programmed(EXACT, cycle=cycle)
