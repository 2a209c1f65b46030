# SPDX-License-Identifier: Apache-2.0
"""Types of values without parts that the binding knows: integers, enumerations, real numbers.

An Amaranth shape counts as one: how its values are taken apart is Amaranth's own.
"""

import enum
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

__all__ = ["AmaranthType", "Enumeration", "Integer", "Real", "number_of"]


def number_of(value: Any, *, what: str) -> int:
    """Return what is an integer as one: of Python, numpy or Amaranth, or a member of an enum.

    Raises
    ------
    TypeError
        It is none: a fraction, a text.
    """
    if isinstance(value, enum.Enum) and not isinstance(value, int):
        value = value.value
    as_bits = getattr(value, "as_bits", None)
    if as_bits is not None and not isinstance(value, int):
        value = as_bits()
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{what} takes integers, not {value!r}") from None


@dataclass(frozen=True, slots=True)
class Integer:
    """A vector of bits.

    Members
    -------
    width : int, bits.
    signed : bool, whether it is two's complement.
    two_state : bool, whether it was declared without unknown values, as ``bit`` and ``int``.
    """

    width: int
    signed: bool = False
    two_state: bool = field(default=False, compare=False)

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest value."""
        if self.signed:
            return -(1 << self.width - 1), (1 << self.width - 1) - 1
        return 0, (1 << self.width) - 1

    def decode(self, bits: int) -> Any:
        """Return the value that bits stand for."""
        return bits - (1 << self.width) if self.signed and bits >> self.width - 1 else bits

    def encode(self, value: Any, *, what: str) -> int:
        """Return the bits of a value; ``what`` names its place in an error.

        Raises
        ------
        TypeError, ValueError
            It is no integer, or beyond the limits.
        """
        number = value if type(value) is int else number_of(value, what=what)
        low, high = self.limits
        if not low <= number <= high:
            raise ValueError(f"{what} takes integers from {low} to {high}, not {number}")
        return number & (1 << self.width) - 1

    def __str__(self) -> str:
        sign = "signed " if self.signed else ""
        return f"{sign}{self.width} bit{'s' if self.width != 1 else ''}"


@dataclass(frozen=True)
class Enumeration:
    """An enumerated type; its values are members of an `IntEnum`, or integers that are none.

    Members
    -------
    name : str. base : Integer, its bits. members : names with their values.
    """

    name: str
    base: Integer
    members: tuple[tuple[str, int], ...]

    @property
    def width(self) -> int:
        """Bits."""
        return self.base.width

    @cached_property
    def enum(self) -> Any:
        """The members in Python, a class derived from `IntEnum`."""
        return enum.IntEnum(self.name, dict(self.members))

    def decode(self, bits: int) -> Any:
        """Return the member with these bits, or the integer when there is none."""
        number = self.base.decode(bits)
        try:
            return self.enum(number)
        except ValueError:
            return number

    def encode(self, value: Any, *, what: str) -> int:
        """Return the bits of a member, of its name or of an integer; errors as of `Integer`."""
        if isinstance(value, str):
            known = dict(self.members)
            if value not in known:
                raise ValueError(f"{what} has no value {value}; it has {', '.join(known)}")
            value = known[value]
        return self.base.encode(value, what=what)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class AmaranthType:
    """What an Amaranth port is: a structure, an array, an enumeration.

    Members
    -------
    shape : the shape-castable; its own conversions are used. width : int, bits.
    """

    shape: Any
    width: int

    def decode(self, bits: int) -> Any:
        """Return a `data.Const` or a member, or the bits where no member has them."""
        try:
            return self.shape.from_bits(bits)
        except ValueError:
            return bits

    def encode(self, value: Any, *, what: str) -> int:
        """Return the bits of what the shape takes as a constant, or of an integer."""
        if isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes):
            value = self.shape.const(value)
        if isinstance(value, enum.Enum):  # a signed one may be negative
            return number_of(value, what=what) & (1 << self.width) - 1
        return Integer(self.width).encode(value, what=what)

    def __str__(self) -> str:
        return getattr(self.shape, "__name__", type(self.shape).__name__)


@dataclass(frozen=True, slots=True)
class Real:
    """A real number."""

    width: int = 64

    def __str__(self) -> str:
        return "real"
