# SPDX-License-Identifier: Apache-2.0
"""Compiled functions whose machine code is cached on disk and used again only while it is valid.

Numba finds cached machine code by the source file of one function. It does not look at the
functions that this one calls, nor at constants that were compiled into it. The name under which
code is cached here therefore also contains a fingerprint of their sources.

Nor does Numba have a lock: processes that begin together would all compile the same for most of a
minute. Here one does, and the others wait for what it leaves on disk.
"""

import functools
import multiprocessing
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba
from filelock import FileLock
from numba.core import sigutils
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock

__all__ = ["FINGERPRINT", "cached", "cached_c_function", "cached_under", "compiled", "fingerprint"]


def fingerprint(*sources: Path) -> str:
    """Return a short text that changes with the text of any of these files."""
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:14]


def cached(**options: Any) -> Callable[[Any], Any]:
    """Return a decorator that compiles with `numba.njit` and caches the machine code on disk.

    Numba caches it beside the source, or else in the user's cache folder. Where neither can be
    written, every process compiles anew, and the first one says so.
    """

    def compile_(function: Any) -> Any:
        dispatcher = numba.njit(**options)(function)
        try:
            dispatcher.enable_caching()
        except RuntimeError:
            _tell_uncached()
        else:
            _compile_in_turns(dispatcher)
        return dispatcher

    return compile_


def _compile_in_turns(dispatcher: Any) -> None:
    """Let processes take turns to look for machine code on disk, and to compile what is missing."""
    compile_ = dispatcher.compile

    def in_turns(signature: Any) -> Any:
        # Numba's own lock comes first: a thread that held another function's lock and waited for
        # this one would wait for ever.
        with global_compiler_lock, _turn(dispatcher):
            return compile_(signature)

    dispatcher.compile = in_turns


@contextmanager
def _turn(dispatcher: Any) -> Generator[None]:
    name = f"{dispatcher.py_func.__module__}.{dispatcher.py_func.__qualname__}"
    folder = Path(dispatcher._cache.cache_path)
    lock = FileLock(folder / f"{sha256(name.encode()).hexdigest()[:32]}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        # Nothing can be kept there any more; what is there can be read without a lock.
        yield
        return
    try:
        yield
    finally:
        lock.release()


@functools.cache
def _tell_uncached() -> None:
    if multiprocessing.parent_process() is None:
        print(
            "alpine: compiled code can be kept neither beside the installation nor in the user's "
            "cache, so every command compiles anew, which takes a minute: set NUMBA_CACHE_DIR to a "
            "folder that is writable",
            file=sys.stderr,
        )


def cached_under(fingerprint: str, **options: Any) -> Callable[[Any], Any]:
    """Return a decorator that compiles with `numba.njit` and caches under a fingerprint."""

    def compile_(function: Any) -> Any:
        # Numba's files are named after it.
        function.__qualname__ += f"_{fingerprint}"
        return cached(**options)(function)

    return compile_


def cached_c_function(fingerprint: str, signature: Any, function: Any, **options: Any) -> Any:
    """Compile a function that C code calls, with `numba.cfunc`, and cache it as `cached_under`."""
    function.__qualname__ += f"_{fingerprint}"
    signatures: Any = sigutils  # Numba carries no types.
    c_function = CFunc(
        function, signatures.normalize_signature(signature), locals={}, options=options
    )
    try:
        c_function.enable_caching()
    except RuntimeError:
        _tell_uncached()
    c_function.compile()
    return c_function


def compiled(**options: Any) -> Callable[[Any], Any]:
    """Return the decorator of this package's compiled functions, with options of `numba.njit`."""
    return cached_under(FINGERPRINT, **options)


_FOLDER = Path(__file__).parent
FINGERPRINT = fingerprint(
    *(
        _FOLDER / name
        for name in (
            "compiling.py",
            "crossbar.py",
            "device/adc_kernel.py",
            "device/exact.py",
            "device/formulas.py",
            "device/kernels.py",
            "device/noise.py",
            "isa.py",
            "reference_tile.py",
            "tile.py",
        )
    )
)
"""Changes with the source of any compiled function of this package, or of its constants."""
