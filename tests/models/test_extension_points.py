# SPDX-License-Identifier: Apache-2.0
"""What other packages add to tables, and what is said of packages that are broken."""

import sys
from pathlib import Path

import pytest

from alpine_models.errors import AlpineError
from alpine_models.extension_points import ExtensibleTable, extension_packages

GROUP = "alpine.systems"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that installs a package of one module, as pip leaves it."""

    def installed(name: str, module: str, *entries: str) -> None:
        folder = tmp_path / name
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *entries]) + "\n")
        (folder / f"{name}_module.py").write_text(module)
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)
        monkeypatch.syspath_prepend(folder)

    return installed


def table() -> ExtensibleTable[int]:
    return ExtensibleTable(GROUP, int, {"one": 1})


def test_a_package_adds_a_name_and_is_imported_when_it_is_asked_for(install):
    install("adder", "assert False, 'imported'", "two = adder_module:TWO")
    assert list(table()) == ["one", "two"]
    assert table()["one"] == 1
    assert "adder_module" in extension_packages()
    install("other", "THREE = 3", "three = other_module:THREE")
    assert table()["three"] == 3
    assert len(table()) == 3
    with pytest.raises(KeyError):
        table()["four"]


@pytest.mark.parametrize(
    ("module", "entry", "message"),
    [
        (
            "1 / 0",
            "two = broken_module:TWO",
            r"broken_module:TWO cannot be loaded \(ZeroDivisionError: division by zero\)",
        ),
        ("", "two = broken_module:TWO", r"cannot be loaded \(AttributeError: .*'TWO'\)"),
        ("", "two = missing:TWO", "cannot be loaded .ModuleNotFoundError: No module named"),
        ("TWO = '2'", "two = broken_module:TWO", "broken_module:TWO is a str, no int"),
        ("TWO = 2", "one = broken_module:TWO", "one is a name of this product: rename it"),
    ],
)
def test_a_broken_package_is_one_line_that_names_it(install, module, entry, message):
    install("broken", module, entry)
    name = entry.split(" ")[0]
    with pytest.raises(AlpineError, match=message) as caught:
        table()[name]
    assert str(caught.value).startswith(f"entry {name} of {GROUP} in package broken: ")
    assert "\n" not in str(caught.value)


def test_two_packages_with_the_same_name_are_told_apart(install):
    install("first", "TWO = 2", "two = first_module:TWO")
    install("second", "TWO = 2", "two = second_module:TWO")
    with pytest.raises(AlpineError, match="another package has the same name: uninstall one"):
        table()["two"]
