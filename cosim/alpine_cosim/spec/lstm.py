# SPDX-License-Identifier: Apache-2.0
"""The language models as a run sees them."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from alpine_models.checked_fields import checked, chosen, flag, optional, path, text, whole
from alpine_models.errors import AlpineError
from alpine_sw.datasets.texts import (
    ONE_HOT_WIDTH,
    SYMBOLS,
    decode,
    encode,
    load_king_james_excerpt,
    one_hot,
)
from alpine_sw.graph import Graph
from alpine_sw.kernels import ActivationStyle
from alpine_sw.mapping import Mapping
from alpine_sw.mapping.published_lstm import (
    LSTM_CASES,
    LSTM_DIGITAL_CORES,
    analog_lstm,
    digital_lstm,
)
from alpine_sw.networks.lstm import (
    LSTM_SIZES,
    LstmNetwork,
    load_lstm,
    mean_bits,
    pick_symbol,
)
from alpine_sw.programs.batched import batched
from alpine_sw.programs.generate import Writing, mapped_workload

from .engines import Engine
from .network import (
    DIGITAL,
    Asked,
    Network,
    NetworkOptions,
    Outputs,
    Task,
    chosen_mapping,
    digital_cores,
    sample_count,
)

__all__ = ["LSTM_NETWORKS", "LstmOptions"]

ACTIVATIONS: tuple[ActivationStyle, ...] = ("eigen", "libm")
NOTHING_TO_CONTINUE = "length and greedy say how to continue a text: give a text"


@dataclass(frozen=True, kw_only=True)
class LstmOptions(NetworkOptions):
    """Options of the language models.

    Members
    -------
    activations : ``eigen``, four elements at a time, or ``libm``, one call per element.
    weights : weight file in place of the shipped one, or ``hardware-aware`` for the one that is
        shipped beside it, trained with noise; or None.
    text : what to continue, in place of reading the data set, or None.
    length : symbols to write after the text; None is 100, 4 with cocotb.
    greedy : write the likeliest symbol every time in place of drawing.
    """

    activations: ActivationStyle = checked(
        chosen("activations", lambda: ACTIVATIONS),
        default=ACTIVATIONS[0],
        refusal="network {network} has no style of activations to choose; {networks} have",
    )
    weights: Path | None = checked(optional(path), default=None)
    text: str | None = checked(
        optional(text), default=None, refusal="network {network} writes no text; {networks} do"
    )
    length: int | None = checked(optional(whole()), default=None, refusal=NOTHING_TO_CONTINUE)
    greedy: bool = checked(flag, default=False, refusal=NOTHING_TO_CONTINUE)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.text is None and (self.length is not None or self.greedy):
            raise AlpineError(NOTHING_TO_CONTINUE)

    @property
    def variant(self) -> str | None:
        """How the network differs from the one that its name stands for, in words."""
        return "libm activations" if self.activations == "libm" else None

    def check(self, *, inferences: int | None, chips: int) -> None:
        """Refuse a number of inferences, or several chips, beside a text."""
        if self.text is None:
            return
        if chips != 1:
            raise AlpineError(f"a text is written by one chip, not by {chips}: leave chips out")
        if inferences is not None:
            raise AlpineError(
                "a text and the number of symbols to write fix the number of inferences: leave "
                "--inferences out, or use --length"
            )


def prepare(asked: Asked) -> Task:
    """Return the task: symbols of the held-out text in their order, or a text to continue."""
    options = cast(LstmOptions, asked.options)
    if asked.mapping_file is not None and options.activations != ACTIVATIONS[0]:
        raise AlpineError(
            f"mapping file {asked.mapping_file} has the style of activations: leave activations out"
        )
    lstm = load_lstm(int(asked.network.removeprefix("lstm-")), options.weights)
    if options.text is not None:
        return _writing(asked, options, lstm, options.text)
    text = load_king_james_excerpt()
    default = 4 if asked.engine is Engine.COCOTB else 50
    count = sample_count(asked, default=default, available=len(text) - 1)
    numbers = encode(text[: count + 1])
    inputs = one_hot(numbers[:-1])
    graph = lstm.graph()
    mapping = chosen_mapping(asked, lambda: _mapping(asked, options, graph))
    return Task(
        workload=mapped_workload(graph, mapping),
        inputs=inputs,
        golden=lambda: lstm.golden(inputs),
        bits_per_character=lambda outputs: mean_bits(outputs, numbers[1:]),
        batched=batched(graph, mapping) if mapping.tiles else None,
        graph=graph,
        mapping=mapping,
        bits_fp32=lstm.fp32_bits,
    )


def _writing(asked: Asked, options: LstmOptions, lstm: LstmNetwork, prompt: str) -> Task:
    """Read a prompt, then what the network itself chooses."""
    given = encode(prompt)
    if not len(given):
        raise AlpineError("the text to continue is empty: give one symbol or more")
    default = 4 if asked.engine is Engine.COCOTB else 100
    length = default if options.length is None else options.length
    if length < 1:
        raise AlpineError(f"length must be 1 symbol or more, not {length}")
    seed = None if options.greedy else asked.seed
    draws = None if seed is None else np.random.default_rng(seed).random(length)
    # The last symbol is written and not read.
    inputs = np.zeros((len(given) + length - 1, ONE_HOT_WIDTH), np.int8)
    inputs[: len(given)] = one_hot(given)

    def golden_reading(text: str) -> Outputs:
        return lstm.golden(one_hot(encode(text)[:-1]))

    def golden() -> Outputs:
        return golden_reading(prompt + lstm.generate(prompt, length=length, seed=seed))

    def text(outputs: Outputs) -> str:
        written = [
            pick_symbol(probabilities, None if draws is None else float(draws[number]))
            for number, probabilities in enumerate(outputs[len(given) - 1 :])
        ]
        return decode(np.concatenate([given, written]))

    graph = lstm.graph()
    writing = Writing(given=len(given), draws=draws, symbols=len(SYMBOLS))
    mapping = chosen_mapping(asked, lambda: _mapping(asked, options, graph))
    return Task(
        workload=mapped_workload(graph, mapping, writing=writing),
        graph=graph,
        mapping=mapping,
        inputs=inputs,
        golden=golden,
        text=text,
        golden_reading=golden_reading,
    )


def _mapping(asked: Asked, options: LstmOptions, graph: Graph) -> Mapping:
    software, activations = asked.software, options.activations
    if asked.case == DIGITAL:
        cores, style = digital_cores(asked, LSTM_DIGITAL_CORES), software.digital_style
        return digital_lstm(graph, cores=cores, style=style, activations=activations)
    case = int(asked.case)
    return analog_lstm(graph, case=case, software=software.style, activations=activations)


LSTM_NETWORKS = {
    f"lstm-{hidden}": Network(
        cases=(*map(str, LSTM_CASES), DIGITAL),
        options=LstmOptions,
        prepare=prepare,
        study_samples=500,
        fault_case="2",
        fault_inferences=4,
    )
    for hidden in LSTM_SIZES
}
"""The published networks by name."""
