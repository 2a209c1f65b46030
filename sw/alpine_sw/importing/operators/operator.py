# SPDX-License-Identifier: Apache-2.0
"""What a node of a model file computes, in floating point: the interface of ONNX operators.

Their definitions are those of the ONNX operator specification, from opset 13 on.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MAX_ELEMENTS",
    "Array",
    "OnnxOperator",
    "UnsupportedError",
    "integers",
    "sized",
    "up_to",
]

Array = NDArray[Any]

PREFIX = "Onnx"
"""What classes have in front of their operator's name."""

MAX_ELEMENTS = 1 << 27
"""Elements of the largest array that a node may make: half a gigabyte of float32."""


class UnsupportedError(Exception):
    """A model asks for something outside an operator's stated limits; said in words."""


@dataclass(frozen=True, kw_only=True)
class OnnxOperator(ABC):
    """A function of arrays; members are the node's attributes, by their ONNX names.

    A subclass is a frozen dataclass that bears the operator's name behind `Onnx`. `results` is how
    many results the node has.
    """

    limits: ClassVar[str] = ""
    """What of the operator is not supported, in words; empty if all of it is."""

    results: int = 1

    @classmethod
    def kind(cls) -> str:
        """Return the operator's ONNX name."""
        return cls.__name__.removeprefix(PREFIX)

    @classmethod
    def of(cls, attributes: dict[str, Any], *, results: int) -> Self:
        """Return the operator with a node's attributes.

        Raises
        ------
        UnsupportedError
            An attribute is none of the operator's, or out of its limits.
        """
        known = {field.name for field in fields(cls)} - {"results"}
        for name in attributes:
            if name not in known:
                raise UnsupportedError(f"attribute {name} is not supported")
        return cls(**attributes, results=results)

    @abstractmethod
    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the results; an operand that the node leaves out is None.

        Raises
        ------
        UnsupportedError
            What the operands ask for is outside the operator's limits.
        ValueError, IndexError, TypeError
            The operands do not fit each other.
        """


def sized(shape: Iterable[int]) -> tuple[int, ...]:
    """Return a shape whose array may be made.

    Raises
    ------
    UnsupportedError
        It is larger than any that a node may make.
    """
    sizes = tuple(int(size) for size in shape)
    if math.prod(max(size, 0) for size in sizes) > MAX_ELEMENTS:
        raise UnsupportedError(
            f"an array {list(sizes)} has more than the {MAX_ELEMENTS} elements that are allowed"
        )
    return sizes


def up_to(operands: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """Return so many operands; those that the node leaves out are None."""
    return (*operands, *(None,) * count)[:count]


def integers(values: Any) -> tuple[int, ...]:
    """Return whole numbers of an operand or attribute as a tuple.

    Raises
    ------
    UnsupportedError
        They are no whole numbers, or more than a shape can have.
    """
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise UnsupportedError(f"whole numbers are expected, not {array.dtype}")
    if array.ndim > 1 or array.size > MAX_AXES:
        raise UnsupportedError(f"a list of at most {MAX_AXES} numbers is expected")
    return tuple(int(value) for value in array.reshape(-1))


MAX_AXES = 64
"""Numbers that a list of axes, sizes or positions may have."""
