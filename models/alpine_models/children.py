# SPDX-License-Identifier: Apache-2.0
"""Child processes and temporary folders that end with this process, however it ends.

A child gets a process group of its own, so that whatever it starts ends with it. Ctrl-C does not
reach that group: it comes to this process alone, which ends the group. Where this process is killed
and can do nothing any more, its guard does it: a small process that reads a pipe from it.
"""

import atexit
import contextlib
import fcntl
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from .errors import AlpineError

__all__ = [
    "child",
    "end_children",
    "held_interrupts",
    "interrupting",
    "run_child",
    "scratch_folder",
    "uninterrupted",
    "watched_folder",
]

PREFIX = "alpine-"
"""What names of temporary folders begin with."""

IN_USE = ".in-use"
"""File in a temporary folder that is locked as long as its process lives."""

_groups: set[int] = set()
"""Process groups of the children that are running."""

interrupting = threading.RLock()
"""Held by a thread that starts a child, and by one that interrupts another thread."""


@contextlib.contextmanager
def child(command: Sequence[str | Path], **options: Any) -> Generator["subprocess.Popen[Any]"]:
    """Run a program while the ``with`` block runs; at its end nothing that it started is left.

    Parameters
    ----------
    command : program and arguments.
    options : of `subprocess.Popen`.
    """
    with contextlib.ExitStack() as stack:
        with uninterrupted():
            process = stack.enter_context(
                subprocess.Popen(list(command), start_new_session=True, **options)
            )
            _groups.add(process.pid)
            _guard().tell(True, "group", process.pid)
            stack.callback(_forget_group, process.pid)
        yield process


def _forget_group(group: int) -> None:
    # The group's leader may be gone while a compiler or a simulator still runs.
    _end_group(group)
    _groups.discard(group)
    _guard().tell(False, "group", group)


@contextlib.contextmanager
def uninterrupted() -> Generator[None]:
    """Let a `KeyboardInterrupt` of this thread wait for the end of the ``with`` block.

    Between a process that has begun and the note that it is to be ended there is no place for one.
    In the main thread it comes from Ctrl-C; in others from `in_background`, which takes the same
    lock.
    """
    with interrupting:
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(handler):
            yield
            return
        came: list[FrameType | None] = []
        signal.signal(signal.SIGINT, lambda _, frame: came.append(frame))
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, handler)
            if came:
                handler(signal.SIGINT, came[0])


def run_child(
    command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end; return its status and, as ``stdout``, all that it printed."""
    with child(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        output, _ = process.communicate()
    return subprocess.CompletedProcess(list(command), process.returncode, stdout=output)


def end_children() -> None:
    """End what other threads of this process are running; their calls return at once."""
    for group in list(_groups):
        _end_group(group)


@contextlib.contextmanager
def watched_folder(folder: Path) -> Generator[Path]:
    """Remove a folder at the end of the ``with`` block, or of this process if it comes before.

    The folder may have been renamed by then.
    """
    _guard().tell(True, "folder", str(folder.absolute()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _guard().tell(False, "folder", str(folder.absolute()))


@contextlib.contextmanager
def scratch_folder(purpose: str) -> Generator[Path]:
    """Make a temporary folder that exists while the ``with`` block runs.

    Parameters
    ----------
    purpose : a word for its name.

    Raises
    ------
    AlpineError
        The system's temporary folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            _remove_leftovers(tempfile.gettempdir())
            folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-"))
            stack.enter_context(watched_folder(folder))
            lock = os.open(folder / IN_USE, os.O_CREAT | os.O_RDWR)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise AlpineError(
                f"no temporary folder can be made ({error}): free some space, or set TMPDIR to a "
                f"folder that is writable"
            ) from error
        yield folder


@contextlib.contextmanager
def held_interrupts() -> Generator[None]:
    """Let Ctrl-C wait for the end of the ``with`` block; processes started in it never hear of it.

    A terminal sends it to every process of the command. What a child would say of it, from amid its
    own start, is of no use to anybody; the first process decides what ends.
    """
    from multiprocessing import resource_tracker

    # The first process that multiprocessing spawns starts this one too, and where that happens
    # Ctrl-C is no longer blocked; so it is there before the block.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Guard:
    """The process that outlives this one, see `guard`."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        # Isolated and without site packages it starts in a hundredth of a second. Its own session
        # keeps what ends this process's group from ending it.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(self.close)

    def tell(self, begins: bool, kind: str, name: int | str) -> None:
        """Have it take care of a process group or a folder, or no longer."""
        assert self._process.stdin is not None
        line = json.dumps([begins, kind, name]) + "\n"
        # Without a guard all goes on; only a kill of this process would leave something behind.
        # Lines of several threads stay whole, for they are short and written at once.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._process.stdin.fileno(), line.encode())

    def close(self) -> None:
        """Let it end."""
        if self._owner == os.getpid():
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()


_guards: dict[int, _Guard] = {}
_starting = threading.Lock()


def _guard() -> _Guard:
    """Return the guard of this process; a forked process has one of its own."""
    number = os.getpid()
    with _starting:
        if number not in _guards:
            _guards[number] = _Guard()
        return _guards[number]


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


@functools.cache
def _remove_leftovers(root: str) -> None:
    """Remove temporary folders of processes that are gone and whose guards were killed as well."""
    for lock in Path(root).glob(f"{PREFIX}*/{IN_USE}"):
        with contextlib.suppress(OSError):
            if lock.stat().st_uid != os.getuid():
                continue
            with lock.open("rb") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
