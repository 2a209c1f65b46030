# SPDX-License-Identifier: Apache-2.0
"""The LSTM cell, whose state stays from one inference of a sequence to the next.

The structure is that of the analog programs (Klein et al., ALPINE, Table II and the reference runs
in gem5): what enters a tile is int8 DAC codes, what leaves it is int8 ADC codes, and all in
between is float32 on the processor.

    codes   = ADC codes of all four gates of all units, from the DAC codes [h, x]
    i, f, o = sigmoid(dequantise(codes)), a = tanh(dequantise(codes))
    c'      = f c + i a
    h'      = quantise(o tanh(c'))

Every float32 operation is rounded on its own, none are fused: f c and i a first, then their sum.
With the functions of `alpine_models.activations`, which a program must use as well, the result is
the same bits on every machine, whatever the number of vectors computed at a time.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from alpine_models.activations import sigmoid, tanh
from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX

from .arithmetic import ExactProduct, dequantise, digitise, quantise
from .operator import (
    OperandError,
    Product,
    RecurrentMatrix,
    RecurrentOperator,
    Step,
    adc_steps_of,
    read_only,
)
from .tensors import Array, Codes, TensorType, int8

__all__ = [
    "STATE_SCALE",
    "Gate",
    "LstmCell",
    "LstmState",
    "activate_gates",
    "combine_gates",
]

STATE_SCALE = float(CODE_MAX)
"""DAC codes per unit of h, and of a hot input: |h| = |o tanh(c)| does not exceed 1."""


class Gate(IntEnum):
    """Order of the gates in a cell's outputs: gate g of unit u is output g * hidden + u."""

    INPUT = 0
    FORGET = 1
    OUTPUT = 2
    CANDIDATE = 3
    """The one with a hyperbolic tangent; what enters the cell through the input gate."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LstmState:
    """What a cell keeps from one step to the next, for n independent sequences.

    Members
    -------
    h : int8 [n, hidden], outputs as DAC codes.
    c : float32 [n, hidden], cell states.
    """

    h: NDArray[np.int8]
    c: NDArray[np.float32]

    def first(self, count: int) -> "LstmState":
        """Return the state of the first sequences alone."""
        return LstmState(h=self.h[:count], c=self.c[:count])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LstmCell(RecurrentMatrix, RecurrentOperator):
    """A layer of LSTM units without biases: int8 x [inputs] -> int8 h [hidden].

    Members
    -------
    weights : int8 [4 * hidden, hidden + inputs], outputs in the order of `Gate`, inputs [h, x].
    lsb : float32 [4 * hidden], dot product per ADC step, positive and finite.
    gate_scale : argument of a gate's function per ADC code, positive.
    state_scale : DAC codes per unit of h, positive.

    Raises
    ------
    AlpineError
        The arrays are not of these types, or do not fit each other.
    """

    weights: NDArray[np.int8]
    lsb: NDArray[np.float32]
    gate_scale: float
    state_scale: float = STATE_SCALE

    def __post_init__(self) -> None:
        weights = self.weights
        if weights.dtype != np.int8 or weights.ndim != 2 or not len(weights):
            raise AlpineError(
                f"weights of an LSTM cell are {weights.dtype} {list(weights.shape)}, but expected "
                "is int8 [4 * hidden, hidden + inputs]"
            )
        if len(weights) % len(Gate) or weights.shape[1] <= self.hidden:
            raise AlpineError(
                f"weights of an LSTM cell have the shape {list(weights.shape)}, but expected is "
                "[4 * hidden, hidden + inputs] with 1 input or more"
            )
        lsb = adc_steps_of(self.lsb, name="ADC steps of an LSTM cell")
        if lsb.shape != weights.shape[:1]:
            raise AlpineError(
                f"ADC steps of an LSTM cell are {list(lsb.shape)}, but expected is "
                f"[{len(weights)}], one per output"
            )
        for name in ("gate_scale", "state_scale"):
            scale = getattr(self, name)
            if not (np.isfinite(scale) and scale > 0):
                raise AlpineError(f"{name} of an LSTM cell must be positive and finite: {scale!r}")
        object.__setattr__(self, "weights", read_only(weights))
        object.__setattr__(self, "lsb", lsb)

    @property
    def hidden(self) -> int:
        """Units."""
        return len(self.weights) // len(Gate)

    @property
    def inputs(self) -> int:
        """Elements of x."""
        return self.weights.shape[1] - self.hidden

    def infer(self, *operands: TensorType) -> TensorType:
        """Return the type of h."""
        if operands[0] != int8(self.inputs):
            shape = list(self.weights.shape)
            raise OperandError(0, f"{int8(self.inputs)}, the inputs x of weights {shape}")
        return int8(self.hidden)

    def vectors(self, *operands: TensorType) -> int:
        """One."""
        return 1

    def macs(self, *operands: TensorType) -> int:
        """One per weight."""
        return self.weights.size

    def initial_state(self, sequences: int) -> LstmState:
        """Return zeros."""
        return LstmState(
            h=np.zeros((sequences, self.hidden), np.int8),
            c=np.zeros((sequences, self.hidden), np.float32),
        )

    def stepper(self, product: Product | None = None) -> Step:
        """Return the function that computes one step: (state, x [n, inputs]) -> (state, h)."""
        exact = ExactProduct(self.weights) if product is None else None
        gates = self.gate_table()

        def step(state: LstmState, x: Array) -> tuple[LstmState, Array]:
            vectors = np.concatenate([state.h, x], axis=1)
            if product is not None:
                codes = np.ascontiguousarray(product(vectors))
            else:
                assert exact is not None
                codes = digitise(exact(vectors), self.lsb)
            values, c = combine_gates(gates(codes), state.c)
            h = quantise(values, self.state_scale)
            return LstmState(h=h, c=c), h

        return step

    def gate_table(self) -> "GateTable":
        """Return the gates' functions of codes."""
        return GateTable(self.gate_scale)


