"""Writing files so that nobody ever sees half of one."""

import os
import sys
import tempfile
from pathlib import Path

from .errors import AlpineError

__all__ = ["check_writable", "deliver", "make_folder", "write_text"]


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


def check_writable(path: Path) -> None:
    """Check that `write_text` will be able to write a file, before the work that fills it.

    Raises
    ------
    AlpineError
        The folder does not exist or cannot be written, or the path is that of a folder.
    """
    if path.is_dir():
        raise AlpineError(f"file {path} cannot be written: it is a folder; name a file in it")
    try:
        with tempfile.TemporaryFile(prefix=f".{path.name}.", dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name in the same folder, then rename it.

    Raises
    ------
    AlpineError
        The folder does not exist or cannot be written.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        # mkstemp keeps the file private; a result is as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def deliver(page: str) -> None:
    """Write a generated page to the file that the command line names; print it if none is named."""
    if len(sys.argv) > 1:
        write_text(Path(sys.argv[1]), page)
    else:
        print(page, end="")


def _unwritable(path: Path, error: OSError) -> AlpineError:
    return AlpineError(
        f"file {path} cannot be written ({error.strerror}): choose a folder that exists and is "
        f"writable"
    )
