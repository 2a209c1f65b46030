# SPDX-License-Identifier: Apache-2.0
"""What tensors of a network hold on some samples, and the ranges that codes give them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX

from .gates import gate_matrix, gate_sums
from .network import FloatNetwork, FloatNode
from .operators.operator import Array

__all__ = ["Observations", "RangeMethod", "column_key", "observe", "range_of", "samples_of"]

QUANTILE = 0.999
"""Fraction of the magnitudes above 0 that a range covers by the method `percentile`."""

CANDIDATES = 64
"""Ranges that the method `mse` compares, from the largest magnitude down to a 64th of it."""

KEPT_PER_TENSOR, KEPT_PER_COLUMN = 1 << 16, 1 << 10
"""Most elements of a tensor, and of each of its columns, that are kept over all samples."""


class RangeMethod(StrEnum):
    """How a range follows from what was observed."""

    MIN_MAX = "min-max"
    """The largest magnitude: nothing is cut off."""
    PERCENTILE = "percentile"
    """The magnitude that 99.9 % of those above 0 do not exceed."""
    MSE = "mse"
    """The range with the least mean squared error of the codes."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Observed:
    """What a tensor held on all samples.

    Members
    -------
    largest : largest magnitude of all elements.
    kept : float32 [m], some of the elements, evenly spaced.
    """

    largest: float
    kept: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Observations:
    """What a network's tensors held on samples.

    Members
    -------
    count : samples.
    shapes : of every tensor in one inference, by name.
    tensors : of the element type float, by name.
    columns : results of nodes with weights, by name: float32 [m, outputs]; sums of recurrent
        nodes without bias, by `column_key`.
    constants : tensors that are the same for every input, by name.
    """

    count: int
    shapes: Mapping[str, tuple[int, ...]]
    tensors: Mapping[str, Observed]
    columns: Mapping[str, NDArray[np.float32]]
    constants: Mapping[str, Array]


def range_of(values: NDArray[np.float32], largest: float, method: RangeMethod) -> float:
    """Return the magnitude that code 127 stands for.

    Parameters
    ----------
    values : what a tensor or column holds.
    largest : its largest magnitude.
    method : how the range follows.
    """
    sizes = np.abs(values.reshape(-1))
    if method is RangeMethod.MIN_MAX or not sizes.size:
        return largest
    if method is RangeMethod.PERCENTILE:
        positive = sizes[sizes > 0]
        return float(np.quantile(positive, QUANTILE)) if positive.size else largest
    best, least = largest, np.inf
    for part in range(CANDIDATES, 0, -1):
        top = largest * part / CANDIDATES
        step = top / CODE_MAX
        if step < float(np.finfo(np.float32).tiny):
            break
        error = float(np.square(np.minimum(np.rint(sizes / step), CODE_MAX) * step - sizes).sum())
        if error < least:
            best, least = top, error
    return best


def samples_of(
    network: FloatNetwork, data: Mapping[str, Array], *, most: int | None = None
) -> Iterator[dict[str, Array]]:
    """Return the inputs of one inference after the other.

    Parameters
    ----------
    data : every input by name, its first axis the samples. One sample has the input's shape with a
        first axis of 1, or without it.
    most : samples that are taken at most.

    Raises
    ------
    AlpineError
        There are no samples, inputs differ in how many there are, or one does not fit.
    """
    if set(data) != set(network.inputs):
        raise AlpineError(
            f"network {network.name} reads {', '.join(network.inputs)}, but given is "
            f"{', '.join(data) or 'nothing'}"
        )
    arrays = {name: np.asarray(values) for name, values in data.items()}
    counts = {len(values) if values.ndim else 0 for values in arrays.values()}
    if len(counts) != 1 or not max(counts):
        raise AlpineError(
            f"data for network {network.name} have {', '.join(map(str, sorted(counts)))} samples: "
            "give one or more, as many of every input"
        )
    for number in range(min(*counts, most or max(counts))):
        yield {name: _sample(network, name, values, number) for name, values in arrays.items()}


def _sample(network: FloatNetwork, name: str, values: Array, number: int) -> Array:
    kind = network.inputs[name]
    if values.dtype.kind == "f" and np.isnan(values[number]).any():
        raise AlpineError(f"sample {number} of input {name} holds NaN: give numbers")
    with_axis = values[number : number + 1]
    return (
        with_axis
        if kind.fits(with_axis.shape) or not kind.fits(with_axis.shape[1:])
        else (values[number])
    )


