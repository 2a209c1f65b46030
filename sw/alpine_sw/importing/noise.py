# SPDX-License-Identifier: Apache-2.0
"""Which layer costs the accuracy: the noise that codes add, layer by layer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alpine_models.errors import AlpineError
from alpine_sw.graph import Interpreter

from .calibration import samples_of
from .network import FloatNetwork, FloatNode
from .operators.operator import Array
from .quantised import QuantisedNetwork, decoded

__all__ = ["CodeAccuracy", "LayerNoise", "accuracy_of", "layer_noise", "noise_table"]

LAYERS = ("Conv", "Gemm", "MatMul", "LSTM", "GRU")
"""Operators with weights, for which noise is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerNoise:
    """Noise of one layer's results.

    Members
    -------
    node : name.
    total_db : power of the results in floating point over that of their difference to the golden
        ones, in decibels; everything before the layer counts.
    own_db : the same for the layer alone, fed with the golden model's values.
    """

    node: str
    total_db: float
    own_db: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeAccuracy:
    """Fraction of samples whose largest result is at the label's place.

    Members
    -------
    samples : how many.
    floating : in floating point.
    golden : of the golden model in codes.
    agreement : fraction of samples for which both choose the same place.
    """

    samples: int
    floating: float
    golden: float
    agreement: float


def accuracy_of(
    quantised: QuantisedNetwork, data: Mapping[str, Array], labels: Array
) -> CodeAccuracy:
    """Return the accuracies of the first result on samples with labels.

    Parameters
    ----------
    data : every input by name, first axis samples.
    labels : whole numbers [n].

    Raises
    ------
    AlpineError
        The data do not fit, or there is not one label per sample.
    """
    output = quantised.outputs[0]
    golden = quantised.run(data)[output]
    floats: Array = np.concatenate(
        [
            quantised.network.run_float(sample)[output].reshape(1, -1)
            for sample in samples_of(quantised.network, data)
        ]
    )
    wanted: Array = np.asarray(labels)
    if wanted.shape != (len(floats),) or wanted.dtype.kind not in "iu":
        raise AlpineError(
            f"labels are {wanted.dtype} {list(wanted.shape)}, but expected are whole numbers "
            f"[{len(floats)}], one per sample"
        )
    chosen: Array = golden.reshape(len(golden), -1).argmax(axis=1)
    exact: Array = floats.argmax(axis=1)
    return CodeAccuracy(
        samples=len(wanted),
        floating=float(np.equal(exact, wanted).mean()),
        golden=float(np.equal(chosen, wanted).mean()),
        agreement=float(np.equal(chosen, exact).mean()),
    )


def layer_noise(quantised: QuantisedNetwork, data: Mapping[str, Array]) -> list[LayerNoise]:
    """Return the noise of every layer with weights, on samples, in the network's order.

    Parameters
    ----------
    data : every input by name, first axis samples.

    Raises
    ------
    AlpineError
        The data do not fit the network.
    """
    network = quantised.network
    chains = [_chain(network, node) for node in network.nodes if node.kind in LAYERS]
    powers = np.zeros((len(chains), 4))
    for sample in samples_of(network, data):
        floats: dict[str, Array] = {}
        network.run_float(sample, observe=floats.__setitem__)
        golden = _golden_values(quantised, sample)
        given = {**network.constants, **floats, **golden}
        for place, chain in enumerate(chains):
            output = chain[-1].outputs[0]
            if output not in golden:
                continue
            found, exact = golden[output], floats[output]
            values = dict(given)
            for node in chain:
                values |= node.evaluate(values)
            alone = values[output]
            powers[place] += (
                np.square(exact).sum(),
                np.square(found - exact).sum(),
                np.square(alone).sum(),
                np.square(found - alone).sum(),
            )
    return [
        LayerNoise(
            node=chain[0].name,
            total_db=_decibels(sums[0], sums[1]),
            own_db=_decibels(sums[2], sums[3]),
        )
        for chain, sums in zip(chains, powers, strict=True)
    ]


def _chain(network: FloatNetwork, node: FloatNode) -> list[FloatNode]:
    """A layer and what limits its results, where nothing else reads them."""
    chain = [node]
    while chain[-1].outputs[0] not in network.outputs:
        readers = network.readers(chain[-1].outputs[0])
        if len(readers) != 1 or readers[0].kind not in ("Relu", "Clip"):
            break
        chain.append(readers[0])
    return chain


def _golden_values(quantised: QuantisedNetwork, sample: Mapping[str, Array]) -> dict[str, Array]:
    """What the golden model has for the model's tensors in one inference, as real values."""
    held: dict[str, Array] = quantised.encode(
        {name: values[np.newaxis] for name, values in sample.items()}
    )
    Interpreter(quantised.graph, observe=held.__setitem__).run(dict(held))
    return {
        name: decoded(value, held[value.name])[0]
        for name, value in quantised.tensors.items()
        if value.name in held
    }


def noise_table(noise: list[LayerNoise]) -> str:
    """Return layers' noise as a table in Markdown."""
    lines = ["| layer | signal to noise, dB | of the layer alone, dB |", "|---|---:|---:|"]
    lines += [f"| {each.node} | {each.total_db:.1f} | {each.own_db:.1f} |" for each in noise]
    return "\n".join(lines) + "\n"


def _decibels(signal: float, noise: float) -> float:
    if not noise:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf
