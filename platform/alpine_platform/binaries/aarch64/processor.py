# SPDX-License-Identifier: Apache-2.0
"""The process that executes AArch64 instructions, as an object."""

import contextlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from alpine_models.errors import AlpineError

from . import messages
from .messages import Command, End, Event

__all__ = ["PAGE_BYTES", "Processor", "Stop"]

PAGE_BYTES = 4096
_WORKER = "alpine_platform.binaries.aarch64.worker"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Where a program stands.

    Members
    -------
    event : STOPPED before an instruction that was asked for, CALLED behind a supervisor call, or
        ENDED. address : of the instruction, or behind it, or where an access failed.
    registers : x0 to x30; empty at the end.
    end, detail, pc : see `messages`, for ENDED.
    """

    event: Event
    address: int
    registers: tuple[int, ...] = ()
    end: End = End.LEFT
    detail: int = 0
    pc: int = 0


class Processor:
    """One AArch64 processor with its memory, in a process that ends with this object's block.

    Raises
    ------
    AlpineError
        The extra `exec` is not installed, or the process died.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("unicorn") is None:
            raise AlpineError(
                "AArch64 programs need the extra exec: pip install 'alpine-cosim[exec]'"
            )
        self._process = subprocess.Popen(
            [sys.executable, "-m", _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin
        assert self._process.stdout
        self._to, self._from = self._process.stdin, self._process.stdout

    def __enter__(self) -> "Processor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._from.close()
        with contextlib.suppress(BrokenPipeError):
            self._to.close()

    def map(self, address: int, size: int) -> None:
        """Give whole pages of zeros."""
        self._send(Command.MAP, (address, size))

    def write(self, address: int, data: bytes) -> None:
        """Fill mapped memory."""
        self._send(Command.WRITE, (address,), data)

    def read(self, address: int, size: int) -> bytes:
        """Return memory; nothing where it is not mapped."""
        self._send(Command.READ, (address, size))
        return self._receive(Event.DATA)[2]

    def stop_at(self, addresses: Iterable[int]) -> None:
        """Stop before these instructions."""
        self._send(Command.STOP_AT, tuple(addresses))

    def run(self, address: int, *, stack: int, limit: int = 0) -> Stop:
        """Begin, and return where the program stops first."""
        self._send(Command.RUN, (address, stack, limit))
        return self._next()

    def go_on(self, *, address: int = 0, registers: Mapping[int, int] | None = None) -> Stop:
        """Set registers, go on, and return where the program stops next."""
        pairs = tuple(part for pair in (registers or {}).items() for part in pair)
        self._send(Command.GO_ON, (address, *pairs))
        return self._next()

    def _next(self) -> Stop:
        event, numbers, _ = self._receive(Event.STOPPED, Event.CALLED, Event.ENDED)
        if event is Event.ENDED:
            end, address, detail, pc = numbers
            return Stop(event=event, address=address, end=End(end), detail=detail, pc=pc)
        return Stop(event=event, address=numbers[0], registers=numbers[1:])

    def _send(self, command: Command, numbers: tuple[int, ...], data: bytes = b"") -> None:
        try:
            messages.send(self._to, command, numbers, data)
        except BrokenPipeError as error:
            raise self._died() from error

    def _receive(self, *expected: Event) -> tuple[Any, tuple[int, ...], bytes]:
        message = messages.receive(self._from)
        if message is None:
            raise self._died()
        assert message[0] in expected, message[0]
        return message

    def _died(self) -> AlpineError:
        status = self._process.wait()
        return AlpineError(f"the process that executes AArch64 instructions ended ({status})")
