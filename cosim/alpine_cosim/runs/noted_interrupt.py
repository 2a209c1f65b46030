# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C that is noted first and obeyed at once only where it comes a second time."""

import signal
import threading
from types import FrameType
from typing import Any

__all__ = ["NotedInterrupt"]


class NotedInterrupt:
    """While its block lasts, the first Ctrl-C is noted and the second does what it did before.

    In another thread than the main one, which signals do not reach, it does nothing.
    """

    def __init__(self) -> None:
        self._noted = False
        self._before: Any = None

    def noted(self) -> bool:
        """Whether Ctrl-C has come."""
        return self._noted

    def __enter__(self) -> "NotedInterrupt":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._noted = True
        signal.signal(signal.SIGINT, self._before)
