# SPDX-License-Identifier: Apache-2.0
"""Worker processes while they start, and when what started them is gone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import sys, time
from alpine_cosim.campaigns.workers import worker_pool
from alpine_models.waiting import result_of

if __name__ == "__main__":
    with worker_pool(2) as pool:
        sleeping = [pool.submit(time.sleep, 300) for _ in range(2)]
        print("started", flush=True)
        result_of(sleeping[0])
"""


def members(session: int) -> list[int]:
    """Processes of a session that have not ended."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, number = path.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(number) == session and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("wait_s", [0.0, 0.3], ids=["as they start", "at work"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_without_a_word(tmp_path: Path, number: int, wait_s: float):
    (tmp_path / "program.py").write_text(PROGRAM)
    process = subprocess.Popen(
        ["env", "--default-signal", sys.executable, str(tmp_path / "program.py")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    time.sleep(wait_s)
    if number == signal.SIGINT:
        # As a terminal sends it: to every process of the command.
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    # The first process's own traceback, which the command turns into a line; no worker's.
    assert errors.count("Traceback") == (number == signal.SIGINT)
    deadline = time.monotonic() + 30
    while members(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not members(process.pid)
