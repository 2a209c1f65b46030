# SPDX-License-Identifier: Apache-2.0
import dataclasses
import io
import random
import shutil
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import alpine_sw
from alpine_models.errors import AlpineError
from alpine_sw.datasets.code_words import exhaustive_code
from alpine_sw.datasets.fashion_mnist import load_fashion_mnist
from alpine_sw.datasets.weight_file import read_weight_file, write_weight_file
from alpine_sw.networks import MLP_SHAPES, MlpNetwork, TrainingRecord, load_mlp, save_mlp

SHIPPED = Path(alpine_sw.__file__).parent / "data" / "mlp" / "weights.npz"

RECORD = TrainingRecord(
    script="by hand",
    torch_version="none",
    data_set="none",
    test_set="none",
    seed=1,
    epochs=2,
    fp32_accuracy=0.5,
    int8_accuracy=0.25,
)


def small_network() -> MlpNetwork:
    rng = np.random.default_rng(4)
    return MlpNetwork(
        name="small",
        weights=(
            rng.integers(-128, 128, (5, 6), np.int8),
            rng.integers(-128, 128, (8, 5), np.int8),
        ),
        lsb=(
            np.array([70, 80.5, 90, 100, 110.25], np.float32),
            np.array([31, 32.5, 33, 34, 35, 36, 37, 38], np.float32),
        ),
        code_words=exhaustive_code(3),
    )


