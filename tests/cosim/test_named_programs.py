# SPDX-License-Identifier: Apache-2.0
"""Programs of a user's own by their names: described, kept in files, run like networks."""

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alpine_cosim import RunSpec, run, run_program, run_spec
from alpine_cosim.cli import cli
from alpine_cosim.spec.keywords import keywords_of
from alpine_cosim.spec.program_name import load_program
from alpine_cosim.spec.spec_file import read_spec, spec_from_text, spec_text
from alpine_models.errors import AlpineError

SOURCE = """
import numpy as np

from alpine_cosim import ProgramSetup
from alpine_models.tile import TileConfig
from alpine_sw.library.aimclib import Aimc, Tile

TILE = Tile(TileConfig(rows=4, columns=4))
TILE.map_matrix(3 * np.eye(4, dtype=np.int8))


def start(memory):
    x, y = memory.place("x", np.arange(4, dtype=np.int8)), memory.allocate("y", 4)
    aimc = Aimc(memory)

    def program():
        yield from aimc.queue_vector(x)
        yield from aimc.process()
        yield from aimc.dequeue_vector(y)
        return y.data

    return {0: program()}


def threefold():
    return ProgramSetup(start=start, tiles={0: [TILE]})


def other():
    return ProgramSetup(start=start)


def wrong():
    return start
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(SOURCE)
    return path


def test_a_named_program_runs_as_its_objects_do(file: Path):
    name = f"{file}:threefold"
    result = run(run_spec(program=name, engine="model"))
    # 3 times 0, 1, 2, 3.
    assert list((result.returned or {})[0]) == [0, 3, 6, 9]
    setup = load_program(name)
    live = run_program(setup.start, tiles=setup.tiles, engine="model")
    whole = run_program(setup, engine="model")
    named = run_program(name, engine="model")
    assert live.time_s == whole.time_s == named.time_s == result.time_s > 0
    assert live.stats == named.stats == result.stats
    # Of a tile with 16 cells: CM_INITIALIZE is no CM instruction of the program's.
    assert (result.cm_instructions, result.programming and result.programming.cells) == (3, 16)
    written = json.loads(result.to_json())
    lacking = ("network", "case", "software", "outputs_equal_golden", "outputs_sha256", "accuracy")
    assert (written["program"], [written[each] for each in lacking]) == (name, [None] * 6)
    assert "returned" not in written


def test_imperfect_tiles_serve_programs_too(file: Path):
    name = f"{file}:threefold"
    chips = [
        run(program=name, engine="model", device="pcm", after="10years", seed=seed)
        for seed in (0, 1, 0)
    ]
    found = [list((each.returned or {})[0]) for each in chips]
    assert found[0] == found[2] != [0, 3, 6, 9]
    assert chips[0].device == "pcm"


def test_a_description_is_read_back_and_counts_the_source(file: Path):
    spec = run_spec(program=f"{file}:threefold", system="low-power", engine="model")
    assert spec_from_text(spec_text(spec)) == spec == pickle.loads(pickle.dumps(spec))
    assert run_spec(**keywords_of(spec)) == spec
    assert str(spec) == f"program {file}:threefold, low-power, engine model"
    digests = {spec.digest, run_spec(program=f"{file}:other").digest}
    moved = file.rename(file.with_name("moved.py"))
    again = run_spec(program=f"{moved}:threefold", system="low-power", engine="model")
    assert again.digest in digests
    moved.write_text(SOURCE + "\n")
    assert len({*digests, again.digest}) == 3


def test_a_module_counts_with_its_whole_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "alpine_test_programs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "layers.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    spec = run_spec(program="alpine_test_programs.layers:threefold", engine="model")
    assert spec.task().workload.tiles[0].config.rows == 4
    before = spec.digest
    (package / "constants.py").write_text("")
    assert spec.digest != before
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"program": "own.py"}, "program 'own.py' is refused: give FILE.py:FUNCTION or pack"),
        ({"program": "a b:c"}, "program 'a b:c' is refused"),
        ({"network": "mlp"}, "network mlp and program own.py:layer both say what runs"),
        ({"case": 2}, "case 2 is for networks, not for program own.py:layer: leave it out"),
        ({"inferences": 3}, "inferences 3 is for networks"),
        ({"software": "tuned"}, "software is for networks"),
        ({"device": "pcm", "chips": 2}, "2 chips is for networks"),
        ({"engine": "cocotb"}, "engine cocotb is for networks"),
        ({"text": "a"}, "a program has no option text, only lstm-256, lstm-512, lstm-750: leave"),
        ({"options": {"colour": 1}}, "a program has no options, so not colour: leave it out"),
    ],
)
def test_what_a_program_has_not_is_refused(keywords: dict[str, Any], message: str):
    with pytest.raises(AlpineError, match=message):
        run_spec(**{"program": "own.py:layer", **keywords})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no.py:layer", "file no.py of a run cannot be read: No such file"),
        ("no_such_module:layer", "program no_such_module:layer cannot be loaded: No module named"),
        ("{file}:four", "own.py has no function four at its top level: name one"),
        ("{file}:wrong", "wrong returned a function: return an alpine_cosim.ProgramSetup"),
        ("{broken}:layer", "broken.py:layer cannot be loaded: invalid syntax"),
    ],
)
def test_what_cannot_be_loaded_is_named(file: Path, name: str, message: str):
    broken = file.with_name("broken.py")
    broken.write_text("def def")
    spec = run_spec(program=name.format(file=file, broken=broken), engine="model")
    with pytest.raises(AlpineError, match=message):
        spec.task()


def test_the_command_runs_writes_and_reads_programs(file: Path):
    written, result = file.with_name("run.toml"), file.with_name("result.json")
    named = ["run", "--program", f"{file}:threefold", "--engine", "model"]
    done = CliRunner().invoke(cli, [*named, "--write-spec", str(written)])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(cli, ["run", "--spec", str(written), "--json", str(result)])
    assert done.exit_code == 0, done.output
    assert "time per run" in done.output
    assert json.loads(result.read_text())["program"] == f"{file}:threefold"
    for command in (
        ["faults", "--spec", str(written)],
        ["study", "time", "--spec", str(written)],
    ):
        done = CliRunner().invoke(cli, command)
        assert isinstance(done.exception, AlpineError)
        assert "own.py:threefold has no outputs for a" in str(done.exception)
    # What differs is said beside a file, as for networks.
    other = file.with_name("other.toml")
    slow = ["--set", "cores=4", "--write-spec", str(other)]
    done = CliRunner().invoke(cli, ["run", "--spec", str(written), *slow])
    assert done.exit_code == 0, done.output
    assert read_spec(other) == run_spec(
        program=f"{file}:threefold", engine="model", settings=["cores=4"]
    )
    done = CliRunner().invoke(cli, [*named, "--spec", str(written)])
    assert str(done.exception).endswith("threefold and --spec both say what runs: leave one out")


def test_a_case_and_a_file_are_one_choice():
    spec = RunSpec(network="mlp", mapping=Path("mine.yaml"))
    assert (spec.case, spec.mapping_file) == ("mapped", Path("mine.yaml"))
    assert (run_spec("mlp", case=3).mapping, run_spec("mlp").mapping) == ("3", "1")
    with pytest.raises(AlpineError, match=r"mine.yaml stands in place of case 1: leave one out"):
        run_spec("mlp", case=1, mapping="mine.yaml")
    done = CliRunner().invoke(cli, ["run", "mlp", "--case", "1", "--mapping", "mine.yaml"])
    assert str(done.exception) == (
        "mapping file mine.yaml stands in place of case 1: leave one out"
    )
