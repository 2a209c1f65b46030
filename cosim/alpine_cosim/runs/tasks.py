# SPDX-License-Identifier: Apache-2.0
"""What each network's name stands for: its inputs, its mappings, its golden outputs, its score."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_sw.datasets.fashion_mnist import load_fashion_mnist
from alpine_sw.datasets.photographs import load_photographs
from alpine_sw.datasets.texts import (
    ONE_HOT_WIDTH,
    decode,
    encode,
    load_king_james_excerpt,
    one_hot,
)
from alpine_sw.kernels import ActivationStyle
from alpine_sw.library.workloads import InputFormat, Software, Workload
from alpine_sw.networks import load_mlp
from alpine_sw.networks.cnn import load_cnn
from alpine_sw.networks.cnn_shapes import CNN_NAMES
from alpine_sw.networks.lstm import (
    LSTM_SIZES,
    LstmNetwork,
    load_lstm,
    mean_bits,
    pick_symbol,
)
from alpine_sw.programs.batched import Evaluate, batched_cnn, batched_lstm, batched_mlp
from alpine_sw.programs.cnn import analog_cnn, digital_cnn
from alpine_sw.programs.lstm import LSTM_CASES, LSTM_DIGITAL_CORES, analog_lstm, digital_lstm
from alpine_sw.programs.lstm_programs import Writing
from alpine_sw.programs.mlp import DIGITAL_CORES, MLP_CASES, analog_mlp, digital_mlp
from alpine_sw.programs.mlp_loose import loose_mlp

__all__ = ["DIGITAL", "LOOSE", "NETWORKS", "Engine", "NetworkEntry", "Prompt", "Request", "Task"]

DIGITAL = "digital"
"""Name of the reference without tiles, among the cases."""

LSTM_NAMES = tuple(f"lstm-{hidden}" for hidden in LSTM_SIZES)

LOOSE = "loose"
"""Name of the mapping onto tiles behind the I/O path."""

TILE_PER_LAYER = 3
"""The perceptron's case with the tiles of `LOOSE`: one per layer, a product per inference."""

PRINTED_DIFFERENTLY = "cnn-m"
"""The one whose printed table is not used as it stands (`cnn_shapes`)."""

Codes = NDArray[np.int8]
Outputs = NDArray[Any]


