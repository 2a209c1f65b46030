# SPDX-License-Identifier: Apache-2.0
"""Pooling: one number for every window and channel of an image."""

from dataclasses import dataclass

import numpy as np

from alpine_models.errors import AlpineError

from .operator import OperandError, Operator
from .tensors import Array, ElementType, TensorType
from .windows import SlidingWindow

__all__ = ["AveragePool", "GlobalAveragePool", "MaxPool"]


class WindowPool(Operator):
    """A function of every window and channel of an image [rows, columns, channels]."""

    window: SlidingWindow

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the pooled image: the same element type and channels."""
        image = operands[0]
        if len(image.shape) != 3 or not self.window.fits(image.shape):
            raise OperandError(0, f"[rows, columns, channels], {self.window.least}")
        return TensorType(image.element, (*self.window.positions(image.shape), image.shape[2]))


@dataclass(frozen=True, kw_only=True, slots=True)
class MaxPool(WindowPool):
    """Maximum of every window and channel; of any element type. Padding is never the maximum.

    Members
    -------
    window : what each maximum is taken from. Of a position that hangs over the edge, what lies
        inside.

    Raises
    ------
    AlpineError
        A window may lie in the padding alone.
    """

    window: SlidingWindow

    def __post_init__(self) -> None:
        _check_pads(self.window)

    def evaluate(self, *values: Array) -> Array:
        """Return the maxima, the window's elements taken one after the other."""
        (images,) = values
        low = -np.inf if images.dtype == np.float32 else np.iinfo(images.dtype).min
        rows, columns = self.window.positions(images.shape[1:3])
        parts = _elements(_padded(images, self.window, low), self.window, rows, columns)
        result = parts[0].copy()
        for part in parts[1:]:
            np.maximum(result, part, out=result)
        return result


@dataclass(frozen=True, kw_only=True, slots=True)
class AveragePool(WindowPool):
    """Mean of every window and channel; of any element type.

    Real values are added in float64, divided by their number and rounded to float32; whole numbers
    are rounded to the nearest, halves to even.

    Members
    -------
    window : what each mean is taken from. Of a position that hangs over the edge, what lies inside.
    count_padding : padded elements count as zeros in place of not counting; needs a window that
        does not hang over the edge.

    Raises
    ------
    AlpineError
        A window may lie in the padding alone, or padding counts where windows hang over the edge.
    """

    window: SlidingWindow
    count_padding: bool = False

    def __post_init__(self) -> None:
        _check_pads(self.window)
        if self.count_padding and self.window.ceil:
            raise AlpineError(
                "average pooling counts padding and has a window that hangs over the edge: leave "
                "one of them out"
            )

    def evaluate(self, *values: Array) -> Array:
        """Return the means."""
        (images,) = values
        size = images.shape[1:3]
        rows, columns = self.window.positions(size)
        sums = _sums(images.astype(np.float64), self.window, rows, columns)
        if self.count_padding:
            counts = np.float64(self.window.size[0] * self.window.size[1])
        else:
            counts = _sums(np.ones((1, *size, 1)), self.window, rows, columns)
        return _mean(sums / counts, images)


@dataclass(frozen=True, slots=True)
class GlobalAveragePool(Operator):
    """Mean of every channel over the whole image, [rows, columns, channels] -> [1, 1, channels].

    Of any element type, rounded as in `AveragePool`.
    """

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the means."""
        if len(operands[0].shape) != 3:
            raise OperandError(0, "[rows, columns, channels]")
        return TensorType(operands[0].element, (1, 1, operands[0].shape[2]))

    def evaluate(self, *values: Array) -> Array:
        """Return the means."""
        (images,) = values
        pixels = images.reshape(len(images), -1, images.shape[-1]).astype(np.float64)
        # A running sum has one order, which no library splits up.
        sums = np.add.accumulate(pixels, axis=1)[:, -1]
        return _mean(sums / pixels.shape[1], images).reshape(len(images), 1, 1, -1)


def _check_pads(window: SlidingWindow) -> None:
    top, left, bottom, right = window.pads
    if max(top, bottom) >= window.span[0] or max(left, right) >= window.span[1]:
        raise AlpineError(
            f"padding {list(window.pads)} of a pooling window of {list(window.size)} leaves "
            "windows in the padding alone: pad by less than the window"
        )


def _padded(images: Array, window: SlidingWindow, value: float) -> Array:
    """Images with the window's padding, and as much behind as a position may hang over."""
    top, left, bottom, right = window.pads
    over = [stride - 1 if window.ceil else 0 for stride in window.strides]
    pads = ((0, 0), (top, bottom + over[0]), (left, right + over[1]), (0, 0))
    return np.pad(images, pads, constant_values=value) if np.any(pads) else images


def _elements(padded: Array, window: SlidingWindow, rows: int, columns: int) -> list[Array]:
    """For every element of the window, what it reads at all positions, [n, rows, columns, c]."""
    (down, across), (row_step, column_step) = window.dilation, window.strides
    return [
        padded[
            :,
            row : row + (rows - 1) * row_step + 1 : row_step,
            column : column + (columns - 1) * column_step + 1 : column_step,
        ]
        for row in range(0, window.span[0], down)
        for column in range(0, window.span[1], across)
    ]


def _sums(images: Array, window: SlidingWindow, rows: int, columns: int) -> Array:
    """Sums over the window, its elements in order."""
    parts = _elements(_padded(images, window, 0), window, rows, columns)
    result = parts[0].copy()
    for part in parts[1:]:
        result += part
    return result


def _mean(values: Array, images: Array) -> Array:
    """Means in the images' element type."""
    whole = ElementType(str(images.dtype)) is not ElementType.FLOAT32
    return (np.rint(values) if whole else values).astype(images.dtype)
