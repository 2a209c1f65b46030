# SPDX-License-Identifier: Apache-2.0
"""Whole runs on imperfect chips."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.cosim.chips import chip_series
from tests.sw.lstm_helpers import network

from alpine_cosim import RunResult, run
from alpine_cosim.hardware.native_macro import AnalogProducts
from alpine_cosim.measurement.analog_outcome import Spread
from alpine_cosim.spec import lstm
from alpine_models.device import NoiseKey, analog_device
from alpine_models.errors import AlpineError

HERMES = {"device": "hermes-2", "after": "1day", "compensate": "tile", "seed": 7}


CASE = 2
"""Its tiles are those of `test_session.py` and `test_lstm_session.py`, which are built once."""


def mlp(engine: str = "model", **options) -> RunResult:
    options = {"case": CASE, "inferences": 2, "back_door": True, **HERMES, **options}
    return run("mlp", engine=engine, **options)


@pytest.fixture(scope="module")
def two_chips() -> RunResult:
    return mlp("rtl", chips=2)


def test_engines_agree_bit_for_bit(two_chips: RunResult):
    same = {"engine": "", "host_seconds": 0.0, "host_tile_cycles_per_second": None}
    assert replace(mlp("model", chips=2), **same) == replace(two_chips, **same)
    assert two_chips.outputs_equal_golden is None


def test_cocotb_agrees_and_a_chip_is_the_same_one_alone(two_chips: RunResult):
    alone = mlp("cocotb")
    assert alone.analog.chips == two_chips.analog.chips[:1]
    assert alone.outputs_sha256 == two_chips.analog.chips[0].outputs_sha256


def test_programming_through_the_port_gives_the_same_chip(two_chips: RunResult):
    port = mlp(back_door=False)
    assert port.outputs_sha256 == two_chips.analog.chips[0].outputs_sha256


@pytest.mark.parametrize(
    "options",
    [{"seed": 8}, {"after": "1year"}, {"compensate": "none"}, {"effects": ["drift", "read"]}],
    ids=lambda options: next(iter(options)),
)
def test_what_is_changed_changes_outputs(two_chips: RunResult, options: dict):
    if "effects" in options:
        options = {**options, "compensate": "column"}
    assert mlp(**options).outputs_sha256 != two_chips.analog.chips[0].outputs_sha256


def test_chips_differ_and_times_do_not(two_chips: RunResult):
    first, second = two_chips.analog.chips
    assert first.outputs_sha256 != second.outputs_sha256
    ideal = run("mlp", case=CASE, engine="model", inferences=2, back_door=True)
    assert (ideal.device, ideal.analog, ideal.outputs_equal_golden) == ("ideal", None, True)
    assert (ideal.time_s, ideal.energy_j) == (two_chips.time_s, two_chips.energy_j)


def test_recurrent_network_on_both_engines():
    results = [
        run("lstm-256", case=CASE, engine=engine, inferences=3, back_door=True, **HERMES)
        for engine in ("rtl", "model")
    ]
    assert results[0].outputs_sha256 == results[1].outputs_sha256
    outcome = results[0].analog
    assert outcome.bits_per_character.mean == results[0].bits_per_character
    assert 0 < outcome.output_error.mean < 1


def test_verified_cells_are_the_same_through_the_port_and_without_the_system(monkeypatch):
    small = network(8)
    monkeypatch.setattr(lstm, "load_lstm", lambda hidden, weights: small)
    options = {**HERMES, "verify": "published", "chips": 2}
    port, direct = (
        run("lstm-256", engine=engine, inferences=2, back_door=back_door, **options)
        for engine, back_door in (("rtl", False), ("model", True))
    )
    assert port.outputs_sha256 == direct.outputs_sha256
    assert (port.time_s, port.energy_j) == (direct.time_s, direct.energy_j)
    spent = port.programming
    # Every cell is written once and read once, and once more each time it is written again.
    assert spent.cells == 4 * 8 * (8 + 50) + 50 * 8
    assert spent.read == spent.cells + spent.rewritten > spent.cells
    assert spent.arrays == direct.programming.arrays
    assert replace(spent, method="back-door", tile_cycles=0, time_s=0.0) == direct.programming
    # A cell takes two tile cycles on the port, written or read.
    cycles = 2 * (spent.cells + spent.rewritten + spent.read)
    assert spent.tile_cycles == pytest.approx(cycles, rel=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "ideal"}, "time after programming 1day says nothing about device ideal"),
        ({"chips": 0}, "chips 0 is refused: give a whole number from 1 on, 65536 at most"),
        ({"seed": 1 << 64}, "seed 18446744073709551616 is refused"),
        ({"after": "-1day"}, "time '-1day' is not understood"),
        ({"after": "11years"}, "give 0 s to ten years"),
        ({"case": "digital"}, "case digital has no tile that could be made of hermes-2"),
    ],
)
def test_mistakes_are_one_line(options: dict, message: str):
    with pytest.raises(AlpineError, match=message):
        mlp(**options)


@pytest.mark.parametrize(
    "options",
    [
        *[{"chips": chips} for chips in (2.5, True, "2", None, 1 << 17)],
        *[{"seed": seed} for seed in (1.5, "0", True, None, -1)],
        *[{"adc_bits": bits} for bits in (4.5, "6", True, 1, 9)],
        *[{"effects": effects} for effects in ("drift", [1], 3)],
        *[{"after": after} for after in (True, [1], np.nan, -1.0, "tomorrow")],
        *[{"verify": margin} for margin in (True, np.nan, -1, "1e999", [1])],
        *[{"compensate": scope} for scope in (3, "rows", True, "")],
        *[{"device": name} for name in (None, 3, "Pcm")],
    ],
)
def test_options_of_devices_have_the_type_and_range_that_they_need(options: dict):
    with pytest.raises(AlpineError) as caught:
        chip_series(**{"device": "pcm", **options})
    assert "\n" not in str(caught.value)


def test_numbers_of_devices_may_come_from_numpy():
    made = chip_series("pcm", chips=np.int8(2), seed=np.uint64(3), adc_bits=np.int64(6), after=1)
    plain = chip_series("pcm", chips=2, seed=3, adc_bits=6, after="1s")
    assert made == plain


def test_products_on_a_part_of_an_array_are_those_of_the_whole():
    rng = np.random.default_rng(1)
    programmed = np.zeros((50, 90), np.bool_)
    programmed[3:33, 10:70] = True
    analog = analog_device("hermes-2", after_s=3600.0).crossbar(
        weights=rng.integers(-127, 128, (50, 90)).astype(np.int8),
        programmed=programmed,
        lsb=np.full(50, 1000.0),
        key=NoiseKey(seed=3),
    )
    codes = np.zeros((21, 90), np.int8)
    codes[:, 10:70] = rng.integers(-128, 128, (21, 60))
    expected = [analog.multiply(vector, product=5 + 2 * i) for i, vector in enumerate(codes)]
    found = AnalogProducts(analog).multiply(
        codes[:, 10:70], row=10, column=3, columns=30, first=5, step=2
    )
    assert (found == np.array(expected)[:, 3:33]).all()


def test_confidence_of_a_mean():
    # Student's t for 4 degrees of freedom and 95 %: 2.776 (any table).
    spread = Spread.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert spread.mean == 3.0
    assert spread.deviation == pytest.approx(math.sqrt(2.5))
    assert spread.half_width == pytest.approx(2.776 * math.sqrt(2.5 / 5), rel=1e-3)
    assert Spread.of([0.5]) == Spread(mean=0.5, deviation=None, low=None, high=None)
