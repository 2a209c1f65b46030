# SPDX-License-Identifier: Apache-2.0
"""Which executor makes runs on this machine, by what a person asks for."""

import os

from alpine_models.errors import AlpineError

from .dask_executor import DaskProcesses, dask_is_there
from .executor import Executor, LocalProcesses, ThisProcess

__all__ = ["jobs_of", "local_executor", "looked_after"]


def jobs_of(jobs: int | None) -> int:
    """Return the number of processes that a person asks for, by default one per processor.

    Raises
    ------
    AlpineError
        It is not 1 or more.
    """
    number = os.cpu_count() or 1 if jobs is None else jobs
    if number < 1:
        raise AlpineError(f"jobs must be 1 or more, not {number}")
    return number


def local_executor(jobs: int | None) -> Executor:
    """Return what makes runs here, or on as many processes as `jobs_of` says if it is several."""
    number = jobs_of(jobs)
    return ThisProcess() if number == 1 else LocalProcesses(number)


def looked_after(jobs: int | None) -> Executor:
    """Return what makes long series of runs on `jobs_of` processes, even on one.

    Where Dask is installed it looks after them: one that dies is started anew.
    """
    number = jobs_of(jobs)
    return DaskProcesses(number) if dask_is_there() else LocalProcesses(number)
