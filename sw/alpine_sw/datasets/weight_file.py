# SPDX-License-Identifier: Apache-2.0
"""Weight files: named arrays and recorded facts under one digest, in NumPy's npz format.

Members of the archive: the arrays by name, `facts` (JSON text as uint8) and `sha256` (32 bytes
over all the others). Nothing in it is ever unpickled.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.files import write_with

__all__ = [
    "HARDWARE_AWARE",
    "WeightFile",
    "chosen_weights",
    "read_weight_file",
    "record_from_facts",
    "write_weight_file",
]

HARDWARE_AWARE = "hardware-aware"
"""Name, in place of a path, of shipped weights that were trained with noise."""

Record = TypeVar("Record")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WeightFile:
    """Contents of a weight file whose digest is right.

    Members
    -------
    arrays : read-only arrays by name.
    facts : JSON values by name.
    """

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, object]


def chosen_weights(network: str, asked: Path | None) -> Path:
    """Return the file of a network's weights.

    Parameters
    ----------
    network : str
        ``mlp``, or ``lstm-`` and its units.
    asked : Path or None
        The file, or `HARDWARE_AWARE`; None is the shipped one.

    Raises
    ------
    AlpineError
        No hardware-aware weights are shipped for the network.
    """
    family, _, size = network.partition("-")
    name = f"weights_{size}" if size else "weights"
    shipped = _DATA / family / f"{name}.npz"
    if asked is None:
        return shipped
    if asked != Path(HARDWARE_AWARE):
        return asked
    file = shipped.with_name(f"{name}_hardware_aware.npz")
    if not file.exists():
        raise AlpineError(
            f"no {HARDWARE_AWARE} weights are shipped for {network}: write a file with "
            f"`python -m alpine_sw.training.{family} --weight-noise 0.06,2.5` and name it"
        )
    return file


def read_weight_file(path: Path, *, script: str) -> WeightFile:
    """Return the contents of a weight file.

    Parameters
    ----------
    path : Path
        File to read.
    script : str
        Module that writes such files, for messages.

    Raises
    ------
    AlpineError
        The file is missing, is no weight file, or is damaged.
    """
    remedy = (
        "install alpine-cosim again for the shipped file, or write a new one with "
        f"`python -m {script}`"
    )
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise AlpineError(f"weight file {path} is no npz archive or is cut short; {remedy}")
            members = _read_members(path, file, remedy)
    except OSError as error:
        raise AlpineError(
            f"weight file {path} cannot be read ({error.strerror}); {remedy}"
        ) from None
    digest = members.pop(_DIGEST, None)
    if digest is None or _FACTS not in members:
        raise AlpineError(
            f"weight file {path} lacks {_DIGEST!r} or {_FACTS!r}, so it is no weight file; {remedy}"
        )
    if digest.tobytes() != _digest(members):
        raise AlpineError(f"weight file {path} is damaged: its sha256 is wrong; {remedy}")
    facts = json.loads(members.pop(_FACTS).tobytes())
    for array in members.values():
        array.flags.writeable = False
    return WeightFile(arrays=members, facts=facts)


def write_weight_file(
    path: Path, *, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, object]
) -> None:
    """Write a weight file, complete or not at all.

    Parameters
    ----------
    path : Path
        File to write; one that exists is replaced.
    arrays : mapping of name to array
        Arrays of numbers; the names `facts` and `sha256` are taken.
    facts : mapping of name to value
        What JSON can hold.
    """
    text = json.dumps(facts, indent=1, sort_keys=True)
    members = {**arrays, _FACTS: np.frombuffer(text.encode(), np.uint8)}
    members[_DIGEST] = np.frombuffer(_digest(members), np.uint8)
    # numpy's stub takes the keyword `allow_pickle: bool` for one of the arrays.
    contents = cast(dict[str, Any], members)
    write_with(path, lambda file: np.savez_compressed(file, **contents))


def record_from_facts(record_type: type[Record], facts: Mapping[str, object]) -> Record:
    """Return the facts that a dataclass has members for, as that dataclass.

    Parameters
    ----------
    record_type : type
        A dataclass with members of the types str, int and float.
    facts : mapping of name to value
        As `WeightFile.facts`.

    Raises
    ------
    ValueError
        A fact without a default is missing, or one is of another type.
    """
    known: dict[str, Any] = {}
    for field in fields(cast(Any, record_type)):
        type_ = cast(type, field.type)
        known[field.name] = facts.get(field.name, field.default)
        if not isinstance(known[field.name], type_):
            raise ValueError(f"its fact {field.name!r} must be of type {type_.__name__}")
    return record_type(**known)


_DATA = Path(__file__).parents[1] / "data"
_FACTS = "facts"
_DIGEST = "sha256"


def _read_members(path: Path, file: BinaryIO, remedy: str) -> dict[str, NDArray[Any]]:
    file.seek(0)
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {name: np.array(archive[name]) for name in archive.files}
    # Foreign bytes fail in zipfile, zlib and numpy in more ways than can be listed, and every one
    # of them means the same to the person.
    except Exception as error:
        raise AlpineError(
            f"weight file {path} is damaged ({type(error).__name__} while reading); {remedy}"
        ) from None


def _digest(members: Mapping[str, NDArray[Any]]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(members):
        array = members[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()
