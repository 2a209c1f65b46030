# SPDX-License-Identifier: Apache-2.0
"""Yosys as machine code and as WebAssembly, and what it says where it fails."""

import importlib.util

import pytest

from alpine_rtl import open_tools
from alpine_rtl.open_tools import OpenTool, OpenToolError, run_yosys


def test_a_command_that_fails_is_told_without_what_went_before(tmp_path):
    (tmp_path / "t.v").write_text("module t(input a, output y); assign y = a; endmodule\n")
    with pytest.raises(OpenToolError) as caught:
        run_yosys(["read_verilog t.v", "hierarchy -top u"], directory=tmp_path)
    assert "Module `u' not found" in str(caught.value)
    assert "read_verilog" not in str(caught.value)


def test_webassembly_stands_in_where_there_is_no_machine_code(tmp_path, monkeypatch):
    find, told = importlib.util.find_spec, []
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pyosys" else find(name)
    )
    monkeypatch.setattr(open_tools, "run_tool", lambda *arguments, **_: told.append(arguments))
    run_yosys(["read_verilog t.v", "proc"], directory=tmp_path)
    ((tool, *arguments),) = told
    assert tool is OpenTool.YOSYS
    assert (tmp_path / arguments[-1]).read_text() == "read_verilog t.v\nproc\n"
