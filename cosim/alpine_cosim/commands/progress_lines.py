# SPDX-License-Identifier: Apache-2.0
"""Progress where standard error is no terminal: plain lines, ever more seldom."""

import contextlib
import sys
import threading
import time
from typing import TextIO

from rich.progress import Progress, Task

__all__ = ["ProgressLines"]

FIRST_S, LONGEST_S = 10.0, 300.0


class ProgressLines(Progress):
    """Says after some seconds what is going on, and again after twice as long, up to five minutes.

    What takes less than the first seconds says nothing, so that a log holds no lines of it.

    Parameters
    ----------
    file : where lines go; standard error by default.
    first_s : seconds until the first line.
    """

    def __init__(self, file: TextIO | None = None, *, first_s: float = FIRST_S):
        super().__init__(disable=True)
        self._file = file or sys.stderr
        self._first_s = first_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def start(self) -> None:
        """Begin to count the seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Say nothing any more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _tell(self) -> None:
        begin, pause_s = time.monotonic(), self._first_s
        while not self._ended.wait(pause_s):
            elapsed_s = time.monotonic() - begin
            for task in self.tasks:
                # Whoever reads the lines may have gone; the work goes on.
                with contextlib.suppress(OSError):
                    print(f"alpine: {_line(task, elapsed_s)}", file=self._file, flush=True)
            pause_s = min(2 * pause_s, LONGEST_S)


def _line(task: Task, elapsed_s: float) -> str:
    done = "" if task.total is None else f", {task.completed:.0f} of {task.total:.0f}"
    return f"{task.description}{done}, after {elapsed_s:.0f} s{_remaining(task)}"


def _remaining(task: Task) -> str:
    """When a task will be done, if it goes on as it went so far."""
    left, elapsed_s = task.remaining, task.elapsed
    if not left or not elapsed_s or task.completed <= 0:
        return ""
    return f", about {elapsed_s / task.completed * left:.0f} s to go"
