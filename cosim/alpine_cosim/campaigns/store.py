# SPDX-License-Identifier: Apache-2.0
"""A folder of finished results, so that work which was stopped goes on where it was.

A result is one line of JSON, added to a file as soon as it is there. It is found again under what
it was computed from: the identity of its run, which a `RunSpec` gives, and the code.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

from alpine_cosim.code_digest import code_digest
from alpine_models.errors import AlpineError
from alpine_models.files import append_line, make_folder, write_text, write_with

__all__ = ["LARGE", "Record", "ResultStore"]

FILE, LOCK = "results.jsonl", "results.lock"

LARGE = "large"
"""Part of a result that is too large for a line, and folder for such parts."""

Record = dict[str, Any]
"""A result, as its JSON holds it."""


class ResultStore:
    """Finished results in a folder; several processes may add to it.

    Lines that are damaged are taken out of the file. Results of other code stay in it, unseen.

    Parameters
    ----------
    folder : made if needed.
    on_damaged : told the path of the file and the number of every line that cannot be used.

    Members
    -------
    path : of the file.

    Raises
    ------
    AlpineError
        The folder or the file cannot be read or written.
    """

    def __init__(
        self, folder: Path, *, on_damaged: Callable[[Path, int], None] = lambda path, line: None
    ):
        make_folder(folder)
        self.path = folder / FILE
        self._lock = FileLock(folder / LOCK)
        self._places: dict[str, tuple[int, int]] = {}
        self._read(on_damaged)

    def __len__(self) -> int:
        """Results in the file, of this and of other code."""
        return len(self._places)

    def find(self, identity: Mapping[str, Any]) -> Record | None:
        """Return the result of what has an identity, or None if it is not finished."""
        place = self._places.get(_key(identity))
        if place is None:
            return None
        with self.path.open("rb") as file:
            file.seek(place[0])
            return json.loads(file.read(place[1]))["result"]

    def add(self, identity: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Keep a result.

        Parameters
        ----------
        identity : JSON values that say what was computed.
        result : JSON values. What stands under `LARGE` in it goes to a file of its own, whose name
            is the result's key, in a folder of that name.

        Raises
        ------
        AlpineError
            The file cannot be written; what it held before is still there.
        """
        key = _key(identity)
        small = {name: value for name, value in result.items() if name != LARGE}
        if LARGE in result:
            make_folder(self.path.parent / LARGE)
            text = json.dumps(result[LARGE]) + "\n"
            write_text(self.path.parent / LARGE / f"{key}.json", text)
        content = {"key": key, "code": code_digest(), "identity": identity, "result": small}
        line = json.dumps({**content, "sha256": _digest(content)})
        with self._lock:
            append_line(self.path, line)
            end = self.path.stat().st_size
        size = len(line.encode()) + 1
        self._places[key] = (end - size, size)

    def contents(self) -> Iterator[Record]:
        """Yield everything that is kept, of this and of other code, in the order of the file.

        That is the line of each result without its digest: key, code, identity and result.

        Raises
        ------
        AlpineError
            The file cannot be read.
        """
        places = sorted(self._places.values())
        if not places:
            return
        try:
            with self.path.open("rb") as file:
                for start, size in places:
                    file.seek(start)
                    content = json.loads(file.read(size))
                    content.pop("sha256")
                    yield content
        except OSError as error:
            raise AlpineError(f"{self.path} cannot be read: {error.strerror}") from error

    def clear(self) -> None:
        """Forget all results, those of other code included."""
        with self._lock:
            self.path.unlink(missing_ok=True)
            self._places.clear()

    def _read(self, on_damaged: Callable[[Path, int], None]) -> None:
        with self._lock:
            try:
                damaged = self._index()
                if damaged:
                    write_with(self.path, self._whole_lines)
                    self._index()
            except FileNotFoundError:
                return
            except OSError as error:
                raise AlpineError(f"{self.path} cannot be read: {error.strerror}") from error
        for number in damaged:
            on_damaged(self.path, number)

    def _index(self) -> list[int]:
        """Find every result in the file; return the numbers of damaged lines."""
        damaged: list[int] = []
        place = 0
        self._places.clear()
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                key = _whole(line)
                if key is None:
                    damaged.append(number)
                else:
                    self._places[key] = (place, len(line))
                place += len(line)
        return damaged

    def _whole_lines(self, file: IO[bytes]) -> None:
        with self.path.open("rb") as before:
            file.writelines(line for line in before if _whole(line) is not None)


def _key(identity: Mapping[str, Any]) -> str:
    """Name of a result: different for different identities and codes."""
    return _digest({"identity": identity, "code": code_digest()})


def _whole(line: bytes) -> str | None:
    """The key of a line that is what was written, or None."""
    try:
        content = json.loads(line)
        digest = content.pop("sha256")
        key = content["key"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return key if line.endswith(b"\n") and digest == _digest(content) else None


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
