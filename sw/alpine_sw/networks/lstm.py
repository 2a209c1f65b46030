# SPDX-License-Identifier: Apache-2.0
"""The LSTM: one cell layer and a softmax layer, predicting the next symbol of a text.

Shape of the published benchmark (Klein et al., ALPINE, IEEE TC 2022, Table II): 50 inputs, 256, 512
or 750 units, 50 outputs, all four gates in one matrix, no biases. Published numbers of parameters
(377.3k, 1.28M, 2.6M) are 4 n (n + 100) + 50 n for n units: like the paper's tiles they count 50
rows more than [h, x] needs. Here the matrix is 4 n (n + 50); the 50 rows are left out and nothing
is lost with them, biases included: one input of x is always hot, so whatever a bias would add to a
gate is part of that gate's 50 input weights.

Bits per character are measured on held-out chapters of the King James Bible, in lower case. They
are not Penn Treebank figures and cannot be compared with any.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_sw.datasets.texts import ONE_HOT_WIDTH, decode, encode, one_hot
from alpine_sw.datasets.weight_file import (
    chosen_weights,
    read_weight_file,
    record_from_facts,
    write_weight_file,
)
from alpine_sw.graph import (
    Dense,
    Dequantise,
    Gate,
    Graph,
    GraphBuilder,
    Interpreter,
    LstmCell,
    Requantise,
    Softmax,
    golden,
    int8,
)

from .next_symbol import mean_bits, pick_symbol, streams

__all__ = [
    "LSTM_SIZES",
    "LSTM_STREAMS",
    "LstmNetwork",
    "LstmTrainingRecord",
    "load_lstm",
    "mean_bits",
    "pick_symbol",
    "save_lstm",
    "streams",
]

LSTM_SIZES = (256, 512, 750)
"""Units of the published cells."""

LSTM_STREAMS = 64
"""Pieces that a text is cut into where its bits per character are recorded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LstmTrainingRecord:
    """Where a network comes from and what was measured when it was made.

    Members
    -------
    script : str, module that trained it.
    torch_version : str, of the library that the script used.
    data_set : str, what it was trained on.
    test_set : str, what it was measured on.
    seed, epochs : int, arguments of the script.
    test_symbols : int, length of the text it was measured on.
    streams : int, pieces that this text was cut into, each read from the zero state.
    fp32_bits : float, bits per character of the network before quantisation.
    int8_bits : float, the same after quantisation, by the golden reference.
    weight_noise : str, how weights erred during training.
    """

    script: str
    torch_version: str
    data_set: str
    test_set: str
    seed: int
    epochs: int
    test_symbols: int
    streams: int
    fp32_bits: float
    int8_bits: float
    weight_noise: str = "none"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LstmNetwork:
    """A quantised LSTM of any size that reads and predicts symbols of `alpine_sw.datasets.texts`.

    Members
    -------
    name : str
    cell_weights : int8 [4 * hidden, hidden + 50], outputs in the order of
        `alpine_sw.graph.Gate`, inputs [h, x]; DAC code 127 stands for 1.
    cell_lsb : float32 [4 * hidden], dot product per ADC step, positive and finite.
    gate_scale : float, argument of a gate's function per ADC code, positive.
    dense_weights : int8 [50, hidden].
    dense_lsb : float32 [50], dot product per ADC step, positive and finite.
    logit_scale : float, argument of the softmax per ADC code, positive.
    training : origin of a trained network, or None.

    Raises
    ------
    ValueError
        The arrays are not of these types, or do not fit each other.
    """

    name: str
    cell_weights: NDArray[np.int8]
    cell_lsb: NDArray[np.float32]
    gate_scale: float
    dense_weights: NDArray[np.int8]
    dense_lsb: NDArray[np.float32]
    logit_scale: float
    training: LstmTrainingRecord | None = None

    def __post_init__(self) -> None:
        for layer, weights, lsb in (
            ("cell", self.cell_weights, self.cell_lsb),
            ("dense", self.dense_weights, self.dense_lsb),
        ):
            if weights.dtype != np.int8 or weights.ndim != 2:
                raise ValueError(
                    f"{layer}_weights must be a matrix of int8, not {weights.dtype} with the "
                    f"shape {weights.shape}"
                )
            if lsb.dtype != np.float32 or lsb.shape != weights.shape[:1]:
                raise ValueError(
                    f"{layer}_lsb must be float32 with the shape {weights.shape[:1]}, not "
                    f"{lsb.dtype} with the shape {lsb.shape}"
                )
            if not np.all(np.isfinite(lsb) & (lsb > 0)):
                raise ValueError(f"{layer}_lsb must be positive and finite everywhere")
        hidden = self.hidden
        if hidden < 1:
            raise ValueError(
                f"cell_weights must have more than the {ONE_HOT_WIDTH} columns of x, not "
                f"{self.cell_weights.shape[1]}"
            )
        for layer, weights, shape in (
            ("cell", self.cell_weights, (len(Gate) * hidden, hidden + ONE_HOT_WIDTH)),
            ("dense", self.dense_weights, (ONE_HOT_WIDTH, hidden)),
        ):
            if weights.shape != shape:
                raise ValueError(
                    f"{layer}_weights of {hidden} units must have the shape {shape}, not "
                    f"{weights.shape}"
                )
        for name, value in (("gate_scale", self.gate_scale), ("logit_scale", self.logit_scale)):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive and finite, not {value!r}")

    @property
    def hidden(self) -> int:
        """Units of the cell."""
        return self.cell_weights.shape[1] - ONE_HOT_WIDTH

    @property
    def fp32_bits(self) -> float | None:
        """Recorded bits per character before quantisation, or None without a training record."""
        return None if self.training is None else self.training.fp32_bits

    def graph(self) -> Graph:
        """Return the network as a graph: one-hot codes in, probabilities of the next symbol out."""
        net = GraphBuilder(self.name, {"symbol": int8(ONE_HOT_WIDTH)})
        cell = LstmCell(weights=self.cell_weights, lsb=self.cell_lsb, gate_scale=self.gate_scale)
        h = net.add("cell", cell, "symbol")
        sums = net.add("dense", Dense(weights=self.dense_weights), h)
        codes = net.add("codes", Requantise(lsb=self.dense_lsb), sums)
        logits = net.add("logits", Dequantise(scale=self.logit_scale), codes)
        return net.build(net.add("probabilities", Softmax(), logits))

    def golden(self, inputs: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the outputs that an ideal system must give, by the golden model.

        Parameters
        ----------
        inputs : int8 [n, 50]
            DAC codes of one sequence, read from the zero state.

        Returns
        -------
        float32 [n, 50], probabilities of what comes next.
        """
        return golden(self.graph(), inputs)

    def bits_per_character(self, text: str, *, pieces: int = LSTM_STREAMS) -> float:
        """Return the mean bits it takes to tell each symbol of a text after the first.

        The text is cut into pieces that are read side by side, each from the zero state, because
        that is many times faster than reading it in one piece. It makes the figure slightly
        worse, as the beginning of every piece is read without context.

        Parameters
        ----------
        text : str
            Two symbols or more.
        pieces : int
            1 or more.

        Raises
        ------
        AlpineError
            The text has an unknown symbol or fewer than two symbols.
        """
        numbers = encode(text)
        if len(numbers) < 2:
            raise AlpineError(
                f"a text of {len(numbers)} symbols has nothing to predict; give 2 or more"
            )
        interpreter = Interpreter(self.graph())
        read, wanted = numbers[:-1], numbers[1:]
        states = interpreter.initial_states(min(pieces, len(read)))
        bits = np.empty(len(read))
        for positions in streams(len(read), pieces):
            active = len(positions)
            # Pieces that have ended are the last ones.
            states = {name: state.first(active) for name, state in states.items()}
            states, outputs = interpreter.step(states, {"symbol": one_hot(read[positions])})
            chosen = outputs["probabilities"][np.arange(active), wanted[positions]]
            bits[positions] = -np.log2(chosen.astype(np.float64))
        return float(bits.mean())

    def generate(self, text: str, *, length: int, seed: int | None = 1) -> str:
        """Return a continuation of a text, chosen symbol by symbol by the golden reference.

        Parameters
        ----------
        text : str
            What to continue; one symbol or more.
        length : int
            Symbols to choose, 0 or more.
        seed : int or None
            Of the draws; None takes the likeliest symbol every time.

        Raises
        ------
        AlpineError
            The text has an unknown symbol or none, or the length is negative.
        """
        numbers = encode(text)
        if not len(numbers):
            raise AlpineError("the text to continue is empty; give one symbol or more")
        if length < 0:
            raise AlpineError(f"{length} symbols cannot be drawn; ask for 0 or more")
        interpreter = Interpreter(self.graph())
        states = interpreter.initial_states(1)
        for x in one_hot(numbers[:-1]):
            states, _ = interpreter.step(states, {"symbol": x[np.newaxis]})
        drawn = np.empty(length, np.int64)
        last = numbers[-1:]
        for step, draw in enumerate(np.random.default_rng(seed).random(length)):
            states, outputs = interpreter.step(states, {"symbol": one_hot(last)})
            probabilities = outputs["probabilities"][0]
            drawn[step] = pick_symbol(probabilities, None if seed is None else draw)
            last = drawn[step : step + 1]
        return decode(drawn)


def load_lstm(hidden: int, path: Path | None = None) -> LstmNetwork:
    """Return a trained network of a published shape.

    Parameters
    ----------
    hidden : int
        Units: 256, 512 or 750.
    path : Path or None
        Weight file, as in `chosen_weights`.

    Raises
    ------
    AlpineError
        The size is another, or the file is missing, damaged, or holds something else.
    """
    if hidden not in LSTM_SIZES:
        raise AlpineError(
            f"there is no LSTM of {hidden} units; choose from {', '.join(map(str, LSTM_SIZES))}"
        )
    path = chosen_weights(f"lstm-{hidden}", path)
    file = read_weight_file(path, script=_SCRIPT)
    try:
        arrays = _matching_arrays(file.arrays)
        network = LstmNetwork(
            name=f"lstm-{hidden}",
            cell_weights=arrays["cell_weights"],
            cell_lsb=arrays["cell_lsb"],
            gate_scale=float(arrays["scales"][0]),
            dense_weights=arrays["dense_weights"],
            dense_lsb=arrays["dense_lsb"],
            logit_scale=float(arrays["scales"][1]),
            training=record_from_facts(LstmTrainingRecord, file.facts),
        )
        if network.hidden != hidden:
            raise ValueError(f"it has {network.hidden} units")
    except ValueError as error:
        raise AlpineError(
            f"weight file {path} does not fit the lstm-{hidden}: {error}; write a new one with "
            f"`python -m {_SCRIPT}`"
        ) from None
    return network


def save_lstm(network: LstmNetwork, path: Path) -> None:
    """Write a trained network as a weight file.

    Parameters
    ----------
    network : LstmNetwork
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
    write_weight_file(
        path,
        arrays={
            "cell_weights": network.cell_weights,
            "cell_lsb": network.cell_lsb,
            "dense_weights": network.dense_weights,
            "dense_lsb": network.dense_lsb,
            "scales": np.array([network.gate_scale, network.logit_scale], np.float32),
        },
        facts=asdict(network.training),
    )


_SCRIPT = "alpine_sw.training.lstm"


def _matching_arrays(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
    names = ["cell_lsb", "cell_weights", "dense_lsb", "dense_weights", "scales"]
    if sorted(arrays) != names:
        raise ValueError(f"its arrays must be {', '.join(names)}, not {', '.join(sorted(arrays))}")
    scales = arrays["scales"]
    if scales.dtype != np.float32 or scales.shape != (2,):
        raise ValueError(
            f"scales must be float32 with the shape (2,), not {scales.dtype} with the shape "
            f"{scales.shape}"
        )
    return arrays
