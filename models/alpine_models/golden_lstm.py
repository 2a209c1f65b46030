# SPDX-License-Identifier: Apache-2.0
"""Golden reference of the LSTM: one step, or a sequence, computed straight from the weights.

The structure is that of the analog programs (Klein et al., ALPINE, Table II and the reference runs
in gem5): what enters a tile is int8 DAC codes, what leaves it is int8 ADC codes, and all in
between is float32 on the processor.

    codes       = ADC codes of all four gates of all units, from the DAC codes [h, x]
    i, f, o     = sigmoid(dequantise(codes)), a = tanh(dequantise(codes))
    c'          = f c + i a
    h'          = quantise(o tanh(c'))
    probability = softmax(dequantise(ADC codes of the dense layer, from the DAC codes h'))

Every float32 operation is rounded on its own, none are fused: f c and i a first, then their sum.
With the functions of `alpine_models.activations`, which a program must use as well, the result is
the same bits on every machine, whatever the number of vectors computed at a time.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .activations import sigmoid, softmax, tanh
from .golden import PreparedDense
from .tile import CODE_MAX, CODE_MIN

__all__ = [
    "STATE_SCALE",
    "Gate",
    "GoldenLstm",
    "LstmState",
    "activate_gates",
    "combine_gates",
    "dequantise",
    "quantise",
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

    @classmethod
    def zero(cls, *, hidden: int, n: int = 1) -> "LstmState":
        """Return the state before the first step."""
        return cls(h=np.zeros((n, hidden), np.int8), c=np.zeros((n, hidden), np.float32))


def dequantise(codes: NDArray[np.int8], scale: float) -> NDArray[np.float32]:
    """Return code * scale in float32, as a scaled dequeue does.

    Parameters
    ----------
    codes : int8, any shape
        ADC codes.
    scale : float
        Value per code; rounded to float32.
    """
    return codes.astype(np.float32) * np.float32(scale)


def quantise(values: NDArray[np.float32], scale: float) -> NDArray[np.int8]:
    """Return clamp(trunc(value * scale), -128, 127), as a scaled queue does.

    The product is rounded to float32. The conversion is that of C and of AArch64's FCVTZS, towards
    0; rounding to nearest instead gains the LSTM of 256 units a thousandth of a bit per character.

    Parameters
    ----------
    values : float32, any shape
        Real values.
    scale : float
        Codes per value; rounded to float32.
    """
    scaled = np.trunc(values * np.float32(scale))
    return np.clip(scaled, CODE_MIN, CODE_MAX).astype(np.int8)


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


class GoldenLstm:
    """A quantised LSTM with a softmax layer, ready to compute.

    Parameters
    ----------
    cell_weights : int8 [4 * hidden, hidden + inputs]
        Outputs in the order of `Gate`; inputs are [h, x].
    cell_lsb : float32 [4 * hidden]
        Dot product per ADC step, positive and finite.
    gate_scale : float
        Argument of a gate's function per ADC code.
    dense_weights : int8 [outputs, hidden]
    dense_lsb : float32 [outputs]
        Dot product per ADC step, positive and finite.
    logit_scale : float
        Argument of the softmax per ADC code.
    """

    def __init__(
        self,
        *,
        cell_weights: NDArray[np.int8],
        cell_lsb: NDArray[np.float32],
        gate_scale: float,
        dense_weights: NDArray[np.int8],
        dense_lsb: NDArray[np.float32],
        logit_scale: float,
    ) -> None:
        self.hidden = len(cell_weights) // len(Gate)
        self._cell = PreparedDense(cell_weights, cell_lsb)
        self._dense = PreparedDense(dense_weights, dense_lsb)
        self._logit_scale = logit_scale
        # A gate has 256 possible values: one table entry per ADC code, at code & 255.
        values = dequantise(np.arange(256, dtype=np.uint8).view(np.int8), gate_scale)
        self._sigmoid = sigmoid(values)
        self._tanh = tanh(values)

    def cell_codes(self, h: NDArray[np.int8], x: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the ADC codes of the cell, int8 [n, 4 * hidden], for DAC codes h and x.

        Parameters
        ----------
        h : int8 [n, hidden]
            Outputs of the cell in the step before.
        x : int8 [n, inputs]
            Inputs of this step.
        """
        return self._cell.codes(np.concatenate([h, x], axis=1))

    def gates(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the gates: `activate_gates(dequantise(codes, gate_scale))`, by table.

        Parameters
        ----------
        codes : int8 [n, 4 * hidden]
            ADC codes in the order of `Gate`.
        """
        split = self.hidden * Gate.CANDIDATE
        index = codes.view(np.uint8)
        gates = np.empty(codes.shape, np.float32)
        gates[:, :split] = self._sigmoid[index[:, :split]]
        gates[:, split:] = self._tanh[index[:, split:]]
        return gates

    def advance(self, state: LstmState, x: NDArray[np.int8]) -> LstmState:
        """Return the state after a step.

        Parameters
        ----------
        state : LstmState
            Of n sequences.
        x : int8 [n, inputs]
            DAC codes.
        """
        h, c = combine_gates(self.gates(self.cell_codes(state.h, x)), state.c)
        return LstmState(h=quantise(h, STATE_SCALE), c=c)

    def logit_codes(self, h: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the ADC codes of the dense layer, int8 [n, outputs].

        Parameters
        ----------
        h : int8 [n, hidden]
            DAC codes.
        """
        return self._dense.codes(h)

    def probabilities(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the softmax of the dequantised codes, float32 [n, outputs].

        Parameters
        ----------
        codes : int8 [n, outputs]
            ADC codes of the dense layer.
        """
        return softmax(dequantise(codes, self._logit_scale))

    def step(self, state: LstmState, x: NDArray[np.int8]) -> tuple[LstmState, NDArray[np.float32]]:
        """Return the state after a step and the probabilities of what comes next.

        Parameters
        ----------
        state : LstmState
            Of n sequences.
        x : int8 [n, inputs]
            DAC codes.

        Returns
        -------
        LstmState, float32 [n, outputs]
        """
        state = self.advance(state, x)
        return state, self.probabilities(self.logit_codes(state.h))

    def sequence(self, inputs: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the probabilities after every step of one sequence, from the zero state.

        Parameters
        ----------
        inputs : int8 [steps, inputs]
            DAC codes.

        Returns
        -------
        float32 [steps, outputs]
        """
        state = LstmState.zero(hidden=self.hidden)
        h = np.empty((len(inputs), self.hidden), np.int8)
        for step in range(len(inputs)):
            state = self.advance(state, inputs[step : step + 1])
            h[step] = state.h[0]
        return self.probabilities(self.logit_codes(h))
