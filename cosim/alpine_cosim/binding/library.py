# SPDX-License-Identifier: Apache-2.0
"""A model's shared library: its C interface, and one native instance with its memory."""

import ctypes
import functools
import weakref
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

from .errors import ModelError, SimulationFinished, SimulationStopped

__all__ = ["Column", "Instance", "Status", "load"]


class Status(IntEnum):
    """What a call did; native sources have it as `alpine::Status`."""

    DONE = 0
    SLICE = 1
    """Time to let Python look at its signals; call again."""
    FINISHED = 2
    """The design finished during the call."""
    STOPPED = 3
    """The design stopped; ``alpine_reason()`` tells why."""
    BUSY = 4
    """Another thread is in the model."""
    BROKEN = 5
    """The design cannot go on; ``alpine_reason()`` tells why."""
    ENDED = 6
    """It had finished before the call."""
    ABSENT = 7
    """The value did not appear, or the file cannot be opened."""
    EMPTY = 8
    """The waveform would have no signals."""


class Column(ctypes.Structure):
    """`alpine::Column` of native/calls.hpp: a field of a row, and its port."""

    _fields_ = [
        ("offset", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("port", ctypes.c_void_p),
    ]


_POINTER, _U64, _I32, _TEXT = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p
_FUNCTIONS: tuple[tuple[str, Any, list[Any]], ...] = (
    ("alpine_create", _POINTER, [_I32, ctypes.POINTER(_TEXT)]),
    ("alpine_precision", _I32, [_POINTER]),
    ("alpine_add_clock", None, [_POINTER, _U64, _U64, _I32]),
    ("alpine_start", _I32, [_POINTER]),
    ("alpine_end", _I32, [_POINTER]),
    ("alpine_destroy", None, [_POINTER]),
    ("alpine_eval", _I32, [_POINTER]),
    ("alpine_cycles", _U64, [_POINTER]),
    ("alpine_time", _U64, [_POINTER]),
    ("alpine_finished", _I32, [_POINTER]),
    ("alpine_reason", _TEXT, [_POINTER]),
    ("alpine_warnings", _TEXT, [_POINTER]),
    ("alpine_step", _I32, [_POINTER, _U64]),
    ("alpine_step_function", _POINTER, [_POINTER]),
    ("alpine_run", _I32, [_POINTER, _U64]),
    ("alpine_step_until", _I32, [_POINTER, _POINTER, _I32, _POINTER, _U64]),
    (
        "alpine_drive",
        _I32,
        [_POINTER, _U64, _POINTER, _U64, _POINTER, _I32, _POINTER, _U64, _POINTER, _I32],
    ),
    ("alpine_progress", _U64, [_POINTER]),
    ("alpine_port_address", _POINTER, [_POINTER, _I32]),
    ("alpine_signal", _POINTER, [_POINTER, _TEXT, _TEXT, ctypes.POINTER(_U64)]),
    ("alpine_trace_open", _I32, [_POINTER, _TEXT, _I32, _TEXT]),
    ("alpine_trace_close", _I32, [_POINTER]),
)
_SAVING: tuple[tuple[str, Any, list[Any]], ...] = (
    ("alpine_save", _U64, [_POINTER]),
    ("alpine_saved", _POINTER, [_POINTER]),
    ("alpine_restore", _I32, [_POINTER, _TEXT, _U64]),
)


@functools.cache
def load(path: Path) -> ctypes.CDLL:
    """Return a model's library, its functions typed; once per process.

    Raises
    ------
    OSError
        The file is no library.
    """
    library = ctypes.CDLL(str(path))
    for name, result, arguments in (*_FUNCTIONS, *_SAVING):
        if (name, result, arguments) in _SAVING and not hasattr(library, name):
            continue
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Instance:
    """One native model: its address, and its memory for as long as something looks at it.

    Members
    -------
    library : ctypes.CDLL.
    handle : int, address.
    """

    def __init__(self, library: ctypes.CDLL, plus_arguments: tuple[str, ...]):
        self.library = library
        arguments = [b"alpine", *(text.encode() for text in plus_arguments)]
        self.handle: int = library.alpine_create(
            len(arguments), (ctypes.c_char_p * len(arguments))(*arguments)
        )
        weakref.finalize(self, library.alpine_destroy, self.handle)

    def memory(self, address: int, size: int) -> memoryview:
        """Return the model's bytes from an address on; the instance lives as long as the view."""
        array = (ctypes.c_uint8 * size).from_address(address)
        array._alpine_instance = self  # pyright: ignore[reportAttributeAccessIssue]
        return memoryview(array).cast("B")

    def single_step(self) -> Callable[[], int]:
        """Return a call that steps one cycle; it keeps Python's lock, which takes longer to free.

        Of the ways to call it, a function without arguments through ctypes takes a third of the
        time of one with two arguments and declared types, and of cffi's ABI mode.
        """
        address = self.library.alpine_step_function(self.handle)
        if address:
            return ctypes.PYFUNCTYPE(ctypes.c_int)(address)
        return self.caller("alpine_step", ctypes.c_void_p(self.handle), ctypes.c_uint64(1))

    def caller(self, name: str, *arguments: Any) -> functools.partial[int]:
        """Return a call of a short function with its arguments converted once."""
        function = ctypes.PyDLL(None, handle=self.library._handle)[name]
        return functools.partial(function, *arguments)

    def check(self, status: int) -> None:
        """Raise what a status stands for, if it is no success.

        Raises
        ------
        SimulationStopped, SimulationFinished, ModelError
        """
        if status in (Status.STOPPED, Status.BROKEN):
            # A name in a foreign file may have any encoding.
            text = self.library.alpine_reason(self.handle).decode(errors="replace")
            file, line, reason = text.split("\n", 2)
            place = f"{file.rpartition('/')[2]}:{line}: "
            reason = " ".join(reason.removeprefix(place).split())
            if status == Status.BROKEN:
                reason += "; it cannot go on: build a new model"
            raise SimulationStopped(reason, file, int(line))
        if status == Status.ENDED:
            raise SimulationFinished(
                "the design has called $finish: build a new model to start again"
            )
        if status == Status.BUSY:
            raise ModelError("another thread is in the model: let one thread at a time use it")
