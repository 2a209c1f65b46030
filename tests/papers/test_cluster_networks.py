# SPDX-License-Identifier: Apache-2.0
"""`alpine run NAME --system imc-cluster`."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from alpine_cosim.cli import main
from alpine_cosim.cluster_networks.description import CLUSTER_NETWORKS
from alpine_cosim.commands.exit_status import ExitStatus
from alpine_papers.garofalo2022 import bottleneck_program, golden, rules
from alpine_papers.garofalo2022.layers import published_layers

SMALL = ("channels=16", "inner=32", "height=6", "width=6")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs `alpine run` with arguments; returns the exit status and what was printed."""

    def run(*arguments: str) -> tuple[Any, str]:
        monkeypatch.setattr(sys, "argv", ["alpine", "run", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return stopped.value.code or 0, out + err

    return run


def small(system: str, json_file: Path, *further: str) -> list[str]:
    options = [word for text in SMALL for word in ("--option", text)]
    return ["bottleneck", "--system", system, "--engine", "model", *options, *further,
            "--json", str(json_file)]  # fmt: skip


def test_bottleneck(command, tmp_path: Path):
    """36 pixels: a job for each in both pointwise layers, and two blocks of depthwise channels."""
    file = tmp_path / "run.json"
    status, text = command(*small("imc-cluster", file))
    assert status == 0
    assert "outputs equal golden" in text
    found = json.loads(file.read_text())
    assert found["outputs_equal_golden"] is True
    assert found["products"] == 2 * 36 + 2 * 36
    assert found["jobs"] == 3
    assert found["cm_instructions"] is found["tile_cycles"] is None
    assert found["case"] == "ima-dw"
    assert found["energy_j"] > 36 * rules.crossbar_energy_j(1, rows=16, columns=32)
    assert found["time_s"] == pytest.approx(
        sum(layer["total_cycles"] for layer in found["layers"]) / 500e6
    )


def test_at_250_mhz_products_take_fewer_cycles_and_no_energy_is_told(command, tmp_path: Path):
    files = tmp_path / "slow.json", tmp_path / "fast.json"
    for system, file in zip(("imc-cluster-250", "imc-cluster"), files, strict=True):
        status, _ = command(*small(system, file, "--case", "hybrid"))
        assert status == 0
    slow, fast = (json.loads(file.read_text()) for file in files)
    assert slow["energy_j"] is None
    assert fast["energy_j"] is not None
    # A product of 130 ns is 65 cycles at 500 MHz, 33 at 250: 36 jobs on one crossbar.
    cycles = [each["layers"][0]["cycles"] for each in (slow, fast)]
    assert cycles[1] - cycles[0] == pytest.approx(36 * (65 - 33), abs=40)


def test_seeds_change_the_data_and_no_time(command, tmp_path: Path):
    files = [tmp_path / f"{seed}.json" for seed in (0, 1)]
    for seed, file in enumerate(files):
        assert command(*small("imc-cluster", file, "--seed", str(seed)))[0] == 0
    first, second = (json.loads(file.read_text()) for file in files)
    assert first["layers"] == second["layers"]


def test_wrong_outputs_have_a_status(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bottleneck_program, "clipped", lambda values: golden.clipped(values) ^ 1)
    status, text = command(*small("imc-cluster", tmp_path / "wrong.json"))
    assert status == ExitStatus.WRONG_OUTPUTS
    assert "NO" in text


def test_mobilenetv2_is_registered_with_its_rows():
    network = CLUSTER_NETWORKS["mobilenetv2"]
    assert network.crossbars == 34
    assert len(published_layers()) == 63


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mlp",), "unknown network for system imc-cluster 'mlp': choose from bottleneck"),
        ((), "nothing to run: name a network"),
        (("bottleneck", "--case", "2"), "unknown case '2': choose from ima-dw, cores"),
        (("bottleneck", "--engine", "cocotb"), "unknown engine for system imc-cluster 'cocotb'"),
        (("bottleneck", "--device", "pcm"), "--device is not for system imc-cluster"),
        (("bottleneck", "--option", "depth=3"), "unknown option of bottleneck 'depth'"),
        (("bottleneck", "--option", "width=x"), "option width must be a whole number, not 'x'"),
        (("bottleneck", "--option", "crossbars=3"), "bottleneck needs 34 crossbars, not 3"),
        (("bottleneck", "--option", "port_bytes=5"), "port_bytes must be"),
        (("bottleneck", "--option", "height=20", "--option", "width=20"), "exceeds the TCDM by"),
    ],
)
def test_mistakes_are_one_line(command, arguments: tuple[str, ...], words: str):
    status, text = command(*arguments, "--system", "imc-cluster")
    assert status == 2
    assert words in text
    assert len(text.strip().splitlines()) == 1
