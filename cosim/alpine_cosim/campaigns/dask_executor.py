# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Dask types its client in part only; what crosses this module's border is annotated.
"""Calls on the workers of a Dask cluster: one that this process starts, or a person's own."""

import asyncio
import logging
import socket
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from alpine_cosim.code_digest import code_digest
from alpine_cosim.spec.trees import with_absolute_paths
from alpine_models.children import held_interrupts
from alpine_models.errors import AlpineError

from .executor import CallOutcome, KilledCallError

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskProcesses", "DaskScheduler", "dask_is_there", "end_of_cluster"]

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 1000
"""Calls that the scheduler knows at a time: enough for every worker, and for a cluster that grows
with them; few enough that a hundred thousand take no memory there."""

REFILL = 50
"""Calls that are handed over at once when so many are done: each hand-over has its price."""

ANSWER_S = 10
"""Within which a scheduler answers."""

SETTINGS = {
    # A run's memory cannot be written to disk, and a process that still holds some takes new runs.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    # One run at a time is begun on a process, so that the one which kills it is known.
    "distributed.scheduler.worker-saturation": 1.0,
    # A run may be killed by another program's hunger once; more often it is its own.
    "distributed.scheduler.allowed-failures": 1,
    # Nobody looks at samples of the workers' stacks, and no worker has a queue to steal from.
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.work-stealing": False,
}
"""Of clusters that this process starts."""

INSTALL = "pip install 'alpine-cosim[sweep]'"


class OtherCodeError(AlpineError):
    """A worker has other code than this process."""


def dask_is_there() -> bool:
    """Whether the extra ``sweep`` is installed."""
    return find_spec("distributed") is not None


