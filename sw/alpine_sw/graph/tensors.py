# SPDX-License-Identifier: Apache-2.0
"""Types of the values that flow between the nodes of a graph."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.checks import whole_number
from alpine_models.errors import AlpineError

__all__ = ["Array", "Codes", "ElementType", "TensorType", "float32", "int8", "int32"]

Array = NDArray[Any]
Codes = NDArray[np.int8]


class ElementType(StrEnum):
    """What a tensor's elements are."""

    INT8 = "int8"
    """Codes: what converters take in and give out."""
    INT32 = "int32"
    """Sums of products of codes."""
    FLOAT32 = "float32"
    """Real values, IEEE 754 binary32."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of an array that holds such elements."""
        return np.dtype(self.value)


@dataclass(frozen=True, slots=True)
class TensorType:
    """Type of one inference's tensor; arrays of several inferences have one more axis in front.

    Members
    -------
    element : what the elements are.
    shape : size of every axis, 1 or more; images are (rows, columns, channels).

    Raises
    ------
    AlpineError
        A size is no whole number of 1 or more.
    """

    element: ElementType
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes = (whole_number("size of a tensor's axis", size, least=1) for size in self.shape)
        object.__setattr__(self, "shape", tuple(sizes))

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.element} {list(self.shape)}"

    def batch(self, values: Array, *, name: str) -> Array:
        """Return values of several inferences as an array [n, *shape].

        Parameters
        ----------
        values : of this element type, [n, *shape] or [n, elements].
        name : of the tensor, for messages.

        Raises
        ------
        AlpineError
            They have another type or shape.
        """
        right = values.ndim > 0 and values.shape[1:] in (self.shape, (self.elements,))
        if values.dtype != self.element.dtype or not right:
            raise AlpineError(
                f"tensor {name} is {values.dtype} {list(values.shape)}, but expected is "
                f"{self.element} [n, {', '.join(map(str, self.shape))}], where n counts inferences"
            )
        return values.reshape(len(values), *self.shape)


def int8(*shape: int) -> TensorType:
    """Return the type of a tensor of codes."""
    return TensorType(ElementType.INT8, shape)


def int32(*shape: int) -> TensorType:
    """Return the type of a tensor of sums."""
    return TensorType(ElementType.INT32, shape)


def float32(*shape: int) -> TensorType:
    """Return the type of a tensor of real values."""
    return TensorType(ElementType.FLOAT32, shape)
