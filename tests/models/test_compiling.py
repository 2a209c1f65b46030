# SPDX-License-Identifier: Apache-2.0
"""Machine code on disk is not used after a change of what it was made from."""

import subprocess
import sys
from pathlib import Path

OUTER = """
from pathlib import Path
from alpine_models.compiling import fingerprint, cached_under
from inner import STEP, add

@cached_under(fingerprint(Path("inner.py")))
def outer(x):
    return add(x) + STEP

print(outer(100), *outer.stats.cache_hits.values())
"""
INNER = """
import numba

STEP = {step}

@numba.njit
def add(x):
    return x + {added}
"""


def output(folder: Path, **environment: str) -> str:
    return run(folder, **environment).stdout.strip()


def run(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "import outer"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_code_follows_the_functions_and_constants_that_it_inlined(tmp_path: Path):
    (tmp_path / "outer.py").write_text(OUTER)
    (tmp_path / "inner.py").write_text(INNER.format(step=10, added=1))
    assert output(tmp_path) == "111"
    assert output(tmp_path) == "111 1"
    (tmp_path / "inner.py").write_text(INNER.format(step=20, added=2))
    assert output(tmp_path) == "122"


def test_processes_that_begin_together_compile_once(tmp_path: Path):
    (tmp_path / "outer.py").write_text(OUTER + "print(sum(outer.stats.cache_misses.values()))\n")
    (tmp_path / "inner.py").write_text(INNER.format(step=10, added=1))
    started = [
        subprocess.Popen(
            [sys.executable, "-c", "import outer"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    told = [process.communicate()[0].split() for process in started]
    assert [words[0] for words in told] == ["111"] * 3
    assert sorted(words[-1] for words in told) == ["0", "0", "1"]


def test_where_nothing_can_be_cached_code_is_compiled_and_one_line_says_so(tmp_path: Path):
    twice = OUTER + "\n@cached_under('x')\ndef other(x):\n    return x\n\nprint(other(5))\n"
    (tmp_path / "outer.py").write_text(twice)
    (tmp_path / "inner.py").write_text(INNER.format(step=10, added=1))
    # Numba is left with one place to look at, and that is none.
    nowhere = {
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
        "NUMBA_CACHE_DIR": "/proc/nowhere",
    }
    done = run(tmp_path, **nowhere)
    assert done.stdout.split() == ["111", "5"]
    assert done.stderr.count("\n") == 1
    assert "set NUMBA_CACHE_DIR to a folder that is writable" in done.stderr


def test_code_is_cached_in_one_way():
    root = Path(__file__).parents[2]
    for room in ("models", "platform", "sw", "cosim"):
        for source in (root / room).rglob("*.py"):
            assert "cache=True" not in source.read_text(), source


def test_every_compiled_module_is_part_of_the_fingerprint():
    from alpine_models import compiling

    folder = Path(compiling.__file__).parent
    listed = Path(compiling.__file__).read_text()
    for path in folder.rglob("*.py"):
        if "import compiled" in path.read_text():
            assert f'"{path.relative_to(folder).as_posix()}"' in listed
