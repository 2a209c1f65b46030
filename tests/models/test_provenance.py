# SPDX-License-Identifier: Apache-2.0
"""The digest of a package changes with everything in it, and with nothing else."""

import hashlib
from pathlib import Path

import pytest

from alpine_models.errors import AlpineError
from alpine_models.provenance import source_digest

NAME = "a_package_of_this_test"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / NAME
    (root / "inner").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "inner" / "model.hpp").write_text("int x;")
    (root / "weights.npz").write_bytes(b"\x00\x01")
    monkeypatch.syspath_prepend(tmp_path)
    return root


def test_digest_is_that_of_names_and_contents(package: Path):
    def line(name: str, content: bytes) -> bytes:
        return f"{NAME}/{name} {hashlib.sha256(content).hexdigest()}\n".encode()

    whole = (
        line("__init__.py", b"")
        + line("inner/model.hpp", b"int x;")
        + line("weights.npz", b"\x00\x01")
    )
    assert source_digest([NAME]) == hashlib.sha256(whole).hexdigest()


def test_any_byte_name_or_file_changes_the_digest(package: Path):
    seen = {source_digest([NAME])}
    (package / "weights.npz").write_bytes(b"\x00\x02")
    seen.add(source_digest([NAME]))
    (package / "inner" / "model.hpp").write_text("int y;")
    seen.add(source_digest([NAME]))
    (package / "inner" / "model.hpp").rename(package / "inner" / "tile.hpp")
    seen.add(source_digest([NAME]))
    # A kind of file that nobody has thought of.
    (package / "inner" / "table.xyz").write_text("1")
    seen.add(source_digest([NAME]))
    assert len(seen) == 5


def test_compiled_files_and_what_is_left_out_do_not_count(package: Path):
    before = source_digest([NAME], leaving_out=[f"{NAME}/inner"])
    (package / "inner" / "model.hpp").write_text("int y;")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.nbc").write_text("1")
    assert source_digest([NAME], leaving_out=[f"{NAME}/inner"]) == before
    assert source_digest([NAME]) != before


def test_mistakes_are_named(package: Path):
    with pytest.raises(AlpineError, match=f"{NAME}/outer is in none of the packages {NAME}"):
        source_digest([NAME], leaving_out=[f"{NAME}/outer"])
    with pytest.raises(AlpineError, match="package not_installed_anywhere is not installed"):
        source_digest(["not_installed_anywhere"])
