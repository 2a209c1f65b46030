# SPDX-License-Identifier: Apache-2.0
"""Papers register themselves, and `alpine paper` makes the report of the one that is named."""

import sys
from pathlib import Path

import pytest

from alpine_cosim.cli import main
from alpine_cosim.commands.exit_status import ExitStatus
from alpine_models.errors import AlpineError
from alpine_papers import alpine2022
from alpine_papers.alpine2022.paper import PAPER
from alpine_papers.paper import PAPERS, Paper, find_part

PACKAGE = """
from alpine_papers.paper import Paper, ReportRequest

def make(request: ReportRequest) -> bool:
    (request.out / "asked").write_text(f"{request.part} {request.jobs} {request.write_docs}")
    return request.part != "wrong"

PAPER = Paper(parts=("right", "wrong"), make=make)
"""


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that registers the paper `elsewhere`, as pip would have installed it."""
    (tmp_path / "paper_elsewhere.py").write_text(PACKAGE)
    described = tmp_path / "paper_elsewhere-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: paper-elsewhere\nVersion: 1\n"
    )
    (described / "entry_points.txt").write_text(
        "[alpine.papers]\nelsewhere = paper_elsewhere:PAPER\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def said(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["alpine", "paper", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code


def test_a_registered_paper_is_made_by_its_name_or_a_part(
    added: Path, monkeypatch: pytest.MonkeyPatch
):
    out = added / "out"
    options = ("--jobs", "3", "--out", str(out))
    for only, docs, code, asked in (
        ("elsewhere", ("--write-docs", "docs"), 0, "None 3 docs"),
        ("right", (), 0, "right 3 None"),
        ("wrong", (), ExitStatus.WRONG_OUTPUTS, "wrong 3 None"),
    ):
        assert said(monkeypatch, "--only", only, *docs, *options) == code
        assert (out / "asked").read_text() == asked


def test_alpine_is_the_standard_and_its_parts_are_its_explorations():
    assert PAPERS["alpine"] is PAPER
    assert find_part(None) == find_part("alpine") == (PAPER, None)
    assert PAPER.parts == tuple(alpine2022.EXPLORATIONS)
    assert all(find_part(part) == (PAPER, part) for part in PAPER.parts)


def test_an_unknown_name_lists_parts_and_papers():
    assert all(isinstance(paper, Paper) for paper in PAPERS.values())
    with pytest.raises(AlpineError, match="choose from mlp, lstm, cnn, alpine"):
        find_part("x")
