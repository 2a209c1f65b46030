# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that multiply matrices."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .operator import Array, OnnxOperator, UnsupportedError, sized, up_to
from .windows import Placement, WindowAttributes

__all__ = ["OnnxConv", "OnnxGemm", "OnnxMatMul"]


MAX_PRODUCTS = 1 << 34
"""Most multiplications of a convolution per image: ten times those of any layer of VGG-19."""


@dataclass(frozen=True, kw_only=True)
class OnnxGemm(OnnxOperator):
    """alpha A' B' + beta C, where A' and B' may be transposed and C broadcasts."""

    alpha: float = 1.0
    beta: float = 1.0
    transA: int = 0  # noqa: N815  the attribute's name
    transB: int = 0  # noqa: N815

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the product and sum."""
        a, b, c = up_to(operands, 3)
        left = a.T if self.transA else a
        right = b.T if self.transB else b
        sized((left.shape[0], right.shape[-1]))
        result = left @ right
        if self.alpha != 1:
            result = result * a.dtype.type(self.alpha)
        if c is not None:
            result = result + np.broadcast_to(c, result.shape) * a.dtype.type(self.beta)
        return (result.astype(a.dtype, copy=False),)


@dataclass(frozen=True, kw_only=True)
class OnnxMatMul(OnnxOperator):
    """Product of matrices, batches of them as in NumPy."""

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the product."""
        left, right = operands
        if not left.ndim or not right.ndim:
            raise UnsupportedError("operands of a product need one axis or more")
        rows = left.shape[:-1] if left.ndim > 1 else ()
        sized((*np.broadcast_shapes(rows[:-1], right.shape[:-2]), *rows[-1:], *right.shape[-1:]))
        return (np.asarray(left @ right),)


@dataclass(frozen=True, kw_only=True)
class OnnxConv(OnnxOperator):
    """A convolution over 1 to 3 space axes."""

    auto_pad: str = "NOTSET"
    dilations: tuple[int, ...] = ()
    group: int = 1
    kernel_shape: tuple[int, ...] = ()
    pads: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()

    def placement(self, image: tuple[int, ...], weights: tuple[int, ...]) -> Placement:
        """Return where windows stand on an image [batch, channels, *space].

        Raises
        ------
        UnsupportedError
            Image, weights and attributes do not fit each other.
        """
        if len(image) != len(weights) or len(image) < 3:
            raise UnsupportedError("image and weights need the same 3 axes or more")
        if self.kernel_shape and tuple(self.kernel_shape) != weights[2:]:
            raise UnsupportedError("kernel_shape is not that of the weights")
        outputs, channels = weights[:2]
        if self.group < 1 or outputs % self.group or channels * self.group != image[1]:
            raise UnsupportedError(
                f"weights {list(weights)} with {self.group} groups do not fit {image[1]} channels"
            )
        return WindowAttributes(
            kernel=weights[2:],
            strides=self.strides,
            dilations=self.dilations,
            pads=self.pads,
            auto_pad=self.auto_pad,
        ).place(image[2:])

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return the sums at every position, and the bias."""
        images, weights, bias = up_to(operands, 3)
        place = self.placement(images.shape, weights.shape)
        place.check_work(images.shape[1])
        if place.work * weights.shape[1] * len(weights) > MAX_PRODUCTS:
            raise UnsupportedError(f"more than {MAX_PRODUCTS} products per image are not allowed")
        sized((len(images), len(weights), *place.counts))
        parts = [_convolved(image, weights, place, self.group) for image in _each(images)]
        empty = np.empty((0, len(weights), *place.counts), images.dtype)
        result = np.concatenate(parts) if parts else empty
        if bias is not None:
            if bias.shape != (len(weights),):
                raise UnsupportedError("the bias needs one value per output")
            result = result + bias.reshape(-1, *(1,) * len(place.counts))
        return (result,)


def _each(images: Array) -> list[Array]:
    return [images[number : number + 1] for number in range(len(images))]


def _convolved(image: Array, weights: Array, place: Placement, groups: int) -> Array:
    """One image's sums [1, outputs, *counts]."""
    axes = len(place.counts)
    view = place.windows(image, fill=0)[0]
    # [channels, *counts, *kernel] -> [groups, positions, channels of a group and window]
    view = view.reshape(groups, -1, *place.counts, *place.kernel)
    order = (0, *range(2, 2 + axes), 1, *range(2 + axes, 2 + 2 * axes))
    positions = int(np.prod(place.counts))
    vectors = view.transpose(order).reshape(groups, positions, -1)
    matrices = weights.reshape(groups, len(weights) // groups, -1)
    sums = vectors @ matrices.transpose(0, 2, 1)
    return sums.transpose(0, 2, 1).reshape(1, len(weights), *place.counts)