def column_key(output: str, direction: int) -> str:
    """Return the name of what a recurrent node's products are, by its result Y."""
    return f"{output} of direction {direction}"


def observe(network: FloatNetwork, data: Mapping[str, Array], *, most: int) -> Observations:
    """Run a network in floating point on samples and keep what its tensors hold.

    Raises
    ------
    AlpineError
        As `samples_of` and `FloatNetwork.run_float`, or a tensor is not finite.
    """
    samples = list(samples_of(network, data, most=most))
    observer = _Observer(network, len(samples))
    for sample in samples:
        network.run_float(sample, observe=observer.record)
    return Observations(
        count=len(samples),
        shapes=observer.shapes | {n: values.shape for n, values in observer.constants.items()},
        tensors={
            name: Observed(largest=observer.largest[name], kept=np.concatenate(parts))
            for name, parts in observer.kept.items()
        },
        columns={name: np.concatenate(parts) for name, parts in observer.columns.items()},
        constants=observer.constants,
    )


class _Observer:
    """What tensors hold, collected sample by sample."""

    def __init__(self, network: FloatNetwork, samples: int):
        self._network, self._samples = network, samples
        self._fixed = _fixed(network)
        self._weighted = {
            node.outputs[0]: node
            for node in network.nodes
            if node.kind in ("Conv", "Gemm", "MatMul", "LSTM", "GRU")
        }
        # Operands of recurrent nodes, from which their products follow.
        self._held: dict[str, Array] = dict(network.constants)
        self._needed = {
            name for node in network.nodes if node.kind in ("LSTM", "GRU") for name in node.operands
        }
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.constants: dict[str, Array] = dict(network.constants)
        self.kept: dict[str, list[Array]] = {}
        self.columns: dict[str, list[Array]] = {}
        self.largest: dict[str, float] = {}

    def record(self, name: str, values: Array) -> None:
        """Take in a tensor of one sample."""
        if self.shapes.setdefault(name, values.shape) != values.shape:
            raise AlpineError(
                f"tensor {name} of network {self._network.name} changes its shape from sample to "
                f"sample, {list(self.shapes[name])} to {list(values.shape)}: give samples of one "
                "shape"
            )
        if name in self._needed:
            self._held[name] = values
        if name in self._fixed:
            self.constants.setdefault(name, values)
        elif values.dtype.kind == "f":
            if not np.isfinite(values).all():
                raise AlpineError(f"tensor {name} of network {self._network.name} is not finite")
            flat = values.reshape(-1).astype(np.float32)
            largest = float(np.abs(flat).max(initial=0))
            self.largest[name] = max(self.largest.get(name, 0.0), largest)
            self.kept.setdefault(name, []).append(_thinned(flat, KEPT_PER_TENSOR // self._samples))
            if name in self._weighted and values.ndim:
                self._record_columns(self._weighted[name], name, values)

    def _record_columns(self, node: FloatNode, name: str, values: Array) -> None:
        if node.kind in ("LSTM", "GRU"):
            self._record_gates(node, name, values)
            return
        channel = 1 if node.kind == "Conv" else values.ndim - 1
        rows = np.moveaxis(values, channel, -1).reshape(-1, values.shape[channel])
        self._keep(name, rows)

    def _record_gates(self, node: FloatNode, name: str, values: Array) -> None:
        x, w, r, b, _, h0 = (*(self._held.get(each) for each in node.operands), *(None,) * 6)[:6]
        if x is None or w is None or r is None:
            return
        for direction in range(len(w)):
            bias = None if b is None else b[direction]
            matrix = gate_matrix(node, w[direction], r[direction], bias)
            sums = gate_sums(node, direction, matrix, x=x, y=values, h0=h0)
            self._keep(column_key(name, direction), sums)

    def _keep(self, name: str, rows: Array) -> None:
        thinned = _thinned(rows.astype(np.float32), KEPT_PER_COLUMN // self._samples)
        self.columns.setdefault(name, []).append(thinned)


def _fixed(network: FloatNetwork) -> set[str]:
    """Tensors that no input's values change."""
    fixed = set(network.constants)
    for node in network.nodes:
        if node.kind == "Shape" or all(name in fixed for name in node.operands if name):
            fixed |= {*node.outputs}
    return fixed - {""}


def _thinned(values: Array, most: int) -> Array:
    """At most so many rows, evenly spaced."""
    step = -(-len(values) // max(most, 1))
    return values[:: max(step, 1)]
