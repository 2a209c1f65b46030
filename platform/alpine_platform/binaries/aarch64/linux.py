# SPDX-License-Identifier: Apache-2.0
"""Linux as a statically linked AArch64 program sees it: its start, its memory, its system calls.

Addresses are fixed, random bytes come from the seed and clocks tell simulated time, so that every
run of a program is the same. A program sees its arguments, its environment, and files below one
folder that the person names, which it may read.
"""

import random
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar

from alpine_models.errors import AlpineError
from alpine_platform.binaries.elf import Program

from .processor import PAGE_BYTES, Processor

__all__ = ["STACK_BYTES", "STACK_TOP", "LinuxProcess", "ProgramExit", "ProgramStopError"]

STACK_TOP = 0x7F_FFFF_F000
STACK_BYTES = 8 << 20
MAPPINGS_START = 0x40_0000_0000
"""Where memory that a program maps begins."""
HWCAP = 1 << 0 | 1 << 1 | 1 << 8
"""Floating point, vectors and atomic instructions (Linux, asm/hwcap.h)."""

# Errors and constants of Linux's binary interface (asm-generic).
_EPERM, _ENOENT, _EBADF, _EACCES, _EINVAL, _ENOTTY = 1, 2, 9, 13, 22, 25
_OPEN_FOR_WRITING = 0o3 | 0o100 | 0o1000 | 0o2000
_MAP_ANONYMOUS, _MAP_FIXED = 0x20, 0x10
_REGULAR_FILE, _CHARACTER_DEVICE = 0o100444, 0o020666
_AT_PHDR, _AT_PHENT, _AT_PHNUM, _AT_PAGESZ, _AT_ENTRY = 3, 4, 5, 6, 9
_AT_UID, _AT_EUID, _AT_GID, _AT_EGID, _AT_HWCAP, _AT_SECURE, _AT_RANDOM = 11, 12, 13, 14, 16, 23, 25
_PROGRAM_HEADER_BYTES = 56
_CLOCK_GETTIME = 113
_STANDARD_STREAMS = (0, 1, 2)