def complaint(action: Callable[[], object]) -> str:
    with pytest.raises(AlpineError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


# The shipped network


def test_the_shipped_network_has_the_published_shape():
    network = load_mlp()
    assert [weights.shape for weights in network.weights] == list(MLP_SHAPES)
    assert MLP_SHAPES == ((1024, 1024), (1024, 1024))
    assert [weights.dtype for weights in network.weights] == [np.int8, np.int8]
    assert [lsb.dtype for lsb in network.lsb] == [np.float32, np.float32]
    assert np.array_equal(network.code_words, exhaustive_code(10))
    assert SHIPPED.stat().st_size <= 2_500_000


def test_the_shipped_network_says_where_it_comes_from():
    network = load_mlp()
    assert network.training is not None
    assert network.training.script == "alpine_sw.training.mlp"
    assert network.training.data_set == "Fashion-MNIST train"
    assert network.training.test_set == "Fashion-MNIST test"
    assert network.fp32_accuracy == network.training.fp32_accuracy


def test_int8_accuracy_on_all_test_images_is_the_recorded_one_and_close_to_fp32():
    network = load_mlp()
    images = load_fashion_mnist()
    outputs = network.golden(images.inputs)
    assert outputs.dtype == np.int8
    assert outputs.shape == (10_000, 1024)
    accuracy = network.accuracy(outputs, images.labels)
    assert network.training is not None
    assert accuracy == network.training.int8_accuracy
    assert network.training.fp32_accuracy >= 0.88
    assert abs(network.training.fp32_accuracy - accuracy) <= 0.015


def test_the_code_range_is_well_used_on_both_layers():
    network = load_mlp()
    inputs = load_fashion_mnist().first(1000).inputs
    first = MlpNetwork(
        name="first layer, then identity",
        weights=(network.weights[0], np.eye(1024, dtype=np.int8)),
        lsb=(network.lsb[0], np.ones(1024, np.float32)),
        code_words=network.code_words,
    )
    for codes in (first.golden(inputs), network.golden(inputs)):
        assert np.mean(codes == 127) < 0.002
        assert len(np.unique(codes)) == 128


def test_shipped_weights_cannot_be_changed_by_accident():
    network = load_mlp()
    for array in (*network.weights, *network.lsb, network.code_words):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


# Arithmetic


def test_golden_is_two_dense_layers_with_relu():
    network = small_network()
    inputs = np.random.default_rng(5).integers(-128, 128, (20, 6), np.int8)
    expected: list[list[int]] = []
    for sample in inputs.tolist():
        codes: list[int] = sample
        for weights, lsb in zip(network.weights, network.lsb, strict=True):
            codes = [
                max(
                    0,
                    min(
                        127,
                        round(
                            Fraction(sum(w * x for w, x in zip(row, codes, strict=True)))
                            / Fraction(step)
                        ),
                    ),
                )
                for row, step in zip(weights.tolist(), lsb.tolist(), strict=True)
            ]
        expected.append(codes)
    assert any(0 < code < 127 for codes in expected for code in codes)
    assert network.golden(inputs).tolist() == expected


def test_classify_and_accuracy_by_hand():
    network = small_network()
    # Sums of the three words: (1, 2, 4 | 3, 5, 6, 7): see exhaustive_code(3).
    outputs = np.zeros((3, 8), np.int8)
    outputs[0, 1] = 10  # class 0 alone
    outputs[1, 6] = 10  # classes 1 and 2; the next output decides
    outputs[1, 4] = 1  # class 2 alone
    outputs[2, 2] = 10  # class 1 alone
    assert network.classify(outputs).tolist() == [0, 2, 1]
    assert network.accuracy(outputs, np.array([0, 2, 0])) == 2 / 3


def replaced(network: MlpNetwork, **changes: Any) -> Callable[[], object]:
    return lambda: dataclasses.replace(network, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": (np.zeros((5, 6)), np.zeros((8, 5), np.int8))}, "weights_0 must be a matrix"),
        (
            {"weights": (np.zeros((5, 6), np.int8), np.zeros(5, np.int8))},
            r"weights_1 must be a matrix of int8, not int8 with the shape \(5,\)",
        ),
        (
            {"weights": (np.zeros((5, 6), np.int8), np.zeros((8, 6), np.int8))},
            "weights_1 must take the 5 outputs of weights_0, not 6",
        ),
        ({"lsb": (np.ones(5, np.float32), np.ones(7, np.float32))}, "lsb_1 must be float32"),
        ({"lsb": (np.ones(5), np.ones(8, np.float32))}, "lsb_0 must be float32"),
        (
            {"lsb": (np.ones(5, np.float32), np.zeros(8, np.float32))},
            "lsb_1 must be positive and finite",
        ),
        ({"code_words": exhaustive_code(2)}, "the 8 outputs of weights_1, not 4"),
        ({"code_words": np.eye(8, dtype=np.int8) * 2}, "0 and 1 only"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: Mapping[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        replaced(small_network(), **changes)()


def test_an_untrained_network_has_no_accuracy_and_no_file(tmp_path: Path):
    network = small_network()
    assert network.fp32_accuracy is None
    with pytest.raises(ValueError, match="training record"):
        save_mlp(network, tmp_path / "small.npz")
    assert list(tmp_path.iterdir()) == []


# Weight files


def test_what_is_saved_is_loaded(tmp_path: Path):
    rng = np.random.default_rng(6)
    network = MlpNetwork(
        name="mlp",
        weights=(
            rng.integers(-128, 128, (1024, 1024), np.int8),
            rng.integers(-128, 128, (1024, 1024), np.int8),
        ),
        lsb=(rng.random(1024, np.float32) + 1, rng.random(1024, np.float32) + 1),
        code_words=exhaustive_code(10),
        training=RECORD,
    )
    path = tmp_path / "weights.npz"
    save_mlp(network, path)
    loaded = load_mlp(path)
    for layer in range(2):
        assert np.array_equal(loaded.weights[layer], network.weights[layer])
        assert np.array_equal(loaded.lsb[layer], network.lsb[layer])
    assert np.array_equal(loaded.code_words, network.code_words)
    assert loaded.training == RECORD
    assert [entry.name for entry in tmp_path.iterdir()] == ["weights.npz"]


def test_a_missing_weight_file_is_named(tmp_path: Path):
    message = complaint(lambda: load_mlp(tmp_path / "none.npz"))
    assert message == (
        f"weight file {tmp_path / 'none.npz'} cannot be read (No such file or directory); install "
        "alpine-cosim again for the shipped file, or write a new one with "
        "`python -m alpine_sw.training.mlp`"
    )


def test_a_folder_is_no_weight_file(tmp_path: Path):
    assert "cannot be read (Is a directory)" in complaint(lambda: load_mlp(tmp_path))


def npy_bytes() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "contents",
    [b"", b"junk", b"\x80\x04K\x01.", npy_bytes(), b"PK\x03\x04" + bytes(100)],
    ids=["empty", "text", "pickle", "npy", "zip magic"],
)
def test_a_foreign_file_is_named(tmp_path: Path, contents: bytes):
    path = tmp_path / "weights.npz"
    path.write_bytes(contents)
    message = complaint(lambda: load_mlp(path))
    assert message.startswith(f"weight file {path} is no npz archive or is cut short; install")


@pytest.mark.parametrize("keep", [0.01, 0.5, 0.99, 0.99999])
def test_a_truncated_weight_file_is_named(tmp_path: Path, keep: float):
    data = SHIPPED.read_bytes()
    path = tmp_path / "weights.npz"
    path.write_bytes(data[: int(len(data) * keep)])
    assert f"weight file {path} is no npz archive or is cut short" in complaint(
        lambda: load_mlp(path)
    )


def test_flipped_bytes_in_the_weights_are_noticed(tmp_path: Path):
    data = bytearray(SHIPPED.read_bytes())
    path = tmp_path / "weights.npz"
    for position in random.Random(7).sample(range(1000, len(data) - 2000), 5):
        damaged = data.copy()
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        assert f"weight file {path} is damaged" in complaint(lambda: load_mlp(path))


def test_no_single_damaged_byte_is_taken_for_other_contents(tmp_path: Path):
    path = tmp_path / "small.npz"
    array = np.arange(6, dtype=np.int8)
    write_weight_file(path, arrays={"a": array}, facts={"f": 1})
    data = path.read_bytes()
    refused = 0
    for position in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[position] ^= mask
            path.write_bytes(damaged)
            try:
                contents = read_weight_file(path, script="a.script")
            except AlpineError as error:
                assert "\n" not in str(error)
                refused += 1
            else:
                # Bytes that carry nothing, such as the time in a zip header.
                assert {name: a.tolist() for name, a in contents.arrays.items()} == {
                    "a": array.tolist()
                }
                assert contents.facts == {"f": 1}
    assert refused > len(data)


def test_changed_weights_with_valid_zip_sums_are_noticed(tmp_path: Path):
    with np.load(SHIPPED) as archive:
        members = {name: archive[name] for name in archive.files}
    members["weights_1"][1000, 1000] ^= 1
    path = tmp_path / "weights.npz"
    np.savez_compressed(path, **members)
    message = complaint(lambda: load_mlp(path))
    assert message.startswith(f"weight file {path} is damaged: its sha256 is wrong; install")


def test_changed_facts_are_noticed(tmp_path: Path):
    with np.load(SHIPPED) as archive:
        members = {name: archive[name] for name in archive.files}
    text = members["facts"].tobytes().replace(b'"epochs": 18', b'"epochs": 81')
    assert text != members["facts"].tobytes()
    members["facts"] = np.frombuffer(text, np.uint8)
    path = tmp_path / "weights.npz"
    np.savez_compressed(path, **members)
    assert "its sha256 is wrong" in complaint(lambda: load_mlp(path))


def test_an_npz_of_something_else_is_named(tmp_path: Path):
    path = tmp_path / "weights.npz"
    np.savez(path, weights_0=np.zeros((2, 2)))
    message = complaint(lambda: load_mlp(path))
    assert f"weight file {path} lacks 'sha256' or 'facts', so it is no weight file" in message


class Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickled_contents_are_never_executed(tmp_path: Path):
    canary = tmp_path / "canary"
    path = tmp_path / "weights.npz"
    array = np.empty(1, object)
    array[0] = Canary(canary)
    np.savez(path, allow_pickle=True, weights_0=array)
    assert f"weight file {path} is damaged (ValueError" in complaint(lambda: load_mlp(path))
    assert not canary.exists()


def shipped_with(path: Path, *, facts: Mapping[str, object] | None = None, **arrays: Any) -> None:
    contents = read_weight_file(SHIPPED, script="a.script")
    merged = {**contents.arrays, **arrays}
    write_weight_file(
        path,
        arrays={name: array for name, array in merged.items() if array is not None},
        facts={**contents.facts, **(facts or {})},
    )


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"weights_0": np.zeros((512, 1024), np.int8)},
            "weights_0 must have the shape (1024, 1024), not (512, 1024)",
        ),
        (
            {"weights_1": np.zeros((10, 1024), np.int8)},
            "weights_1 must have the shape (1024, 1024), not (10, 1024)",
        ),
        ({"weights_1": np.zeros((1024, 1024), np.int16)}, "weights_1 must be a matrix of int8"),
        ({"lsb_0": np.ones(7, np.float32)}, "lsb_0 must be float32 with the shape (1024,)"),
        ({"lsb_1": np.full(1024, np.nan, np.float32)}, "lsb_1 must be positive and finite"),
        ({"code_words": exhaustive_code(9)}, "code_words must have the 1024 outputs"),
        ({"lsb_1": None}, "its arrays must be code_words, lsb_0, lsb_1, weights_0, weights_1, not"),
        ({"extra": np.zeros(1)}, "not code_words, extra, lsb_0"),
    ],
)
def test_a_weight_file_of_the_wrong_shape_is_named(
    tmp_path: Path, arrays: Mapping[str, Any], message: str
):
    path = tmp_path / "weights.npz"
    shipped_with(path, **arrays)
    text = complaint(lambda: load_mlp(path))
    assert text.startswith(f"weight file {path} does not fit the mlp: ")
    assert message in text
    assert text.endswith("; write a new one with `python -m alpine_sw.training.mlp`")


def test_a_weight_file_with_a_wrong_fact_is_named(tmp_path: Path):
    path = tmp_path / "weights.npz"
    shipped_with(path, facts={"fp32_accuracy": "high"})
    assert "its fact 'fp32_accuracy' must be of type float" in complaint(lambda: load_mlp(path))


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "weights.npz"
    shutil.copy(SHIPPED, path)

    def interrupted(file: io.BufferedWriter, **_: object) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_weight_file(path, arrays={"a": np.zeros(1)}, facts={})
    assert [entry.name for entry in tmp_path.iterdir()] == ["weights.npz"]
    assert path.read_bytes() == SHIPPED.read_bytes()
