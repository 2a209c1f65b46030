# SPDX-License-Identifier: Apache-2.0
"""Work in a background thread that ends when the thread that waits for it is interrupted."""

import ctypes
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from .children import end_children, interrupting

__all__ = ["in_background"]

Result = TypeVar("Result")

POLL_S = 0.05


@contextmanager
def in_background(function: Callable[[], Result]) -> Generator[Future[Result]]:
    """Run a function in a background thread during the ``with`` block, and wait for it at the end.

    If the block raises, Ctrl-C included, which Python shows to the main thread alone, the function
    is interrupted as well: by a `KeyboardInterrupt` between two of its instructions, and by the end
    of the programs that it has started. The block waits for the future with `result_of`.

    Parameters
    ----------
    function : takes nothing; the future that the block is given has its result.
    """
    thread = _Thread()
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(thread.run, function)
        try:
            yield future
        except BaseException:
            thread.interrupt()
            while not future.done():
                end_children()
                time.sleep(POLL_S)
            raise


class _Thread:
    """A thread that can be interrupted while it runs a function, and not after that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: int | None = None

    def run(self, function: Callable[[], Result]) -> Result:
        with self._lock:
            self._running = threading.get_ident()
        try:
            return function()
        finally:
            with self._lock:
                self._running = None

    def interrupt(self) -> None:
        with interrupting, self._lock:
            if self._running is not None:
                # First the programs that it may wait for: Python 3.11, where lines are traced, lets
                # no other thread go on while one has an interrupt before it and waits.
                end_children()
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._running), ctypes.py_object(KeyboardInterrupt)
                )
