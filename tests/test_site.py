# SPDX-License-Identifier: Apache-2.0
"""The site: docstrings become lists of definitions, and no link between pages is broken."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def conf():
    spec = importlib.util.spec_from_file_location("conf", DOCS / "conf.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sections_of_a_docstring_are_lists_of_definitions(conf):
    given = """Multiply x_ by |y|.

Parameters
----------
rows, columns : int, of the array,
    at least 1.
weights : int8 [n]
    Of every `Cell_`.
first, second,
third : names on two lines.

Returns
-------
The product."""
    wanted = r"""Multiply x\_ by \|y\|.


.. rubric:: Parameters

rows, columns
    int, of the array,
    at least 1.

weights
    int8 [n].
    Of every `Cell_`.

first, second, third
    names on two lines.



.. rubric:: Returns

The product."""
    assert "\n".join(conf.as_restructured_text(given.splitlines())) == wanted


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the pages of a copy, without the API reference, which takes minutes."""
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
         folder / "docs", folder / "site"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_pages_build_without_a_warning_and_a_broken_link_is_one(tmp_path: Path):
    pytest.importorskip("sphinx", reason="needs the extra site")
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("api", "__pycache__"))
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "docs" / "conf.py").open("a") as settings:
        settings.write("\napidoc_modules = []\n")
    (tmp_path / "docs" / "reference.md").write_text("# API reference\n")
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    # Links between files of the checkout lead to pages.
    start = (tmp_path / "site" / "index.html").read_text()
    assert {'href="changelog.html"', 'href="binding.html"'} <= set(
        re.findall(r'href="[^"]*"', start)
    )
    with (tmp_path / "docs" / "faults.md").open("a") as page:
        page.write("\n[nowhere](device.md#no-such-heading)\n")
    done = build(tmp_path)
    assert done.returncode == 1
    assert "no-such-heading" in done.stderr