class Engine(StrEnum):
    """What stands behind the tile port."""

    RTL = "rtl"
    """The verilated tile, driven by the native transactor."""
    COCOTB = "cocotb"
    """The verilated tile, driven by cocotb; the platform runs inside the simulator's process."""
    MODEL = "model"
    """The timed Python tile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A text that a network is to continue.

    Members
    -------
    text : to read first.
    length : symbols to write, or None for the default.
    seed : of the draws; None takes the likeliest symbol every time.
    """

    text: str
    length: int | None
    seed: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a person asked for, as far as it concerns the network.

    Members
    -------
    network, case : names, known to the table.
    engine : where it will run.
    cores : of the digital reference, or None.
    software, digital_style : of the analog mappings and of the digital reference.
    inferences : or None for the network's default.
    weights : weight file in place of the shipped one, or None; see `chosen_weights`.
    normalised : CNNs with local response normalisation.
    as_printed : CNN-M exactly as the paper prints it.
    activations : of the LSTMs, or None for the default.
    input_format : of the perceptron's inputs in memory.
    prompt : for the LSTMs, what to continue in place of reading the data set, or None.
    """

    network: str
    case: str
    engine: Engine
    cores: int | None
    software: Software
    digital_style: str
    inferences: int | None
    weights: Path | None
    normalised: bool = True
    as_printed: bool = False
    activations: ActivationStyle | None = None
    input_format: InputFormat = InputFormat.INT8
    prompt: Prompt | None = None

    def check_variant(self) -> None:
        """Raise an `AlpineError` unless the network has the variant that is asked for."""
        if not self.normalised and self.network not in CNN_NAMES:
            raise AlpineError(
                f"network {self.network} has no normalisation to leave out; "
                f"{', '.join(CNN_NAMES)} have"
            )
        if self.as_printed and self.network != PRINTED_DIFFERENTLY:
            raise AlpineError(
                f"the printed table differs for {PRINTED_DIFFERENTLY} only, not for {self.network}"
            )
        if self.activations is not None and self.network not in LSTM_NAMES:
            raise AlpineError(
                f"network {self.network} has no style of activations to choose; "
                f"{', '.join(LSTM_NAMES)} have"
            )
        if self.input_format is not InputFormat.INT8 and self.network != "mlp":
            raise AlpineError(
                f"network {self.network} has inputs of one format only: leave --input-format out"
            )

        if self.prompt is None:
            return
        if self.network not in LSTM_NAMES:
            raise AlpineError(f"network {self.network} writes no text; {', '.join(LSTM_NAMES)} do")
        if self.inferences is not None:
            raise AlpineError(
                "a text and the number of symbols to write fix the number of inferences: leave "
                "--inferences out, or use --length"
            )

    @property
    def variant(self) -> str | None:
        """How the network differs from the one that its name stands for, in words."""
        parts = [
            *(["as printed"] if self.as_printed else []),
            *([] if self.normalised else ["without normalisation"]),
            *(["libm activations"] if self.activations == "libm" else []),
            *(["fp32 inputs"] if self.input_format is InputFormat.FP32 else []),
        ]
        return ", ".join(parts) or None


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a session runs and what it compares with.

    Members
    -------
    workload : the mapping.
    inputs : int8 [inferences, inputs].
    golden : computes the outputs of an ideal system.
    accuracy : share of outputs that are right, or None where nothing says what is right.
    bits_per_character : of a language model's probabilities, or None.
    accuracy_fp32 : of the network before quantisation, or None.
    batched : the mapping without the system around it, or None for one without tiles.
    bits_fp32 : bits per character of the network before quantisation, or None.
    text : what a network has read and written by its outputs, or None.
    golden_reading : outputs of an ideal system that reads the text which `text` gave, or None.
    """

    workload: Workload
    inputs: Codes
    golden: Callable[[], Outputs]
    accuracy: Callable[[Codes], float] | None = None
    bits_per_character: Callable[[Outputs], float] | None = None
    accuracy_fp32: float | None = None
    batched: Evaluate | None = None
    bits_fp32: float | None = None
    text: Callable[[Outputs], str] | None = None
    golden_reading: Callable[[str], Outputs] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkEntry:
    """A network in the table.

    Members
    -------
    cases : mappings that it has, the digital reference included.
    prepare : makes the task; raises `AlpineError` for what does not fit.
    """

    cases: tuple[str, ...]
    prepare: Callable[[Request], Task]


def _mlp(request: Request) -> Task:
    samples = load_fashion_mnist()
    default = 4 if request.engine is Engine.COCOTB else 1000
    count = _count(request, default=default, available=len(samples.labels))
    mlp = load_mlp(request.weights)
    if request.case == DIGITAL:
        cores = _cores(request, DIGITAL_CORES)
        workload = digital_mlp(
            mlp, cores=cores, style=request.digital_style, input_format=request.input_format
        )
    elif request.case == LOOSE:
        workload = loose_mlp(mlp, software=request.software, input_format=request.input_format)
    else:
        workload = analog_mlp(
            mlp,
            case=int(request.case),
            software=request.software,
            input_format=request.input_format,
        )
    inputs, labels = samples.inputs[:count], samples.labels[:count]
    return Task(
        workload=workload,
        inputs=inputs,
        golden=lambda: mlp.golden(inputs),
        accuracy=lambda outputs: mlp.accuracy(outputs, labels),
        accuracy_fp32=mlp.fp32_accuracy,
        batched=None if request.case == DIGITAL else batched_mlp(mlp, case=_batched_case(request)),
    )


def _batched_case(request: Request) -> int:
    """The published mapping whose products a perceptron's mapping makes."""
    return TILE_PER_LAYER if request.case == LOOSE else int(request.case)


def _cnn(request: Request) -> Task:
    photographs = load_photographs()
    count = _count(request, default=1, available=len(photographs.inputs))
    if request.weights is not None:
        raise AlpineError(
            f"network {request.network} has seeded weights and reads no weight file, not "
            f"{request.weights}: leave --weights out"
        )
    cnn = load_cnn(request.network, as_printed=request.as_printed, normalised=request.normalised)
    if request.case == DIGITAL:
        _cores(request, (len(cnn.weights),))
        workload = digital_cnn(cnn, style=request.digital_style)
    else:
        workload = analog_cnn(cnn, software=request.software, dense_style=request.digital_style)
    inputs = photographs.inputs[:count]
    return Task(
        workload=workload,
        inputs=inputs,
        golden=lambda: cnn.golden(inputs),
        batched=None if request.case == DIGITAL else batched_cnn(cnn),
    )


