# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers over whole sequences: all steps of one inference, one product each.

What enters a tile is [h, x] as DAC codes, what leaves it is ADC codes; in between is float32 on the
processor, every operation rounded on its own:

    values = codes * factor + bias, of every output
    LSTM: i, f, o = sigmoid(values), a = tanh(values); c' = f c + i a; h' = o tanh(c')
    GRU:  z, r = sigmoid(values); n = tanh(from_x + r from_h); h' = (1 - z) n + z h

and h becomes codes as a scaled queue makes them. A cell whose state stays from one inference to the
next is `lstm.LstmCell`.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from alpine_models.activations import sigmoid, tanh
from alpine_models.errors import AlpineError

from .arithmetic import ExactProduct, dequantise, digitise, quantise
from .lstm import STATE_SCALE, activate_gates, combine_gates
from .operator import (
    Evaluator,
    OperandError,
    Product,
    RecurrentMatrix,
    adc_steps_of,
    read_only,
)
from .tensors import Array, Codes, TensorType, float32, int8

__all__ = ["GruLayer", "LstmLayer", "SequenceOperator"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SequenceOperator(RecurrentMatrix):
    """A recurrent layer: int8 x [steps, inputs] -> int8 h [steps, hidden].

    Further operands are the states before the first step, zeros where they are left out; with one
    of them all are given. A product from outside gets the vectors of all inferences step by step.

    Members
    -------
    weights : int8 [outputs per unit * hidden, hidden + inputs], inputs [h, x].
    lsb : float32 [outputs], dot product per ADC step, positive and finite.
    factor : float32 [outputs], value per ADC code, positive and finite.
    bias : float32 [outputs], finite.

    Raises
    ------
    AlpineError
        The arrays are not of these types, or do not fit each other.
    """

    operand_count = None
    outputs_per_unit: ClassVar[int]

    weights: NDArray[np.int8]
    lsb: NDArray[np.float32]
    factor: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        weights, what = self.weights, f"weights of a {self.kind}"
        fits = weights.dtype == np.int8 and weights.ndim == 2 and len(weights) > 0
        if not fits or len(weights) % self.outputs_per_unit or weights.shape[1] <= self.hidden:
            raise AlpineError(
                f"{what} are {weights.dtype} {list(weights.shape)}, but expected is int8 "
                f"[{self.outputs_per_unit} * hidden, hidden + inputs] with 1 input or more"
            )
        bias = np.asarray(self.bias)
        if bias.dtype != np.float32 or not np.isfinite(bias).all():
            raise AlpineError(f"bias of a {self.kind} must be finite float32 [outputs]")
        checked = {
            "weights": read_only(weights),
            "lsb": adc_steps_of(self.lsb, name=f"ADC steps of a {self.kind}"),
            "factor": adc_steps_of(self.factor, name=f"factors of a {self.kind}"),
            "bias": read_only(bias),
        }
        for name, values in checked.items():
            if name != "weights" and values.shape != weights.shape[:1]:
                raise AlpineError(
                    f"{name} of a {self.kind} is {list(values.shape)}, but expected is "
                    f"[{len(weights)}], one per output"
                )
            object.__setattr__(self, name, values)

    @property
    def hidden(self) -> int:
        """Units."""
        return len(self.weights) // self.outputs_per_unit

    @property
    @abstractmethod
    def state_types(self) -> tuple[TensorType, ...]:
        """Types of the states, h first."""

    @abstractmethod
    def advance(
        self, values: NDArray[np.float32], states: tuple[Array, ...]
    ) -> tuple[NDArray[np.float32], ...]:
        """Return the states after a step, h as real values.

        Parameters
        ----------
        values : float32 [n, outputs].
        states : before the step, h as codes.
        """

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of h at all steps."""
        inputs = self.width - self.hidden
        x, *given = operands
        if len(x.shape) != 2 or x != int8(x.shape[0], inputs):
            raise OperandError(0, f"int8 [steps, {inputs}], the inputs x")
        if given and len(given) != len(self.state_types):
            raise OperandError(0, f"no states or {len(self.state_types)} behind it")
        for place, (found, wanted) in enumerate(zip(given, self.state_types, strict=False)):
            if found != wanted:
                raise OperandError(place + 1, f"{wanted}, a state before the first step")
        return int8(x.shape[0], self.hidden)

    def vectors(self, *operands: TensorType) -> int:
        """One per step."""
        return operands[0].shape[0]

    def macs(self, *operands: TensorType) -> int:
        """One per weight and step."""
        return self.vectors(*operands) * self.weights.size

    def evaluator(self, product: Product | None = None) -> Evaluator:
        """Return the function that computes all steps of n inferences."""
        exact = ExactProduct(self.weights)

        def codes_of(vectors: Codes) -> Array:
            return digitise(exact(vectors), self.lsb)

        multiply = product or codes_of

        def layer(x: Array, *given: Array) -> Array:
            states: tuple[Any, ...] = given or tuple(
                np.zeros((len(x), *kind.shape), kind.element.dtype) for kind in self.state_types
            )
            results = np.empty((*x.shape[:2], self.hidden), np.int8)
            for step in range(x.shape[1]):
                codes = multiply(np.concatenate([states[0], x[:, step]], axis=1))
                values = codes.astype(np.float32) * self.factor + self.bias
                h, *others = self.advance(values, states)
                results[:, step] = quantise(h, STATE_SCALE)
                states = (results[:, step], *others)
            return results

        return layer


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LstmLayer(SequenceOperator):
    """Long short-term memory; outputs in the order of `lstm.Gate`.

    States are h, int8 [hidden], and c, float32 [hidden].
    """

    outputs_per_unit = 4

    @property
    def state_types(self) -> tuple[TensorType, ...]:
        """Types of h and c."""
        return int8(self.hidden), float32(self.hidden)

    def advance(
        self, values: NDArray[np.float32], states: tuple[Array, ...]
    ) -> tuple[NDArray[np.float32], ...]:
        """Return h and c after a step."""
        return combine_gates(activate_gates(values), states[1])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GruLayer(SequenceOperator):
    """Gated recurrent units whose reset gate acts behind the product with h.

    Outputs are, for all units, the update gate, the reset gate, the new state's part from x and
    its part from h. The state is h, int8 [hidden].
    """

    outputs_per_unit = 4

    @property
    def state_types(self) -> tuple[TensorType, ...]:
        """Type of h."""
        return (int8(self.hidden),)

    def advance(
        self, values: NDArray[np.float32], states: tuple[Array, ...]
    ) -> tuple[NDArray[np.float32], ...]:
        """Return h after a step."""
        gates = sigmoid(values[:, : 2 * self.hidden])
        update, reset = np.split(gates, 2, axis=1)
        from_x, from_h = np.split(values[:, 2 * self.hidden :], 2, axis=1)
        kept_h: NDArray[np.float32] = reset * from_h
        new = tanh(np.add(from_x, kept_h, dtype=np.float32))
        h = dequantise(states[0], 1 / STATE_SCALE)
        kept: NDArray[np.float32] = update * h
        return (np.add((np.float32(1) - update) * new, kept, dtype=np.float32),)
