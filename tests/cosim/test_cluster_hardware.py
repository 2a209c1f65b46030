# SPDX-License-Identifier: Apache-2.0
"""`alpine verilog --system imc-cluster`: what it writes, and what it refuses in one line."""

import sys
from pathlib import Path

import pytest

from alpine_cosim.cli import main
from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.cluster import verilog
from alpine_rtl.cluster.accelerators import ClusterAccelerators
from alpine_rtl.cluster.depthwise import Depthwise
from alpine_rtl.cluster.ima import Ima
from alpine_rtl.cluster.tcdm import Tcdm
from alpine_rtl.typed import Component

SYSTEM = ("--system", "imc-cluster")
FILES = {
    "ima.v", "depthwise.v", "tcdm.v", "cluster_accelerators.v",
    "imc_cluster_registers.h", "imc_cluster_registers.py", "REGISTERS.md",
}  # fmt: skip


def status_of(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The status that `alpine verilog` exits with."""
    monkeypatch.setattr(sys, "argv", ["alpine", "verilog", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def tops_with_small_banks(config: ImcConfig) -> dict[str, Component]:
    """As `cluster_tops`, with one master and two words to a bank."""
    return {
        "ima": Ima(config=config),
        "depthwise": Depthwise(config=config),
        "tcdm": Tcdm(masters={"core0": 4}, words=2),
        "cluster_accelerators": ClusterAccelerators(config=config),
    }


def test_the_files_of_a_small_cluster(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    # All banks with all their masters take half a minute to write.
    monkeypatch.setattr(verilog, "cluster_tops", tops_with_small_banks)
    small = ("--rows", 2, "--cols", 3, "--port-bytes", 4, "--crossbars", 1, "--memory-ports", 2)
    options = (*small, "--cell-bits", 8, "--execution", "sequential", "--out", tmp_path)
    assert status_of(monkeypatch, *SYSTEM, *options) == 0
    assert {path.name for path in tmp_path.iterdir()} == FILES
    said = capfd.readouterr().out
    assert all(str(tmp_path / name) in said for name in FILES)
    assert "1 crossbar of 2 x 3" in said
    text = (tmp_path / "ima.v").read_text()
    for port in ("[15:0] xb_dac", "[23:0] xb_adc", "[5:0] xb_select", "[31:0] mem_out_wdata"):
        assert port in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--port-bytes", 3), "--port-bytes must be one of 4, 8, 16, 32, 64, not 3"),
        (("--cell-bits", 5), "--cell-bits must be one of 4, 8, not 5"),
        (("--crossbars", 65), "--crossbars must be an integer from 1 to 64, not 65"),
        (("--crossbars", 0), "--crossbars must be an integer from 1 to 64, not 0"),
        (("--rows", 0), "--rows must be an integer from 1 to 1024, not 0"),
        (("--cols", 1025), "--cols must be an integer from 1 to 1024, not 1025"),
        (("--memory-ports", 3), "--memory-ports must be one of 1, 2, not 3"),
        (("--execution", "eager"), "Invalid value for '--execution'"),
        (("--double-buffer",), "--double-buffer belongs to a tile"),
        (("--xlen", 32), "--xlen belongs to a tile"),
        (("--tiles", 2), "--tiles belongs to a tile"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path,
    options: tuple[object, ...], message: str,
):  # fmt: skip
    out = tmp_path / "out"
    assert status_of(monkeypatch, *SYSTEM, *options, "--out", out) == 2
    said = capfd.readouterr()
    assert message in said.err
    assert said.err.strip().count("\n") == 0
    assert not said.out and not out.exists()


@pytest.mark.parametrize(
    "options", [("--port-bytes", 16), ("--crossbars", 2), ("--cell-bits", 4), ("--memory-ports", 1)]
)
def test_options_of_a_cluster_need_one(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path,
    options: tuple[object, ...],
):  # fmt: skip
    size = ("--rows", 2, "--cols", 2, "--out", tmp_path)
    assert status_of(monkeypatch, *size, *options) == 2
    said = f"{options[0]} belongs to a cluster: add --system imc-cluster"
    assert said in capfd.readouterr().err
