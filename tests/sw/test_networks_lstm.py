# SPDX-License-Identifier: Apache-2.0
import dataclasses
import functools
import itertools
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import alpine_sw
from alpine_models.errors import AlpineError
from alpine_sw.datasets.texts import SYMBOLS, encode, load_king_james_excerpt, one_hot
from alpine_sw.datasets.weight_file import (
    HARDWARE_AWARE,
    read_weight_file,
    write_weight_file,
)
from alpine_sw.graph import Interpreter, arithmetic
from alpine_sw.networks import (
    LSTM_SIZES,
    LstmNetwork,
    LstmTrainingRecord,
    load_lstm,
    save_lstm,
)
from alpine_sw.networks.lstm import LSTM_STREAMS, mean_bits, pick_symbol, streams

SHIPPED = Path(alpine_sw.__file__).parent / "data" / "lstm"

MOST_BITS = {256: 2.3, 512: 2.3, 750: 2.0}
"""What the project asks for on held-out text, in bits per character."""

RECORD = LstmTrainingRecord(
    script="by hand",
    torch_version="none",
    data_set="none",
    test_set="none",
    seed=1,
    epochs=2,
    test_symbols=3,
    streams=4,
    fp32_bits=1.5,
    int8_bits=1.75,
)

sizes = pytest.mark.parametrize("hidden", LSTM_SIZES)
files = pytest.mark.parametrize(
    ("hidden", "file"), [*((hidden, None) for hidden in LSTM_SIZES), (256, Path(HARDWARE_AWARE))]
)
shipped = functools.cache(load_lstm)


def random_network(hidden: int = 6, seed: int = 4, **changes: Any) -> LstmNetwork:
    rng = np.random.default_rng(seed)
    arrays: dict[str, Any] = {
        "name": "small",
        "cell_weights": rng.integers(-127, 128, (4 * hidden, hidden + 50), np.int8),
        "cell_lsb": rng.uniform(100, 300, 4 * hidden).astype(np.float32),
        "gate_scale": 6 / 128,
        "dense_weights": rng.integers(-127, 128, (50, hidden), np.int8),
        "dense_lsb": rng.uniform(100, 300, 50).astype(np.float32),
        "logit_scale": 8 / 128,
    }
    return LstmNetwork(**{**arrays, **changes})


