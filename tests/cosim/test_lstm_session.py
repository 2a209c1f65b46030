# SPDX-License-Identifier: Apache-2.0
"""Whole runs of the LSTM: every engine, both mappings, real text."""

from dataclasses import replace

import pytest
from tests.sw.lstm_helpers import network

from alpine_cosim import run
from alpine_cosim.spec import lstm
from alpine_models.errors import AlpineError
from alpine_sw.datasets.texts import load_king_james_excerpt
from alpine_sw.networks.lstm import load_lstm

STEPS = 4


SMALL = network(8)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs in this process, so not those on engine cocotb, load a network of 8 units.

    What mappings and engines promise does not depend on the size; a published tile takes half a
    minute to build, and one test runs it.
    """
    monkeypatch.setattr(lstm, "load_lstm", lambda hidden, weights: SMALL)


def test_engines_give_the_golden_probabilities_and_the_same_times_in_the_published_tile():
    check_engines(case=2, engines=("rtl", "model", "cocotb"), hidden=256)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("case", [1, 3, 4])
def test_engines_give_the_golden_probabilities_and_the_same_times(case: int):
    check_engines(case=case, engines=("rtl", "model"), hidden=SMALL.hidden)


def check_engines(*, case: int, engines: tuple[str, ...], hidden: int) -> None:
    results = {
        engine: run("lstm-256", case=case, engine=engine, inferences=STEPS) for engine in engines
    }
    for result in results.values():
        assert result.outputs_equal_golden is True
        same = {"engine": "", "host_seconds": 0.0, "host_tile_cycles_per_second": None}
        # cocotb writes cells through the back door.
        same |= {"programming": None} if result.engine == "cocotb" else {}
        assert replace(result, **same) == replace(results["rtl"], **same)
    # Per step the units' outputs with 50 symbols, and the units' outputs again, go in; four gates
    # of every unit and 50 symbols come out, 4 codes at a time; each of the four cores of case 4
    # takes the whole input. Case 1 drains one step.
    cells = 4 if case == 4 else 1
    processes = STEPS + 1 if case == 1 else (cells + 1) * STEPS
    codes_in = -(-(hidden + 50) // 4) * cells + hidden // 4
    assert results["rtl"].cm_instructions == STEPS * (codes_in + hidden + 13) + processes


@pytest.mark.parametrize("cores", [1, 2, 5])
@pytest.mark.parametrize("style", ["neon4", "neon1", "eigen_i8row"])
def test_digital_references_give_the_golden_probabilities(cores: int, style: str):
    result = run("lstm-256", case="digital", cores=cores, digital_style=style, inferences=STEPS)
    assert result.outputs_equal_golden is True
    assert result.cm_instructions == 0


def test_styles_change_times_and_not_outputs():
    results = {
        (software, activations): run(
            "lstm-256",
            case=4,
            engine="model",
            software=software,
            activations=activations,
            inferences=STEPS,
        )
        for software in ("released", "tuned")
        for activations in ("eigen", "libm")
    }
    assert len({result.outputs_sha256 for result in results.values()}) == 1
    times = [result.time_s for result in results.values()]
    assert len(set(times)) == len(times)
    assert results["tuned", "eigen"].time_s < results["released", "eigen"].time_s
    assert results["released", "libm"].variant == "libm activations"


def test_bits_per_character_are_those_of_the_held_out_text():
    result = run("lstm-512", engine="model", inferences=40)
    assert result.bits_per_character == result.bits_per_character_golden
    assert result.bits_per_character_fp32 == load_lstm(512).fp32_bits
    # The network's own evaluation of the same 41 symbols, in one piece.
    network, text = load_lstm(512), load_king_james_excerpt()
    assert result.bits_per_character == pytest.approx(
        network.bits_per_character(text[:41], pieces=1)
    )


@pytest.mark.usefixtures("small")
def test_text_is_continued_as_the_golden_model_continues_it():
    prompt = "In the beginning"
    for case in (1, 4):
        result = run(
            "lstm-256", case=case, engine="rtl", text=prompt, length=6, seed=9, back_door=True
        )
        assert result.text == prompt.lower() + SMALL.generate(prompt, length=6, seed=9)
        assert result.outputs_equal_golden is True
        assert result.inferences == len(prompt) + 5
        assert result.bits_per_character is None


def test_written_text_depends_on_the_seed_unless_it_is_greedy():
    texts = [run("lstm-256", engine="model", text="a", length=12, seed=s).text for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    greedy = [
        run("lstm-256", engine="model", text="a", length=12, greedy=True, seed=s).text
        for s in (1, 2)
    ]
    assert greedy == ["a" + load_lstm(256).generate("a", length=12, seed=None)] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "lstm-255"}, "unknown network 'lstm-255': did you mean lstm-256"),
        ({"case": 5}, "unknown case '5': choose from 1, 2, 3, 4, digital"),
        ({"case": 4, "engine": "cocotb"}, "engine cocotb simulates one tile, not 5"),
        ({"case": "digital", "cores": 4}, "must be one of 1, 2, 5, not 4"),
        ({"activations": "fast"}, "unknown activations 'fast': choose from eigen, libm"),
        ({"network": "mlp", "activations": "libm"}, "network mlp has no style of activations"),
        ({"inferences": 0}, "inferences must be 1 to"),
        ({"text": "in th\xe9"}, r"'\\xe9' at position 5, which is none of the 41 known symbols"),
        ({"text": ""}, "the text to continue is empty"),
        ({"text": "a", "length": 0}, "length must be 1 symbol or more, not 0"),
        ({"text": "a", "inferences": 3}, "leave --inferences out, or use --length"),
        ({"length": 3}, "give a text"),
        ({"greedy": True}, "give a text"),
        ({"network": "mlp", "text": "a"}, "network mlp writes no text"),
        ({"text": "a", "device": "pcm", "chips": 2}, "written by one chip, not by 2"),
    ],
)
def test_mistakes_are_one_line(arguments: dict[str, object], message: str):
    with pytest.raises(AlpineError, match=message) as caught:
        run(**{"network": "lstm-256", "engine": "model", **arguments})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
