# SPDX-License-Identifier: Apache-2.0
"""Pages say from which state of the code their figures are, and are found when it has changed."""

import runpy
import sys
from pathlib import Path

import pytest

from alpine_models.errors import AlpineError
from alpine_models.page_origin import Origin, origin_of, renew, stale_pages, with_origin

NAME = "another_package_of_this_test"
PAGE = "# Times\n\n1 us <!-- a comment -->\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "packages" / NAME
    root.mkdir(parents=True)
    (root / "drawing.py").write_text("x = 1")
    monkeypatch.syspath_prepend(root.parent)
    (root / "__init__.py").write_text("x = 1")
    return root / "__init__.py"


@pytest.mark.parametrize("without", [(), (f"{NAME}/drawing.py",)])
def test_a_page_is_stale_when_what_it_was_made_from_has_changed(
    source: Path, tmp_path: Path, without: tuple[str, ...]
):
    origin = Origin.now("make times", [NAME], without)
    assert origin_of(with_origin(PAGE, origin)) == origin
    page = tmp_path / "times.md"
    page.write_text(with_origin(PAGE, origin))
    assert not stale_pages([tmp_path])
    (source.parent / "drawing.py").write_text("x = 2")
    assert list(stale_pages([tmp_path])) == ([] if without else [page])
    source.write_text("x = 3")
    assert stale_pages([tmp_path]) == stale_pages([page]) == {page: origin}
    renew(page)
    assert not stale_pages([page])
    assert page.read_text().startswith(PAGE)


def test_a_page_made_again_has_one_origin(source: Path):
    first = with_origin(PAGE, Origin.now("make times", [NAME]))
    source.write_text("x = 3")
    second = with_origin(first, Origin.now("make times", [NAME]))
    assert second.count("made by") == 1
    assert len(second) == len(first) and second != first


def test_pages_without_figures_are_left_alone(tmp_path: Path):
    page = tmp_path / "plain.md"
    page.write_text(PAGE)
    assert origin_of(PAGE) is None
    assert not stale_pages([page])
    with pytest.raises(AlpineError, match=r"plain\.md does not end with a comment on its origin"):
        renew(page)
    with pytest.raises(AlpineError, match=r"missing\.md cannot be read"):
        stale_pages([tmp_path / "missing.md"])


def test_the_command_names_page_and_remedy(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    page = tmp_path / "times.md"
    page.write_text(with_origin(PAGE, Origin.now("make times", [NAME])))
    source.write_text("x = 3")
    monkeypatch.setattr(sys, "argv", ["page_origin", str(page)])
    monkeypatch.delitem(sys.modules, "alpine_models.page_origin")
    runpy.run_module("alpine_models.page_origin", run_name="__main__")
    assert capsys.readouterr().out == (
        f"{page} is older than the code that its figures depend on: make times\n"
    )
