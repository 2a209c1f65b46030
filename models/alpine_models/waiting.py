# SPDX-License-Identifier: Apache-2.0
"""Waits for futures that Ctrl-C may end at any moment.

A wait of ``concurrent.futures`` (``result``, ``wait``, ``as_completed``, a pool's ``map``) that
Ctrl-C ends in the wrong moment has just taken a future's lock and never gives it back. The thread
that then wants to set the future's result waits for ever, and Python waits for the thread at its
end. The waits here hold no lock that anybody else needs.
"""

import signal
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["as_finished", "mapped", "result_of", "without_interrupts"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def as_finished(futures: Iterable[Future[Result]]) -> Generator[Future[Result]]:
    """Yield each future as soon as it is done; one that is done does not wait any more."""
    finished: SimpleQueue[Future[Result]] = SimpleQueue()
    waiting = list(futures)
    with without_interrupts():
        for future in waiting:
            future.add_done_callback(finished.put)
    for _ in waiting:
        yield finished.get()


def result_of(future: Future[Result]) -> Result:
    """Wait for a future; return its result or raise its exception."""
    for done in as_finished([future]):
        future = done
    return future.result()


def mapped(
    pool: Executor, function: Callable[[Item], Result], items: Iterable[Item]
) -> list[Result]:
    """Call a function with every item on a pool; return the results in the items' order.

    The first exception, Ctrl-C included, is raised at once; calls that have not begun are dropped.
    """
    with without_interrupts():
        futures = [pool.submit(function, item) for item in items]
    try:
        for future in as_finished(futures):
            future.result()
    except BaseException:
        with without_interrupts():
            for future in futures:
                future.cancel()
        raise
    return [future.result() for future in futures]


@contextmanager
def without_interrupts() -> Generator[None]:
    """Let Ctrl-C wait for the end of the ``with`` block, which is short.

    Python tells the main thread alone of Ctrl-C; in another thread nothing has to be done. Blocking
    the signal would not do: another thread would take it and Python tell the main thread of it.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[int] = []

    def note(number: int, frame: Any) -> None:
        came.append(number)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)
