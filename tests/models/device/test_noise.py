# SPDX-License-Identifier: Apache-2.0
import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy import special, stats

from alpine_models.device import Effect, NoiseKey
from alpine_models.device.noise import (
    MAX_PRODUCT,
    cell_uniforms,
    line_normals,
    line_uniforms,
    normal,
    philox,
    product_words,
    uniform,
)
from alpine_models.errors import AlpineError

KEY = NoiseKey(seed=2026, chip=3, tile=1)


# Random123 1.14, tests/kat_vectors, the three lines "philox4x32 10": counter, key, expected.
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        (
            "00000000 00000000 00000000 00000000",
            "00000000 00000000",
            "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        ),
        (
            "ffffffff ffffffff ffffffff ffffffff",
            "ffffffff ffffffff",
            "408f276d 41c83b0e a20bc7c6 6d5451fd",
        ),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_generator_gives_the_published_answers(counter: str, key: str, expected: str):
    def words(text: str) -> list[np.uint32]:
        return [np.uint32(int(word, 16)) for word in text.split()]

    assert list(philox(*words(counter), *words(key))) == words(expected)


def test_addresses_are_packed_as_documented():
    key = NoiseKey(seed=0x1122334455667788, chip=0xAABB, tile=0xCCDD)
    k0, k1, c2 = key.words
    assert (k0, k1, c2) == (0x55667788, 0x11223344, 0xAABBCCDD)
    c1, c3 = product_words(0x00123456_789ABCDE, Effect.READ_PRODUCT)
    assert (c1, c3) == (0x789ABCDE, 0x123456_02)
    words = philox(np.uint32(1), c1, c2, c3, k0, k1)
    values = line_normals(key, Effect.READ_PRODUCT, 7, 0x00123456_789ABCDE)
    assert list(values[4:]) == [normal(word) for word in words[:3]]
    cells = cell_uniforms(key, Effect.STUCK_CELL, rows=3, columns=2, word=2)
    c1, c3 = product_words(0, Effect.STUCK_CELL)
    words = philox(np.uint32(2 << 16 | 1), c1, c2, c3, k0, k1)
    assert cells[1, 2] == uniform(words[2])


def test_uniform_numbers_are_uniform():
    values = cell_uniforms(KEY, Effect.DEVICE, rows=512, columns=256, word=3).ravel()
    assert stats.kstest(values, "uniform").pvalue > 0.001
    assert 0.0 < values.min() < values.max() < 1.0
    serial = np.corrcoef(values[:-1], values[1:])[0, 1]
    assert abs(serial) < 5 / np.sqrt(values.size)


def test_words_become_the_quantiles_of_the_normal_distribution():
    words = np.unique(
        np.concatenate([np.geomspace(1, 2**32 - 1, 4000), 2**32 - np.geomspace(1, 2**31, 4000)])
    ).astype(np.uint32)
    expected = special.ndtri((words.astype(np.float64) + 0.5) / 2**32)
    values = np.array([normal(word) for word in words])
    assert values == pytest.approx(expected, rel=1.2e-9, abs=1e-12)


def test_extreme_words_stay_finite():
    assert normal(np.uint32(0)) == pytest.approx(special.ndtri(2.0**-33), rel=1e-8)
    assert normal(np.uint32(2**32 - 1)) == -normal(np.uint32(0))


def test_normal_bits_are_those_of_plain_arithmetic():
    for word in np.random.default_rng(0).integers(0, 2**32, 2000, dtype=np.uint32):
        assert normal(word) == normal.py_func(word)


def test_normal_moments():
    values = line_normals(KEY, Effect.ADC_NOISE, 1 << 18)
    n = values.size
    assert abs(values.mean()) < 5 / np.sqrt(n)
    assert values.var() == pytest.approx(1.0, abs=5 * np.sqrt(2 / n))
    assert stats.skew(values) == pytest.approx(0.0, abs=5 * np.sqrt(6 / n))
    assert stats.kurtosis(values) == pytest.approx(0.0, abs=5 * np.sqrt(24 / n))


def test_keys_effects_and_products_are_independent():
    n = 1 << 14
    streams = [
        line_normals(KEY, Effect.READ_PRODUCT, n, 0),
        line_normals(KEY, Effect.READ_PRODUCT, n, 1),
        line_normals(KEY, Effect.READ_PRODUCT, n, 1 << 32),
        line_normals(KEY, Effect.ADC_NOISE, n, 0),
        line_normals(NoiseKey(seed=2027, chip=3, tile=1), Effect.READ_PRODUCT, n),
        line_normals(NoiseKey(seed=2026 + (1 << 32), chip=3, tile=1), Effect.READ_PRODUCT, n),
        line_normals(NoiseKey(seed=2026, chip=4, tile=1), Effect.READ_PRODUCT, n),
        line_normals(NoiseKey(seed=2026, chip=3, tile=2), Effect.READ_PRODUCT, n),
    ]
    for a, b in itertools.combinations(streams, 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(n)


def test_a_longer_line_begins_like_a_shorter_one():
    short, long = (line_normals(KEY, Effect.ADC_GAIN, n) for n in (5, 11))
    assert list(long[:5]) == list(short)
    short, long = (line_uniforms(KEY, Effect.STUCK_COLUMN, n) for n in (5, 11))
    assert list(long[:5]) == list(short)


def test_another_process_draws_the_same_bits():
    script = (
        "from alpine_models.device.noise import *;"
        "print(line_normals(NoiseKey(seed=2026, chip=3, tile=1), Effect.ADC_GAIN, 9, 5)"
        ".tobytes().hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == line_normals(KEY, Effect.ADC_GAIN, 9, 5).tobytes().hex()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"seed": -1},
            "seed -1 is refused: give an integer from 0 to 18446744073709551615",
        ),
        (
            {"seed": 1 << 64},
            "seed 18446744073709551616 is refused: give an integer from 0 to 18446744073709551615",
        ),
        ({"seed": 1.5}, "seed 1.5 is refused: give an integer from 0 to 18446744073709551615"),
        ({"seed": True}, "seed True is refused: give an integer from 0 to 18446744073709551615"),
        ({"seed": 1, "chip": 65536}, "chip 65536 is refused: give an integer from 0 to 65535"),
        ({"seed": 1, "tile": -3}, "tile -3 is refused: give an integer from 0 to 65535"),
    ],
)
def test_bad_keys_are_refused_in_one_line(members: dict[str, int], message: str):
    with pytest.raises(AlpineError) as error:
        NoiseKey(**members)
    assert str(error.value) == message


@pytest.mark.parametrize("product", [-1, MAX_PRODUCT + 1])
def test_product_numbers_out_of_range_are_refused(product: int):
    with pytest.raises(AlpineError, match=f"product {product} is refused"):
        line_normals(KEY, Effect.READ_PRODUCT, 4, product)