def complaint(action: Callable[[], object]) -> str:
    with pytest.raises(AlpineError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


# The shipped networks


@sizes
def test_a_shipped_network_has_the_published_shape(hidden: int):
    network = shipped(hidden)
    assert network.name == f"lstm-{hidden}"
    assert network.hidden == hidden
    assert network.cell_weights.shape == (4 * hidden, hidden + 50)
    assert network.dense_weights.shape == (50, hidden)
    assert network.cell_weights.dtype == network.dense_weights.dtype == np.int8
    assert network.cell_lsb.dtype == network.dense_lsb.dtype == np.float32
    # No symbol has the numbers 41 to 49, so these inputs are never hot.
    assert not network.cell_weights[:, hidden + len(SYMBOLS) :].any()


@pytest.mark.parametrize(
    ("hidden", "published"), [(256, 377.3e3), (512, 1.28e6), (750, 2.6e6)], ids=str
)
def test_published_parameters_count_fifty_rows_more(hidden: int, published: float):
    network = shipped(hidden)
    parameters = network.cell_weights.size + network.dense_weights.size
    # To the precision in which they are printed: 377344, 1278976 and 2587500.
    assert parameters + 50 * 4 * hidden == pytest.approx(published, rel=0.005)
    assert parameters != pytest.approx(published, rel=0.05)


def test_shipped_weights_are_small():
    files = list(SHIPPED.iterdir())
    names = {f"weights_{size}.npz" for size in LSTM_SIZES} | {"weights_256_hardware_aware.npz"}
    assert {file.name for file in files} == names
    assert sum(file.stat().st_size for file in files) <= 4_000_000


@files
def test_a_shipped_network_says_where_it_comes_from(hidden: int, file: Path | None):
    network = shipped(hidden, file)
    record = network.training
    assert record is not None
    assert record.weight_noise == (
        "none" if file is None else "0.06 of an output's largest weight, cut at 2.5 deviations"
    )
    assert record.script == "alpine_sw.training.lstm"
    assert "without held-out chapters" in record.data_set
    assert record.test_set.endswith("held-out chapters")
    assert record.test_symbols == len(load_king_james_excerpt())
    assert record.streams == LSTM_STREAMS
    assert network.fp32_bits == record.fp32_bits


@files
def test_int8_bits_on_all_held_out_text_are_the_recorded_ones_and_close_to_fp32(
    hidden: int, file: Path | None
):
    network = shipped(hidden, file)
    assert network.training is not None
    bits = network.bits_per_character(load_king_james_excerpt())
    # Probabilities are the same on every machine, their logarithms but for the last digits.
    assert bits == pytest.approx(network.training.int8_bits, abs=1e-9)
    assert bits <= MOST_BITS[hidden]
    assert abs(bits - network.training.fp32_bits) <= 0.1


def test_larger_networks_predict_better():
    bits = [record.int8_bits for size in LSTM_SIZES if (record := shipped(size).training)]
    assert len(bits) == 3
    assert bits[0] > bits[1] > bits[2]


@sizes
def test_the_code_ranges_are_well_used(hidden: int):
    network = shipped(hidden)
    cell: list[np.ndarray] = []
    seen: dict[str, np.ndarray] = {}

    def cell_codes(vectors: np.ndarray) -> np.ndarray:
        cell.append(arithmetic.dense(vectors, network.cell_weights, network.cell_lsb))
        return cell[-1]

    interpreter = Interpreter(
        network.graph(), products={"cell": cell_codes}, observe=seen.__setitem__
    )
    interpreter.run({"symbol": one_hot(encode(load_king_james_excerpt()[:400]))})
    assert len(cell) == 400
    logits = seen["codes"][:, : len(SYMBOLS)]
    for codes in (np.concatenate(cell), logits):
        assert int(codes.max()) - int(codes.min()) >= 128  # half of all codes
    assert np.mean(np.abs(logits.astype(int)) >= 127) < 0.02


@sizes
def test_shipped_weights_cannot_be_changed_by_accident(hidden: int):
    network = shipped(hidden)
    for array in (
        network.cell_weights,
        network.cell_lsb,
        network.dense_weights,
        network.dense_lsb,
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_network_writes_words():
    written = shipped(256).generate("And God said, Let there be ", length=2000, seed=5)
    known = set(load_king_james_excerpt().split())
    words = written.split()[1:-1]
    assert len(words) > 250
    assert np.mean([word in known for word in words]) > 0.7


# Bits per character


def test_bits_of_one_piece_are_those_of_the_golden_outputs():
    network = random_network()
    text = load_king_james_excerpt()[:300]
    numbers = encode(text)
    outputs = network.golden(one_hot(numbers[:-1]))
    assert outputs.shape == (299, 50)
    assert outputs.dtype == np.float32
    expected = -sum(
        math.log2(row[number])
        for row, number in zip(outputs.tolist(), numbers[1:].tolist(), strict=True)
    )
    assert network.bits_per_character(text, pieces=1) == pytest.approx(expected / 299, abs=1e-12)
    assert mean_bits(outputs, numbers[1:]) == pytest.approx(expected / 299, abs=1e-12)


@pytest.mark.parametrize("pieces", [2, 7, 64, 299, 1000])
def test_bits_of_many_pieces_start_each_from_nothing(pieces: int):
    network = random_network()
    numbers = encode(load_king_james_excerpt()[:300])
    total = 0.0
    for piece in np.array_split(np.arange(299), min(pieces, 299)):
        outputs = network.golden(one_hot(numbers[piece]))
        total += mean_bits(outputs, numbers[piece + 1]) * len(piece)
    text = load_king_james_excerpt()[:300]
    assert network.bits_per_character(text, pieces=pieces) == pytest.approx(total / 299, abs=1e-12)


@given(count=st.integers(1, 200), pieces=st.integers(1, 250))
def test_streams_read_every_position_once_in_order(count: int, pieces: int):
    steps = streams(count, pieces)
    assert sorted(np.concatenate(steps).tolist()) == list(range(count))
    assert len(steps[0]) == min(pieces, count)
    assert all(len(positions) == len(steps[0]) for positions in steps[:-1])
    for before, after in itertools.pairwise(steps):
        assert after.tolist() == (before[: len(after)] + 1).tolist()


def test_a_certain_network_needs_no_bits_and_an_even_one_log2_of_50():
    # Cell: gate sums are 0 but for the input weights; unit 0 is 1 whatever comes.
    hidden = 1
    cell = np.zeros((4, hidden + 50), np.int8)
    cell[:, hidden:] = 127
    dense = np.zeros((50, hidden), np.int8)
    even = random_network(hidden=1, cell_weights=cell, dense_weights=dense)
    assert even.bits_per_character("abab") == pytest.approx(math.log2(50), abs=1e-6)
    dense = dense.copy()
    dense[SYMBOLS.index("a")] = 127
    certain = random_network(
        hidden=1,
        cell_weights=cell,
        cell_lsb=np.full(4, 10, np.float32),
        gate_scale=80 / 127,
        dense_weights=dense,
        dense_lsb=np.full(50, 10, np.float32),
        logit_scale=80 / 127,
    )
    assert certain.bits_per_character("aaaa") == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_without_anything_to_predict_is_refused(text: str):
    assert complaint(lambda: random_network().bits_per_character(text)) == (
        f"a text of {len(text)} symbols has nothing to predict; give 2 or more"
    )


def test_unknown_symbols_are_named():
    for action in (
        lambda: random_network().bits_per_character("in the 1st"),
        lambda: random_network().generate("in the 1st", length=3),
    ):
        assert complaint(action).startswith("the text has '1' at position 7, which is none of")


# Writing


def test_a_text_is_continued_by_what_the_golden_outputs_say():
    network = random_network()
    written = network.generate("Abc", length=40, seed=9)
    assert written == network.generate("abc", length=40, seed=9)
    assert written != network.generate("abc", length=40, seed=10)
    outputs = network.golden(one_hot(encode("abc" + written)))
    draws = np.random.default_rng(9).random(40)
    expected = ""
    for step, draw in enumerate(draws):
        expected += SYMBOLS[pick_symbol(outputs[2 + step], draw)]
    assert written == expected


def test_writing_nothing_is_fine():
    assert random_network().generate("a", length=0) == ""


def test_writing_from_nothing_or_backwards_is_refused():
    network = random_network()
    assert complaint(lambda: network.generate("", length=3)) == (
        "the text to continue is empty; give one symbol or more"
    )
    assert complaint(lambda: network.generate("a", length=-1)) == (
        "-1 symbols cannot be drawn; ask for 0 or more"
    )


def test_symbols_are_picked_by_their_share():
    probabilities = np.zeros(50, np.float32)
    probabilities[[3, 7, 45]] = 0.125, 0.375, 0.5
    # Number 45 is no symbol; of the rest, 3 has a quarter.
    for draw, expected in ((0.0, 3), (0.2499, 3), (0.25, 7), (0.999999, 7)):
        assert pick_symbol(probabilities, draw) == expected


@given(seed=st.integers(0, 1000), draw=st.floats(0, 1, exclude_max=True))
def test_only_symbols_with_a_probability_are_picked(seed: int, draw: float):
    rng = np.random.default_rng(seed)
    probabilities = (rng.random(50) * (rng.random(50) < 0.2)).astype(np.float32)
    probabilities[rng.integers(0, 41)] = 0.5
    picked = pick_symbol(probabilities, draw)
    assert 0 <= picked < 41
    assert probabilities[picked] > 0


# Arrays that do not fit


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell_weights": np.zeros((24, 56))}, "cell_weights must be a matrix of int8, not float6"),
        (
            {"dense_weights": np.zeros(50, np.int8)},
            r"dense_weights must be a matrix of int8, not int8 with the shape \(50,\)",
        ),
        ({"cell_lsb": np.ones(23, np.float32)}, r"cell_lsb must be float32 with the shape \(24,\)"),
        ({"dense_lsb": np.ones(50)}, "dense_lsb must be float32"),
        ({"cell_lsb": np.zeros(24, np.float32)}, "cell_lsb must be positive and finite"),
        ({"dense_lsb": np.full(50, np.inf, np.float32)}, "dense_lsb must be positive and finite"),
        (
            {"cell_weights": np.zeros((20, 56), np.int8), "cell_lsb": np.ones(20, np.float32)},
            r"cell_weights of 6 units must have the shape \(24, 56\), not \(20, 56\)",
        ),
        (
            {"cell_weights": np.zeros((24, 50), np.int8)},
            "cell_weights must have more than the 50 columns of x, not 50",
        ),
        (
            {"dense_weights": np.zeros((50, 7), np.int8)},
            r"dense_weights of 6 units must have the shape \(50, 6\), not \(50, 7\)",
        ),
        (
            {"dense_weights": np.zeros((41, 6), np.int8), "dense_lsb": np.ones(41, np.float32)},
            r"dense_weights of 6 units must have the shape \(50, 6\), not \(41, 6\)",
        ),
        ({"gate_scale": 0.0}, "gate_scale must be positive and finite, not 0.0"),
        ({"logit_scale": math.nan}, "logit_scale must be positive and finite, not nan"),
        ({"logit_scale": math.inf}, "logit_scale must be positive and finite, not inf"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: Mapping[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        random_network(**changes)


def test_a_network_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        random_network().gate_scale = 3.0  # type: ignore[misc]


def test_an_untrained_network_has_no_recorded_bits_and_no_file(tmp_path: Path):
    network = random_network()
    assert network.fp32_bits is None
    with pytest.raises(ValueError, match="training record"):
        save_lstm(network, tmp_path / "small.npz")
    assert list(tmp_path.iterdir()) == []


# Weight files


def test_what_is_saved_is_loaded(tmp_path: Path):
    network = random_network(hidden=256, training=RECORD)
    path = tmp_path / "weights.npz"
    save_lstm(network, path)
    loaded = load_lstm(256, path)
    for name in ("cell_weights", "cell_lsb", "dense_weights", "dense_lsb"):
        assert np.array_equal(getattr(loaded, name), getattr(network, name))
    assert (loaded.gate_scale, loaded.logit_scale) == (6 / 128, 8 / 128)
    assert loaded.training == RECORD
    assert loaded.name == "lstm-256"
    assert [entry.name for entry in tmp_path.iterdir()] == ["weights.npz"]


def test_hardware_aware_weights_are_shipped_for_one_network():
    assert complaint(lambda: load_lstm(512, Path(HARDWARE_AWARE))) == (
        "no hardware-aware weights are shipped for lstm-512: write a file with "
        "`python -m alpine_sw.training.lstm --weight-noise 0.06,2.5` and name it"
    )


@pytest.mark.parametrize("hidden", [0, 255, 1024])
def test_an_unpublished_size_is_refused(hidden: int):
    assert complaint(lambda: load_lstm(hidden)) == (
        f"there is no LSTM of {hidden} units; choose from 256, 512, 750"
    )


def test_a_missing_weight_file_is_named(tmp_path: Path):
    assert complaint(lambda: load_lstm(512, tmp_path / "none.npz")) == (
        f"weight file {tmp_path / 'none.npz'} cannot be read (No such file or directory); install "
        "alpine-cosim again for the shipped file, or write a new one with "
        "`python -m alpine_sw.training.lstm`"
    )


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99999])
def test_a_truncated_weight_file_is_named(tmp_path: Path, keep: float):
    data = (SHIPPED / "weights_256.npz").read_bytes()
    path = tmp_path / "weights.npz"
    path.write_bytes(data[: int(len(data) * keep)])
    assert complaint(lambda: load_lstm(256, path)).startswith(
        f"weight file {path} is no npz archive or is cut short; "
    )


def test_flipped_bytes_are_noticed(tmp_path: Path):
    data = bytearray((SHIPPED / "weights_256.npz").read_bytes())
    path = tmp_path / "weights.npz"
    for position in random.Random(7).sample(range(1000, len(data) - 2500), 5):
        damaged = data.copy()
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        assert f"weight file {path} is damaged" in complaint(lambda: load_lstm(256, path))


def test_changed_scales_with_valid_zip_sums_are_noticed(tmp_path: Path):
    with np.load(SHIPPED / "weights_256.npz") as archive:
        members = {name: archive[name] for name in archive.files}
    members["scales"] = members["scales"] * 2
    path = tmp_path / "weights.npz"
    np.savez_compressed(path, **members)
    assert "its sha256 is wrong" in complaint(lambda: load_lstm(256, path))


@pytest.mark.parametrize(
    ("arrays", "facts", "message"),
    [
        ({"extra": np.zeros(1)}, {}, "its arrays must be cell_lsb, cell_weights, dense_lsb, dense"),
        ({"scales": np.ones(3, np.float32)}, {}, "scales must be float32 with the shape (2,)"),
        ({"scales": np.ones(2)}, {}, "scales must be float32"),
        ({"scales": np.zeros(2, np.float32)}, {}, "gate_scale must be positive"),
        ({"dense_weights": np.zeros((50, 9), np.int8)}, {}, "must have the shape (50, 256)"),
        ({"cell_weights": np.zeros((1024, 306), np.int16)}, {}, "cell_weights must be a matrix of"),
        ({}, {"fp32_bits": "few"}, "its fact 'fp32_bits' must be of type float"),
        ({}, {"streams": None}, "its fact 'streams' must be of type int"),
    ],
)
def test_a_weight_file_that_does_not_fit_is_named(
    tmp_path: Path, arrays: Mapping[str, Any], facts: Mapping[str, object], message: str
):
    contents = read_weight_file(SHIPPED / "weights_256.npz", script="a.script")
    path = tmp_path / "weights.npz"
    write_weight_file(path, arrays={**contents.arrays, **arrays}, facts={**contents.facts, **facts})
    text = complaint(lambda: load_lstm(256, path))
    assert text.startswith(f"weight file {path} does not fit the lstm-256: ")
    assert message in text
    assert text.endswith("; write a new one with `python -m alpine_sw.training.lstm`")


def test_a_file_of_another_size_is_named():
    path = SHIPPED / "weights_256.npz"
    assert complaint(lambda: load_lstm(512, path)) == (
        f"weight file {path} does not fit the lstm-512: it has 256 units; write a new one with "
        "`python -m alpine_sw.training.lstm`"
    )
