# SPDX-License-Identifier: Apache-2.0
"""Waits that Ctrl-C ends while they hold a lock."""

import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import pytest

from alpine_models.waiting import as_finished, mapped, result_of, without_interrupts


@contextmanager
def interrupted_locks() -> Generator[None]:
    """Ctrl-C comes to this thread whenever it has just taken the lock of a condition."""
    enter = threading.Condition.__enter__

    def interrupted(condition: threading.Condition) -> bool:
        locked = enter(condition)
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGINT)
        return locked

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threading.Condition, "__enter__", interrupted)
            yield
    finally:
        signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("wait", [result_of, lambda future: next(as_finished([future]))])
def test_an_interrupted_wait_leaves_the_future_to_its_thread(wait: Callable[[Future[int]], Any]):
    future: Future[int] = Future()
    done: SimpleQueue[int] = SimpleQueue()
    with interrupted_locks(), pytest.raises(KeyboardInterrupt):
        wait(future)

    def finish() -> None:
        future.set_result(7)
        done.put(future.result())

    # A daemon, so that the test ends if it waits for ever.
    threading.Thread(target=finish, daemon=True).start()
    assert done.get(timeout=30) == 7


def test_an_interrupt_in_a_block_comes_at_its_end():
    order: list[str] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: order.append("interrupt"))
    try:
        with without_interrupts():
            signal.raise_signal(signal.SIGINT)
            order.append("block")
    finally:
        signal.signal(signal.SIGINT, handler)
    assert order == ["block", "interrupt"]


def test_calls_on_a_pool():
    with ThreadPoolExecutor(2) as pool:
        assert mapped(pool, lambda number: number * number, range(5)) == [0, 1, 4, 9, 16]
        assert mapped(pool, str, []) == []
        with pytest.raises(ZeroDivisionError):
            mapped(pool, lambda number: 1 // number, [1, 0, 2])
