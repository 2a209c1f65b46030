# SPDX-License-Identifier: Apache-2.0
"""Waveforms of a model: which signals a file shows, and what can go wrong in writing it."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from alpine_models.errors import AlpineError

from .library import Instance, Status
from .plan import BuildPlan, TraceFormat
from .wrapper import wrapper_name

__all__ = ["waveform"]

EVERYTHING = 1000
"""Levels below which no design goes."""
FST_HEADER = b"\x00" + (329).to_bytes(8, "big")
"""How a whole FST file begins: a block of type 0, the header, and its length.

The header is written last, into a gap at the beginning, and only if nothing failed before.
Source: libfstwriter, fstcpp_writer.cpp (`Writer::close`) and fstcpp_file.h (321 bytes and 8).
"""


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
    reason = os.strerror(failure) if failure else ""
    if plan.trace is TraceFormat.FST and not _has_header(path):
        # The writer of this format keeps no error numbers.
        reason = "it could not be written to its end"
    if reason:
        raise AlpineError(
            f"waveform {path} is incomplete ({reason}): free some space, or write it to another "
            f"disk"
        )


def _has_header(path: str | Path) -> bool:
    try:
        # Of a FIFO nothing can be read, and nobody shall wait for it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return file.read(len(FST_HEADER)) == FST_HEADER
