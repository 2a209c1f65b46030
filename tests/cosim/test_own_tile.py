# SPDX-License-Identifier: Apache-2.0
"""A tile of a user's own is checked, and what it does wrong is told in one line."""

import os
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from alpine_cosim.commands.exit_status import ExitStatus
from alpine_cosim.commands.run import run as run_command
from alpine_cosim.hardware.own_tile import read_own_tile
from alpine_cosim.hardware.rtl_tile import tile_verilog
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import CmResult
from alpine_sw.kernels.cm import check_status

CONFIG = TileConfig(rows=4, columns=3)


def changed(tmp_path: Path, *replacements: tuple[str, str]) -> Path:
    """Write the tile with changes in the module that has the ports."""
    before, head, rest = tile_verilog(CONFIG).partition("module aimc_tile(")
    top, end, after = rest.partition("endmodule")
    for old, new in replacements:
        assert old in top
        top = top.replace(old, new)
    path = tmp_path / "own.v"
    path.write_text(before + head + top + end + after)
    return path


@pytest.mark.parametrize(
    ("replacements", "message"),
    [
        (
            [
                (f"{kind} [63:0] cm_rsp_rd;", f"{kind} [31:0] cm_rsp_rd;")
                for kind in ("output", "wire")
            ],
            "port cm_rsp_rd of tile Verilog {} is an output of 32 bits, not an output of 64 bits",
        ),
        (
            [("input cm_rsp_ready;", "output cm_rsp_ready;")],
            "port cm_rsp_ready of tile Verilog {} is an output of 1 bit, not an input of 1 bit",
        ),
        (
            [("cm_rsp_rd", "cm_rsp_data")],
            "tile Verilog {} has no port cm_rsp_rd, which must be an output of 64 bits: keep the "
            "ports of the file that `alpine verilog` writes",
        ),
    ],
    ids=["width", "direction", "missing"],
)
def test_a_port_that_differs_is_named_with_both_sizes(tmp_path, replacements, message):
    path = changed(tmp_path, *replacements)
    with pytest.raises(AlpineError) as caught:
        read_own_tile(path, [CONFIG])
    assert str(caught.value) == message.format(path)


def test_a_tile_of_another_size_is_named_with_both(tmp_path):
    path = changed(tmp_path)
    with pytest.raises(AlpineError) as caught:
        read_own_tile(path, [replace(CONFIG, rows=6)])
    assert str(caught.value) == (
        f"tile Verilog {path} has 4 word lines x 3 bit lines, but the run needs 6 x 3: "
        "`alpine verilog --rows 6 --cols 3 --out verilog` writes such a tile"
    )


def test_a_tile_with_an_input_more_is_taken(tmp_path):
    path = changed(
        tmp_path,
        (", clk, rst,", ", clk, scan_en, rst,"),
        ("input clk;", "input clk; input scan_en;"),
    )
    assert "scan_en" in read_own_tile(path, [CONFIG, CONFIG])


def test_a_tile_is_read_once(tmp_path):
    text = changed(tmp_path).read_text()
    # What a program writes, as the shell's <(...) has it, is there for one reader.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=(text,), daemon=True)
    writer.start()
    assert read_own_tile(pipe, [CONFIG]) == text


@pytest.mark.parametrize(
    ("status", "words"), [(1, "unknown instruction"), (9, "which no tile gives")]
)
def test_a_wrong_status_is_one_line(status, words):
    result = CmResult.empty(3)
    result.status[:] = np.array([0, status, 0], np.uint8)
    with pytest.raises(AlpineError) as caught:
        check_status("CM_QUEUE", "inputs", result)
    assert str(caught.value) == (
        f"CM_QUEUE number 1 for inputs: the tile answers status {status}, {words}"
    )


@pytest.mark.parametrize(
    ("equal", "status"), [(True, 0), (None, 0), (False, ExitStatus.WRONG_OUTPUTS)]
)
def test_wrong_outputs_are_an_exit_status_of_their_own(tmp_path, monkeypatch, equal, status):
    result = SimpleNamespace(outputs_equal_golden=equal, host_profile_s=None, to_json=lambda: "{}")
    monkeypatch.setattr("alpine_cosim.runs.network_run.run", lambda *_, **__: result)
    monkeypatch.setattr(
        "alpine_cosim.measurement.result_table.print_result", lambda *_: print("the table")
    )
    target = tmp_path / "result.json"
    done = CliRunner().invoke(run_command, ["mlp", "--json", str(target)])
    assert done.exit_code == status
    # What was found is told all the same.
    assert "the table" in done.output
    assert target.read_text() == "{}"
