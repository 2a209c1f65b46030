# SPDX-License-Identifier: Apache-2.0
"""From sums to codes and between codes and real values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.activations import softmax
from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX, CODE_MIN

from .arithmetic import dequantise, digitise, quantise
from .operator import OperandError, Operator, adc_steps_of, check_element, read_only
from .tensors import Array, ElementType, TensorType

__all__ = ["Dequantise", "Quantise", "Requantise", "Rescale", "Softmax"]

INT8, INT32, FLOAT32 = ElementType.INT8, ElementType.INT32, ElementType.FLOAT32


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Requantise(Operator):
    """Codes of sums or values: clamp(rint(sum / lsb), -128, 127), halves to even.

    Takes int32 or float32 [..., outputs]; gives int8 of the same shape. Behind a node with a
    matrix this is the analog-to-digital converter of the tile that holds it.

    Members
    -------
    lsb : float32, one or [outputs], sum per code, positive and finite.

    Raises
    ------
    AlpineError
        It is not.
    """

    lsb: NDArray[np.float32]

    def __post_init__(self) -> None:
        object.__setattr__(self, "lsb", adc_steps_of(self.lsb, name="steps of a requantisation"))

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the codes."""
        sums = operands[0]
        check_element(0, sums, INT32, FLOAT32)
        if self.lsb.shape not in ((), sums.shape[-1:]):
            raise OperandError(0, f"[..., {len(self.lsb)}], one output per step")
        return TensorType(INT8, sums.shape)

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return digitise(values[0], self.lsb)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rescale(Operator):
    """Codes under another scale, and a bias: clamp(rint(code * factor + addend), -128, 127).

    Takes int8 or int32 [..., channels]; gives int8 of the same shape. The operand is rounded to
    float32, then the product, then the sum; halves of the sum go to even. Behind a product with a
    matrix it adds the bias, brings columns to a common scale, or both.

    Members
    -------
    factor : float32, one or [channels], positive and finite.
    addend : float32, one or [channels], finite.

    Raises
    ------
    AlpineError
        They are not.
    """

    factor: NDArray[np.float32]
    addend: NDArray[np.float32]

    def __post_init__(self) -> None:
        factor = adc_steps_of(self.factor, name="factors of a rescaling")
        addend = np.asarray(self.addend)
        if addend.dtype != np.float32 or addend.ndim > 1 or not np.isfinite(addend).all():
            raise AlpineError(
                f"addends of a rescaling are {addend.dtype} {list(addend.shape)}, but expected is "
                "one finite float32 or finite float32 [channels]"
            )
        object.__setattr__(self, "factor", factor)
        object.__setattr__(self, "addend", read_only(addend))

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the codes."""
        codes = operands[0]
        check_element(0, codes, INT8, INT32)
        for values in (self.factor, self.addend):
            if values.shape not in ((), codes.shape[-1:]):
                raise OperandError(0, f"[..., {len(values)}], one channel per factor and addend")
        return TensorType(INT8, codes.shape)

    def evaluate(self, *values: Array) -> Array:
        """Return the codes."""
        sums = values[0].astype(np.float32) * self.factor + self.addend
        return np.clip(np.rint(sums), CODE_MIN, CODE_MAX).astype(np.int8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantise(Operator):
    """Codes of real values: clamp(trunc(value * scale), -128, 127), as a scaled queue makes them.

    Takes float32; gives int8 of the same shape. The product is rounded to float32.

    Members
    -------
    scale : codes per unit, positive and finite.
    """

    scale: float

    def __post_init__(self) -> None:
        _check_scale(self)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the codes."""
        check_element(0, operands[0], FLOAT32)
        return TensorType(INT8, operands[0].shape)

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return quantise(values[0], self.scale)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dequantise(Operator):
    """Real values of codes or sums: code * scale, rounded to float32.

    Takes int8 or int32; gives float32 of the same shape. Sums beyond 2^24 are rounded to float32
    before they are multiplied.

    Members
    -------
    scale : value per code, positive and finite.
    """

    scale: float

    def __post_init__(self) -> None:
        _check_scale(self)

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the values."""
        check_element(0, operands[0], INT8, INT32)
        return TensorType(FLOAT32, operands[0].shape)

    def evaluate(self, *values: Array) -> Array:
        """Return the results."""
        return dequantise(values[0], self.scale)


@dataclass(frozen=True, kw_only=True, slots=True)
class Softmax(Operator):
    """Probabilities exp(value) / sum of these along the last axis, as `activations.softmax`.

    Takes float32; gives float32 of the same shape.
    """

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of the probabilities."""
        check_element(0, operands[0], FLOAT32)
        if not operands[0].shape:
            raise OperandError(0, "one axis or more")
        return operands[0]

    def evaluate(self, *values: Array) -> Array:
        """Return the probabilities."""
        return softmax(values[0])


def _check_scale(operator: "Quantise | Dequantise") -> None:
    scale: float = operator.scale
    if not (np.isfinite(scale) and scale > 0):
        raise AlpineError(f"scale of a {operator.kind} must be positive and finite, not {scale!r}")
