# SPDX-License-Identifier: Apache-2.0
"""What a script passes to a run: of the right type, or one line before anything is prepared."""

import inspect
from typing import Any

import numpy as np
import pytest

from alpine_cosim import run, run_program
from alpine_cosim.runs.arguments import CHECKS, checked
from alpine_models.errors import AlpineError

CHOSEN = {
    "network", "system", "case", "engine", "software", "digital_style", "activations",
    "input_format", "sync", "device", "compensate",
}  # fmt: skip
"""Parameters that take one of several names."""

DEVICE = {"adc_bits", "after", "chips", "effects", "verify"}
"""Parameters that belong to the device, and are checked where it is chosen."""

PROGRAMS = {"start", "tiles"}
"""Parameters of programs of a user's own, which `run_program` looks into."""


@pytest.mark.parametrize("function", [run, run_program])
def test_every_parameter_is_checked(function: Any):
    parameters = set(inspect.signature(function).parameters)
    assert parameters - set(CHECKS) - PROGRAMS - DEVICE <= CHOSEN


@pytest.mark.parametrize("name", sorted(CHOSEN - {"compensate"}))
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
    @checked
    def told(*, seed: int = 0, weights: Any = None, cores: int | None = None) -> tuple[Any, ...]:
        return seed, type(seed), type(weights).__name__, cores

    assert told(seed=np.int64(3), weights="a b", cores=None) == (3, int, "PosixPath", None)
