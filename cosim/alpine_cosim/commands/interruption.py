# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C: one line and exit status 130, whenever it comes.

Imports nothing that takes time, not even typing: until it is imported Ctrl-C is Python's own.
"""

import _thread
import os
import signal
import sys
import time
import warnings
from types import FrameType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = [
    "INTERRUPTED",
    "INTERRUPTION",
    "InterruptedRunError",
    "heed_interrupts",
    "leave",
    "was_interrupted",
]

INTERRUPTED = 130
"""Exit status, as shells say it."""

INTERRUPTION = "interrupted; nothing half-written was left behind"
"""What is said of it."""

SHOW_CURSOR = "\x1b[?25h"
"""What makes a terminal show the cursor that a progress bar has hidden."""

SOON_S = 0.01
"""After which an interrupt that was lost is raised again."""

_interrupts: list[int] = []


class InterruptedRunError(Exception):
    """Ctrl-C ended a command's work, and what had to be ended in order is."""


def leave(_number: int = signal.SIGINT, _frame: FrameType | None = None) -> "NoReturn":
    """End this process at once; a signal handler for while nothing is begun."""
    shown = SHOW_CURSOR if os.isatty(2) else ""
    os.write(2, f"{shown}alpine: {INTERRUPTION}\n".encode())
    os._exit(INTERRUPTED)


def heed_interrupts() -> None:
    """From now on raise KeyboardInterrupt, so that work which is begun is ended in order."""
    signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _unraisable


def was_interrupted() -> bool:
    """Whether Ctrl-C came, though what it raised may have become another exception since."""
    return bool(_interrupts)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A package whose import is interrupted may swallow the exception or tell half a page of it.
    if _importing(frame):
        leave()
    _interrupts.append(number)
    # What is abandoned half-way would warn of being unused.
    warnings.simplefilter("ignore")
    raise KeyboardInterrupt


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _unraisable(arguments: "sys.UnraisableHookArgs") -> None:
    """Raise an interrupt once more that came in a destructor or a callback and would be lost."""
    if arguments.exc_type is KeyboardInterrupt:
        # Not at once: within this hook, too, it would be lost.
        _thread.start_new_thread(_interrupt_soon, ())
    else:
        sys.__unraisablehook__(arguments)


def _interrupt_soon() -> None:
    time.sleep(SOON_S)
    _thread.interrupt_main()
