# SPDX-License-Identifier: Apache-2.0
"""`--profile` and `--instruction-trace` of a RISC-V core: sums, places, cycles by hand."""

import io
import json
import sys
from pathlib import Path

import pytest
from tests.cosim.small_elf import EXIT, write_elf

from alpine_cosim.cli import main
from alpine_cosim.runs.tile_program import TileProgramRun
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.binaries.riscv.observer import ExecutionObserver
from alpine_platform.binaries.source_lines import SourceLines

LAYER = Path(__file__).parents[1] / "riscv_tile" / "cm_layer.elf"
BASE = 0x1C000000


def test_an_instruction_has_the_cycles_up_to_the_next(tmp_path: Path):
    code = (
        0x100002B7,  # lui t0, 0x10000
        0x0002A303,  # lw t1, 0(t0): its result is used
        0x00030463,  # beqz t1, 8: taken
        0x00000013,
        0x0002A303,  # lw t1, 0(t0)
        0x00030533,  # add a0, t1, zero
        *EXIT,
    )
    data = b"".join(word.to_bytes(4, "little") for word in code)
    path = write_elf(tmp_path / "w.elf", data, symbols={"first": BASE, "second": BASE + 16})
    listing = io.BytesIO()
    observer = ExecutionObserver(load_program(path, Architecture.RV32), listing)
    outcome = TileProgramRun(program=path, rtl=False).run(
        output=lambda _, data: len(data), observer=observer
    )
    # docs/exec.md: a cycle more where a load's result is used next, 3 of a taken branch.
    starts = [0, 1, 1 + 2, 3 + 3, 6 + 2, 9, 10]
    lines = [line.split(" ", 2) for line in listing.getvalue().decode().splitlines()]
    assert [int(line[0]) for line in lines] == starts
    assert {line[1] for line in lines} == {"0"}
    assert lines[1][2] == "0x1c000004 (first+0x4): 0002a303 lw t1, 0(t0)"
    assert lines[3][2].startswith("0x1c000010 (second+0x0): ")
    assert outcome.cycles == 11
    rows = {row.name: (row.cycles, row.instructions) for row in observer.by_function()}
    assert rows == {"first": (6, 3), "second": (5, 4)}
    assert observer.by_line() == []


def test_lines_are_those_of_the_source():
    program, lines = load_program(LAYER, Architecture.RV32), SourceLines(LAYER)
    source = LAYER.with_suffix(".c").read_text().splitlines()
    name, line = lines.of(program.symbols["main"]) or ("", 0)
    # The function begins where its body does, as readelf shows as well.
    assert (name, source[line - 2 : line]) == ("cm_layer.c", ["int main(void)", "{"])
    assert lines.of(program.entry - 4) is None
    assert (lines.of(program.entry) or ("",))[0] == "riscv_tile.S"


def test_a_profile_adds_up_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    def figures(name: str, *options: object) -> dict[str, object]:
        file = tmp_path / name
        shared = ("--system", "riscv-tile", "--tile", "64x32", "--engine", "model")
        arguments = map(str, ("alpine", "exec", *shared, "--json", file, *options, LAYER))
        monkeypatch.setattr(sys, "argv", list(arguments))
        with pytest.raises(SystemExit):
            main()
        return json.loads(file.read_text())

    plain = figures("plain")
    assert capfd.readouterr().err == ""
    listing = tmp_path / "listing"
    profiled = figures("profiled", "--profile", "--instruction-trace", listing)
    tables = profiled.pop("profile")
    assert plain.pop("profile") is None
    assert plain == profiled
    assert isinstance(tables, dict)
    for rows in tables.values():
        assert sum(row["cycles"] for row in rows) == plain["cycles"]
        assert sum(row["instructions"] for row in rows) == plain["instructions"]
    assert [row["name"] for row in tables["functions"]] == ["main", "print_codes", "_start"]
    shown = capfd.readouterr().err
    assert "cm_layer.elf: functions" in shown and "cm_layer.elf: lines" in shown
    text = listing.read_text().splitlines()
    assert len(text) == plain["instructions"]
    assert sum(" cm.initialize " in line for line in text) == 156