class DaskProcesses:
    """Calls on processes of this machine that a Dask scheduler within this one looks after.

    They end with this process and never hear of Ctrl-C. One that is killed, or takes more than its
    share of the machine's memory, is started anew, and its call is made once more.

    Parameters
    ----------
    workers : how many, at most.
    """

    def __init__(self, workers: int):
        self._workers = workers

    def outcomes(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[CallOutcome[Item, Result]]:
        """Call a function with every item; the contract is `Executor.outcomes`."""
        if not items:
            return
        from dask.config import set as settings
        from distributed import Client, LocalCluster

        with _quiet(), settings(SETTINGS):
            # Threads and processes that are started here, and those which they start, have Ctrl-C
            # blocked.
            with held_interrupts():
                cluster = LocalCluster(
                    n_workers=min(self._workers, len(items)),
                    threads_per_worker=1,
                    dashboard_address=None,  # pyright: ignore[reportArgumentType]
                    silence_logs=logging.CRITICAL,
                )
            try:
                # Results of workers on this machine need not pass through the scheduler.
                with Client(cluster, set_as_default=False, direct_to_workers=True) as client:
                    yield from _outcomes(client, "of this machine", function, items)
            finally:
                cluster.close()


class DaskScheduler:
    """Calls on the workers of a scheduler that a person has started.

    Parameters
    ----------
    address : as in ``tcp://node:8786``.
    tell : told in words when there is no worker yet, for which the calls then wait.
    """

    def __init__(self, address: str, *, tell: Callable[[str], None] = lambda text: None):
        self._address, self._tell = address, tell

    def outcomes(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Generator[CallOutcome[Item, Result]]:
        """Call a function with every item; the contract is `Executor.outcomes`.

        Raises
        ------
        AlpineError
            The scheduler does not answer, or is gone; its workers have other versions.
        """
        with _quiet(), _connected(self._address) as client:
            _check_versions(client, self._address)
            if not client.scheduler_info(n_workers=-1)["workers"]:
                self._tell(
                    f"scheduler {self._address} has no workers yet: runs wait for one, as "
                    f"`dask worker {self._address} --nthreads 1` starts"
                )
            # Other machines have other current folders.
            yield from _outcomes(client, self._address, function, items, sent=with_absolute_paths)


def end_of_cluster(address: str) -> AlpineError:
    """Return the error of a scheduler that went away."""
    return AlpineError(
        f"scheduler {address} is gone: finished runs are kept, and the same command goes on from "
        "there"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from telling of what this module tells of."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _connected(address: str) -> "Iterator[Client]":
    if not dask_is_there():
        raise AlpineError(f"scheduler {address} needs Dask, which is not installed: {INSTALL}")
    from distributed import Client

    try:
        # A client that finds nobody would be left behind, and tell of it when it is collected.
        asyncio.run(_reach(address))
        with warnings.catch_warnings():
            # Other versions are told of in one line.
            warnings.simplefilter("ignore")
            client = Client(address, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise AlpineError(
            f"scheduler {address} does not answer ({type(error).__name__}): start one with "
            "`dask scheduler`, or correct the address, as in tcp://node:8786"
        ) from error
    try:
        yield client
    finally:
        # What is still computed for this client is given up.
        with suppress(OSError, TimeoutError):
            client.close()


async def _reach(address: str) -> None:
    from distributed.comm.core import connect

    comm = await connect(address, timeout=ANSWER_S)
    comm.abort()


def _check_versions(client: "Client", address: str) -> None:
    """Refuse a scheduler and workers on which calls would fail or give other numbers."""
    found: Any = client.get_versions(packages=["alpine-cosim"])
    ours = _versions(found["client"])
    others = {f"scheduler {address}": found["scheduler"]}
    others |= {f"worker {name}": its for name, its in found["workers"].items()}
    for name, its in others.items():
        theirs = _versions(its)
        for library, version in ours.items():
            if library == "alpine-cosim" and name.startswith("scheduler"):
                # It passes runs on unread.
                continue
            if theirs[library] != version:
                raise AlpineError(
                    f"{name} has {library} {theirs[library] or 'not installed'}, this process "
                    f"{version}: install the same there"
                )
    digests: Any = client.run(_worker_code)
    for name, digest in digests.items():
        if digest != code_digest():
            raise _other_code(f"worker {name}")


def _versions(environment: dict[str, Any]) -> dict[str, str | None]:
    packages = environment["packages"]
    names = ("dask", "distributed", "alpine-cosim")
    # Pickled objects are read by the same minor version alone for certain.
    python = ".".join(str(packages["python"]).split(".")[:2])
    return {"python": python, **{name: packages.get(name) for name in names}}


def _other_code(worker: str) -> OtherCodeError:
    return OtherCodeError(
        f"{worker} has other code or data of this product than this process, or other versions of "
        "what computes: install the same there, and start it again"
    )


def _worker_code() -> str:
    """The digest of the code of the worker that calls this."""
    return code_digest()


def _call(item: Any, *, function: Callable[[Any], Any], code: str) -> Any:
    """Call a function on a worker, which may have come after the check of the others."""
    if _worker_code() != code:
        raise _other_code(f"worker on {socket.gethostname()}")
    return function(item)


def _outcomes(
    client: "Client",
    address: str,
    function: Callable[[Any], Any],
    items: Sequence[Any],
    *,
    sent: Callable[[Any], Any] = lambda item: item,
) -> Generator[CallOutcome[Any, Any]]:
    from distributed import as_completed

    ahead = iter(items)
    running: dict[Any, Any] = {}

    def begin(count: int) -> "list[Future]":
        batch = list(islice(ahead, count))
        if not batch:
            return []
        futures = client.map(
            _call, list(map(sent, batch)), function=function, code=code_digest(), pure=False
        )
        running.update({future.key: item for future, item in zip(futures, batch, strict=True)})
        return futures

    done = as_completed(begin(AHEAD), loop=client.loop)
    while running:
        batch = done.next_batch()
        for future, value, error in _results(client, address, batch):
            yield CallOutcome(item=running.pop(future.key), value=value, error=error)
        if len(running) <= AHEAD - REFILL:
            done.update(begin(AHEAD - len(running)))


def _results(
    client: "Client", address: str, batch: "Sequence[Future]"
) -> "list[tuple[Future, Any, Exception | None]]":
    """Value or error of every finished call of a batch, fetched at once."""
    from distributed import KilledWorker

    try:
        fetched: Any = client.gather([each for each in batch if each.status == "finished"])
        values = iter(fetched)
        results: list[tuple[Future, Any, Exception | None]] = []
        for future in batch:
            if future.status == "finished":
                results.append((future, next(values), None))
                continue
            if future.status != "error":
                raise end_of_cluster(address)
            error: Any = future.exception()
            if isinstance(error, KilledWorker):
                error = KilledCallError(
                    f"its process was killed {error.allowed_failures + 1} times, perhaps for lack "
                    "of memory"
                )
            elif isinstance(error, OtherCodeError) or not isinstance(error, Exception):
                raise error
            results.append((future, None, error))
    except (OSError, TimeoutError) as error:
        raise end_of_cluster(address) from error
    return results
