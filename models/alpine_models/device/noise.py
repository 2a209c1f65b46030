# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportUntypedFunctionDecorator=false
# Numba carries no types; everything that crosses this module's border is annotated.
"""Random numbers with an address: a function of what they are for, not of when they are drawn.

Every number is one word of Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As
Easy as 1, 2, 3, SC 2011), a keyed bijection of 128-bit counters. Engines, batch sizes and numbers
of processes therefore cannot change a result: each asks for the same addresses.

==========  =======================================================================
key 0, 1    seed, low and high word
counter 0   which: a cell (row << 16 | column), or a line number >> 2
counter 1   product number, or programming cycle; low 32 bits
counter 2   chip << 16 | tile
counter 3   product number, bits 32 to 55 << 8 | `Effect`
word        of the four: per cell its use, per line the line number & 3
==========  =======================================================================

A word w becomes the uniform number (w + 1/2) / 2^32 and that a normal one by Acklam's rational
approximation of the inverse distribution function, in the arithmetic of `exact`: no rejection, one
word each, magnitudes up to 6.3.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from alpine_models.compiling import compiled
from alpine_models.errors import AlpineError

from .exact import log

__all__ = [
    "Effect",
    "NoiseKey",
    "cell_uniforms",
    "fill_line_normals",
    "line_normals",
    "line_uniforms",
    "normal",
    "philox",
    "product_words",
    "uniform",
]

MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
ROUNDS = 10
WORD = np.uint64(32)

MAX_SEED = (1 << 64) - 1
MAX_CHIP = MAX_TILE = (1 << 16) - 1
MAX_PRODUCT = (1 << 56) - 1

TAIL = 0.02425
"""Acklam's border between the central and the tail approximation."""


class Effect(IntEnum):
    """What a random number is for: the lowest byte of counter word 3. Numbers never change."""

    DEVICE = 1
    """Per cell: programming error of g+ and g-, drift exponent of g+ and g-."""
    READ_PRODUCT = 2
    """Per product and column: read noise of a column's sum."""
    READ_FROZEN = 3
    """Per cell: read noise that stays for a whole run; words 0 and 1 are g+ and g-."""
    STUCK_CELL = 4
    """Per cell: whether g+ or g- is stuck, and how; words 0 and 1."""
    STUCK_COLUMN = 5
    """Per column: whether its bit line is open."""
    DAC_LINEARITY = 6
    """Per row: sign and size of the non-linearity."""
    ADC_GAIN = 7
    """Per column."""
    ADC_OFFSET = 8
    """Per column."""
    ADC_LINEARITY_POSITIVE = 9
    """Per column, for the counter of positive charge."""
    ADC_LINEARITY_NEGATIVE = 10
    """Per column, for the counter of negative charge."""
    ADC_NOISE = 11
    """Per product and column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseKey:
    """Which physical array is meant; two arrays never share a random number.

    Members
    -------
    seed : int, 0 to 2^64 - 1: the experiment.
    chip : int, 0 to 65535: one fabricated copy.
    tile : int, 0 to 65535: one array of that chip.

    Raises
    ------
    AlpineError
        A member is not an integer in its range.
    """

    seed: int
    chip: int = 0
    tile: int = 0

    def __post_init__(self) -> None:
        for name, limit in (("seed", MAX_SEED), ("chip", MAX_CHIP), ("tile", MAX_TILE)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
                raise AlpineError(f"{name} {value!r} is refused: give an integer from 0 to {limit}")

    @property
    def words(self) -> tuple[np.uint32, np.uint32, np.uint32]:
        """Key word 0, key word 1 and counter word 2."""
        return (
            np.uint32(self.seed & 0xFFFFFFFF),
            np.uint32(self.seed >> 32),
            np.uint32(self.chip << 16 | self.tile),
        )


@compiled(inline="always")
def philox(
    c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32, k0: np.uint32, k1: np.uint32
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Return the four 32-bit words of Philox4x32-10 for a counter and a key, all uint32."""
    for _ in range(ROUNDS):
        product_0 = MULTIPLIER_0 * np.uint64(c0)
        product_1 = MULTIPLIER_1 * np.uint64(c2)
        c0 = np.uint32(product_1 >> WORD) ^ c1 ^ k0
        c1 = np.uint32(product_1)
        c2 = np.uint32(product_0 >> WORD) ^ c3 ^ k1
        c3 = np.uint32(product_0)
        k0 = np.uint32(k0 + WEYL_0)
        k1 = np.uint32(k1 + WEYL_1)
    return c0, c1, c2, c3


@compiled()
def uniform(word: np.uint32) -> float:
    """Return (word + 1/2) / 2^32: exact, never 0 or 1."""
    return (np.float64(word) + 0.5) * 2.0**-32