class GateTable:
    """The functions of all gates, by table: a gate has 256 possible values.

    Parameters
    ----------
    scale : argument of a gate's function per ADC code.
    """

    def __init__(self, scale: float) -> None:
        # One entry per ADC code, at code & 255.
        values = dequantise(np.arange(256, dtype=np.uint8).view(np.int8), scale)
        self._sigmoid, self._tanh = sigmoid(values), tanh(values)

    def __call__(self, codes: Codes) -> NDArray[np.float32]:
        """Return `activate_gates(dequantise(codes, scale))`.

        Parameters
        ----------
        codes : int8 [n, 4 * hidden], in the order of `Gate`.
        """
        split = codes.shape[1] // len(Gate) * Gate.CANDIDATE
        index = codes.view(np.uint8)
        gates = np.empty(codes.shape, np.float32)
        gates[:, :split] = self._sigmoid[index[:, :split]]
        gates[:, split:] = self._tanh[index[:, split:]]
        return gates


def activate_gates(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the gates: sigmoid of the first three quarters of the values, tanh of the last.

    Parameters
    ----------
    values : float32 [..., 4 * hidden]
        Dequantised outputs of a cell, or of a slice of its units, in the order of `Gate`.
    """
    split = values.shape[-1] // len(Gate) * Gate.CANDIDATE
    return np.concatenate([sigmoid(values[..., :split]), tanh(values[..., split:])], axis=-1)


def combine_gates(
    gates: NDArray[np.float32], c: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return h' and c' of a step, both float32.

    Parameters
    ----------
    gates : float32 [..., 4 * hidden]
        In the order of `Gate`.
    c : float32 [..., hidden]
        Cell states before the step.
    """
    in_, forget, out, candidate = np.split(gates, len(Gate), axis=-1)
    kept: NDArray[np.float32] = forget * c
    new_c = np.add(kept, in_ * candidate, dtype=np.float32)
    return np.multiply(out, tanh(new_c), dtype=np.float32), new_c
