# SPDX-License-Identifier: Apache-2.0
import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import alpine_sw
from alpine_models.errors import AlpineError
from alpine_sw.datasets.fashion_mnist import ImageSet, Split, load_fashion_mnist

SHIPPED = Path(alpine_sw.__file__).parent / "data" / "fashion_mnist"
IMAGES = "t10k-images-idx3-ubyte.gz"
LABELS = "t10k-labels-idx1-ubyte.gz"


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load_fashion_mnist()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (IMAGES, LABELS):
        shutil.copy(SHIPPED / name, tmp_path)
    return tmp_path


def complaint(action: Callable[[], object]) -> str:
    with pytest.raises(AlpineError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_ten_thousand_images_a_thousand_of_each_class(images: ImageSet):
    assert images.name == "Fashion-MNIST test"
    assert images.inputs.shape == (10_000, 1024)
    assert images.inputs.dtype == np.int8
    assert np.bincount(images.labels).tolist() == [1000] * 10
    assert len(images.class_names) == 10


def test_the_first_image_is_the_published_ankle_boot(images: ImageSet):
    assert images.class_names[images.labels[0]] == "Ankle boot"


def test_pixels_are_halved_and_framed(images: ImageSet):
    data = gzip.decompress((SHIPPED / IMAGES).read_bytes())
    assert struct.unpack(">4I", data[:16]) == (0x803, 10_000, 28, 28)
    for image in (0, 1234, 9_999):
        grid = images.inputs[image].reshape(32, 32)
        for row in range(32):
            for column in range(32):
                expected = 0
                if 2 <= row < 30 and 2 <= column < 30:
                    expected = data[16 + image * 784 + (row - 2) * 28 + column - 2] // 2
                assert grid[row, column] == expected
    assert images.inputs.min() == 0
    assert images.inputs.max() == 127


def test_labels_are_those_of_the_file(images: ImageSet):
    data = gzip.decompress((SHIPPED / LABELS).read_bytes())
    assert struct.unpack(">2I", data[:8]) == (0x801, 10_000)
    assert images.labels.tolist() == list(data[8:])


def test_images_cannot_be_changed_by_accident(images: ImageSet):
    with pytest.raises(ValueError, match="read-only"):
        images.inputs[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        images.labels[0] = 1


def test_first_takes_samples_in_order(images: ImageSet):
    three = images.first(3)
    assert three.inputs.tolist() == images.inputs[:3].tolist()
    assert three.labels.tolist() == images.labels[:3].tolist()
    assert len(images.first(10_000).labels) == 10_000


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_more_images_than_there_are_is_a_clear_mistake(images: ImageSet, count: int):
    assert complaint(lambda: images.first(count)) == (
        f"{count} images were asked for, but Fashion-MNIST test has 10000; ask for 1 to 10000"
    )


def test_shipped_data_is_small_and_carries_its_licence():
    assert sum((SHIPPED / name).stat().st_size for name in (IMAGES, LABELS)) <= 4_500_000
    licence = (SHIPPED / "LICENSE").read_text()
    assert "Copyright 2017 Zalando SE" in licence
    assert "Permission is hereby granted, free of charge" in licence


def test_a_copy_in_another_folder_loads(copy: Path, images: ImageSet):
    assert np.array_equal(load_fashion_mnist(copy).inputs, images.inputs)


def test_a_file_compressed_otherwise_is_still_the_published_one(copy: Path, images: ImageSet):
    data = gzip.decompress((copy / LABELS).read_bytes())
    (copy / LABELS).write_bytes(gzip.compress(data, 1))
    assert np.array_equal(load_fashion_mnist(copy).labels, images.labels)


def test_training_images_are_asked_for_by_folder():
    message = complaint(lambda: load_fashion_mnist(split=Split.TRAIN))
    assert "not shipped" in message
    assert "dataset-fashion-mnist" in message


def test_a_missing_file_is_named(copy: Path):
    (copy / LABELS).unlink()
    message = complaint(lambda: load_fashion_mnist(copy))
    assert message == (
        f"data file {copy / LABELS} is missing; copy it again from the Debian package "
        "dataset-fashion-mnist"
    )


def test_a_missing_shipped_file_has_another_remedy(copy: Path, monkeypatch: pytest.MonkeyPatch):
    (copy / IMAGES).unlink()
    monkeypatch.setattr("alpine_sw.datasets.fashion_mnist._SHIPPED", copy)
    message = complaint(load_fashion_mnist)
    assert f"data file {copy / IMAGES} is missing; install alpine-cosim again" in message


def damaged_in_the_middle(data: bytes) -> bytes:
    middle = len(data) // 2
    return (
        data[:middle]
        + bytes(byte ^ 0xFF for byte in data[middle : middle + 8])
        + data[middle + 8 :]
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:5],
        damaged_in_the_middle,
        lambda data: data[:-6] + bytes(6),
        lambda data: b"not a gzip file at all",
    ],
    ids=["half", "header", "middle", "trailer", "foreign"],
)
@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_damaged_file_is_named(copy: Path, name: str, damage: Callable[[bytes], bytes]):
    path = copy / name
    path.write_bytes(damage(path.read_bytes()))
    message = complaint(lambda: load_fashion_mnist(copy))
    assert message.startswith(f"data file {path} is damaged (")
    assert message.endswith("; copy it again from the Debian package dataset-fashion-mnist")


@pytest.mark.parametrize("change", [lambda data: data[:-1] + b"\0", lambda data: b""])
def test_other_contents_are_refused(copy: Path, change: Callable[[bytes], bytes]):
    path = copy / LABELS
    data = gzip.decompress(path.read_bytes())
    assert change(data) != data
    path.write_bytes(gzip.compress(change(data)))
    message = complaint(lambda: load_fashion_mnist(copy))
    assert message.startswith(f"data file {path} is not the published one (sha256 ")
    assert "expected 0402a96d92fd..." in message


def test_a_folder_in_place_of_a_file_is_named(copy: Path):
    (copy / IMAGES).unlink()
    (copy / IMAGES).mkdir()
    message = complaint(lambda: load_fashion_mnist(copy))
    assert message.startswith(f"data file {copy / IMAGES} cannot be read (Is a directory); ")
