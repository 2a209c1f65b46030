# SPDX-License-Identifier: Apache-2.0
"""One digest for a tree of values, arrays included."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["digest_of"]


def digest_of(value: object) -> str:
    """Return the SHA-256 of a tree of values, in hexadecimal digits.

    The tree is made of dataclasses, mappings whose order counts, sequences, arrays, NumPy scalars,
    enumerations, texts, bytes, numbers, flags and None. Different trees have different digests.

    Raises
    ------
    TypeError
        Something else is in the tree.
    """
    digest = hashlib.sha256()
    _feed(value, digest.update)
    return digest.hexdigest()


def _feed(value: object, update: Callable[[Any], None]) -> None:
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(cast(NDArray[Any], value))
        update(f"array {array.dtype.str} {array.shape}:".encode())
        update(np.ascontiguousarray(array).data)
    elif isinstance(value, Enum):
        update(f"{type(value).__name__}.{value.name};".encode())
    elif isinstance(value, str | bytes | int | float | None):
        text = repr(value).encode()
        update(f"{type(value).__name__} {len(text)}:".encode() + text)
    elif is_dataclass(value) and not isinstance(value, type):
        members = {field.name: getattr(value, field.name) for field in fields(value)}
        update(f"{type(value).__qualname__} ".encode())
        _feed(members, update)
    elif isinstance(value, Mapping):
        pairs = cast(Mapping[object, object], value)
        update(f"mapping {len(pairs)}:".encode())
        for key, item in pairs.items():
            _feed(key, update)
            _feed(item, update)
    elif isinstance(value, Sequence):
        items = cast(Sequence[object], value)
        update(f"sequence {len(items)}:".encode())
        for item in items:
            _feed(item, update)
    else:
        raise TypeError(f"{type(value).__name__} has no digest")
