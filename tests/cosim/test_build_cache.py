# SPDX-License-Identifier: Apache-2.0
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from alpine_cosim.binding.cache import cache_directory, cached_build, content_hash
from alpine_cosim.cocotb.building import build_simulator
from alpine_cosim.cocotb.runner_call import RunnerCall
from alpine_models.errors import AlpineError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALPINE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_build_runs_once_and_its_directory_is_kept():
    calls: list[Path] = []

    def build(directory: Path) -> None:
        calls.append(directory)
        (directory / "made").write_text("x")

    first, second = cached_build("key", build), cached_build("key", build)
    assert first == second
    assert (first / "made").read_text() == "x"
    assert len(calls) == 1


def test_failed_build_leaves_nothing_and_can_be_repeated(cache: Path):
    def fail(directory: Path) -> None:
        (directory / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_build("key", fail)
    assert [path.suffix for path in cache.iterdir()] in ([".lock"], [])
    assert cached_build("key", lambda directory: None).is_dir()


def test_killed_build_is_cleared_away(cache: Path):
    program = (
        "import time\nfrom alpine_cosim.binding.cache import cached_build\n"
        "def build(d):\n (d / 'half').write_text('x'); print('building', flush=True);"
        " time.sleep(60)\ncached_build('key', build)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "building\n"
    assert len(list(cache.glob("key.*.tmp"))) == 1
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 30
    while list(cache.glob("*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(cache.glob("*.tmp"))


def test_what_a_machine_left_that_lost_its_power_goes_with_the_next_build(cache: Path):
    for name in ("key.1.tmp", "other.2.tmp", "busy.3.tmp"):
        (cache / name).mkdir(parents=True)
        (cache / name / "half").write_text("x")
    with FileLock(cache / "busy.lock"):
        final = cached_build("key", lambda directory: None)
    assert not list(final.iterdir())
    assert [path.name for path in cache.glob("*.tmp")] == ["busy.3.tmp"]


def test_a_full_disk_is_one_line(cache: Path):
    def fill(directory: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(AlpineError, match="is full: free some space, or set ALPINE_CACHE_DIR"):
        cached_build("key", fill)
    assert not list(cache.glob("*.tmp"))


def test_waiting_process_uses_the_finished_build(cache: Path):
    program = (
        "import sys, time\nfrom alpine_cosim.binding.cache import cached_build\n"
        "def build(d):\n print('building', flush=True); time.sleep(1)\n"
        "cached_build('key', build)\nprint(time.monotonic())"
    )
    first = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "building\n"
    start = time.monotonic()
    cached_build("key", lambda directory: pytest.fail("built twice"))
    assert time.monotonic() - start > 0.2
    first.communicate()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_cache_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tmp_path.chmod(0o500)
    with pytest.raises(AlpineError, match="cannot be written"):
        cache_directory()


def test_cache_that_is_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ALPINE_CACHE_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(AlpineError, match="set ALPINE_CACHE_DIR to a directory that is"):
        cache_directory()


def test_hash_knows_where_parts_end():
    assert content_hash(["ab", "c"]) != content_hash(["a", "bc"])
    assert content_hash(["ab", b"c"]) == content_hash([b"ab", "c"])


def test_cocotb_builds_where_no_path_has_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Neither make nor Verilator's preprocessor takes such a path.
    cache = tmp_path / 'it\'s "mine"'
    monkeypatch.setenv("ALPINE_CACHE_DIR", str(cache))
    seen: list[str] = []

    def build(call: RunnerCall) -> None:
        seen.append(json.dumps([call.arguments, str(call.directory)]))
        call.product.parent.mkdir()
        call.product.write_text("made")

    monkeypatch.setattr(RunnerCall, "make", build)
    simulator = build_simulator("module top(); endmodule", top="top", ports=[])
    assert (simulator.directory / "top").read_text() == "made"
    assert simulator.directory.is_relative_to(cache)
    # Verilator's runtime for an empty module, then the design.
    assert len(seen) == 2
    assert not any("mine" in build for build in seen)
