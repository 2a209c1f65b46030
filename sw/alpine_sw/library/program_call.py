# SPDX-License-Identifier: Apache-2.0
"""Calls of a library in a program, which tell when they were forgotten to be run."""

import functools
import warnings
from collections.abc import Callable, Generator
from typing import Any, ParamSpec

from alpine_platform.cores.operations import Operation, Program

__all__ = ["ForgottenCallWarning", "warns_when_forgotten"]

Arguments = ParamSpec("Arguments")


class ForgottenCallWarning(RuntimeWarning):
    """A call of a program's library stands without `yield from`, so that it did nothing."""


def warns_when_forgotten(
    function: Callable[Arguments, Program],
) -> Callable[Arguments, Program]:
    """Return a generator function whose generators warn where nobody has ever started them.

    Without it, a line such as ``aimc.process()`` in a program does nothing and says nothing, and
    outputs are zeros.
    """

    @functools.wraps(function)
    def call(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Program:
        return _Call(function.__name__, function(*arguments, **keywords))

    return call


class _Call(Generator[Operation, Any, Any]):
    """A generator that knows whether anybody has started it."""

    __slots__ = ("_name", "_program", "_started")

    def __init__(self, name: str, program: Program):
        self._name, self._program, self._started = name, program, False

    def __iter__(self) -> Program:
        # What `yield from` asks for, and then talks to without a detour.
        self._started = True
        return self._program

    def send(self, value: Any) -> Operation:
        self._started = True
        return self._program.send(value)

    def throw(self, *error: Any) -> Operation:
        self._started = True
        return self._program.throw(*error)

    def close(self) -> None:
        self._started = True
        self._program.close()

    def __del__(self) -> None:
        if not self._started:
            warnings.warn(
                f"{self._name}() was called without `yield from`, so it did nothing: write "
                f"`yield from ...{self._name}(...)`",
                ForgottenCallWarning,
                # The line of the program that called it, where its result is dropped at once.
                stacklevel=2,
            )
