# SPDX-License-Identifier: Apache-2.0
"""The packages as a person imports them: public names, types, and nothing heavy before its use."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.untraced import untraced

from alpine_models import __version__

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "alpine_models": "models",
    "alpine_rtl": "rtl",
    "alpine_platform": "platform",
    "alpine_sw": "sw",
    "alpine_cosim": "cosim",
    "alpine_papers": "papers",
}
LAZY = [
    *(package for package in PACKAGES if package != "alpine_papers"),
    "alpine_papers.alpine2022",
]
HEAVY = {"amaranth", "cocotb", "matplotlib", "numba", "numpy", "rich", "scipy", "simpy"}


def for_type_checkers(package: str) -> dict[str, str]:
    """Names that the package imports for type checkers, with the module that has them."""
    source = Path(importlib.import_module(package).__file__ or "")
    tree = ast.parse(source.read_text())
    return {
        alias.name: f"{package}.{node.module}"
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("package", LAZY)
def test_public_names_are_what_type_checkers_see(package: str):
    module = importlib.import_module(package)
    names = for_type_checkers(package)
    assert set(module.__all__) == set(names)
    # What Python's prompt completes.
    assert set(names) | {"__name__"} <= set(dir(module))
    for name, origin in names.items():
        assert getattr(module, name) is getattr(importlib.import_module(origin), name)


@pytest.mark.parametrize("package", LAZY)
def test_a_name_that_a_package_lacks_is_an_attribute_error(package: str):
    module = importlib.import_module(package)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'walk'"):
        _ = module.walk


def test_importing_the_packages_imports_nothing_heavy():
    script = f"import sys, {', '.join(PACKAGES)}; print(sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=untraced()
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str):
    # A wheel holds the packages' folders whole; this marker makes type checkers look into them.
    assert (ROOT / PACKAGES[package] / package / "py.typed").is_file()


def test_the_version_is_that_of_the_changelog():
    text = (ROOT / "CHANGELOG.md").read_text()
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles[0] == "Unreleased"
    releases = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - \d{4}-\d\d-\d\d", each) for each in titles[1:]]
    versions = [tuple(map(int, found.groups())) for found in releases if found]
    assert len(versions) == len(titles) - 1
    assert versions == sorted(versions, reverse=True)
    # Between releases it is the next one's, in preparation, which the section names.
    number, _, preparing = __version__.partition(".dev")
    ours = tuple(map(int, number.split(".")))
    assert ours > versions[0] if preparing else ours == versions[0]
    if preparing:
        assert f"Becomes {number}:" in text