@compiled()
def normal(word: np.uint32) -> float:
    """Return the standard normal number whose distribution function is `uniform(word)`.

    Relative error below 1.15e-9. Source: P. J. Acklam, An algorithm for computing the inverse
    normal cumulative distribution function (2003), coefficients as in his ltqnorm.bc.
    """
    p = (np.float64(word) + 0.5) * 2.0**-32
    q = p - 0.5
    if abs(q) <= 0.5 - TAIL:
        r = q * q
        top = -39.69683028665376
        top = top * r + 220.9460984245205
        top = top * r - 275.9285104469687
        top = top * r + 138.3577518672690
        top = top * r - 30.66479806614716
        top = top * r + 2.506628277459239
        bottom = -54.47609879822406
        bottom = bottom * r + 161.5858368580409
        bottom = bottom * r - 155.6989798598866
        bottom = bottom * r + 66.80131188771972
        bottom = bottom * r - 13.28068155288572
        bottom = bottom * r + 1.0
        return top * q / bottom
    r = math.sqrt(-2.0 * log(min(p, 1.0 - p)))
    top = -0.007784894002430293
    top = top * r - 0.3223964580411365
    top = top * r - 2.400758277161838
    top = top * r - 2.549732539343734
    top = top * r + 4.374664141464968
    top = top * r + 2.938163982698783
    bottom = 0.007784695709041462
    bottom = bottom * r + 0.3224671290700398
    bottom = bottom * r + 2.445134137142996
    bottom = bottom * r + 3.754408661907416
    bottom = bottom * r + 1.0
    return top / bottom if q < 0.0 else -(top / bottom)


def line_normals(
    key: NoiseKey, effect: Effect, lines: int, product: int = 0
) -> NDArray[np.float64]:
    """Return one standard normal number per line (row or column).

    Parameters
    ----------
    key : which array. effect : what the numbers are for.
    lines : int, how many.
    product : int, 0 to 2^56 - 1: product number, for effects that change with it.

    Returns
    -------
    float64 [lines]

    Raises
    ------
    AlpineError
        `product` is out of range.
    """
    values = np.empty(lines)
    fill_line_normals(*key.words, *product_words(product, effect), values)
    return values


def line_uniforms(key: NoiseKey, effect: Effect, lines: int) -> NDArray[np.float64]:
    """Return one uniform number in (0, 1) per line, float64 [lines]; they never change."""
    values = np.empty(lines)
    _fill_line_uniforms(*key.words, *product_words(0, effect), values)
    return values


def cell_uniforms(
    key: NoiseKey, effect: Effect, *, rows: int, columns: int, word: int
) -> NDArray[np.float64]:
    """Return one uniform number in (0, 1) per cell, float64 [columns, rows]; they never change."""
    values = np.empty((columns, rows))
    _fill_cell_uniforms(*key.words, *product_words(0, effect), word, values)
    return values


def product_words(product: int, effect: Effect) -> tuple[np.uint32, np.uint32]:
    """Return counter words 1 and 3 of a product number and an effect."""
    if not 0 <= product <= MAX_PRODUCT:
        raise AlpineError(f"product {product!r} is refused: give an integer from 0 to 2^56 - 1")
    return np.uint32(product & 0xFFFFFFFF), np.uint32(product >> 32 << 8 | int(effect))


@compiled()
def fill_line_normals(
    k0: np.uint32,
    k1: np.uint32,
    c2: np.uint32,
    c1: np.uint32,
    c3: np.uint32,
    values: NDArray[np.float64],
) -> None:
    """Fill `values` with the normal numbers of lines 0, 1, ..."""
    lines = len(values)
    for block in range((lines + 3) // 4):
        words = philox(np.uint32(block), c1, c2, c3, k0, k1)
        line = 4 * block
        values[line] = normal(words[0])
        if line + 1 < lines:
            values[line + 1] = normal(words[1])
        if line + 2 < lines:
            values[line + 2] = normal(words[2])
        if line + 3 < lines:
            values[line + 3] = normal(words[3])


@compiled()
def _fill_line_uniforms(k0, k1, c2, c1, c3, values):
    for line in range(len(values)):
        words = philox(np.uint32(line >> 2), c1, c2, c3, k0, k1)
        values[line] = uniform(_word(words, line & 3))


@compiled()
def _fill_cell_uniforms(k0, k1, c2, c1, c3, word, values):
    columns, rows = values.shape
    for column in range(columns):
        for row in range(rows):
            words = philox(np.uint32(row << 16 | column), c1, c2, c3, k0, k1)
            values[column, row] = uniform(_word(words, word))


@compiled()
def _word(words, which):
    if which == 0:
        return words[0]
    if which == 1:
        return words[1]
    return words[2] if which == 2 else words[3]
