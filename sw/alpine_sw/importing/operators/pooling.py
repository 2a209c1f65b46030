# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that take one number from every window."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .operator import Array, OnnxOperator, UnsupportedError
from .windows import Placement, WindowAttributes

__all__ = [
    "OnnxAveragePool",
    "OnnxGlobalAveragePool",
    "OnnxGlobalMaxPool",
    "OnnxMaxPool",
    "PoolAttributes",
]


@dataclass(frozen=True, kw_only=True)
class PoolAttributes(OnnxOperator):
    """A function of every window and channel."""

    kernel_shape: tuple[int, ...]
    auto_pad: str = "NOTSET"
    ceil_mode: int = 0
    dilations: tuple[int, ...] = ()
    pads: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()

    def placement(self, image: tuple[int, ...]) -> Placement:
        """Return where windows stand on an image [batch, channels, *space].

        Raises
        ------
        UnsupportedError
            Image and attributes do not fit each other.
        """
        place = WindowAttributes(
            kernel=tuple(self.kernel_shape),
            strides=self.strides,
            dilations=self.dilations,
            pads=self.pads,
            auto_pad=self.auto_pad,
            ceil=bool(self.ceil_mode),
        ).place(image[2:])
        place.check_work(image[1])
        return place

    @staticmethod
    def axes(place: Placement) -> tuple[int, ...]:
        """Axes of the windows' elements."""
        return tuple(range(-len(place.kernel), 0))


@dataclass(frozen=True, kw_only=True)
class OnnxMaxPool(PoolAttributes):
    """Largest element of every window."""

    limits = "the second result, Indices"
    storage_order: int = 0

    def __post_init__(self) -> None:
        if self.results > 1:
            raise UnsupportedError("its second result, Indices, is not supported")

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the largest elements."""
        (x,) = operands
        place = self.placement(x.shape)
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        return (place.windows(x, fill=lowest).max(axis=self.axes(place)),)


@dataclass(frozen=True, kw_only=True)
class OnnxAveragePool(PoolAttributes):
    """Mean of every window."""

    count_include_pad: int = 0

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the means."""
        (x,) = operands
        place = self.placement(x.shape)
        axes = self.axes(place)
        sums = place.windows(x, fill=0).sum(axis=axes)
        ones = np.ones((1, 1, *x.shape[2:]), x.dtype)
        if self.count_include_pad:
            margins = [(0, 0), (0, 0), *zip(place.before, place.after, strict=True)]
            ones = np.pad(ones, margins, constant_values=1)
            nothing = (0,) * len(place.before)
            place = Placement(
                kernel=place.kernel,
                strides=place.strides,
                dilations=place.dilations,
                before=nothing,
                after=nothing,
                counts=place.counts,
            )
        counts = place.windows(ones, fill=0).sum(axis=axes)
        return ((sums / counts).astype(x.dtype),)


@dataclass(frozen=True, kw_only=True)
class OnnxGlobalAveragePool(OnnxOperator):
    """Mean of every channel over all of its space."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the means."""
        (x,) = operands
        axes = tuple(range(2, x.ndim))
        return (x.mean(axis=axes, keepdims=True).astype(x.dtype),)


@dataclass(frozen=True, kw_only=True)
class OnnxGlobalMaxPool(OnnxOperator):
    """Largest element of every channel over all of its space."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the largest elements."""
        (x,) = operands
        return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)
