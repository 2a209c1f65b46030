# SPDX-License-Identifier: Apache-2.0
"""The process that executes AArch64 instructions, as an object."""

import contextlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from alpine_models.errors import AlpineError

from . import messages
from .messages import EndReason, ProcessorCommand, ProcessorEvent
from .recording import Recorded, Recording

__all__ = ["PAGE_BYTES", "Processor", "ProgramStop"]

PAGE_BYTES = 4096
_WORKER = "alpine_platform.binaries.aarch64.worker"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramStop:
    """Where a program stands.

    Members
    -------
    event : FULL where what was recorded has to be taken; STOPPED before an instruction that was
        asked for, CALLED behind a supervisor call, or ENDED.
    address : of the instruction, or behind it, or where an access failed.
    word : of the instruction before which it stopped, as memory holds it now.
    registers : x0 to x30; empty at the end.
    end, detail, pc : see `messages`, for ENDED.
    """

    event: ProcessorEvent
    address: int
    word: int = 0
    registers: tuple[int, ...] = ()
    end: EndReason = EndReason.LEFT
    detail: int = 0
    pc: int = 0


class Processor:
    """One AArch64 processor with its memory, in a process that ends with this object's block.

    Parameters
    ----------
    recorder : library of `recording.SOURCE`.

    Raises
    ------
    AlpineError
        The extra `exec` is not installed, or the process died.
    """

    def __init__(self, recorder: Path) -> None:
        if importlib.util.find_spec("unicorn") is None:
            raise AlpineError(
                "AArch64 programs need the extra exec: pip install 'alpine-cosim[exec]'"
            )
        self._recording = Recording()
        self._process = subprocess.Popen(
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._recording.descriptor],
        )
        assert self._process.stdin
        assert self._process.stdout
        self._to, self._from = self._process.stdin, self._process.stdout
        numbers = (self._recording.descriptor, self._recording.bytes)
        self._send(ProcessorCommand.RECORD, numbers, str(recorder).encode())

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
        self._recording.close()
        with contextlib.suppress(BrokenPipeError):
            self._to.close()

    def map(self, address: int, size: int) -> None:
        """Give whole pages of zeros."""
        self._send(ProcessorCommand.MAP, (address, size))

    def write(self, address: int, data: bytes) -> None:
        """Fill mapped memory."""
        self._send(ProcessorCommand.WRITE, (address,), data)

    def read(self, address: int, size: int) -> bytes:
        """Return memory; nothing where it is not mapped."""
        self._send(ProcessorCommand.READ, (address, size))
        return self._receive(ProcessorEvent.DATA)[2]

    def recorded(self) -> Recorded:
        """Return what was executed since the last time, where the program stands."""
        return self._recording.take()

    def stop_at(self, addresses: Iterable[int]) -> None:
        """ProgramStop before these instructions."""
        self._send(ProcessorCommand.STOP_AT, tuple(addresses))

    def gather(self, words: Mapping[int, int]) -> None:
        """Record these CM instructions, by address, without stopping where they are not refused."""
        self._send(ProcessorCommand.GATHER, tuple(part for pair in words.items() for part in pair))

    def address_tile(self, *, rows: int, columns: int) -> None:
        """Say what the tile has that CM instructions address from now on."""
        self._recording.address_tile(rows=rows, columns=columns)

    def record_blocks(self) -> None:
        """Record blocks and accesses from now on; CM instructions are recorded before, too."""
        self._send(ProcessorCommand.RECORD_BLOCKS, ())

    def run(self, address: int, *, stack: int, limit: int = 0) -> ProgramStop:
        """Begin, and return where the program stops first."""
        self._send(ProcessorCommand.RUN, (address, stack, limit))
        return self._next()

    def go_on(self, *, address: int = 0, registers: Mapping[int, int] | None = None) -> ProgramStop:
        """Set registers, go on, and return where the program stops next."""
        pairs = tuple(part for pair in (registers or {}).items() for part in pair)
        self._send(ProcessorCommand.GO_ON, (address, *pairs))
        return self._next()

    def _next(self) -> ProgramStop:
        event, numbers, _ = self._receive(
            ProcessorEvent.STOPPED, ProcessorEvent.CALLED, ProcessorEvent.ENDED, ProcessorEvent.FULL
        )
        if event is ProcessorEvent.ENDED:
            end, address, detail, pc = numbers
            return ProgramStop(
                event=event, address=address, end=EndReason(end), detail=detail, pc=pc
            )
        if event is ProcessorEvent.FULL:
            return ProgramStop(event=event, address=numbers[0])
        address, word, *registers = numbers
        return ProgramStop(event=event, address=address, word=word, registers=tuple(registers))

    def _send(self, command: ProcessorCommand, numbers: tuple[int, ...], data: bytes = b"") -> None:
        try:
            messages.send(self._to, command, numbers, data)
        except BrokenPipeError as error:
            raise self._died() from error

    def _receive(self, *expected: ProcessorEvent) -> tuple[Any, tuple[int, ...], bytes]:
        message = messages.receive(self._from)
        if message is None:
            raise self._died()
        assert message[0] in expected, message[0]
        return message

    def _died(self) -> AlpineError:
        status = self._process.wait()
        return AlpineError(f"the process that executes AArch64 instructions ended ({status})")
