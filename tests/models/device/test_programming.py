# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_models.device import (
    MAX_ROUNDS,
    NoiseKey,
    ProgramVerify,
    analog_device,
    pulse_cost,
    row_cost,
    verify_margin,
)
from alpine_models.errors import AlpineError

# Far enough from what int8 holds that no reading is cut.
WEIGHTS = np.random.default_rng(6).integers(-100, 101, (64, 64)).astype(np.int8)
ALL = np.ones(WEIGHTS.shape, np.bool_)


def crossbar(device, *, verify: bool):
    return device.crossbar(
        weights=WEIGHTS, programmed=ALL, lsb=np.ones(64), key=NoiseKey(seed=2), verify=verify
    )


def errors(tile) -> np.ndarray:
    return tile.reading.conductances / tile.reading.steps_per_weight - WEIGHTS


def test_margins_are_five_counts_of_the_largest_conductance():
    # Le Gallo et al.: 5 counts; 160 hold g_max with two devices per polarity, 80 with one.
    assert verify_margin("hermes-2") == pytest.approx(127 * 5 / 160)
    assert verify_margin("hermes-1") == pytest.approx(127 * 5 / 80)


def test_without_read_noise_every_cell_ends_within_the_margin():
    device = analog_device("pcm", effects=["programming"], verify="4")
    before, after = (crossbar(device, verify=verify) for verify in (False, True))
    assert np.abs(errors(before)).max() > 4.5
    # What is read is rounded to whole weights: a difference of up to 4 is accepted.
    assert np.abs(errors(after)).max() <= 4.5
    accepted = np.abs(np.rint(errors(before))) <= 4
    assert (errors(after)[accepted] == errors(before)[accepted]).all()


def test_the_first_round_rejects_what_a_normal_error_says():
    # Weight 127 on g_max: 25 uS errs by 0.26348 + 1.9650 - 1.1731 = 1.0554 uS, that is 5.361
    # weights; the idle device by 0.26348 uS when it errs upwards, 1.338 weights. Beyond 7.5
    # weights, integrated over both by simulation with numpy's own normal numbers.
    rng = np.random.default_rng(0)
    error = 5.361 * rng.standard_normal(1 << 20)
    error -= np.maximum(1.338 * rng.standard_normal(1 << 20), 0)
    expected = (np.abs(error) > 7.5).mean()
    device = analog_device("pcm", effects=["programming"], verify="7")
    weights = np.full((256, 256), 127, np.int8)
    everywhere = np.ones(weights.shape, np.bool_)
    tile = device.crossbar(
        weights=weights, programmed=everywhere, lsb=np.ones(256), key=NoiseKey(seed=1), verify=False
    )
    check = device.verification(tile, weights=weights, programmed=everywhere)
    # Read back, what is above 127 weights is found as 127: int8 holds no more, and such cells pass.
    found = check.read().astype(np.int64)
    low = (found - 127 < -7).mean()
    assert low == pytest.approx((error < -7.5).mean(), rel=0.03)
    assert check.reject(found.astype(np.int8)).mean() == pytest.approx(low)
    assert expected > low


def test_reads_before_use_have_noise_of_their_own():
    device = analog_device("hermes-2", verify="published")
    tile = crossbar(device, verify=False)
    check = device.verification(tile, weights=WEIGHTS, programmed=ALL)
    first, second = check.read(), tile.verify_read(2)
    assert (first != second).any()
    tile.age(0.0)
    assert (tile.read_back != first).any()


def test_verification_stops_after_the_published_iterations():
    device = analog_device("pcm", verify="0.25")
    tile = crossbar(device, verify=False)
    check = device.verification(tile, weights=WEIGHTS, programmed=ALL)
    check.run()
    assert check.rounds == MAX_ROUNDS == 30
    assert check.pending.any()
    assert check.reads == check.writes + WEIGHTS.size


def test_unprogrammed_cells_are_left_alone():
    device = analog_device("pcm", verify="3")
    half = ALL.copy()
    half[:, 32:] = False
    tile = device.crossbar(weights=WEIGHTS, programmed=half, lsb=np.ones(64), key=NoiseKey(seed=1))
    assert not tile.reading.conductances[:, 32:].any()


def test_pulses_of_one_array():
    # 256 x 256 cells of four devices: 1024 diagonals of 256. An iteration of one takes eight pulses
    # of 125 ns and 768 ns of reading; its 256 pulses take 2.5 V x 125 uA to 700 uA x 125 ns each.
    cost = pulse_cost("hermes-2", writes=65536, reads=10)
    assert cost.least_s == pytest.approx(1024 * 1.768e-6 + 10 * 768e-9)
    assert cost.most_s == pytest.approx(30 * 1024 * 1.768e-6 + 10 * 768e-9)
    assert cost.least_j == pytest.approx(262144 * 2.5 * 125e-6 * 125e-9)
    assert cost.most_j == pytest.approx(30 * 262144 * 2.5 * 700e-6 * 125e-9)


def test_rows_take_twenty_to_thirty_products():
    cost = row_cost(rows=256, product_s=130e-9, product_j=10e-9)
    assert (cost.least_s, cost.most_s) == pytest.approx((256 * 20 * 130e-9, 256 * 30 * 130e-9))
    assert (cost.least_j, cost.most_j) == pytest.approx((256 * 20 * 10e-9, 256 * 30 * 10e-9))


@pytest.mark.parametrize(
    ("device", "options", "message"),
    [
        ("pcm", {"verify": "published"}, "no margin of convergence is published for device pcm"),
        ("pcm", {"verify": "0"}, "verify margin 0 is refused"),
        ("pcm", {"verify": "much"}, "verify margin much is refused"),
        ("pcm", {"verify": "4", "effects": ["drift"]}, "add effect programming"),
    ],
)
def test_margins_that_are_refused(device: str, options: dict, message: str):
    with pytest.raises(AlpineError, match=message):
        analog_device(device, **options)


def test_a_margin_is_positive():
    device = analog_device("pcm")
    tile = crossbar(device, verify=True)
    with pytest.raises(AlpineError, match=r"verify margin 0\.0 is refused"):
        ProgramVerify(tile, weights=WEIGHTS, programmed=ALL, margin=0.0)
    with pytest.raises(AlpineError, match="device pcm is not verified"):
        device.verification(tile, weights=WEIGHTS, programmed=ALL)
