# SPDX-License-Identifier: Apache-2.0
"""Functions of single elements, and constants that they take in."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models import activations
from alpine_models.checks import real_number
from alpine_models.errors import AlpineError

from .operator import OperandError, Operator, check_element, read_only
from .tensors import Array, ElementType, TensorType

__all__ = [
    "Add",
    "Clip",
    "Constant",
    "Divide",
    "LeakyRelu",
    "Multiply",
    "Relu",
    "Sigmoid",
    "SquareRoot",
    "Subtract",
    "Tanh",
]

INT8, INT32, FLOAT32 = ElementType.INT8, ElementType.INT32, ElementType.FLOAT32
INT32_RANGE = np.iinfo(np.int32)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Constant(Operator):
    """A tensor that is the same in every inference, such as a bias: no operands.

    Members
    -------
    values : int8, int32 or finite float32.

    Raises
    ------
    AlpineError
        They are something else.
    """

    operand_count = 0
    values: NDArray[Any]

    def __post_init__(self) -> None:
        values = self.values
        if str(values.dtype) not in list(ElementType):
            raise AlpineError(
                f"values of a constant are {values.dtype}, but expected is int8, int32 or float32"
            )
        if values.dtype == np.float32 and not np.isfinite(values).all():
            raise AlpineError("values of a constant must be finite everywhere")
        object.__setattr__(self, "values", read_only(values))

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the values."""
        return TensorType(ElementType(str(self.values.dtype)), self.values.shape)

    def evaluate(self, *values: Array) -> Array:
        """Return the values, once for all inferences."""
        return self.values[np.newaxis]


class BinaryOperator(Operator):
    """A function of two elements: float32 of float32, int32 of int8 or int32.

    Shapes are those of NumPy's broadcasting: aligned at their last axes, where an axis of size 1,
    or one that is missing, stands for as many as the other operand has. Results of whole numbers
    are exact, then limited to what int32 holds; those of real values are rounded to float32.
    """

    operand_count = 2

    @staticmethod
    @abstractmethod
    def compute(left: Array, right: Array) -> Array:
        """Return the function of arrays of one type, int64 or float32."""

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the results."""
        left, right = operands
        integers = (INT8, INT32)
        alike = integers if left.element in integers else (FLOAT32,)
        check_element(1, right, *alike)
        try:
            shape = np.broadcast_shapes(left.shape, right.shape)
        except ValueError:
            raise OperandError(1, f"a shape that broadcasts with {list(left.shape)}") from None
        return TensorType(FLOAT32 if left.element is FLOAT32 else INT32, shape)

    def evaluate(self, *values: Array) -> Array:
        """Return the function of aligned operands."""
        axes = max(operand.ndim for operand in values)
        left, right = (
            operand.reshape(len(operand), *(1,) * (axes - operand.ndim), *operand.shape[1:])
            for operand in values
        )
        if left.dtype == np.float32:
            return self.compute(left, right)
        exact = self.compute(left.astype(np.int64), right.astype(np.int64))
        return np.clip(exact, INT32_RANGE.min, INT32_RANGE.max).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Add(BinaryOperator):
    """Sum of two operands."""

    @staticmethod
    def compute(left: Array, right: Array) -> Array:
        """Return left + right."""
        return left + right


@dataclass(frozen=True, slots=True)
class Subtract(BinaryOperator):
    """First operand less the second."""

    @staticmethod
    def compute(left: Array, right: Array) -> Array:
        """Return left - right."""
        return left - right


@dataclass(frozen=True, slots=True)
class Multiply(BinaryOperator):
    """Product of two operands, element by element."""

    @staticmethod
    def compute(left: Array, right: Array) -> Array:
        """Return left * right."""
        return left * right


@dataclass(frozen=True, slots=True)
class Divide(BinaryOperator):
    """First operand over the second; of real values, rounded to float32."""

    @staticmethod
    def compute(left: Array, right: Array) -> Array:
        """Return left / right."""
        return left / right

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the quotients."""
        check_element(0, operands[0], FLOAT32)
        return BinaryOperator.infer(self, *operands)


@dataclass(frozen=True, slots=True)
class Relu(Operator):
    """The operand where it is positive, else 0; of any element type."""

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the operand's type."""
        return operands[0]

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return np.maximum(values[0], values[0].dtype.type(0))


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakyRelu(Operator):
    """The operand where it is positive, else slope times it, rounded to float32; of float32.

    Members
    -------
    slope : rounded to float32.
    """

    slope: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "slope", real_number("slope of a leaky ReLU", self.slope))

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the operand's type."""
        check_element(0, operands[0], FLOAT32)
        return operands[0]

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return np.where(values[0] > 0, values[0], values[0] * np.float32(self.slope))


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip(Operator):
    """The operand, limited from below and above; of any element type.

    Members
    -------
    low, high : limits; whole numbers of the element type where elements are whole.

    Raises
    ------
    AlpineError
        The lower limit is above the higher one, or one is no number.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        low, high = (real_number("limit of a clip", limit) for limit in (self.low, self.high))
        if not low <= high:
            raise AlpineError(
                f"limits {low!r}, {high!r} of a clip are refused: the lower one first"
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the operand's type."""
        element = operands[0].element
        if element is not FLOAT32:
            held = np.iinfo(element.dtype)
            for limit in (self.low, self.high):
                if limit != round(limit) or not held.min <= limit <= held.max:
                    raise OperandError(0, f"elements of a type that holds the limit {limit:g}")
        return operands[0]

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        limit = values[0].dtype.type
        return np.clip(values[0], limit(self.low), limit(self.high))


class FloatFunction(Operator):
    """A function of single float32 elements."""

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the operand's type."""
        check_element(0, operands[0], FLOAT32)
        return operands[0]


@dataclass(frozen=True, slots=True)
class Sigmoid(FloatFunction):
    """1 / (1 + exp(-value)), as `activations.sigmoid`."""

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return activations.sigmoid(values[0])


@dataclass(frozen=True, slots=True)
class Tanh(FloatFunction):
    """Hyperbolic tangent, as `activations.tanh`."""

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return activations.tanh(values[0])


@dataclass(frozen=True, slots=True)
class SquareRoot(FloatFunction):
    """Square root, rounded to float32; of what is negative, 0."""

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return np.sqrt(np.maximum(values[0], np.float32(0)))
