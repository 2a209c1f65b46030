# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest
from rich.console import Console

from alpine_cosim import run
from alpine_cosim.measurement.result_table import print_result
from alpine_cosim.measurement.results import RunResult
from alpine_platform.config.overrides import field_names
from alpine_platform.systems.presets import HIGH_POWER


def printed(result: RunResult) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        print_result(result, console)
    return " ".join(capture.get().split())


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run("mlp", engine="model", back_door=True, inferences=1)


def test_table_says_which_cores_and_which_rule_the_energy_counts(result):
    assert result.stats["unused_cores"] == 7
    assert result.stats["tile_energy"] == {"rule": "bilinear", "extrapolated": True}
    text = printed(result)
    assert "; 8 cores" in text
    assert "bilinear rule, extrapolated from at most 256 lines a side" in text


def test_energies_may_all_be_zero(result):
    names = [name for name in field_names(HIGH_POWER) if name.startswith("energy.")]
    zero = [f"{name}=0" for name in names if "_pj_" in name or name.endswith("_w")]
    settings = [setting for setting in zero if "tile" not in setting]
    free = run("mlp", engine="model", back_door=True, inferences=1, settings=settings)
    assert free.energy_j == free.energy_parts_j["tile"] > 0
    # Nothing at all, as after rounding.
    parts = dict.fromkeys(free.energy_parts_j, 0.0)
    text = printed(replace(free, energy_j=0.0, energy_parts_j=parts))
    assert "core 0%, cache 0%, dram 0%, tile 0%" in text
    assert "tile's energy" not in text
