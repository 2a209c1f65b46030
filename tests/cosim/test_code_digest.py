# SPDX-License-Identifier: Apache-2.0
"""One byte of any kind of file, in any package, and no kept number counts any more."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.untraced import untraced

from alpine_cosim.code_digest import NO_NUMBERS, PACKAGES

CHANGE_EACH = """
import json, sys
from pathlib import Path
from alpine_cosim.code_digest import code_digest

def digest():
    code_digest.cache_clear()
    return code_digest()

found = {"unchanged": digest()}
for name in sys.argv[1:]:
    path = Path(name)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    found[name] = digest()
    path.write_bytes(content)
found["restored"] = digest()
print(json.dumps(found))
"""


def one_of_each_kind(root: Path) -> Iterator[Path]:
    """The smallest file of each ending in each package."""
    for package in PACKAGES:
        smallest: dict[str, Path] = {}
        for path in sorted((root / package).rglob("*"), key=lambda path: path.stat().st_size):
            inside = path.relative_to(root).as_posix()
            if path.is_file() and path.stat().st_size and not inside.startswith(NO_NUMBERS):
                smallest.setdefault(path.suffix, path)
        yield from smallest.values()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("packages")
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None and spec.submodule_search_locations
        shutil.copytree(
            spec.submodule_search_locations[0],
            root / package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return root


def test_one_byte_of_each_kind_of_file_changes_the_digest(copy: Path):
    files = [str(path) for path in one_of_each_kind(copy)]
    kinds = {(Path(file).relative_to(copy).parts[0], Path(file).suffix) for file in files}
    assert {
        ("alpine_cosim", ".hpp"),
        ("alpine_cosim", ".cpp"),
        ("alpine_sw", ".npz"),
        ("alpine_sw", ".gz"),
        ("alpine_models", ".json"),
        ("alpine_platform", ".csv"),
        *((package, ".py") for package in PACKAGES),
    } <= kinds
    # Lines of the copy do not count where lines are counted.
    done = subprocess.run(
        [sys.executable, "-c", CHANGE_EACH, *files],
        env={**untraced(), "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found.pop("restored") == found["unchanged"]
    same = [name for name, digest in found.items() if digest == found["unchanged"]]
    assert same == ["unchanged"]


def test_every_file_of_a_package_counts_unless_no_number_depends_on_it(copy: Path):
    # What is left out is reports, command lines, proofs and how shipped constants came about.
    assert {name.split("/")[1] for name in NO_NUMBERS} == {
        "formal", "calibrate", "training", "commands", "pages",
    }  # fmt: skip
    assert all((copy / name).is_dir() for name in NO_NUMBERS)
