# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that normalise, and reductions over axes."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpine_models import activations

from .operator import Array, OnnxOperator, UnsupportedError, integers, up_to

__all__ = [
    "OnnxBatchNormalization",
    "OnnxLRN",
    "OnnxLogSoftmax",
    "OnnxReduceMean",
    "OnnxReduceSum",
    "OnnxSoftmax",
    "Reduction",
]


@dataclass(frozen=True, kw_only=True)
class OnnxBatchNormalization(OnnxOperator):
    """(x - mean) / sqrt(variance + epsilon) * scale + bias for every channel, axis 1."""

    limits = "training_mode 1"
    epsilon: float = 1e-5
    momentum: float = 0.9
    training_mode: int = 0

    def __post_init__(self) -> None:
        if self.training_mode or self.results > 1:
            raise UnsupportedError("training mode is not supported: export for inference")

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the normalised elements."""
        x, *parameters = operands
        if x.ndim < 2 or {values.shape for values in parameters} != {x.shape[1:2]}:
            raise UnsupportedError("scale, bias, mean and variance need one value per channel")
        shape = (-1, *(1,) * (x.ndim - 2))
        scale, bias, mean, variance = (values.reshape(shape) for values in parameters)
        factor = scale / np.sqrt(variance + variance.dtype.type(self.epsilon))
        return (((x - mean) * factor + bias).astype(x.dtype),)


@dataclass(frozen=True, kw_only=True)
class OnnxLRN(OnnxOperator):
    """X / (bias + alpha / size * sum of squares of near channels) ^ beta."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    bias: float = 1.0

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the normalised elements."""
        (x,) = operands
        if self.size < 1:
            raise UnsupportedError("size starts at 1")
        channels: int = x.shape[1]
        places = np.arange(channels)
        sums = np.concatenate([np.zeros_like(x[:, :1]), np.cumsum(x * x, axis=1)], axis=1)
        first = np.maximum(places - (self.size - 1) // 2, 0)
        last = np.minimum(places + self.size // 2 + 1, channels)
        near = sums[:, last] - sums[:, first]
        scale = x.dtype.type(self.bias) + x.dtype.type(self.alpha / self.size) * near
        return ((x / scale ** x.dtype.type(self.beta)).astype(x.dtype),)


@dataclass(frozen=True, kw_only=True)
class OnnxSoftmax(OnnxOperator):
    """exp(x) over the sum of these along an axis."""

    axis: int = -1

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the quotients."""
        (x,) = operands
        last = np.moveaxis(x.astype(np.float32), self.axis, -1)
        return (np.moveaxis(activations.softmax(last), -1, self.axis).astype(x.dtype),)


@dataclass(frozen=True, kw_only=True)
class OnnxLogSoftmax(OnnxOperator):
    """Logarithm of the softmax along an axis."""

    axis: int = -1

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the logarithms."""
        (x,) = operands
        less = x - x.max(axis=self.axis, keepdims=True)
        return (less - np.log(np.exp(less).sum(axis=self.axis, keepdims=True)),)


@dataclass(frozen=True, kw_only=True)
class Reduction(OnnxOperator):
    """A function of all elements along axes, which are an operand or an attribute."""

    axes: tuple[int, ...] | None = None
    keepdims: int = 1
    noop_with_empty_axes: int = 0

    @staticmethod
    @abstractmethod
    def reduce(x: Array, axes: tuple[int, ...]) -> Array:
        """Return the function, with axes of size 1 in place of the others."""

    def chosen(self, rank: int, axes: Any) -> tuple[int, ...]:
        """Return the axes along which is reduced, of an operand of so many axes."""
        given = integers(axes if axes is not None else self.axes or ())
        if not given and not self.noop_with_empty_axes:
            return tuple(range(rank))
        return tuple(sorted({axis % rank for axis in given})) if rank else ()

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the function of every group of elements."""
        x, axes = up_to(operands, 2)
        chosen = self.chosen(x.ndim, axes)
        result = self.reduce(x, chosen) if chosen else x
        if not self.keepdims:
            result = result.squeeze(chosen)
        return (result.astype(x.dtype, copy=False),)


@dataclass(frozen=True, kw_only=True)
class OnnxReduceMean(Reduction):
    """Mean along axes."""

    @staticmethod
    def reduce(x: Array, axes: tuple[int, ...]) -> Array:
        """Return the means."""
        return x.mean(axis=axes, keepdims=True)


@dataclass(frozen=True, kw_only=True)
class OnnxReduceSum(Reduction):
    """Sum along axes."""

    @staticmethod
    def reduce(x: Array, axes: tuple[int, ...]) -> Array:
        """Return the sums."""
        return x.sum(axis=axes, keepdims=True)
