# SPDX-License-Identifier: Apache-2.0
"""The LSTM's loss and gradients over one chunk of text, written out for speed.

torch is passed as an argument: only training needs it, so that nothing here imports it.
"""

from dataclasses import dataclass
from typing import Any

from alpine_sw.datasets.texts import ONE_HOT_WIDTH, SYMBOLS
from alpine_sw.graph.lstm import Gate

__all__ = ["backpropagate", "initial_layers"]


def initial_layers(torch: Any, hidden: int) -> list[Any]:
    """Return random float32 layers to begin with: [4 hidden, 50], [4 hidden, hidden], [50, hidden].

    Their order is that of all functions here: weights of the cell's input, of its state, and the
    dense layer.
    """
    of_state, dense = (
        torch.randn(rows, hidden) * 0.5 * hidden**-0.5
        for rows in (len(Gate) * hidden, ONE_HOT_WIDTH)
    )
    # Symbols must move the gates from the start, or the first thousand chunks learn nothing.
    of_input = torch.randn(len(Gate) * hidden, ONE_HOT_WIDTH) * 0.5
    # A cell that forgets less in the beginning learns long contexts sooner. One input is always
    # hot, so that a constant in all of a gate's input weights is a bias.
    of_input[hidden : 2 * hidden] += 1
    of_input[:, len(SYMBOLS) :] = 0  # of no symbol, never read and so never trained
    return [of_input, of_state, dense]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trace:
    """What a pass through a chunk leaves behind, all float32 [steps, streams, ...].

    Members
    -------
    gates : values of the gates, 4 * hidden.
    cells : c, with the one before the chunk in front, hidden.
    squashed : tanh(c), hidden.
    outputs : h, with the one before the chunk in front, hidden.
    """

    gates: Any
    cells: Any
    squashed: Any
    outputs: Any


def backpropagate(
    torch: Any, layers: list[Any], read: Any, wanted: Any, state: tuple[Any, Any]
) -> tuple[float, tuple[Any, Any]]:
    """Set the gradients of a chunk; return the loss in nats per symbol and the last state h, c.

    Written out because automatic differentiation adds a rank-`STREAMS` product to the weight
    gradient in every step, where here one large product does it for the whole chunk. Products of
    the cell run in bfloat16 with float32 master weights, four times as fast on processors that
    have it.
    """
    dense = layers[-1]
    steps, streams = read.shape
    count = steps * streams
    trace = _forward(torch, layers, read, state)
    outputs = trace.outputs[1:].reshape(count, -1)
    logits = outputs @ dense.T
    targets = wanted.reshape(count)
    loss = torch.nn.functional.cross_entropy(logits, targets)
    d_logits = torch.softmax(logits, dim=1)
    d_logits[torch.arange(count), targets] -= 1
    d_logits /= count
    dense.grad = d_logits.T @ outputs
    _backward(torch, layers, read, trace, (d_logits @ dense).reshape(steps, streams, -1))
    return float(loss), (trace.outputs[steps].clone(), trace.cells[steps].clone())


def _forward(torch: Any, layers: list[Any], read: Any, state: tuple[Any, Any]) -> _Trace:
    of_input, of_state, _ = layers
    steps, streams = read.shape
    hidden = of_state.shape[1]
    # Values of the gates replace the sums they are computed from.
    gates = of_input.T.contiguous()[read]
    cells = torch.empty(steps + 1, streams, hidden)
    squashed = torch.empty(steps, streams, hidden)
    outputs = torch.empty(steps + 1, streams, hidden)
    outputs[0], cells[0] = state
    low = of_state.to(torch.bfloat16).T
    for step in range(steps):
        gate = gates[step]
        gate += outputs[step].to(torch.bfloat16) @ low
        in_, forget, out, candidate = gate.split(hidden, dim=1)
        gate[:, : Gate.CANDIDATE * hidden].sigmoid_()
        candidate.tanh_()
        torch.mul(forget, cells[step], out=cells[step + 1])
        cells[step + 1].addcmul_(in_, candidate)
        torch.tanh(cells[step + 1], out=squashed[step])
        torch.mul(out, squashed[step], out=outputs[step + 1])
    return _Trace(gates=gates, cells=cells, squashed=squashed, outputs=outputs)


def _backward(torch: Any, layers: list[Any], read: Any, trace: _Trace, d_outputs: Any) -> None:
    of_input, of_state, _ = layers
    steps, streams, hidden = d_outputs.shape
    low_state = of_state.to(torch.bfloat16)
    low_sums = torch.empty(steps, streams, len(Gate) * hidden, dtype=torch.bfloat16)
    d_sum = torch.empty(streams, len(Gate) * hidden)
    d_in, d_forget, d_out, d_candidate = d_sum.split(hidden, dim=1)
    d_sigmoids = d_sum[:, : Gate.CANDIDATE * hidden]
    d_cell = torch.zeros(streams, hidden)
    d_output = torch.zeros(streams, hidden)
    for step in reversed(range(steps)):
        gate, tanh_c = trace.gates[step], trace.squashed[step]
        in_, forget, out, candidate = gate.split(hidden, dim=1)
        sigmoids = gate[:, : Gate.CANDIDATE * hidden]
        d_output = d_output + d_outputs[step]
        d_cell.addcmul_(d_output * out, 1 - tanh_c * tanh_c)
        torch.mul(d_cell, candidate, out=d_in)
        torch.mul(d_cell, trace.cells[step], out=d_forget)
        torch.mul(d_output, tanh_c, out=d_out)
        torch.mul(d_cell, in_, out=d_candidate)
        d_sigmoids *= sigmoids * (1 - sigmoids)
        d_candidate *= 1 - candidate**2
        low_sums[step] = d_sum
        d_cell = d_cell * forget
        d_output = (low_sums[step] @ low_state).float()
    sums = low_sums.reshape(steps * streams, -1).T
    one_hot = torch.nn.functional.one_hot(read.reshape(-1), ONE_HOT_WIDTH).to(torch.bfloat16)
    of_input.grad = (sums @ one_hot).float()
    of_state.grad = (
        sums @ trace.outputs[:steps].reshape(steps * streams, hidden).to(torch.bfloat16)
    ).float()
