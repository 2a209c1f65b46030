# SPDX-License-Identifier: Apache-2.0
"""Types of ports and signals: how many bits they have, and what their values are in Python."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alpine_models.errors import AlpineError

from .scalar_types import AmaranthType, Enumeration, Integer, Real

__all__ = [
    "DataType",
    "PackedArray",
    "PackedType",
    "PackedValue",
    "Struct",
    "Union",
    "UnpackedArray",
    "is_two_state",
    "unsupported",
]


class PackedValue(int):
    """The bits of a packed struct, union or array, with its parts as attributes or by index."""

    _type: "Struct | Union | PackedArray"

    @classmethod
    def of(cls, bits: int, kind: "Struct | Union | PackedArray") -> "PackedValue":
        """Return the value of a type whose bits these are."""
        value = cls(bits)
        value._type = kind
        return value

    def __getattr__(self, name: str) -> Any:
        # Called for what an integer does not have.
        kind = self.__dict__.get("_type")
        if isinstance(kind, Struct | Union):
            for field, position, part in kind.placed:
                if field == name:
                    return part.decode(int(self) >> position & (1 << part.width) - 1)
        raise AttributeError(f"{kind} has no field {name}")

    def __getitem__(self, key: int | str) -> Any:
        kind = self._type
        if isinstance(kind, PackedArray):
            position = kind.position(int(key))
            width = kind.element.width
            return kind.element.decode(int(self) >> position & (1 << width) - 1)
        return getattr(self, str(key))

    def __iter__(self) -> Iterator[Any]:
        kind = self._type
        keys = kind.indices if isinstance(kind, PackedArray) else [n for n, _, _ in kind.placed]
        return (self[key] for key in keys)

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedValue.of, (int(self), self._type)

    def __repr__(self) -> str:
        kind = self._type
        if isinstance(kind, PackedArray):
            return f"[{', '.join(map(repr, self))}]"
        return f"{kind}({', '.join(f'{n}={self[n]!r}' for n, _, _ in kind.placed)})"


@dataclass(frozen=True)
class Struct:
    """A packed structure.

    Members
    -------
    name : str. fields : names with their types, the most significant first.
    """

    name: str
    fields: "tuple[tuple[str, PackedType], ...]"

    @cached_property
    def placed(self) -> "tuple[tuple[str, int, PackedType], ...]":
        """Fields with the position of their lowest bit."""
        places: list[tuple[str, int, PackedType]] = []
        position = 0
        for name, part in reversed(self.fields):
            places.append((name, position, part))
            position += part.width
        return tuple(reversed(places))

    @property
    def width(self) -> int:
        """Bits."""
        return sum(part.width for _, part in self.fields)

    def decode(self, bits: int) -> PackedValue:
        """Return the value, its fields as attributes."""
        return PackedValue.of(bits, self)

    def encode(self, value: Any, *, what: str) -> int:
        """Return the bits of a dictionary of all fields, or of an integer."""
        given = _mapping(value)
        if given is None:
            return Integer(self.width).encode(value, what=what)
        names = [name for name, _ in self.fields]
        if set(given) != set(names):
            raise ValueError(f"{what} takes the fields {', '.join(names)}, not {', '.join(given)}")
        return sum(
            part.encode(given[name], what=f"{what}.{name}") << position
            for name, position, part in self.placed
        )

    def __str__(self) -> str:
        return self.name or "struct"


@dataclass(frozen=True)
class Union:
    """A packed union: its members are views of the same bits.

    Members
    -------
    name : str. fields : names with their types.
    """

    name: str
    fields: "tuple[tuple[str, PackedType], ...]"

    @property
    def placed(self) -> "tuple[tuple[str, int, PackedType], ...]":
        """Members with the position of their lowest bit."""
        return tuple((name, 0, part) for name, part in self.fields)

    @property
    def width(self) -> int:
        """Bits."""
        return max(part.width for _, part in self.fields)

    def decode(self, bits: int) -> PackedValue:
        """Return the value, its members as attributes."""
        return PackedValue.of(bits, self)

    def encode(self, value: Any, *, what: str) -> int:
        """Return the bits of a dictionary of one member, or of an integer."""
        given = _mapping(value)
        if given is None:
            return Integer(self.width).encode(value, what=what)
        parts = dict(self.fields)
        if len(given) != 1 or not set(given) <= set(parts):
            raise ValueError(f"{what} takes one of {', '.join(parts)}, not {', '.join(given)}")
        ((name, part),) = given.items()
        return parts[name].encode(part, what=f"{what}.{name}")

    def __str__(self) -> str:
        return self.name or "union"


@dataclass(frozen=True)
class PackedArray:
    """A packed array of packed elements.

    Members
    -------
    element : type of each. left, right : int, bounds as declared; the right one is at the lowest
    bits.
    """

    element: "PackedType"
    left: int
    right: int

    @property
    def indices(self) -> list[int]:
        """Indices, the one at the lowest bits first."""
        step = 1 if self.left >= self.right else -1
        return list(range(self.right, self.left + step, step))

    def position(self, index: int) -> int:
        """Position of an element's lowest bit."""
        if not min(self.left, self.right) <= index <= max(self.left, self.right):
            raise IndexError(f"index {index} is outside [{self.left}:{self.right}]")
        return abs(index - self.right) * self.element.width

    @property
    def width(self) -> int:
        """Bits."""
        return len(self.indices) * self.element.width

    def decode(self, bits: int) -> PackedValue:
        """Return the value, its elements by their index as declared."""
        return PackedValue.of(bits, self)

    def encode(self, value: Any, *, what: str) -> int:
        """Return the bits of a sequence, the element at the lowest bits first, or an integer."""
        if not isinstance(value, list | tuple):
            return Integer(self.width).encode(value, what=what)
        given: Any = value  # pyright: ignore[reportUnknownVariableType]
        if len(given) != len(self.indices):
            raise ValueError(f"{what} takes {len(self.indices)} elements, not {len(given)}")
        return sum(
            self.element.encode(part, what=f"{what}[{index}]") << self.position(index)
            for index, part in zip(self.indices, given, strict=True)
        )

    def __str__(self) -> str:
        return f"[{self.left}:{self.right}] of {self.element}"


