# SPDX-License-Identifier: Apache-2.0
"""ONNX operators on single elements."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpine_models import activations

from .operator import Array, OnnxOperator, UnsupportedError, sized, up_to

__all__ = [
    "Binary",
    "OnnxAbs",
    "OnnxAdd",
    "OnnxClip",
    "OnnxDiv",
    "OnnxElu",
    "OnnxExp",
    "OnnxHardSigmoid",
    "OnnxHardSwish",
    "OnnxLeakyRelu",
    "OnnxMax",
    "OnnxMin",
    "OnnxMul",
    "OnnxNeg",
    "OnnxPRelu",
    "OnnxPow",
    "OnnxRelu",
    "OnnxSelu",
    "OnnxSigmoid",
    "OnnxSoftplus",
    "OnnxSqrt",
    "OnnxSub",
    "OnnxSum",
    "OnnxTanh",
    "Unary",
]


@dataclass(frozen=True, kw_only=True)
class Unary(OnnxOperator):
    """A function of one operand, in the operand's element type."""

    @abstractmethod
    def compute(self, x: Array) -> Array:
        """Return the function of every element."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the function of every element."""
        (x,) = operands
        return (np.asarray(self.compute(x)).astype(x.dtype, copy=False),)


@dataclass(frozen=True, kw_only=True)
class OnnxRelu(Unary):
    """max(x, 0)."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.maximum(x, 0)


@dataclass(frozen=True, kw_only=True)
class OnnxLeakyRelu(Unary):
    """X where it is not negative, else alpha x."""

    alpha: float = 0.01

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.where(x < 0, x * x.dtype.type(self.alpha), x)


@dataclass(frozen=True, kw_only=True)
class OnnxElu(Unary):
    """X where it is not negative, else alpha (exp(x) - 1)."""

    alpha: float = 1.0

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.where(x < 0, self.alpha * np.expm1(np.minimum(x, 0)), x)


@dataclass(frozen=True, kw_only=True)
class OnnxSelu(Unary):
    """Gamma times x where it is positive, else gamma alpha (exp(x) - 1)."""

    alpha: float = 1.67326319217681884765625
    gamma: float = 1.05070102214813232421875

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return self.gamma * np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))


@dataclass(frozen=True, kw_only=True)
class OnnxHardSigmoid(Unary):
    """alpha x + beta, between 0 and 1."""

    alpha: float = 0.2
    beta: float = 0.5

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.clip(x * x.dtype.type(self.alpha) + x.dtype.type(self.beta), 0, 1)


@dataclass(frozen=True, kw_only=True)
class OnnxHardSwish(Unary):
    """X times a hard sigmoid of slope 1/6."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return x * np.clip(x / 6 + x.dtype.type(0.5), 0, 1)


@dataclass(frozen=True, kw_only=True)
class OnnxSigmoid(Unary):
    """1 / (1 + exp(-x))."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return activations.sigmoid(x.astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class OnnxTanh(Unary):
    """Hyperbolic tangent."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return activations.tanh(x.astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class OnnxSoftplus(Unary):
    """ln(exp(x) + 1)."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.logaddexp(x, x.dtype.type(0))


@dataclass(frozen=True, kw_only=True)
class OnnxSqrt(Unary):
    """Square root."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.sqrt(x)


@dataclass(frozen=True, kw_only=True)
class OnnxExp(Unary):
    """E to the power of x."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.exp(x)


@dataclass(frozen=True, kw_only=True)
class OnnxNeg(Unary):
    """-x."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.negative(x)


@dataclass(frozen=True, kw_only=True)
class OnnxAbs(Unary):
    """Magnitude."""

    def compute(self, x: Array) -> Array:
        """Return the function of every element."""
        return np.abs(x)


@dataclass(frozen=True, kw_only=True)
class OnnxClip(OnnxOperator):
    """min(max(x, low), high); either limit may be left out."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the limited elements."""
        x, low, high = up_to(operands, 3)
        result = x if low is None else np.maximum(x, low)
        return (result if high is None else np.minimum(result, high),)


@dataclass(frozen=True, kw_only=True)
class OnnxPRelu(OnnxOperator):
    """X where it is not negative, else slope x; the slope broadcasts to x."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the function of every element."""
        x, slope = operands
        if slope.ndim == 1 and x.ndim > 2 and slope.shape == x.shape[1:2] != x.shape[-1:]:
            # As version 6 of the operator had it: one slope per channel.
            slope = slope.reshape(-1, *(1,) * (x.ndim - 2))
        negative: Array = x * np.broadcast_to(slope, x.shape)
        result: Array = np.where(x < 0, negative, x)
        return (result.astype(x.dtype),)


@dataclass(frozen=True, kw_only=True)
class Binary(OnnxOperator):
    """A function of two operands that broadcast as in NumPy."""

    @abstractmethod
    def compute(self, left: Array, right: Array) -> Array:
        """Return the function of every pair."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the function of every pair."""
        left, right = operands
        sized(np.broadcast_shapes(left.shape, right.shape))
        return (np.asarray(self.compute(left, right)).astype(left.dtype, copy=False),)


@dataclass(frozen=True, kw_only=True)
class OnnxAdd(Binary):
    """Sum."""

    def compute(self, left: Array, right: Array) -> Array:
        """Return the function of every pair."""
        return left + right


@dataclass(frozen=True, kw_only=True)
class OnnxSub(Binary):
    """Difference."""

    def compute(self, left: Array, right: Array) -> Array:
        """Return the function of every pair."""
        return left - right


@dataclass(frozen=True, kw_only=True)
class OnnxMul(Binary):
    """Product, element by element."""

    def compute(self, left: Array, right: Array) -> Array:
        """Return the function of every pair."""
        return left * right


@dataclass(frozen=True, kw_only=True)
class OnnxDiv(Binary):
    """Quotient; of whole numbers, rounded towards zero."""

    def compute(self, left: Array, right: Array) -> Array:
        """Return the function of every pair."""
        if left.dtype.kind in "iu":
            if not np.all(right):
                raise UnsupportedError("a whole number is divided by zero")
            return (left - np.fmod(left, right)) // right
        return left / right


@dataclass(frozen=True, kw_only=True)
class OnnxPow(Binary):
    """Left to the power of right, in the element type of the left one."""

    def compute(self, left: Array, right: Array) -> Array:
        """Return the function of every pair."""
        return np.power(left, right)


@dataclass(frozen=True, kw_only=True)
class Several(OnnxOperator):
    """A function of one operand or more that broadcast."""

    @staticmethod
    @abstractmethod
    def pair() -> Callable[[Array, Array], Array]:
        """The function of two."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the function of all operands."""
        result = operands[0]
        for operand in operands[1:]:
            sized(np.broadcast_shapes(result.shape, operand.shape))
            result = self.pair()(result, operand)
        return (result,)


@dataclass(frozen=True, kw_only=True)
class OnnxSum(Several):
    """Sum of all operands."""

    @staticmethod
    def pair() -> Callable[[Array, Array], Array]:
        """The function of two."""
        return np.add


@dataclass(frozen=True, kw_only=True)
class OnnxMax(Several):
    """Largest of all operands."""

    @staticmethod
    def pair() -> Callable[[Array, Array], Array]:
        """The function of two."""
        return np.maximum


@dataclass(frozen=True, kw_only=True)
class OnnxMin(Several):
    """Smallest of all operands."""

    @staticmethod
    def pair() -> Callable[[Array, Array], Array]:
        """The function of two."""
        return np.minimum
