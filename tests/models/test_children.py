# SPDX-License-Identifier: Apache-2.0
"""What a process starts ends with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from alpine_models.children import child, run_child, scratch_folder

PROGRAM = """
import subprocess, sys, time
from pathlib import Path
from alpine_models.children import child, scratch_folder
# A child that starts a child of its own, as a compiler's driver does, and both live on.
SHELL = "sleep 300 & echo $!; wait"
with scratch_folder("test") as folder, child(["sh", "-c", SHELL], stdout=subprocess.PIPE) as one:
    (folder / "half").write_text("x")
    print(one.pid, one.stdout.readline().decode().strip(), folder, flush=True)
    time.sleep(300)
"""


def wait_for(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()


def is_running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    # What nobody has asked after yet is no process any more.
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGINT])
def test_whatever_ends_a_process_ends_its_children_and_folders(number: int, tmp_path: Path):
    process = subprocess.Popen(
        ["env", "--default-signal", sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)}, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    first, second, folder = process.stdout.readline().split()
    numbers = [int(first), int(second)]
    assert all(map(is_running, numbers))
    assert (Path(folder) / "half").exists()
    os.killpg(process.pid, number)
    process.communicate()
    assert wait_for(lambda: not any(map(is_running, numbers)))
    assert wait_for(lambda: not list(tmp_path.iterdir()))


def test_leaving_ends_what_a_child_started():
    with child(["sh", "-c", "sleep 300 & echo $!"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        process.wait()
        assert is_running(number)
    assert wait_for(lambda: not is_running(number))


def test_output_and_status_are_told():
    done = run_child(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.returncode, done.stdout) == (3, "out\nerr\n")


def test_folders_that_nobody_uses_any_more_go_at_the_next_start(tmp_path: Path):
    (tmp_path / "alpine-old-1").mkdir()
    (tmp_path / "alpine-old-1" / ".in-use").write_text("")
    (tmp_path / "alpine-of-a-person").mkdir()
    script = (
        "from alpine_models.children import scratch_folder\n"
        "with scratch_folder('a') as one, scratch_folder('b') as two: print(one.parent, two.parent)"
    )
    with scratch_folder("used") as used:
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        moved = used.rename(tmp_path / used.name)
        command = [sys.executable, "-c", script]
        printed = subprocess.check_output(command, env=environment, text=True)
        assert printed.split() == [str(tmp_path)] * 2
        assert {path.name for path in tmp_path.iterdir()} == {"alpine-of-a-person", moved.name}
