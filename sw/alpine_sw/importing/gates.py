# SPDX-License-Identifier: Apache-2.0
"""The matrices of recurrent nodes as tiles hold them: outputs by gate, inputs [h, x]."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .network import FloatNode
from .operators.operator import Array
from .operators.recurrent import OnnxGRU, Recurrent

__all__ = ["GateMatrix", "gate_matrix", "gate_sums"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GateMatrix:
    """Weights of one direction.

    Members
    -------
    from_h : float [outputs, hidden].
    from_x : float [outputs, inputs].
    bias : float [outputs].
    """

    from_h: NDArray[np.float64]
    from_x: NDArray[np.float64]
    bias: NDArray[np.float64]


def gate_matrix(node: FloatNode, w: Array, r: Array, b: Array | None) -> GateMatrix:
    """Return the matrices of one direction of an LSTM or GRU node.

    Parameters
    ----------
    w, r : [gates * hidden, inputs] and [gates * hidden, hidden], as ONNX orders gates.
    b : [2 * gates * hidden], or None.
    """
    hidden = r.shape[1]
    gates = len(r) // hidden
    w_gates = w.astype(np.float64).reshape(gates, hidden, -1)
    r_gates = r.astype(np.float64).reshape(gates, hidden, hidden)
    zeros = np.zeros(2 * gates * hidden) if b is None else b.astype(np.float64)
    b_x, b_h = zeros.reshape(2, gates, hidden)
    if isinstance(node.operator, OnnxGRU):
        # The new state's parts from x and h stay apart: the reset gate lies between them.
        nothing = np.zeros_like
        from_x = np.stack([w_gates[0], w_gates[1], w_gates[2], nothing(w_gates[2])])
        from_h = np.stack([r_gates[0], r_gates[1], nothing(r_gates[2]), r_gates[2]])
        bias = np.stack([b_x[0] + b_h[0], b_x[1] + b_h[1], b_x[2], b_h[2]])
    else:
        # ONNX has input, output, forget, cell; `alpine_sw.graph.Gate` input, forget, output, cell.
        order = [0, 2, 1, 3]
        from_x, from_h, bias = w_gates[order], r_gates[order], (b_x + b_h)[order]
    outputs = 4 * hidden
    return GateMatrix(
        from_h=from_h.reshape(outputs, hidden),
        from_x=from_x.reshape(outputs, -1),
        bias=bias.reshape(outputs),
    )


def gate_sums(
    node: FloatNode, direction: int, matrix: GateMatrix, *, x: Array, y: Array, h0: Array | None
) -> Array:
    """Return what a direction's products are at all steps, without bias, [steps, outputs].

    Parameters
    ----------
    x : the node's operand, of a batch of one.
    y : the node's result Y.
    h0 : its initial states, or None.
    """
    operator = cast(Recurrent, node.operator)
    steps = (x.transpose(1, 0, 2) if operator.layout else x)[:, 0]
    h = (y[0] if operator.layout else y[:, :, 0])[:, direction]
    first = np.zeros_like(h[:1])
    if h0 is not None:
        first = (h0[:, direction] if operator.layout else h0[direction])[:1]
    if operator.reversed(direction):
        before = np.concatenate([h[1:], first])
    else:
        before = np.concatenate([first, h[:-1]])
    return before @ matrix.from_h.T + steps @ matrix.from_x.T
