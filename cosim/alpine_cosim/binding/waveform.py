# SPDX-License-Identifier: Apache-2.0
"""Waveforms of a model: which signals a file shows, and what can go wrong in writing it."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from alpine_models.errors import AlpineError

from .library import Instance, Status
from .plan import BuildPlan
from .wrapper import wrapper_name

__all__ = ["waveform"]

EVERYTHING = 1000
"""Levels below which no design goes."""


@contextmanager
def waveform(
    plan: BuildPlan, instance: Instance, path: str | Path, *, scope: str, depth: int | None
) -> Generator[None]:
    """Write a waveform while the ``with`` block runs.

    Parameters
    ----------
    plan, instance : of the model.
    path, scope, depth : see `VerilatedModel.trace`.

    Raises
    ------
    AlpineError
        See `VerilatedModel.trace`.
    """
    if plan.trace is None:
        raise AlpineError('this model has no tracing: build it with trace="fst" or "vcd"')
    if depth is not None and depth < 1:
        raise AlpineError(f"depth={depth} shows nothing: at least 1")
    shown = ".".join(filter(None, (wrapper_name(plan.top), plan.top, scope)))
    status = instance.library.alpine_trace_open(
        instance.handle, os.fsencode(path), depth or EVERYTHING, shown.encode()
    )
    instance.check(status)
    if status == Status.ABSENT:
        raise AlpineError(f"waveform {path} cannot be written: check that its folder exists")
    if status == Status.EMPTY:
        Path(path).unlink(missing_ok=True)
        raise AlpineError(
            f"scope={scope!r} has no signals to show: name an instance by its path below "
            f"{plan.top}, as u_fifo.u_memory, or leave scope out to see all of them"
        )
    try:
        yield
    finally:
        # A model that was closed in the block has closed its file, but knows how that went.
        failure = instance.library.alpine_trace_close(instance.handle)
    if failure:
        raise AlpineError(
            f"waveform {path} is incomplete ({os.strerror(failure)}): free some space, or "
            f"write it to another disk"
        )
