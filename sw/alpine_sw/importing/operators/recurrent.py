# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that carry a state along a sequence."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpine_models.activations import sigmoid, tanh

from .operator import Array, OnnxOperator, UnsupportedError, integers, up_to

__all__ = ["OnnxGRU", "OnnxLSTM", "Recurrent"]


@dataclass(frozen=True, kw_only=True)
class Recurrent(OnnxOperator):
    """A layer over [steps, batch, inputs], or [batch, steps, inputs] with layout 1."""

    activation_alpha: tuple[float, ...] = ()
    activation_beta: tuple[float, ...] = ()
    activations: tuple[str, ...] = ()
    clip: float | None = None
    direction: str = "forward"
    hidden_size: int = 0
    layout: int = 0

    def __post_init__(self) -> None:
        if self.clip is not None or self.activation_alpha or self.activation_beta:
            raise UnsupportedError("clip and parameters of activations are not supported")
        if self.direction not in ("forward", "reverse", "bidirectional"):
            raise UnsupportedError(f"direction {self.direction} is not supported")
        named = tuple(
            name.decode() if isinstance(name, bytes) else name for name in self.activations
        )
        if named not in ((), self.usual() * self.directions):
            raise UnsupportedError(
                f"activations other than {', '.join(self.usual())} are not supported"
            )

    @staticmethod
    @abstractmethod
    def usual() -> tuple[str, ...]:
        """The functions of one direction."""

    @property
    def directions(self) -> int:
        """1 or 2."""
        return 2 if self.direction == "bidirectional" else 1

    def reversed(self, direction: int) -> bool:
        """Return whether a direction reads the sequence from its end."""
        return self.direction == "reverse" or direction == 1

    def sequence(self, x: Array, lengths: Any) -> Array:
        """Return the operand as [steps, batch, inputs].

        Raises
        ------
        UnsupportedError
            Sequences differ in length.
        """
        if x.ndim != 3:
            raise UnsupportedError("a sequence has three axes")
        steps = x.transpose(1, 0, 2) if self.layout else x
        if lengths is not None and set(integers(lengths)) - {len(steps)}:
            raise UnsupportedError("sequences of different lengths are not supported")
        return steps

    def states(self, given: Any, batch: int, hidden: int, like: Array) -> Array:
        """Return initial states [directions, batch, hidden]; zeros where none are given."""
        shape = (self.directions, batch, hidden)
        if given is None:
            return np.zeros(shape, like.dtype)
        first = given.transpose(1, 0, 2) if self.layout else given
        return np.broadcast_to(first, shape)

    def arranged(self, outputs: list[Array], *states: list[Array]) -> tuple[Array, ...]:
        """Return Y and the last states in the node's layout.

        Parameters
        ----------
        outputs : of every direction, [steps, batch, hidden].
        states : of every direction, [batch, hidden].
        """
        y = np.stack(outputs, axis=1)
        last = [np.stack(state) for state in states]
        if self.layout:
            y = y.transpose(2, 0, 1, 3)
            last = [state.transpose(1, 0, 2) for state in last]
        return (y, *last)[: self.results]


@dataclass(frozen=True, kw_only=True)
class OnnxLSTM(Recurrent):
    """Long short-term memory: gates in the order input, output, forget, cell."""

    limits = (
        "peepholes, clip, input_forget 1, other activations than the usual ones, sequences of "
        "different lengths"
    )
    input_forget: int = 0

    def __post_init__(self) -> None:
        Recurrent.__post_init__(self)
        if self.input_forget:
            raise UnsupportedError("coupled input and forget gates are not supported")

    @staticmethod
    def usual() -> tuple[str, ...]:
        """The functions of one direction."""
        return ("Sigmoid", "Tanh", "Tanh")

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return Y, Y_h and Y_c."""
        x, w, r, b, lengths, h0, c0, peepholes = up_to(operands, 8)
        if peepholes is not None and peepholes.any():
            raise UnsupportedError(
                "peepholes are not supported: tiles compute no products of cells"
            )
        steps = self.sequence(x, lengths)
        hidden = r.shape[-1]
        h_all = self.states(h0, steps.shape[1], hidden, x)
        c_all = self.states(c0, steps.shape[1], hidden, x)
        outputs, last_h, last_c = list[Array](), list[Array](), list[Array]()
        for number in range(self.directions):
            bias = 0 if b is None else b[number, : 4 * hidden] + b[number, 4 * hidden :]
            h, c, y = h_all[number], c_all[number], np.empty((*steps.shape[:2], hidden), x.dtype)
            order = range(len(steps))
            for step in reversed(order) if self.reversed(number) else order:
                sums = steps[step] @ w[number].T + h @ r[number].T + bias
                i, o, f = np.split(sigmoid(sums[:, : 3 * hidden].astype(np.float32)), 3, axis=1)
                c = f * c + i * tanh(sums[:, 3 * hidden :].astype(np.float32))
                h = (o * tanh(c.astype(np.float32))).astype(x.dtype)
                y[step] = h
            outputs.append(y)
            last_h.append(h)
            last_c.append(c.astype(x.dtype))
        return self.arranged(outputs, last_h, last_c)


@dataclass(frozen=True, kw_only=True)
class OnnxGRU(Recurrent):
    """Gated recurrent units: gates in the order update, reset, hidden."""

    limits = "clip, other activations than the usual ones, sequences of different lengths"
    linear_before_reset: int = 0

    @staticmethod
    def usual() -> tuple[str, ...]:
        """The functions of one direction."""
        return ("Sigmoid", "Tanh")

    def evaluate(self, *operands: Any) -> tuple[Array, ...]:
        """Return Y and Y_h."""
        x, w, r, b, lengths, h0 = up_to(operands, 6)
        steps = self.sequence(x, lengths)
        hidden = r.shape[-1]
        h_all = self.states(h0, steps.shape[1], hidden, x)
        outputs, last = list[Array](), list[Array]()
        for number in range(self.directions):
            bias = np.zeros(6 * hidden, x.dtype) if b is None else b[number]
            h, y = h_all[number], np.empty((*steps.shape[:2], hidden), x.dtype)
            order = range(len(steps))
            for step in reversed(order) if self.reversed(number) else order:
                h = self._step(steps[step], h, w[number], r[number], bias)
                y[step] = h
            outputs.append(y)
            last.append(h)
        return self.arranged(outputs, last)

    def _step(self, x: Array, h: Array, w: Array, r: Array, bias: Array) -> Array:
        """States after one step of one direction."""
        hidden = r.shape[-1]
        two = 2 * hidden
        from_x = x @ w.T + bias[: 3 * hidden]
        from_h = h @ r[:two].T + bias[3 * hidden : 5 * hidden]
        gates = sigmoid((from_x[:, :two] + from_h).astype(np.float32))
        update, reset = gates[:, :hidden], gates[:, hidden:]
        last = bias[5 * hidden :]
        if self.linear_before_reset:
            carried = reset * (h @ r[two:].T + last)
        else:
            carried = (reset * h) @ r[two:].T + last
        new = tanh((from_x[:, two:] + carried).astype(np.float32))
        return ((1 - update) * new + update * h).astype(x.dtype)
