# SPDX-License-Identifier: Apache-2.0
"""From a network in floating point to a graph of codes, and back from its results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alpine_models.errors import AlpineError
from alpine_sw.graph import Graph, Interpreter
from alpine_sw.graph.arithmetic import digitise

from .calibration import RangeMethod, observe, samples_of
from .folding import folded, with_outputs
from .lowering.lowering import Lowering, lowered_error
from .lowering.table import RULES
from .lowering.values import Lowered
from .network import FAILURES, FloatNetwork
from .operators.operator import Array, UnsupportedError

__all__ = ["CALIBRATION_SAMPLES", "QuantisedNetwork", "quantise"]

CALIBRATION_SAMPLES = 64
"""Samples from which ranges follow, unless another number is given."""

CODED = ("Conv", "Gemm", "MatMul", "LSTM", "GRU", "MaxPool", "QuantizeLinear")
"""Operators that take codes; an input that one of them reads is given as codes."""
MOVING = ("Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Pad", "Slice")
"""Operators that only move elements on their way there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantisedNetwork:
    """A graph of codes, and how the model's tensors lie in it.

    Members
    -------
    network : in floating point, batch normalisations folded into the weights before them.
    graph : of codes; its golden results are those of `alpine_sw.graph.Interpreter`.
    inputs : how every input of the model lies in the graph.
    tensors : how every tensor of the model that the graph has lies in it.
    outputs : the model's results, by name; in the graph's order.
    method : how ranges followed from the samples.
    samples : how many samples they followed from.
    """

    network: FloatNetwork
    graph: Graph
    inputs: Mapping[str, Lowered]
    tensors: Mapping[str, Lowered]
    outputs: tuple[str, ...]
    method: RangeMethod
    samples: int

    def encode(self, data: Mapping[str, Array]) -> dict[str, Array]:
        """Return the graph's inputs [n, ...] for the model's, first axis samples.

        Raises
        ------
        AlpineError
            Inputs are missing, unknown, or of another type or shape.
        """
        parts: dict[str, list[Array]] = {name: [] for name in self.inputs}
        for sample in samples_of(self.network, data):
            for name, values in self.network.checked(sample).items():
                parts[name].append(self._encoded(name, values))
        return {name: np.concatenate(each) for name, each in parts.items()}

    def _encoded(self, name: str, values: Array) -> Array:
        value = self.inputs[name]
        if values.shape != value.shape:
            raise AlpineError(
                f"input {name} of network {self.network.name} has the shape {list(values.shape)}, "
                f"but it was quantised for {list(value.shape)}: calibrate with samples of this "
                "shape"
            )
        placed = value.to_graph(values[np.newaxis].astype(np.float32))
        return (
            placed if value.scale is None else digitise(placed, np.asarray(value.scale, np.float32))
        )

    def decode(self, results: Mapping[str, Array]) -> dict[str, Array]:
        """Return the model's results for the graph's, by name, first axis samples.

        Where the first axis of one inference's result has the size 1, samples take its place.
        """
        found: dict[str, Array] = {}
        for name in self.outputs:
            values = decoded(self.tensors[name], results[self.tensors[name].name])
            leading = self.tensors[name].shape[:1] == (1,)
            found[name] = values[:, 0] if leading else values
        return found

    def run(self, data: Mapping[str, Array]) -> dict[str, Array]:
        """Return the golden results of the model's inputs, first axis samples, by name."""
        return self.decode(Interpreter(self.graph).run(self.encode(data)))


def decoded(value: Lowered, values: Array) -> Array:
    """Return a tensor of the graph [n, *sizes] as the model's real values [n, *shape]."""
    real = values if value.scale is None else values.astype(np.float32) * np.float32(value.scale)
    return value.to_model(real)


def quantise(
    network: FloatNetwork,
    calibration: Mapping[str, Array],
    *,
    method: RangeMethod | str = RangeMethod.MSE,
    samples: int = CALIBRATION_SAMPLES,
    outputs: Sequence[str] | None = None,
) -> QuantisedNetwork:
    """Return a network in int8 codes: symmetric, one weight scale per column.

    Parameters
    ----------
    network : in floating point.
    calibration : samples of every input by name, first axis samples.
    method : how ranges follow from what tensors hold on the samples.
    samples : how many of the samples are taken, from the first.
    outputs : names of the results that are wanted; all where none are named.

    Raises
    ------
    AlpineError
        There are no samples, they do not fit the network, or a node has no form in codes.
    """
    try:
        chosen = RangeMethod(method)
    except ValueError:
        raise AlpineError(
            f"range method {method!r} is unknown: choose from {', '.join(RangeMethod)}"
        ) from None
    network = folded(network if outputs is None else with_outputs(network, outputs))
    seen = observe(network, calibration, most=samples)
    try:
        lowering = Lowering(network, seen, chosen, coded_inputs=_coded_inputs(network))
    except UnsupportedError as error:
        raise AlpineError(f"network {network.name} cannot be quantised: {error}") from None
    for node in network.nodes:
        if all(name in seen.constants for name in node.outputs if name):
            continue
        try:
            if node.kind not in RULES:
                raise UnsupportedError(
                    f"it has no form in codes; those that have are {', '.join(RULES)}"
                )
            RULES[node.kind](lowering, node)
        except (AlpineError, *FAILURES) as error:
            raise lowered_error(network, node, error) from None
    results = [lowering.value(name) for name in network.outputs]
    graph = lowering.net.build(*dict.fromkeys(value.name for value in results))
    return QuantisedNetwork(
        network=network,
        graph=graph,
        inputs=lowering.inputs,
        tensors=lowering.tensors(),
        outputs=network.outputs,
        method=chosen,
        samples=seen.count,
    )


def _coded_inputs(network: FloatNetwork) -> frozenset[str]:
    """Inputs that go to operators that take codes, moved on the way at most."""

    def coded(name: str) -> bool:
        return any(
            node.kind in CODED or (node.kind in MOVING and coded(node.outputs[0]))
            for node in network.readers(name)
            if node.operands[0] == name
        )

    reals = (name for name, kind in network.inputs.items() if kind.dtype.kind == "f")
    return frozenset(name for name in reals if coded(name))
