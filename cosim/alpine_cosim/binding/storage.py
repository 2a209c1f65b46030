# SPDX-License-Identifier: Apache-2.0
"""How values stand in a model's memory: reading, writing, and columns of many of them."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .scalar_types import Integer, Real
from .types import DataType, PackedType, UnpackedArray
from .wrapper import storage_bytes

__all__ = [
    "Slot",
    "column_dtype",
    "column_to_storage",
    "slot",
    "storage_dtype",
    "storage_to_column",
]

WORD_BITS = 64
_FORMATS: dict[int, Any] = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a model's memory.

    Members
    -------
    get : returns its value. set : writes one after checking it.
    memory : memoryview of its bytes.
    """

    get: Callable[[], Any]
    set: Callable[[Any], None]
    memory: memoryview

    @property
    def address(self) -> int:
        """Where it stands."""
        return ctypes.addressof(ctypes.c_uint8.from_buffer(self.memory))


def slot(data_type: DataType, memory: memoryview, *, what: str) -> Slot:
    """Return access to a value; ``what`` names it in errors.

    Vectors wider than 64 bits read as a live numpy view of their bytes, lowest first; everything
    else as a value. A vector can be set from bytes or a numpy array of its size too.
    """
    if isinstance(data_type, Real):
        return _real(memory, what)
    if isinstance(data_type, UnpackedArray):
        return _array(data_type, memory, what)
    if data_type.width <= WORD_BITS:
        return _word(data_type, memory, what)
    return _wide(data_type, memory, what)


def encode_bytes(data_type: DataType, value: Any, *, what: str) -> bytes:
    """Return the bytes that a value has in a model's memory."""
    memory = bytearray(storage_bytes(data_type))
    slot(data_type, memoryview(memory), what=what).set(value)
    return bytes(memory)


def _word(data_type: PackedType, memory: memoryview, what: str) -> Slot:
    memory_view: Any = memory
    view = memory_view.cast(_FORMATS[len(memory)])
    decode, encode = data_type.decode, data_type.encode
    if not (isinstance(data_type, Integer) and not data_type.signed):

        def set_any(value: Any) -> None:
            if isinstance(value, bytes | np.ndarray):
                value = decode(_from_bytes(value, data_type.width, what))
            view[0] = encode(value, what=what)

        return Slot(lambda: decode(view[0]), set_any, memory)
    high = (1 << data_type.width) - 1

    def set_unsigned(value: Any) -> None:
        # The short way for what a loop sets at every cycle.
        if type(value) is int and 0 <= value <= high:
            view[0] = value
        elif isinstance(value, bytes | np.ndarray):
            view[0] = encode(_from_bytes(value, data_type.width, what), what=what)
        else:
            view[0] = encode(value, what=what)

    return Slot(lambda: view[0], set_unsigned, memory)


def _wide(data_type: PackedType, memory: memoryview, what: str) -> Slot:
    size = (data_type.width + 7) // 8

    def set_wide(value: Any) -> None:
        if isinstance(value, bytes | np.ndarray):
            bits = _from_bytes(value, data_type.width, what)
        else:
            bits = data_type.encode(value, what=what)
        memory[:] = bits.to_bytes(len(memory), "little")

    if isinstance(data_type, Integer):
        view: npt.NDArray[np.uint8] = np.frombuffer(memory, np.uint8)[:size]
        return Slot(lambda: view, set_wide, memory)
    return Slot(lambda: data_type.decode(int.from_bytes(memory[:size], "little")), set_wide, memory)


def _real(memory: memoryview, what: str) -> Slot:
    view = memory.cast("d")

    def set_real(value: Any) -> None:
        if isinstance(value, bool | str) or not hasattr(value, "__float__"):
            raise TypeError(f"{what} takes real numbers, not {value!r}")
        view[0] = float(value)

    return Slot(lambda: view[0], set_real, memory)


def _array(data_type: UnpackedArray, memory: memoryview, what: str) -> Slot:
    rows = np.frombuffer(memory, np.dtype([("row", storage_dtype(data_type))]))["row"]

    def get_array() -> npt.NDArray[Any]:
        values = storage_to_column(data_type, rows)[0].copy()
        # A write into a copy would be lost.
        values.flags.writeable = False
        return values

    def set_array(value: Any) -> None:
        given = np.asarray(value)
        rows[...] = column_to_storage(data_type, given[np.newaxis], what=what)

    return Slot(get_array, set_array, memory)


