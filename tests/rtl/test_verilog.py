# SPDX-License-Identifier: Apache-2.0
"""The folder that `write_tops` makes: complete, clean and self-contained."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from alpine_cosim.binding.toolchain import Toolchain
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_rtl.open_tools import OpenToolError, run_yosys
from alpine_rtl.register_files import c_header, register_page
from alpine_rtl.tile import AimcTile
from alpine_rtl.verilog import emit, module_names, write_tops

TOPS = ("aimc_tile", "aimc_tile_cdc", "aimc_tile_cvxif", "aimc_axi")
MODULES = [name + suffix for name in TOPS for suffix in ("", "_with_crossbar")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("verilog")
    one = TileConfig(rows=6, columns=9)
    two = TileConfig(rows=8, columns=3, double_buffer=True)
    write_tops(path, one, chained=[one, two])
    return path


def lint(folder, top, *extra):
    toolchain = Toolchain.find()
    return subprocess.run(
        [toolchain.verilator, "--lint-only", "-Wall", "--top-module", top, *extra],
        cwd=folder,
        env=toolchain.environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("top", MODULES)
def test_lint_is_clean_with_the_waivers_written(folder, top):
    done = lint(folder, top, "-f", "verilator.f")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "%Warning" not in done.stderr


# A power of two fills every word address, where a case without default once became a latch; sides
# of up to four lines have indices of few bits or none.
GEOMETRIES = [(1, 1), (1, 5), (3, 2), (4, 4), (16, 16), (8, 64)]


@pytest.mark.parametrize(("rows", "columns"), GEOMETRIES)
def test_lint_is_clean_whatever_the_geometry(tmp_path, rows, columns):
    tile = TileConfig(rows=rows, columns=columns, double_buffer=rows % 2 == 1)
    write_tops(tmp_path, tile, chained=[tile, tile])
    for top in TOPS if (rows, columns) == (1, 1) else ["aimc_axi_with_crossbar"]:
        done = lint(tmp_path, top, "-f", "verilator.f")
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_waiver_is_needed(folder):
    text = (folder / "aimc.vlt").read_text()
    seen = set()
    sources = (folder / "files.f").read_text().split()
    for top in MODULES:
        seen |= set(re.findall(r"%Warning-([A-Z]+)", lint(folder, top, *sources).stderr))
    assert set(re.findall(r"-rule ([A-Z]+)", text)) == seen


def test_the_tile_alone_is_self_contained(folder):
    done = lint(folder, "aimc_tile", "aimc.vlt", "aimc_tile.v")
    assert done.returncode == 0, done.stderr


def test_module_names_are_unique(folder):
    names = module_names(path.read_text() for path in folder.glob("*.v"))
    assert len(set(names)) == len(names)
    assert set(MODULES) < set(names)


def test_the_readme_lists_every_port(folder):
    page = (folder / "README.md").read_text()
    for top in TOPS:
        section = page.split(f"\n## {top}\n")[1].split("\n## ")[0]
        text = (folder / f"{top}.v").read_text()
        start = text.index(f"module {top}(")
        ports = text[start : text.index(";", start)].split("(")[1].rstrip(")").split(",")
        assert set(re.findall(r"^\| `(\w+)`", section, re.M)) == {port.strip() for port in ports}


def test_every_list_names_every_source_and_only_what_its_tool_reads(folder):
    sources = sorted(path.name for path in folder.glob("*.v"))
    plain, verilator, yosys = (
        (folder / name).read_text().splitlines() for name in ("files.f", "verilator.f", "yosys.ys")
    )
    assert sorted(plain) == sources
    assert verilator == ["aimc.vlt", *plain]
    assert yosys == [f"read_verilog {name}" for name in plain]


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("standard", ["2005", "2012"])
def test_icarus_reads_the_plain_list(folder, standard):
    command = ["iverilog", f"-g{standard}", "-Wall", "-t", "null", "-c", "files.f"]
    tops = [argument for top in MODULES for argument in ("-s", top)]
    done = subprocess.run(
        [*command, *tops], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def yosys_check(folder, script, tops):
    """Look for latches, loops, undriven and doubly driven nets, and modules that are nowhere."""
    script = [f"script {script}", "design -save all"]
    for top in tops:
        script += ["design -load all", f"hierarchy -check -top {top}", "proc", "flatten"]
        script += ["check -assert", "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr t:$sr"]
    run_yosys(script, directory=folder)


def test_yosys_finds_no_latches_loops_or_unresolved_modules(folder):
    yosys_check(folder, "yosys.ys", [f"{top}_with_crossbar" for top in TOPS])


@pytest.mark.parametrize(
    "body",
    [
        "wire w = a ^ x; wire x = w & a; assign y = x;",
        "reg r; always @* if (a) r = b; assign y = r;",
        "elsewhere e (.a(a), .y(y));",
    ],
    ids=["loop", "latch", "unresolved"],
)
def test_the_check_bites(tmp_path, body):
    (tmp_path / "bad.v").write_text(f"module bad(input a, input b, output y); {body} endmodule\n")
    (tmp_path / "bad.ys").write_text("read_verilog bad.v\n")
    with pytest.raises(OpenToolError):
        yosys_check(tmp_path, "bad.ys", ["bad"])


def test_the_folder_tells_of_registers_and_behaviour(folder):
    assert (folder / "aimc_registers.h").read_text() == c_header()
    assert (folder / "REGISTERS.md").read_text() == register_page()
    page = (folder / "README.md").read_text()
    for words in ("hence 2 cycles per word on a bus", "High in the first cycle of an MVM"):
        assert words in page
    assert page.count("Behaviour, and what the ports mean:") == len(TOPS)


def test_the_same_configuration_gives_the_same_text(folder, tmp_path):
    one = TileConfig(rows=6, columns=9)
    two = TileConfig(rows=8, columns=3, double_buffer=True)
    for path in write_tops(tmp_path, one, chained=[one, two]):
        assert path.read_text() == (folder / path.name).read_text(), path.name


def test_the_text_does_not_depend_on_the_hash_seed():
    # With two clocks Amaranth orders them as a set does, unless told; 1 and 2 gave two orders.
    code = (
        "from alpine_models.tile import TileConfig\n"
        "from alpine_rtl.crossing import AimcTileCdc\n"
        "from alpine_rtl.verilog import emit\n"
        "print(emit(AimcTileCdc(config=TileConfig(rows=1, columns=1)), name='top'))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(texts) == 1


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    target = tmp_path / "aimc_tile.v"
    target.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("alpine_models.files.os.fdopen", fail)
    with pytest.raises(AlpineError, match=r"cannot be written .No space left on device."):
        write_tops(tmp_path, TileConfig(rows=1, columns=1))
    assert [path.name for path in tmp_path.iterdir()] == ["aimc_tile.v"]
    assert target.read_text() == "old"


def test_ports_of_the_tile_s_submodules_have_names():
    """Fields of records, too, which Amaranth would number as in ``port$267$0``."""
    for double_buffer in (False, True):
        config = TileConfig(rows=6, columns=9, double_buffer=double_buffer)
        text = emit(AimcTile(config=config), name="tile")
        assert "port$" not in text
        assert re.search(r"input \[63:0\] request__rn;", text)
