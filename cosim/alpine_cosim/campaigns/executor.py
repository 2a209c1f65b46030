# SPDX-License-Identifier: Apache-2.0
"""Where independent calls run: in this process, in processes of this machine, or elsewhere."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from alpine_models.waiting import as_finished

from .workers import worker_pool

__all__ = [
    "CallOutcome",
    "Executor",
    "KilledCallError",
    "LocalProcesses",
    "ThisProcess",
    "WorkerDiedError",
]

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDiedError(RuntimeError):
    """A process that made runs was killed; which run it was at is not known."""


class KilledCallError(RuntimeError):
    """Every process that worked on this one call was killed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallOutcome(Generic[Item, Result]):
    """What came of one call.

    Members
    -------
    item : what the function was called with.
    value : what it returned, if there is no error.
    error : what it raised, `WorkerDiedError` or `KilledCallError`; None where it returned.
    """

    item: Item
    value: Result | None
    error: Exception | None


class Executor(Protocol):
    """Runs independent calls; what they return does not depend on where and in which order."""

    def outcomes(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[CallOutcome[Item, Result]]:
        """Call a function with every item and yield what comes of each as soon as it is there.

        An exception ends its own call only. Closing the generator ends calls that are running.

        Parameters
        ----------
        function : of a module, so that other processes find it by its name.
        items : which can be pickled; the first ones are begun first.
        """
        ...


class ThisProcess:
    """Calls one after the other, here."""

    def outcomes(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[CallOutcome[Item, Result]]:
        """Call a function with every item; the contract is `Executor.outcomes`."""
        for item in items:
            outcome: CallOutcome[Item, Result]
            try:
                outcome = CallOutcome(item=item, value=function(item), error=None)
            except Exception as error:
                outcome = CallOutcome(item=item, value=None, error=error)
            yield outcome


class LocalProcesses:
    """Calls on processes of this machine, which end with this one and never hear of Ctrl-C.

    Parameters
    ----------
    workers : how many, at most; even one is a process of its own, whose memory goes back when all
        is done.
    """

    def __init__(self, workers: int):
        self._workers = workers

    def outcomes(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[CallOutcome[Item, Result]]:
        """Call a function with every item; the contract is `Executor.outcomes`."""
        if not items:
            return
        with worker_pool(min(self._workers, len(items))) as pool:
            running: dict[Future[Result], Item] = {
                pool.submit(function, item): item for item in items
            }
            for done in as_finished(running):
                item, error = running.pop(done), done.exception()
                if error is None:
                    yield CallOutcome(item=item, value=done.result(), error=None)
                elif isinstance(error, BrokenProcessPool):
                    yield CallOutcome(item=item, value=None, error=WorkerDiedError(str(error)))
                elif isinstance(error, Exception):
                    yield CallOutcome(item=item, value=None, error=error)
                else:
                    raise error
