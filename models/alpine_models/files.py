# SPDX-License-Identifier: Apache-2.0
"""Writing files so that nobody ever sees half of one, and so that they stay what they are.

A file that exists keeps its mode; through a symbolic link the file behind it is written. What is
no file, as a device, a pipe of another program or this process's own output, is written as a
stream. Everything else goes to a temporary name in the same folder first and is renamed.
"""

import contextlib
import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO

from .errors import AlpineError

__all__ = [
    "FULL",
    "append_line",
    "check_writable",
    "copy_file",
    "deliver",
    "make_folder",
    "new_folder",
    "read_toml_text",
    "write_bytes",
    "write_text",
    "write_with",
]

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says of a disk without space for a person's files."""


def read_toml_text(path: Path) -> str:
    """Return the text of a TOML file.

    Raises
    ------
    AlpineError
        The file cannot be read, or is not written in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise AlpineError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AlpineError(
            f"{path}: byte {error.start} is no UTF-8, which TOML is written in: convert the file"
        ) from None


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in, unless they exist.

    Raises
    ------
    AlpineError
        The folder cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AlpineError(f"folder {path} cannot be made: {error.strerror}") from error


@contextlib.contextmanager
def new_folder(path: Path) -> Generator[Path]:
    """Give a folder to fill, which gets its own name when the ``with`` block ends, or disappears.

    Parameters
    ----------
    path : of the folder; it must not exist, or be empty. The folder that it lies in exists.

    Raises
    ------
    AlpineError
        It exists and is not empty, or cannot be made.
    """
    target = path.resolve()
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise AlpineError(f"folder {path} exists and is not empty: name another one")
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise AlpineError(f"folder {path} cannot be made: {error.strerror}") from error
    try:
        yield made
        mask = os.umask(0)
        os.umask(mask)
        made.chmod(0o777 & ~mask)
        made.replace(target)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise AlpineError(f"folder {path} cannot be made: {error.strerror}") from error
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def check_writable(path: Path) -> None:
    """Check that `write_with` will be able to write, before the work that fills the file.

    Raises
    ------
    AlpineError
        The folder does not exist or cannot be written, or the path is that of a folder.
    """
    try:
        if path.is_dir():
            raise AlpineError(f"file {path} cannot be written: it is a folder; name a file in it")
        if _descriptor(path) is not None or _is_stream(path):
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        else:
            target = _target(path)
            with tempfile.TemporaryFile(prefix=f".{target.name}.", dir=target.parent):
                pass
    except OSError as error:
        raise _unwritable(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8; see `write_with`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file; see `write_with`."""
    write_with(path, lambda file: file.write(data))


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file and give it to the operating system: all of it, or nothing.

    Half a line, which a killed process or a machine without power left, is ended first.

    Parameters
    ----------
    path : of the file; its folder exists. One process at a time may add to it.

    Raises
    ------
    AlpineError
        The folder does not exist or cannot be written, or the disk is full.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            end = os.fstat(descriptor).st_size
            ended = end == 0 or os.pread(descriptor, 1, end - 1) == b"\n"
            data = ("" if ended else "\n").encode() + f"{line}\n".encode()
            try:
                while data:
                    data = data[os.write(descriptor, data) :]
            except BaseException:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unwritable(path, error) from error


def copy_file(source: Path, path: Path) -> None:
    """Write what another file holds; see `write_with`."""

    def fill(file: IO[bytes]) -> None:
        with source.open("rb") as opened:
            shutil.copyfileobj(opened, file)

    write_with(path, fill)


def write_with(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write what a function puts into an open binary file: all of it, or nothing to be seen.

    Parameters
    ----------
    path : of the file; its folder exists.
    fill : given the open file. It cannot be sought in where the path is that of a stream.

    Raises
    ------
    AlpineError
        The folder does not exist or cannot be written, or the disk is full.
    """
    try:
        descriptor = _descriptor(path)
        if descriptor is not None:
            # What this process printed before stands before it.
            sys.stdout.flush()
            with os.fdopen(os.dup(descriptor), "wb") as file:
                fill(file)
        elif _is_stream(path):
            with path.open("wb") as file:
                fill(file)
        else:
            _replace(_target(path), fill)
    except OSError as error:
        raise _unwritable(path, error) from error


def deliver(page: str) -> None:
    """Write a generated page to the file that the command line names; print it if none is named."""
    if len(sys.argv) > 1:
        write_text(Path(sys.argv[1]), page)
    else:
        print(page, end="")


def _replace(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        _dress(Path(temporary), path)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _dress(temporary: Path, path: Path) -> None:
    """Give a temporary file the mode and, where that is allowed, the owner of what it replaces."""
    try:
        old = path.stat()
    except FileNotFoundError:
        # mkstemp keeps the file private; a result is as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        return
    new = temporary.stat()
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        # A file of another person's in a shared folder becomes ours, as with any editor.
        with contextlib.suppress(PermissionError):
            os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(stat.S_IMODE(old.st_mode))


def _is_stream(path: Path) -> bool:
    """Whether there is something, and no regular file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _target(path: Path) -> Path:
    """The file itself, behind all symbolic links; it need not exist."""
    return path.resolve()


def _descriptor(path: Path) -> int | None:
    """The number of the open file of this process that a path names, or None.

    Opened by its path a redirected output would be written from its beginning again.
    """
    named = re.fullmatch(r"/dev/(?:fd/(\d+)|stdout|stderr)|/proc/self/fd/(\d+)", str(path))
    if named is None:
        return None
    number = named[1] or named[2]
    return int(number) if number else {"/dev/stdout": 1, "/dev/stderr": 2}[str(path)]


def _unwritable(path: Path, error: OSError) -> AlpineError:
    if error.errno in FULL:
        remedy = "free some space, or choose a folder on another disk"
    elif error.errno == errno.EPIPE:
        remedy = "what reads it has ended"
    else:
        remedy = "choose a folder that exists and is writable"
    return AlpineError(f"file {path} cannot be written ({error.strerror}): {remedy}")
