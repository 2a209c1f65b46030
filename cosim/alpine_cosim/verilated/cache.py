"""Content-addressed build cache: each distinct build is made once per user, by one process."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs
from filelock import FileLock

from alpine_models.errors import AlpineError

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
    path = Path(chosen) if chosen else platformdirs.user_cache_path("alpine-cosim")
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
        for leftover in root.glob(f"{key}.*.tmp"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f"{key}.", suffix=".tmp", dir=root))
        try:
            build(temporary)
            temporary.rename(final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return final
