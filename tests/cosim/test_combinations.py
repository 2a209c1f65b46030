# SPDX-License-Identifier: Apache-2.0
"""Every command with every network, case, engine and option that matters: it begins, or one line.

Nothing is simulated: a run counts as begun where it asks for its tiles.
"""

from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.sw.cnn_helpers import tiny

from alpine_cosim import run
from alpine_cosim.campaigns.faults import sites
from alpine_cosim.campaigns.study import study_spec
from alpine_cosim.engines import engine_run, in_cocotb
from alpine_cosim.spec import cnn, lstm, mlp
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.keywords import run_spec
from alpine_cosim.spec.networks import NETWORKS
from alpine_models.errors import AlpineError

NAMES = ("mlp", "lstm-256", "cnn-m")
CASES = ("1", "2", "3", "4", "loose", "digital")

SMALL_CNN = tiny()
LOADERS = {
    (module, name): cache(getattr(module, name))
    for module, name in (
        (mlp, "load_fashion_mnist"),
        (lstm, "load_king_james_excerpt"),
        (lstm, "load_lstm"),
        (mlp, "load_mlp"),
        (cnn, "load_photographs"),
    )
}
"""Nothing is read twice."""

UNKNOWN_CASE = "unknown case '{case}': choose from"
"""Where a network has no such mapping; everything else is asked of mappings that exist."""


class BegunError(Exception):
    """The run has asked for what it runs on."""


@pytest.fixture(autouse=True)
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def begun(*_: Any, **__: Any) -> None:
        raise BegunError

    for module, name in (
        (engine_run, "VerilatedHardware"),
        (engine_run, "timed_pieces"),
        (in_cocotb, "run_in_cocotb"),
    ):
        monkeypatch.setattr(module, name, begun)
    for (module, name), load in LOADERS.items():
        monkeypatch.setattr(module, name, load)
    monkeypatch.setattr(cnn, "load_cnn", lambda *_, **__: SMALL_CNN)
    monkeypatch.setattr(sites, "register_sites", lambda piece: [])


def told(**arguments: Any) -> str:
    """The line with which a run is refused; empty where it begins."""
    try:
        run(**{"inferences": 1, **arguments})
    except BegunError:
        return ""
    except AlpineError as error:
        assert "\n" not in str(error)
        return str(error)
    raise AssertionError("the run neither began nor was refused")


def test_a_run_begins_on_every_engine_that_has_the_hardware():
    several_tiles = "engine cocotb simulates one tile, not"
    refused = {
        **{(name, "digital", "cocotb"): "case digital has no tile to simulate" for name in NAMES},
        ("mlp", "3", "cocotb"): several_tiles,
        ("mlp", "4", "cocotb"): several_tiles,
        ("lstm-256", "3", "cocotb"): several_tiles,
        ("lstm-256", "4", "cocotb"): several_tiles,
        ("cnn-m", "1", "cocotb"): several_tiles,
    }
    for network, case, engine in product(NAMES, CASES, Engine):
        line = told(network=network, case=case, engine=engine.value)
        if case not in NETWORKS[network].cases:
            assert line.startswith(UNKNOWN_CASE.format(case=case))
        else:
            expected = refused.get((network, case, engine.value), "")
            assert line.startswith(expected)
            assert bool(line) == bool(expected)


@pytest.mark.parametrize("engine", ["rtl", "model"])
def test_cores_that_a_system_lacks_are_named_before_their_tiles_are_built(engine: str):
    line = told(network="mlp", case=4, engine=engine, settings=["cores=1"])
    assert line == ("core 3 does not exist, because high-power has 1 core: set cores to 4 or more")


OPTIONS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    # Option: arguments, then where it is refused ("network", "case", "engine" or a pair of them,
    # as they stand below) and with which line. Everywhere else the run begins.
    "trace": (
        {"trace": Path("waves")},
        {"model": "engine model has no RTL to trace", "digital": "case digital has no tile"},
    ),
    "tile_verilog": (
        {"tile_verilog": Path("tile.v")},
        {
            "model": "engine model has no RTL to trace or replace",
            "digital": "case digital has no tile",
            "loose": "case loose has no tile with a CM port to replace",
        },
    ),
    "cores": (
        {"cores": 1},
        {
            **dict.fromkeys(CASES[:5], "cores chooses among the digital references"),
            "cnn-m": "cores of the digital reference must be one of",
        },
    ),
    "device": ({"device": "pcm"}, {"digital": "case digital has no tile that could be made"}),
    "adc_bits": ({"adc_bits": 6}, {"": "ADC resolution 6 says nothing about device ideal"}),
    "input_format": (
        {"input_format": "fp32"},
        {name: f"network {name} has inputs of one format only" for name in NAMES[1:]},
    ),
    "activations": (
        {"activations": "libm"},
        {name: f"network {name} has no style of activations" for name in ("mlp", "cnn-m")},
    ),
    "normalisation": (
        {"normalisation": False},
        {name: f"network {name} has no normalisation" for name in ("mlp", "lstm-256")},
    ),
    "as printed": (
        {"literal_table": True},
        dict.fromkeys(("mlp", "lstm-256"), "the printed table differs for cnn-m only"),
    ),
    "text": (
        {"text": "in the", "inferences": None},
        {name: f"network {name} writes no text" for name in ("mlp", "cnn-m")},
    ),
    "weights": (
        {"weights": "hardware-aware"},
        {
            "mlp": "no hardware-aware weights are shipped for mlp",
            "cnn-m": "network cnn-m has seeded",
        },
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_refused_where_it_says_nothing(option: str):
    arguments, refused = OPTIONS[option]
    for network, engine in product(NAMES, ("rtl", "model")):
        for case in NETWORKS[network].cases:
            line = told(network=network, case=case, engine=engine, **arguments)
            lines = [
                text for where, text in refused.items() if where in ("", network, case, engine)
            ]
            assert bool(line) == bool(lines), (network, case, engine, line)
            assert not line or any(line.startswith(text) for text in lines)


def test_faults_are_injected_into_every_mapping_with_tiles():
    for network in NAMES:
        for case in NETWORKS[network].cases:
            workload = run_spec(network, case=case, inferences=1).task().workload
            if case != "digital":
                assert sites.sites_of(workload)
                continue
            with pytest.raises(AlpineError, match="a mapping without tiles"):
                sites.sites_of(workload)


def test_studies_look_at_every_mapping_with_tiles():
    for network in NAMES:
        for case in NETWORKS[network].cases:
            if case == "digital":
                with pytest.raises(AlpineError, match="case digital has no tiles to study"):
                    study_spec(network, case=case, samples=1)
            else:
                task = study_spec(network, case=case, samples=1).task()
                assert task.batched is not None
                assert task.workload.tiles
