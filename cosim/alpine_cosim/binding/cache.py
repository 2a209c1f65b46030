# SPDX-License-Identifier: Apache-2.0
"""Content-addressed build cache: each distinct build is made once per user, by one process."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from alpine_models.children import watched_folder
from alpine_models.errors import AlpineError
from alpine_models.files import FULL

__all__ = ["cache_directory", "cached_build", "content_hash"]


def cache_directory() -> Path:
    """Return the user's cache directory for this product, created if needed.

    ``ALPINE_CACHE_DIR`` overrides the place the operating system suggests.

    Raises
    ------
    AlpineError
        The directory cannot be created or written.
    """
    chosen = os.environ.get("ALPINE_CACHE_DIR")
    path = Path(chosen).absolute() if chosen else platformdirs.user_cache_path("alpine-cosim")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise AlpineError(
            f"cache directory {path} cannot be written ({error.strerror}): "
            f"make it writable or set ALPINE_CACHE_DIR to a directory that is"
        ) from error
    return path


def content_hash(parts: Iterable[str | bytes]) -> str:
    """Return a hexadecimal hash of a sequence of texts, sensitive to where each one ends."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:32]


def cached_build(key: str, build: Callable[[Path], None]) -> Path:
    """Return the directory of a finished build, making it first if no process has.

    ``build`` fills an empty temporary directory, which is renamed to its final name only when it
    returns; so an interrupted build leaves nothing that could be taken for a finished one. When
    several processes want the same build, one makes it and the others wait.

    Parameters
    ----------
    key : content hash of everything that the result depends on.
    build : called with the temporary directory.
    """
    root = cache_directory()
    final = root / key
    if final.is_dir():
        return final
    with FileLock(root / f"{key}.lock"):
        if final.is_dir():
            return final
        _remove_leftovers(root, own=key)
        try:
            with watched_folder(
                Path(tempfile.mkdtemp(prefix=f"{key}.", suffix=".tmp", dir=root))
            ) as temporary:
                build(temporary)
                temporary.rename(final)
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise AlpineError(
                f"cache directory {root} is full: free some space, or set ALPINE_CACHE_DIR to a "
                f"directory on another disk"
            ) from error
    return final


def _remove_leftovers(root: Path, *, own: str) -> None:
    """Remove what was left by processes that were killed while they built.

    Parameters
    ----------
    own : key whose lock this process holds.
    """
    for leftover in root.glob("*.tmp"):
        key = leftover.name.partition(".")[0]
        with contextlib.suppress(Timeout), contextlib.ExitStack() as stack:
            if key != own:
                stack.enter_context(FileLock(root / f"{key}.lock").acquire(timeout=0))
            shutil.rmtree(leftover, ignore_errors=True)
