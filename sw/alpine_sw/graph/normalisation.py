# SPDX-License-Identifier: Apache-2.0
"""Normalisation of channels, in operations that every processor rounds alike."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alpine_models.checks import real_number, whole_number
from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX, CODE_MIN

from .operator import OperandError, Operator, check_element, read_only
from .tensors import Array, ElementType, TensorType

__all__ = ["BatchNormalisation", "LocalResponseNormalisation"]

INT8, FLOAT32 = ElementType.INT8, ElementType.FLOAT32

EXPONENTS = (0.5, 0.75, 1.0)
"""Exponents that square roots and products make."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalResponseNormalisation(Operator):
    """Every element over a power of the squares around it, along the last axis, the channels.

    With S the sum of squares over `size` channels around one that exist, and every operation one
    IEEE 754 binary32 operation rounded to nearest even, in this order:

        s = bias + alpha * S;  p = s^exponent;  result = (gain * value) / p

    where s^0.5 = sqrt(s), s^0.75 = sqrt(s) * sqrt(sqrt(s)) and s^1 = s. Takes int8, whose results
    become codes clamp(rint(result), -128, 127), or float32. S of codes is exact; of real values it
    is added in float64, in order, and rounded.

    The defaults are AlexNet's (Krizhevsky et al. 2012, Sec. 3.3), applied to codes; the factor 2
    gives back the range that the division takes.

    Members
    -------
    size : odd number of channels.
    bias, alpha, gain : rounded to float32; bias positive, alpha not negative.
    exponent : one of 0.5, 0.75 and 1.

    Raises
    ------
    AlpineError
        A member is out of range.
    """

    size: int = 5
    bias: float = 2.0
    alpha: float = 1e-4
    exponent: float = 0.75
    gain: float = 2.0

    def __post_init__(self) -> None:
        if whole_number("size of a response normalisation", self.size, least=1) % 2 == 0:
            raise AlpineError(f"size of a response normalisation is {self.size}: give an odd one")
        for name in ("bias", "alpha", "gain"):
            real_number(f"{name} of a response normalisation", getattr(self, name))
        if not (self.bias > 0 and self.alpha >= 0 and np.isfinite([self.bias, self.alpha]).all()):
            raise AlpineError(
                f"bias {self.bias!r} and alpha {self.alpha!r} of a response normalisation are "
                "refused: give a positive bias and an alpha of 0 or more"
            )
        if self.exponent not in EXPONENTS:
            raise AlpineError(
                f"exponent {self.exponent!r} of a response normalisation is refused: give one of "
                f"{', '.join(map(str, EXPONENTS))}, which square roots make"
            )

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the operand's type."""
        check_element(0, operands[0], INT8, FLOAT32)
        if not operands[0].shape:
            raise OperandError(0, "one axis or more")
        return operands[0]

    def evaluate(self, *values: Array) -> Array:
        """Return the results of every element and its neighbours."""
        scale = np.float32(self.bias) + np.float32(self.alpha) * self._squares(values[0])
        quotients = np.float32(self.gain) * values[0].astype(np.float32) / self._power(scale)
        if values[0].dtype == np.float32:
            return quotients
        return np.clip(np.rint(quotients), CODE_MIN, CODE_MAX).astype(np.int8)

    def _squares(self, values: Array) -> NDArray[np.float32]:
        wide = np.int32 if values.dtype == np.int8 else np.float64
        side = self.size // 2
        squares = np.pad(values.astype(wide) ** 2, [(0, 0)] * (values.ndim - 1) + [(side, side)])
        near = sliding_window_view(squares, self.size, axis=-1)
        total = near[..., 0].copy()
        for place in range(1, self.size):
            total += near[..., place]
        return total.astype(np.float32)

    def _power(self, scale: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.exponent == 1.0:
            return scale
        root = np.sqrt(scale)
        return root if self.exponent == 0.5 else root * np.sqrt(root)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BatchNormalisation(Operator):
    """(value - mean) / sqrt(variance + epsilon) * scale + bias for every channel, the last axis.

    Takes and gives float32 [..., channels]. As inference has it, folded into one factor and one
    addend per channel, computed in float64 and rounded: factor = scale / sqrt(variance + epsilon),
    addend = bias - mean * factor; result = value * factor + addend, each rounded to float32.

    Members
    -------
    scale, bias, mean, variance : float32 [channels], finite; variance + epsilon positive.
    epsilon : added to the variance.

    Raises
    ------
    AlpineError
        A member is of another type, shape or range.
    """

    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    mean: NDArray[np.float32]
    variance: NDArray[np.float32]
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        for name in ("scale", "bias", "mean", "variance"):
            values: NDArray[np.float32] = getattr(self, name)
            if values.dtype != np.float32 or values.shape != (len(self.scale),):
                raise AlpineError(
                    f"{name} of a batch normalisation is {values.dtype} {list(values.shape)}, but "
                    f"expected is float32 [{len(self.scale)}]"
                )
            if not np.isfinite(values).all():
                raise AlpineError(f"{name} of a batch normalisation must be finite everywhere")
            object.__setattr__(self, name, read_only(values))
        if not (self.variance.astype(np.float64) + self.epsilon > 0).all():
            raise AlpineError("variance + epsilon of a batch normalisation must be positive")

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the operand's type."""
        check_element(0, operands[0], FLOAT32)
        if operands[0].shape[-1:] != self.scale.shape:
            raise OperandError(0, f"float32 [..., {len(self.scale)}], one channel per scale")
        return operands[0]

    def folded(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the factor and the addend of every channel."""
        exact = self.scale / np.sqrt(self.variance.astype(np.float64) + self.epsilon)
        return exact.astype(np.float32), (self.bias - self.mean * exact).astype(np.float32)

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        factor, addend = self.folded()
        return values[0] * factor + addend
