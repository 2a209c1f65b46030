# SPDX-License-Identifier: Apache-2.0
"""What a script passes to a run: of the right type, or one line before anything is prepared."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alpine_cosim import run, run_program
from alpine_cosim.measurement.observation import OBSERVED, Observation
from alpine_cosim.runs.network_run import RunKeywords
from alpine_cosim.spec.keywords import PARTS, keywords_of, run_spec
from alpine_cosim.spec.mlp import MlpOptions
from alpine_cosim.spec.networks import NETWORKS
from alpine_models.errors import AlpineError

CHOSEN = {
    "network", "system", "case", "engine", "software", "digital_style", "activations",
    "input_format", "sync", "device",
}  # fmt: skip
"""Parameters that take one of several names."""


def test_every_keyword_is_a_member_of_a_specification_or_an_observation():
    spec = run_spec("lstm-256", text="a", case="digital", cores=1)
    made = set(keywords_of(spec)) | set(OBSERVED)
    made |= {name for entry in NETWORKS.values() for name in entry.option_names}
    made |= {keyword for _, names in PARTS.values() for keyword in names}
    elsewhere = {"config_file", "sync", "options", "inferences", "mapping", "program"}
    assert made | elsewhere == set(RunKeywords.__annotations__)


def test_a_keyword_that_does_not_exist_is_the_programmer_s_mistake():
    with pytest.raises(TypeError, match="a run has no keyword 'colour'"):
        run("mlp", colour="red")
    with pytest.raises(TypeError, match="observation and trace say the same thing"):
        run("mlp", observation=Observation(), trace="waves")


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_a_name_that_is_no_text_is_refused(name: str):
    with pytest.raises(AlpineError, match=r"unknown .* '?5'?: choose from "):
        run(**{"network": "mlp", "engine": "model", name: 5})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inferences": 2.0}, "inferences 2.0 is refused: give a whole number"),
        ({"inferences": "2"}, "inferences '2' is refused: give a whole number"),
        ({"seed": 1.5}, "seed 1.5 is refused: give a whole number"),
        ({"seed": True}, "seed True is refused: give a whole number"),
        ({"adc_bits": 4.0, "device": "pcm"}, "ADC bits 4.0 is refused: give a whole number"),
        ({"chips": 1.0}, "chips 1.0 is refused"),
        ({"cores": "2", "case": "digital"}, "cores '2' is refused"),
        ({"settings": "core.frequency_hz=1e9"}, "give a list of texts, as in .*frequency"),
        ({"settings": [1]}, r"settings \[1\] is refused: give a list of texts"),
        ({"effects": "drift", "device": "pcm"}, "effects 'drift' is refused: give a list of texts"),
        ({"profile": "no"}, "profile 'no' is refused: give True or False"),
        ({"greedy": 1}, "greedy 1 is refused: give True or False"),
        ({"weights": ""}, "weights '' is refused: give the path"),
        ({"trace": 5}, "trace 5 is refused: give the path"),
        ({"after": [1], "device": "pcm"}, r"programming \[1\] is refused: give a number"),
        ({"verify": True, "device": "pcm"}, "verify margin True is refused"),
        ({"text": 5}, "text 5 is refused: give a text"),
        ({"on_step": 3}, "on step 3 is refused: give a function"),
        ({"timeline": "no/where.json"}, "file no/where.json cannot be written"),
        ({"compensate": 5, "device": "pcm"}, "unknown drift compensation 5: choose from"),
    ],
)
def test_what_is_of_another_type_is_refused_in_one_line(arguments: dict[str, Any], message: str):
    with pytest.raises(AlpineError, match=message) as told:
        run(**{"network": "mlp", "engine": "model", "inferences": 1, **arguments})
    assert "\n" not in str(told.value)


def test_a_file_that_cannot_be_written_is_refused_before_a_program_is_made():
    with pytest.raises(AlpineError, match="it is a folder; name a file in it"):
        run_program(lambda memory: pytest.fail("made"), engine="model", timeline=".")


def test_numpy_s_integers_and_texts_that_are_paths_are_taken():
    spec = run_spec("mlp", seed=np.int64(3), weights="a b", tile_verilog="c d")
    assert (spec.seed, type(spec.seed)) == (3, int)
    assert spec.options == MlpOptions(weights=Path("a b"))
    assert spec.tiles.verilog == Path("c d")
