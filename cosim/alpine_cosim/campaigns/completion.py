# SPDX-License-Identifier: Apache-2.0
"""Everything of a campaign: what is finished is read, the rest is computed and kept."""

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from alpine_models.errors import AlpineError
from alpine_models.plurals import counted

from .executor import Executor, KilledCallError, WorkerDiedError
from .store import Record, ResultStore

__all__ = ["Finished", "Work", "complete", "completed", "error_text", "failure_text"]


class Work(Hashable, Protocol):
    """Something to compute, which can be pickled."""

    def identity(self) -> dict[str, Any]:
        """Return what the result depends on, but for the code, as JSON values."""
        ...


Kind = TypeVar("Kind", bound=Work)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished(Generic[Kind]):
    """What came of a work.

    Members
    -------
    work : that was asked for.
    record : its result, or what is kept of its failure; None where nothing is.
    error : why it failed; None where it did not.
    reused : whether the result is an earlier call's.
    """

    work: Kind
    record: Record | None
    error: Exception | None = None
    reused: bool = False


def completed(
    works: Sequence[Kind],
    compute: Callable[[Kind], Record],
    *,
    store: ResultStore | None,
    executor: Executor,
    failed: Callable[[Kind, Exception], Record | None] = lambda work, error: None,
    again: Callable[[Record], bool] = lambda record: False,
) -> Generator[Finished[Kind]]:
    """Yield what comes of every work as soon as it is there; those that are kept come first.

    A result is in the store before it is yielded. A work that fails ends no other.

    Parameters
    ----------
    works : the first ones are begun first.
    compute : a function of a module, which returns JSON values.
    store : of finished results, or None to keep nothing.
    failed : gives what to keep of a work that failed, or None to keep nothing.
    again : whether a work with such an earlier result is computed once more.

    Raises
    ------
    AlpineError
        A result cannot be kept; those before it are.
    """
    missing: list[Kind] = []
    for work in dict.fromkeys(works):
        found = None if store is None else store.find(work.identity())
        if found is None or again(found):
            missing.append(work)
        else:
            yield Finished(work=work, record=found, reused=True)
    # Closed whatever happens here, Ctrl-C included: no process goes on.
    with closing(executor.outcomes(compute, missing)) as outcomes:
        for outcome in outcomes:
            error = outcome.error
            record = outcome.value if error is None else failed(outcome.item, error)
            if record is not None and store is not None:
                store.add(outcome.item.identity(), record)
            yield Finished(work=outcome.item, record=record, error=error)


def complete(
    works: Sequence[Kind],
    compute: Callable[[Kind], Record],
    *,
    store: ResultStore,
    executor: Executor,
    label: Callable[[Kind], str],
    on_done: Callable[[Kind, bool], None] = lambda work, reused: None,
) -> dict[Kind, Record]:
    """Return the results of all works in their order, computing those that are not finished.

    Parameters
    ----------
    works, compute, store, executor : as of `completed`.
    label : names a work in a message.
    on_done : told of each work that is finished, and whether an earlier result served.

    Raises
    ------
    AlpineError
        A work failed: all others are finished and kept. Or a result cannot be kept.
    """
    records: dict[Kind, Record] = {}
    failures: dict[str, Exception] = {}
    with closing(completed(works, compute, store=store, executor=executor)) as all_finished:
        for finished in all_finished:
            if finished.error is not None:
                failures[label(finished.work)] = finished.error
            elif finished.record is not None:
                records[finished.work] = finished.record
                on_done(finished.work, finished.reused)
    if failures:
        raise AlpineError(failure_text(failures))
    return {work: records[work] for work in works}


def failure_text(failures: Mapping[str, Exception]) -> str:
    """Say in one line what failed, by the label of each failure, and what to do."""
    label, error = next(iter(failures.items()))
    if isinstance(error, WorkerDiedError):
        return (
            f"a process was killed in one of {counted(len(failures), 'run')}, perhaps in {label}, "
            "and perhaps for lack of memory: start again with --jobs 1, finished runs are kept"
        )
    return (
        f"{counted(len(failures), 'run')} failed, finished runs are kept; first {label}: "
        f"{error_text(error)}"
    )


def error_text(error: Exception) -> str:
    """Say what an exception says, with its kind where it is no mistake of a person."""
    if isinstance(error, AlpineError | KilledCallError):
        return str(error)
    return f"{type(error).__name__}: {error}"