def _lstm(request: Request) -> Task:
    lstm = load_lstm(int(request.network.removeprefix("lstm-")), request.weights)
    if request.prompt is not None:
        return _lstm_writing(request, lstm, request.prompt)
    text = load_king_james_excerpt()
    default = 4 if request.engine is Engine.COCOTB else 50
    count = _count(request, default=default, available=len(text) - 1)
    numbers = encode(text[: count + 1])
    inputs = one_hot(numbers[:-1])
    return Task(
        workload=_mapped_lstm(request, lstm),
        inputs=inputs,
        golden=lambda: lstm.golden(inputs),
        bits_per_character=lambda outputs: mean_bits(outputs, numbers[1:]),
        batched=None if request.case == DIGITAL else batched_lstm(lstm, case=int(request.case)),
        bits_fp32=lstm.fp32_bits,
    )


def _lstm_writing(request: Request, lstm: LstmNetwork, prompt: Prompt) -> Task:
    """Read a prompt, then what the network itself chooses."""
    given = encode(prompt.text)
    if not len(given):
        raise AlpineError("the text to continue is empty: give one symbol or more")
    default = 4 if request.engine is Engine.COCOTB else 100
    length = default if prompt.length is None else prompt.length
    if length < 1:
        raise AlpineError(f"length must be 1 symbol or more, not {length}")
    draws = None if prompt.seed is None else np.random.default_rng(prompt.seed).random(length)
    # The last symbol is written and not read.
    inputs = np.zeros((len(given) + length - 1, ONE_HOT_WIDTH), np.int8)
    inputs[: len(given)] = one_hot(given)

    def golden_reading(text: str) -> Outputs:
        return lstm.golden(one_hot(encode(text)[:-1]))

    def golden() -> Outputs:
        written = lstm.generate(prompt.text, length=length, seed=prompt.seed)
        return golden_reading(prompt.text + written)

    def text(outputs: Outputs) -> str:
        written = [
            pick_symbol(probabilities, None if draws is None else float(draws[number]))
            for number, probabilities in enumerate(outputs[len(given) - 1 :])
        ]
        return decode(np.concatenate([given, written]))

    writing = Writing(given=len(given), draws=draws)
    return Task(
        workload=_mapped_lstm(request, lstm, writing),
        inputs=inputs,
        golden=golden,
        text=text,
        golden_reading=golden_reading,
    )


def _mapped_lstm(request: Request, lstm: LstmNetwork, writing: Writing | None = None) -> Workload:
    activations = request.activations or "eigen"
    if request.case == DIGITAL:
        cores = _cores(request, LSTM_DIGITAL_CORES)
        style = request.digital_style
        return digital_lstm(
            lstm, cores=cores, style=style, activations=activations, writing=writing
        )
    return analog_lstm(
        lstm,
        case=int(request.case),
        software=request.software,
        activations=activations,
        writing=writing,
    )


def _count(request: Request, *, default: int, available: int) -> int:
    count = default if request.inferences is None else request.inferences
    if not 1 <= count <= available:
        raise AlpineError(
            f"inferences must be 1 to {available}, the samples of the data set, not {count}"
        )
    return count


def _cores(request: Request, known: tuple[int, ...]) -> int:
    if request.cores is None:
        return known[0]
    if request.cores not in known:
        raise AlpineError(
            f"cores of the digital reference must be one of {', '.join(map(str, known))}, "
            f"not {request.cores}"
        )
    return request.cores


NETWORKS: dict[str, NetworkEntry] = {
    "mlp": NetworkEntry(cases=(*map(str, MLP_CASES), LOOSE, DIGITAL), prepare=_mlp),
    **{
        name: NetworkEntry(cases=(*map(str, LSTM_CASES), DIGITAL), prepare=_lstm)
        for name in LSTM_NAMES
    },
    **{name: NetworkEntry(cases=("1", DIGITAL), prepare=_cnn) for name in CNN_NAMES},
}
"""Every network by name."""