def _from_bytes(value: Any, width: int, what: str) -> int:
    data = value if isinstance(value, bytes) else bytes(value.tobytes())
    size = (width + 7) // 8
    if len(data) != size:
        raise ValueError(f"{what} takes {size} bytes, not {len(data)}")
    number = int.from_bytes(data, "little")
    if number >> width:
        raise ValueError(f"{what} takes {width} bits, not the value {number}")
    return number


def storage_dtype(data_type: DataType) -> np.dtype[Any]:
    """Return how numpy describes a value in the model's memory."""
    if isinstance(data_type, UnpackedArray):
        return np.dtype((storage_dtype(data_type.leaf), data_type.shape))
    size = storage_bytes(data_type)
    if isinstance(data_type, Real):
        return np.dtype(np.float64)
    return np.dtype(f"u{size}") if size <= 8 else np.dtype((np.uint8, (size,)))


def column_dtype(data_type: DataType) -> np.dtype[Any]:
    """Return how many values are given: integers, floats, or bytes where they are wider."""
    if isinstance(data_type, UnpackedArray):
        return np.dtype((column_dtype(data_type.leaf), data_type.shape))
    if isinstance(data_type, Real):
        return np.dtype(np.float64)
    if data_type.width > WORD_BITS:
        return np.dtype((np.uint8, ((data_type.width + 7) // 8,)))
    sign = "i" if isinstance(data_type, Integer) and data_type.signed else "u"
    return np.dtype(f"{sign}{storage_bytes(data_type)}")


def column_to_storage(
    data_type: DataType, values: npt.NDArray[Any], *, what: str
) -> npt.NDArray[Any]:
    """Return many values as the model stores them, [n, ...], after checking every one.

    Raises
    ------
    TypeError, ValueError
        They are of another kind or shape, or beyond the limits.
    """
    leaf = data_type.leaf if isinstance(data_type, UnpackedArray) else data_type
    shape = data_type.shape if isinstance(data_type, UnpackedArray) else ()
    wide = not isinstance(leaf, Real) and leaf.width > WORD_BITS
    size = ((leaf.width + 7) // 8,) if wide else ()
    if values.shape[1:] != (*shape, *size):
        raise ValueError(f"{what} takes the shape {(*shape, *size)}, not {values.shape[1:]}")
    if isinstance(leaf, Real):
        if values.dtype.kind not in "iuf":
            raise TypeError(f"{what} takes real numbers, not {values.dtype}")
        return values.astype(np.float64)
    if values.dtype.kind not in "iub":
        raise TypeError(f"{what} takes integers, not {values.dtype}")
    if wide:
        return _wide_to_storage(leaf, values, what)
    low, high = leaf.limits if isinstance(leaf, Integer) else (0, (1 << leaf.width) - 1)
    for number in (int(values.min()), int(values.max())) if values.size else ():
        if not low <= number <= high:
            raise ValueError(f"{what} takes integers from {low} to {high}, not {number}")
    stored = values.astype(storage_dtype(leaf))
    return stored & stored.dtype.type((1 << leaf.width) - 1)


def _wide_to_storage(leaf: PackedType, values: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    if values.dtype != np.uint8:
        raise TypeError(f"{what} takes bytes as uint8, not {values.dtype}")
    if leaf.width % 8 and values.size and int(values[..., -1].max()) >> leaf.width % 8:
        raise ValueError(f"{what} takes {leaf.width} bits, and its last byte holds more")
    stored = np.zeros((*values.shape[:-1], storage_bytes(leaf)), np.uint8)
    stored[..., : values.shape[-1]] = values
    return stored


def storage_to_column(data_type: DataType, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return many values as they are given to a person, from what the model stores."""
    leaf = data_type.leaf if isinstance(data_type, UnpackedArray) else data_type
    if isinstance(leaf, Real):
        return stored
    if leaf.width > WORD_BITS:
        return stored[..., : (leaf.width + 7) // 8]
    if isinstance(leaf, Integer) and leaf.signed:
        kind = column_dtype(leaf)
        unused = 8 * kind.itemsize - leaf.width
        return (stored << stored.dtype.type(unused)).view(kind) >> kind.type(unused)
    return stored