@dataclass(frozen=True)
class UnpackedArray:
    """An unpacked array; in Python a numpy array whose index 0 is the lowest declared one.

    Members
    -------
    element : type of each. left, right : int, bounds as declared.
    """

    element: "DataType"
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of elements, the outermost first."""
        inner = self.element.shape if isinstance(self.element, UnpackedArray) else ()
        return (abs(self.left - self.right) + 1, *inner)

    @property
    def leaf(self) -> "PackedType | Real":
        """Type of what is not an unpacked array any more."""
        return self.element.leaf if isinstance(self.element, UnpackedArray) else self.element

    @property
    def width(self) -> int:
        """Bits of all elements."""
        return self.shape[0] * self.element.width

    def __str__(self) -> str:
        return f"array {self.shape} of {self.leaf}"


def _mapping(value: Any) -> Mapping[str, Any] | None:
    """A value if it is a mapping."""
    return value if isinstance(value, Mapping) else None  # pyright: ignore


def is_two_state(data_type: "PackedType") -> bool:
    """Whether a type is declared without unknown values; one with a part that has them is not."""
    if isinstance(data_type, Integer):
        return data_type.two_state
    if isinstance(data_type, Enumeration):
        return data_type.base.two_state
    if isinstance(data_type, Struct | Union):
        return all(is_two_state(part) for _, part in data_type.fields)
    return isinstance(data_type, PackedArray) and is_two_state(data_type.element)


PackedType = Integer | Enumeration | Struct | Union | PackedArray | AmaranthType
DataType = PackedType | Real | UnpackedArray


def unsupported(what: str, kind: str) -> AlpineError:
    """Return the error for a port of a type that has no value in Python."""
    return AlpineError(
        f"{what} is {kind}, which has no value in Python: wrap the design in a module whose "
        f"ports are vectors, enums, packed structures, real numbers or arrays of them"
    )
