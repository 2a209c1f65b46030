# SPDX-License-Identifier: Apache-2.0
"""Worker processes that never hear of Ctrl-C and end with the process that started them."""

import multiprocessing
import os
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from threading import Thread
from typing import Any

from alpine_models.children import held_interrupts
from alpine_models.waiting import without_interrupts

__all__ = ["worker_pool"]


@contextmanager
def worker_pool(workers: int) -> Generator[ProcessPoolExecutor]:
    """Return a pool of processes; an exception in the ``with`` block ends them at once.

    Wait for its futures with `alpine_models.waiting`.

    Parameters
    ----------
    workers : how many, at most.
    """
    # Spawned, not forked: a copy of this process would share its open models and locks, and one of
    # a process that has threads may hang.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = _Pool(workers, mp_context=context, initializer=_start)
    try:
        yield pool
        with without_interrupts():
            pool.shutdown()
    except BaseException:
        with without_interrupts():
            pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise


class _Pool(ProcessPoolExecutor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Submit a call; its process is started here if it is the first one to need it."""
        with without_interrupts(), held_interrupts():
            return super().submit(fn, *args, **kwargs)


def _start() -> None:
    """Leave when the parent is gone, even if it was killed and could not say so."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    Thread(target=watch, args=(parent.sentinel,), daemon=True).start()
