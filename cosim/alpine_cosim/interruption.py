"""Ctrl-C: one line and exit status 130, whenever it comes."""

import _thread
import os
import signal
import sys
from types import FrameType

from .commands.exit_status import ExitStatus

__all__ = ["INTERRUPTION", "heed_interrupts", "leave", "was_interrupted"]

INTERRUPTION = "interrupted; nothing half-written was left behind"
"""What is said of it."""

SHOW_CURSOR = "\x1b[?25h"
"""What makes a terminal show the cursor that a progress bar has hidden."""

_interrupts: list[int] = []


def leave(_number: int = signal.SIGINT, _frame: FrameType | None = None) -> None:
    """End this process at once; a signal handler for while nothing is begun."""
    shown = SHOW_CURSOR if os.isatty(2) else ""
    os.write(2, f"{shown}alpine: {INTERRUPTION}\n".encode())
    os._exit(ExitStatus.INTERRUPTED)


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
        _thread.interrupt_main()
    else:
        sys.__unraisablehook__(arguments)
