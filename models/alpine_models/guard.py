# SPDX-License-Identifier: Apache-2.0
"""What outlives a process to end its children and remove its temporary folders.

Run as a program of its own, before anything of this product is imported. Standard input says what
to take care of, one JSON array per line: whether to begin, or to cease; ``group`` or ``folder``;
and the number of a process group or the path of a folder. At the end of input, which comes however
the writer ends, every group that is left is killed and every folder that is left is removed.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import time

__all__ = ["main"]

ATTEMPTS, PAUSE_S = 50, 0.1
"""A killed process may write into a folder a moment longer."""


def main() -> None:
    """Follow standard input to its end, then clean up."""
    kept: dict[tuple[str, int | str], None] = {}
    for line in sys.stdin:
        begins, kind, name = json.loads(line)
        if begins:
            kept[kind, name] = None
        else:
            kept.pop((kind, name), None)
    for kind, name in kept:
        if kind == "group":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(name), signal.SIGKILL)
    for kind, name in kept:
        if kind == "folder":
            _remove(str(name))


def _remove(folder: str) -> None:
    for _ in range(ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
