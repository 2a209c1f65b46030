# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from alpine_sw.datasets.code_words import (
    check_code_words,
    exhaustive_code,
    nearest_code_word,
)


def test_ten_classes_fill_1024_outputs_with_every_split_once():
    words = exhaustive_code(10)
    assert words.shape == (10, 1024)
    assert words.dtype == np.int8
    splits = {tuple(column) for column in words.T.tolist()}
    assert len(splits) == 1024


def test_words_are_balanced_and_equally_far_apart():
    words = exhaustive_code(10)
    assert words.sum(axis=1).tolist() == [512] * 10
    distances = {
        int(np.count_nonzero(words[a] != words[b])) for a in range(10) for b in range(10) if a != b
    }
    assert distances == {512}


def test_three_classes_by_hand():
    assert exhaustive_code(3).tolist() == [
        [0, 1, 0, 1, 0, 1, 0, 1],
        [0, 0, 1, 1, 0, 0, 1, 1],
        [0, 0, 0, 0, 1, 1, 1, 1],
    ]


@pytest.mark.parametrize("classes", [0, -1, 17])
def test_the_number_of_classes_is_bounded(classes: int):
    with pytest.raises(ValueError, match=f"classes must be 1 to 16, not {classes}"):
        exhaustive_code(classes)


@pytest.mark.parametrize("amplitude", [1, 40, 127])
def test_nearest_is_the_least_euclidean_distance_at_any_amplitude(amplitude: int):
    words = exhaustive_code(5)
    outputs = np.random.default_rng(2).integers(0, 128, (50, 32), np.int8)
    expected: list[int] = []
    for y in outputs.tolist():
        distances = [
            sum((value - amplitude * bit) ** 2 for value, bit in zip(y, word, strict=True))
            for word in words.tolist()
        ]
        expected.append(distances.index(min(distances)))
    assert nearest_code_word(outputs, words).tolist() == expected


def test_the_lowest_of_equally_near_classes_wins():
    words = exhaustive_code(4)
    outputs = np.zeros((2, 16), np.int8)
    # Classes 2 and 3 both hold outputs 12 to 15.
    outputs[1, 12:16] = 9
    outputs[1, 0] = 50
    assert nearest_code_word(outputs, words).tolist() == [0, 2]


def test_255_flipped_outputs_are_corrected_and_257_are_not():
    words = exhaustive_code(10)
    differing = np.flatnonzero(words[3] != words[7])
    for flips, winner in ((255, 3), (257, 7)):
        received = words[3].copy()
        received[differing[:flips]] ^= 1
        outputs = (received * 127).astype(np.int8)[np.newaxis]
        assert nearest_code_word(outputs, words).tolist() == [winner]


def test_float_outputs_are_decided_the_same_way():
    words = exhaustive_code(2)
    outputs = np.array([[0, 0.25, 0.5, 0], [0, 0.5, 0.25, 0]], np.float32)
    assert nearest_code_word(outputs, words).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (np.zeros((2, 4), np.int16), "must be a matrix of int8, not int16"),
        (np.zeros(4, np.int8), r"with the shape \(4,\)"),
        (np.zeros((0, 4), np.int8), r"with the shape \(0, 4\)"),
        (np.array([[0, 2]], np.int8), "must hold 0 and 1 only"),
        (np.array([[0, 1], [1, 1]], np.int8), "the same number of ones"),
    ],
)
def test_undecidable_words_are_refused(words: object, message: str):
    with pytest.raises(ValueError, match=message):
        check_code_words(words)