class ProgramExit(Exception):  # noqa: N818 (a program's end is no error)
    """The program ended itself.

    Members
    -------
    status : int, 0 to 255.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status & 0xFF


class ProgramStopError(AlpineError):
    """The program cannot go on: it asks for what is not there."""


class LinuxProcess:
    """One program's memory and system calls.

    Parameters
    ----------
    processor : where it executes.
    program : what is loaded.
    arguments : behind the program's own name.
    environment : name to value.
    files : folder whose files the program may read; None: no files.
    output : takes (stream 1 or 2, bytes) and returns how many it took, or minus an error number.
    standard_input : what stream 0 reads from.
    seed : of the random bytes.

    Members
    -------
    entry, stack : int, where the program begins and its stack pointer there.
    now_ns : simulated time, set by who knows it before a call that `reads_clock`.
    """

    def __init__(
        self,
        processor: Processor,
        program: Program,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        files: Path | None = None,
        output: Callable[[int, bytes], int],
        standard_input: BinaryIO,
        seed: int = 0,
    ) -> None:
        self._processor, self._program = processor, program
        self._output, self._input = output, standard_input
        self._folder = files.resolve() if files is not None else None
        self._files: dict[int, BinaryIO] = {}
        self._random = random.Random(seed)
        self._break = self._mapped_break = self._load()
        self._next_mapping = MAPPINGS_START
        self.entry = program.entry
        self.now_ns = 0
        processor.map(STACK_TOP - STACK_BYTES, STACK_BYTES)
        self.stack = self._start([program.path.name, *arguments], environment or {})

    def call(self, number: int, arguments: Sequence[int], *, address: int) -> int:
        """Carry out the system call at an address; return what goes to x0.

        Raises
        ------
        ProgramExit
            The program asked for its end.
        ProgramStopError
            There is no such call here, or it asks for what this Linux does not do.
        """
        handler = self._CALLS.get(number)
        if handler is None:
            place = self._program.place(address)
            raise ProgramStopError(f"{place}: system call {number} is not one that programs have")
        return handler(self, *arguments[:6])

    @staticmethod
    def reads_clock(number: int) -> bool:
        """Whether a system call tells the time."""
        return number == _CLOCK_GETTIME

    # ---- start -------------------------------------------------------------------------------

    def _load(self) -> int:
        """Map the segments; return the first page behind them."""
        pages: set[int] = set()
        for segment in self._program.segments:
            first = segment.address // PAGE_BYTES
            pages.update(range(first, _pages(segment.address + segment.size) // PAGE_BYTES))
        for page in sorted(pages):
            self._processor.map(page * PAGE_BYTES, PAGE_BYTES)
        for segment in self._program.segments:
            self._processor.write(segment.address, segment.data)
        return (max(pages) + 1) * PAGE_BYTES

    def _start(self, arguments: list[str], environment: Mapping[str, str]) -> int:
        """Write arguments, environment and auxiliary vector; return the stack pointer."""
        top = STACK_TOP - PAGE_BYTES

        def put(data: bytes) -> int:
            nonlocal top
            top -= len(data)
            self._processor.write(top, data)
            return top

        values = [f"{name}={value}" for name, value in environment.items()]
        addresses = [put(text.encode() + b"\0") for text in (*arguments, *values)]
        random_bytes = put(self._random.randbytes(16))
        headers, count = self._program.program_headers
        auxiliary = {
            _AT_PHDR: headers, _AT_PHENT: _PROGRAM_HEADER_BYTES, _AT_PHNUM: count,
            _AT_PAGESZ: PAGE_BYTES, _AT_ENTRY: self.entry, _AT_UID: 0, _AT_EUID: 0, _AT_GID: 0,
            _AT_EGID: 0, _AT_HWCAP: HWCAP, _AT_SECURE: 0, _AT_RANDOM: random_bytes, 0: 0,
        }  # fmt: skip
        words = [
            len(arguments), *addresses[: len(arguments)], 0, *addresses[len(arguments) :], 0,
            *(word for pair in auxiliary.items() for word in pair),
        ]  # fmt: skip
        stack = (top - 8 * len(words)) & ~15
        self._processor.write(stack, struct.pack(f"<{len(words)}Q", *words))
        return stack

    # ---- output and files --------------------------------------------------------------------

    def _write(self, descriptor: int, address: int, size: int, *_: int) -> int:
        if descriptor not in (1, 2):
            return -_EBADF
        return self._output(descriptor, self._processor.read(address, size))

    def _writev(self, descriptor: int, vector: int, count: int, *_: int) -> int:
        written = 0
        for address, size in struct.iter_unpack("<QQ", self._processor.read(vector, 16 * count)):
            if size:
                done = self._write(descriptor, address, size)
                if done < 0:
                    return written or done
                written += done
        return written

    def _read(self, descriptor: int, address: int, size: int, *_: int) -> int:
        file = self._input if descriptor == 0 else self._files.get(descriptor)
        if file is None:
            return -_EBADF
        data = file.read(size)
        self._processor.write(address, data)
        return len(data)

    def _readv(self, descriptor: int, vector: int, count: int, *_: int) -> int:
        total = 0
        for address, size in struct.iter_unpack("<QQ", self._processor.read(vector, 16 * count)):
            done = self._read(descriptor, address, size)
            if done < 0:
                return total or done
            total += done
            if done < size:
                break
        return total

    def _open(self, _folder: int, path: int, flags: int, *_: int) -> int:
        name = self._text(path)
        if flags & _OPEN_FOR_WRITING:
            return -_EACCES
        if self._folder is None:
            return -_ENOENT
        file = (self._folder / name.lstrip("/")).resolve()
        if not file.is_relative_to(self._folder):
            return -_EACCES
        if not file.is_file():
            return -_ENOENT
        descriptor = max(self._files, default=2) + 1
        try:
            self._files[descriptor] = file.open("rb")
        except OSError as error:
            return -(error.errno or _EACCES)
        return descriptor

    def _close(self, descriptor: int, *_: int) -> int:
        if descriptor in _STANDARD_STREAMS:
            return 0
        file = self._files.pop(descriptor, None)
        if file is None:
            return -_EBADF
        file.close()
        return 0

    def _seek(self, descriptor: int, offset: int, whence: int, *_: int) -> int:
        file = self._files.get(descriptor)
        if file is None:
            return -_EBADF
        try:
            return file.seek(_signed(offset), whence)
        except (OSError, ValueError):
            return -_EINVAL

    def _file_status(self, descriptor: int, address: int, *_: int) -> int:
        file = self._files.get(descriptor)
        if file is None and descriptor not in _STANDARD_STREAMS:
            return -_EBADF
        size = 0
        if file is not None:
            here = file.tell()
            size = file.seek(0, 2)
            file.seek(here)
        mode = _CHARACTER_DEVICE if file is None else _REGULAR_FILE
        # struct stat of asm-generic: device, inode, mode, links, ids, ..., size at 48.
        status = struct.pack("<QQIIIIQQqi", 0, descriptor, mode, 1, 0, 0, 0, 0, size, PAGE_BYTES)
        self._processor.write(address, status.ljust(128, b"\0"))
        return 0

    def _text(self, address: int) -> str:
        data = b""
        while not data.endswith(b"\0"):
            byte = self._processor.read(address + len(data), 1)
            if not byte:
                break
            data += byte
        return data.rstrip(b"\0").decode(errors="replace")

    # ---- memory ------------------------------------------------------------------------------

    def _set_break(self, address: int, *_: int) -> int:
        if address > self._break:
            wanted = _pages(address)
            if wanted > self._mapped_break:
                self._processor.map(self._mapped_break, wanted - self._mapped_break)
                self._mapped_break = wanted
            self._break = address
        return self._break

    def _map(self, _address: int, size: int, _access: int, flags: int, *_: int) -> int:
        if not flags & _MAP_ANONYMOUS or flags & _MAP_FIXED or not size:
            return -_EINVAL
        address = self._next_mapping
        self._next_mapping += _pages(size) + PAGE_BYTES
        self._processor.map(address, _pages(size))
        return address

    # ---- the rest ----------------------------------------------------------------------------

    def _exit(self, status: int, *_: int) -> int:
        raise ProgramExit(status)

    def _random_bytes(self, address: int, size: int, *_: int) -> int:
        self._processor.write(address, self._random.randbytes(size))
        return size

    def _clock(self, _which: int, address: int, *_: int) -> int:
        if address:
            self._processor.write(address, struct.pack("<qq", *divmod(self.now_ns, 10**9)))
        return 0

    def _affinity(self, _process: int, size: int, address: int, *_: int) -> int:
        """One core."""
        if size < 8:
            return -_EINVAL
        self._processor.write(address, (1).to_bytes(8, "little"))
        return 8

    def _no_thread(self, *_: int) -> int:
        raise ProgramStopError("the program starts a thread: programs have one so far")

    def _raise_signal(self, _process: int, _thread: int, number: int, *_: int) -> int:
        raise ProgramStopError(f"the program ended itself by signal {number}")

    def _raise_own_signal(self, thread: int, number: int, *_: int) -> int:
        return self._raise_signal(0, thread, number)

    def _thread_number(self, *_: int) -> int:
        return 1

    def _nothing(self, *_: int) -> int:
        return 0

    def _not_permitted(self, *_: int) -> int:
        return -_EPERM

    def _no_file(self, *_: int) -> int:
        return -_ENOENT

    def _no_terminal(self, *_: int) -> int:
        return -_ENOTTY

    # By number (Linux, asm-generic/unistd.h).
    _CALLS: ClassVar[dict[int, Callable[..., int]]] = {
        25: _nothing,  # fcntl
        29: _no_terminal,  # ioctl
        56: _open,
        57: _close,
        62: _seek,
        63: _read,
        64: _write,
        65: _readv,
        66: _writev,
        78: _no_file,  # readlinkat
        79: _no_file,  # newfstatat
        80: _file_status,
        93: _exit,
        94: _exit,
        96: _thread_number,  # set_tid_address
        98: _nothing,  # futex: one thread waits for nobody
        99: _nothing,  # set_robust_list
        _CLOCK_GETTIME: _clock,
        123: _affinity,
        124: _nothing,  # sched_yield
        130: _raise_own_signal,  # tkill
        131: _raise_signal,  # tgkill
        134: _nothing,  # rt_sigaction
        135: _nothing,  # rt_sigprocmask
        172: _thread_number,
        178: _thread_number,
        214: _set_break,
        215: _nothing,  # munmap: addresses are not given twice
        220: _no_thread,
        222: _map,
        226: _nothing,  # mprotect
        233: _nothing,  # madvise
        261: _not_permitted,  # prlimit64
        278: _random_bytes,
        293: _not_permitted,  # rseq
        435: _no_thread,
    }


def _pages(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number
