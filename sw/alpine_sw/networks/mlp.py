# SPDX-License-Identifier: Apache-2.0
"""The multi-layer perceptron: two dense layers without bias, a ReLU behind each.

Shape of the published benchmark (Klein et al., ALPINE, IEEE TC 2022, Fig. 6): 1024 inputs, 1024
hidden values, 1024 outputs. The outputs are read as an error-correcting output code.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_sw.datasets.code_words import check_code_words, nearest_code_word
from alpine_sw.datasets.weight_file import (
    chosen_weights,
    read_weight_file,
    record_from_facts,
    write_weight_file,
)
from alpine_sw.graph import Dense, Graph, GraphBuilder, Relu, Requantise, golden, int8

__all__ = ["MLP_SHAPES", "MlpNetwork", "TrainingRecord", "load_mlp", "save_mlp"]

MLP_SHAPES = ((1024, 1024), (1024, 1024))
"""Shape [outputs, inputs] of the two published layers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingRecord:
    """Where a network comes from and what was measured when it was made.

    Members
    -------
    script : str, module that trained it.
    torch_version : str, of the library that the script used.
    data_set : str, what it was trained on.
    test_set : str, what it was measured on.
    seed, epochs : int, arguments of the script.
    fp32_accuracy : float, fraction of the test set that the network before quantisation gets
        right.
    int8_accuracy : float, the same after quantisation, by the golden reference.
    weight_noise : str, how weights erred during training.
    """

    script: str
    torch_version: str
    data_set: str
    test_set: str
    seed: int
    epochs: int
    fp32_accuracy: float
    int8_accuracy: float
    weight_noise: str = "none"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MlpNetwork:
    """A quantised two-layer perceptron of any size.

    Members
    -------
    name : str
    weights : two int8 [outputs, inputs], `weights[layer][output, input]`; the outputs of the
        first are the inputs of the second.
    lsb : two float32 [outputs], dot product per ADC step, positive and finite.
    code_words : int8 [classes, outputs of the second layer], as `check_code_words` accepts.
    training : origin of a trained network, or None.

    Raises
    ------
    ValueError
        The arrays are not of these types, or do not fit each other.
    """

    name: str
    weights: tuple[NDArray[np.int8], NDArray[np.int8]]
    lsb: tuple[NDArray[np.float32], NDArray[np.float32]]
    code_words: NDArray[np.int8]
    training: TrainingRecord | None = None

    def __post_init__(self) -> None:
        for layer, (weights, lsb) in enumerate(zip(self.weights, self.lsb, strict=True)):
            if weights.dtype != np.int8 or weights.ndim != 2:
                raise ValueError(
                    f"weights_{layer} must be a matrix of int8, not {weights.dtype} with the "
                    f"shape {weights.shape}"
                )
            if lsb.dtype != np.float32 or lsb.shape != weights.shape[:1]:
                raise ValueError(
                    f"lsb_{layer} must be float32 with the shape {weights.shape[:1]}, not "
                    f"{lsb.dtype} with the shape {lsb.shape}"
                )
            if not np.all(np.isfinite(lsb) & (lsb > 0)):
                raise ValueError(f"lsb_{layer} must be positive and finite everywhere")
        first, second = self.weights
        if second.shape[1] != first.shape[0]:
            raise ValueError(
                f"weights_1 must take the {first.shape[0]} outputs of weights_0, not "
                f"{second.shape[1]}"
            )
        check_code_words(self.code_words)
        if self.code_words.shape[1] != second.shape[0]:
            raise ValueError(
                f"code_words must have the {second.shape[0]} outputs of weights_1, not "
                f"{self.code_words.shape[1]}"
            )

    @property
    def fp32_accuracy(self) -> float | None:
        """Recorded accuracy before quantisation, or None for a network that was not trained."""
        return None if self.training is None else self.training.fp32_accuracy

    def graph(self) -> Graph:
        """Return the network as a graph: int8 codes in, int8 codes behind the second ReLU out."""
        net = GraphBuilder(self.name, {"inputs": int8(self.weights[0].shape[1])})
        codes = "inputs"
        for layer, (weights, lsb) in enumerate(zip(self.weights, self.lsb, strict=True), start=1):
            sums = net.add(f"layer {layer}", Dense(weights=weights), codes)
            codes = net.add(f"codes {layer}", Requantise(lsb=lsb), sums)
            codes = net.add(f"relu {layer}", Relu(), codes)
        return net.build(codes)

    def golden(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the outputs that an ideal system must give, by the golden model.

        Parameters
        ----------
        inputs : int8 [n, inputs]
            DAC codes.

        Returns
        -------
        int8 [n, outputs], 0 to 127: behind the second ReLU.
        """
        return golden(self.graph(), inputs)

    def classify(self, outputs: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return the class of every output vector: that of the nearest code word.

        Parameters
        ----------
        outputs : int8 [n, outputs]
            Codes behind the second ReLU.

        Returns
        -------
        int64 [n]
        """
        return nearest_code_word(outputs, self.code_words)

    def accuracy(self, outputs: NDArray[np.int8], labels: NDArray[np.int64]) -> float:
        """Return the fraction of output vectors that are classified as labelled.

        Parameters
        ----------
        outputs : int8 [n, outputs]
            Codes behind the second ReLU, n > 0.
        labels : int64 [n]
            True classes.
        """
        return int(np.count_nonzero(self.classify(outputs) == labels)) / len(labels)


def load_mlp(path: Path | None = None) -> MlpNetwork:
    """Return a trained network of the published shape.

    Parameters
    ----------
    path : Path or None
        Weight file, as in `chosen_weights`.

    Raises
    ------
    AlpineError
        The file is missing, damaged, or holds something else.
    """
    path = chosen_weights("mlp", path)
    file = read_weight_file(path, script=_SCRIPT)
    try:
        arrays = _matching_arrays(file.arrays)
        return MlpNetwork(
            name="mlp",
            weights=(arrays["weights_0"], arrays["weights_1"]),
            lsb=(arrays["lsb_0"], arrays["lsb_1"]),
            code_words=arrays["code_words"],
            training=record_from_facts(TrainingRecord, file.facts),
        )
    except ValueError as error:
        raise AlpineError(
            f"weight file {path} does not fit the mlp: {error}; write a new one with "
            f"`python -m {_SCRIPT}`"
        ) from None


def save_mlp(network: MlpNetwork, path: Path) -> None:
    """Write a trained network as a weight file.

    Parameters
    ----------
    network : MlpNetwork
        Network with a training record.
    path : Path
        File to write; one that exists is replaced.

    Raises
    ------
    ValueError
        The network has no training record.
    """
    if network.training is None:
        raise ValueError("only a network with a training record can be written")
    arrays: dict[str, NDArray[Any]] = {"code_words": network.code_words}
    for layer in range(2):
        arrays[f"weights_{layer}"] = network.weights[layer]
        arrays[f"lsb_{layer}"] = network.lsb[layer]
    write_weight_file(path, arrays=arrays, facts=asdict(network.training))


_SCRIPT = "alpine_sw.training.mlp"


def _matching_arrays(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    names = ["code_words", "lsb_0", "lsb_1", "weights_0", "weights_1"]
    if sorted(arrays) != names:
        raise ValueError(f"its arrays must be {', '.join(names)}, not {', '.join(sorted(arrays))}")
    for layer, shape in enumerate(MLP_SHAPES):
        found = arrays[f"weights_{layer}"].shape
        if found != shape:
            raise ValueError(f"weights_{layer} must have the shape {shape}, not {found}")
    return arrays
