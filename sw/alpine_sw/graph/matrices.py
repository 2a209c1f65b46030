# SPDX-License-Identifier: Apache-2.0
"""Dense layers and convolutions: vectors of codes times a matrix of codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alpine_models.errors import AlpineError

from .arithmetic import MAX_INPUTS, ExactProduct
from .operator import Evaluator, MatrixOperator, OperandError, Product, read_only
from .tensors import Array, ElementType, TensorType, float32, int32
from .windows import SlidingWindow

__all__ = ["Convolution", "Dense", "windows"]

WEIGHT_TYPES = (ElementType.INT8, ElementType.FLOAT32)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Dense(MatrixOperator):
    """A dense layer without bias: the exact sums of products of its vector with every output.

    Takes a vector [inputs] of the weights' element type. Gives int32 sums [outputs] of codes, or
    float32 [outputs], computed in float64 and rounded once.

    Members
    -------
    weights : int8 or float32 [outputs, inputs], `weights[output, input]`.

    Raises
    ------
    AlpineError
        The weights are no such matrix, or have so many inputs that sums may leave int32.
    """

    weights: NDArray[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _checked(self.weights, "dense", axes="outputs, inputs"))

    @property
    def matrix(self) -> NDArray[np.int8] | None:
        """The weights, where they are codes."""
        return self.weights if self.weights.dtype == np.int8 else None

    @property
    def weight_count(self) -> int:
        """Number of weights."""
        return self.weights.size

    @property
    def width(self) -> int:
        """Elements of an input vector."""
        return self.weights[0].size

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the sums."""
        outputs, inputs = self.weights.shape
        expected = TensorType(ElementType(str(self.weights.dtype)), (inputs,))
        if operands[0] != expected:
            raise OperandError(0, f"{expected}, the inputs of weights [{outputs}, {inputs}]")
        return _sums_of(self.weights, outputs)

    def vectors(self, *operands: TensorType) -> int:
        """One."""
        return 1

    def macs(self, *operands: TensorType) -> int:
        """One per weight."""
        return self.weights.size

    def evaluator(self, product: Product | None = None) -> Evaluator:
        """Return the product."""
        return product or _product(self.weights)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Convolution(MatrixOperator):
    """A convolution without bias: the exact sums of every position's window and output.

    Takes an image [rows, columns, channels] of the weights' element type. Gives sums
    [rows, columns, outputs] as `Dense` does. With groups, output o reads the channels of group
    o // (outputs / groups) alone.

    Members
    -------
    weights : int8 or float32 [outputs, window rows, window columns, channels / groups].
    window : strides, padding and dilation of the window; its size is that of the weights.
    groups : parts into which channels and outputs are divided; as many as channels for a
        depthwise convolution.

    Raises
    ------
    AlpineError
        The weights are no such array, the window has another size, or groups do not divide the
        outputs.
    """

    weights: NDArray[Any]
    window: SlidingWindow
    groups: int = 1

    def __post_init__(self) -> None:
        axes = "outputs, window rows, window columns, channels of a group"
        weights = _checked(self.weights, "convolution", axes=axes)
        object.__setattr__(self, "weights", weights)
        if weights.shape[1:3] != self.window.size:
            raise AlpineError(
                f"weights of a convolution have a window of {list(weights.shape[1:3])}, but "
                f"expected is {list(self.window.size)}"
            )
        if self.groups < 1 or len(weights) % self.groups:
            raise AlpineError(
                f"groups of a convolution are {self.groups}, but expected is a divisor of its "
                f"{len(weights)} outputs"
            )

    @property
    def matrix(self) -> NDArray[np.int8] | None:
        """Weights [outputs, inputs], inputs in the order (window row, window column, channel)."""
        if self.groups > 1 or self.weights.dtype != np.int8:
            return None
        return self.weights.reshape(len(self.weights), -1)

    @property
    def weight_count(self) -> int:
        """Number of weights."""
        return self.weights.size

    @property
    def width(self) -> int:
        """Elements of an input vector."""
        return self.weights[0].size

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the sums at every position."""
        channels = self.weights.shape[3] * self.groups
        element = ElementType(str(self.weights.dtype))
        image = operands[0]
        if (
            image.element is not element
            or len(image.shape) != 3
            or image.shape[2] != channels
            or not self.window.fits(image.shape)
        ):
            raise OperandError(0, f"{element} [rows, columns, {channels}], {self.window.least}")
        rows, columns = self.window.positions(image.shape)
        return _sums_of(self.weights, rows, columns, len(self.weights))

    def vectors(self, *operands: TensorType) -> int:
        """Output positions."""
        rows, columns = self.window.positions(operands[0].shape)
        return rows * columns

    def macs(self, *operands: TensorType) -> int:
        """One per weight and position."""
        return self.vectors(*operands) * self.weights.size

    def evaluator(self, product: Product | None = None) -> Evaluator:
        """Return the function that multiplies every window of every image."""
        if self.groups > 1:
            return self._grouped()
        multiply = product or _product(self.weights.reshape(len(self.weights), -1))

        def convolve(images: Array) -> Array:
            size = (len(images), *self.window.positions(images.shape[1:]))
            sums = multiply(windows(images, self.window))
            return sums.reshape(*size, sums.shape[-1])

        return convolve

    def _grouped(self) -> Evaluator:
        parts = np.split(self.weights, self.groups)
        products = [_product(part.reshape(len(part), -1)) for part in parts]

        def convolve(images: Array) -> Array:
            size = (len(images), *self.window.positions(images.shape[1:]))
            sums = [
                multiply(windows(part, self.window))
                for multiply, part in zip(
                    products, np.split(images, self.groups, axis=-1), strict=True
                )
            ]
            return np.concatenate(sums, axis=1).reshape(*size, -1)

        return convolve


def windows(images: Array, window: SlidingWindow) -> Array:
    """Return the window of every position of every image as one row (im2col).

    Parameters
    ----------
    images : [n, rows, columns, channels]
    window : its size, strides, padding and dilation.

    Returns
    -------
    [n * output rows * output columns, window rows * window columns * channels]
    """
    top, left, bottom, right = window.pads
    if any(window.pads):
        images = np.pad(images, ((0, 0), (top, bottom), (left, right), (0, 0)))
    (down, across), (row_step, column_step) = window.dilation, window.strides
    views = sliding_window_view(images, window.span, axis=(1, 2))
    views = views[:, ::row_step, ::column_step, :, ::down, ::across]
    # [n, row, column, channel, window row, window column] -> channels innermost
    inputs = window.size[0] * window.size[1] * images.shape[-1]
    return views.transpose(0, 1, 2, 4, 5, 3).reshape(-1, inputs)


def _product(weights: NDArray[Any]) -> Product:
    if weights.dtype == np.int8:
        return ExactProduct(weights)
    exact = weights.T.astype(np.float64)

    def multiply(vectors: Array) -> NDArray[np.float32]:
        return (vectors.astype(np.float64) @ exact).astype(np.float32)

    return multiply


def _sums_of(weights: NDArray[Any], *shape: int) -> TensorType:
    return int32(*shape) if weights.dtype == np.int8 else float32(*shape)


def _checked(weights: NDArray[Any], kind: str, *, axes: str) -> NDArray[Any]:
    if weights.dtype not in ("int8", "float32") or weights.ndim != axes.count(",") + 1:
        raise AlpineError(
            f"weights of a {kind} are {weights.dtype} {list(weights.shape)}, but expected is int8 "
            f"or float32 [{axes}]"
        )
    inputs = weights[0].size if len(weights) else 0
    if not 1 <= inputs <= MAX_INPUTS:
        raise AlpineError(
            f"weights of a {kind} have {inputs} inputs, but expected are 1 to {MAX_INPUTS}"
        )
    if weights.dtype != np.int8 and not np.isfinite(weights).all():
        raise AlpineError(f"weights of a {kind} hold a value that is not finite")
    return read_only(weights)
