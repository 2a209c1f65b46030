# SPDX-License-Identifier: Apache-2.0
"""What tests call on workers of a cluster, which find it by its name."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Call", "called", "wait_for"]

HOG_BYTES = 1 << 30


@dataclass(frozen=True)
class Call:
    """Something to do: nothing, fail, be killed once, take all memory, wait."""

    value: int
    action: str = ""
    folder: Path | None = None

    def identity(self) -> dict[str, Any]:
        return {"value": self.value}


def called(call: Call) -> dict[str, Any]:
    if call.action == "fail":
        raise ZeroDivisionError(f"{call.value} cannot be done")
    if call.action == "die once" and call.folder:
        (first := call.folder / "died").exists() or (
            first.touch(),
            os.kill(os.getpid(), signal.SIGKILL),
        )
    if call.action == "hog":
        taken = [b"x" * (HOG_BYTES // 16) for _ in range(16)]
        # The process is ended by what watches its memory.
        time.sleep(30)
        raise MemoryError(f"{len(taken)} parts were taken, and nobody minded")
    if call.action == "wait" and call.folder:
        wait_for(call.folder / "go")
    return {"square": call.value**2}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
