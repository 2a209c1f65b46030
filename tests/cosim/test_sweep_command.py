# SPDX-License-Identifier: Apache-2.0
"""`alpine sweep` as a person meets it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.cosim.test_workers import members

from alpine_cosim.campaigns import places
from alpine_cosim.campaigns.executor import ThisProcess
from alpine_cosim.campaigns.places import jobs_of
from alpine_cosim.campaigns.store import ResultStore
from alpine_cosim.campaigns.sweep.definition import read_definition
from alpine_cosim.campaigns.sweep.plan import plan_sweep
from alpine_cosim.commands import sweep as command
from alpine_models.errors import AlpineError

FIXED = '[fixed]\nnetwork = "lstm-256"\nengine = "model"\ntiles.back_door = true\n'
SMALL = FIXED + "inferences = 1\n[axes]\ncase = [1, 3]\nsystem.dram.backend_ns = [10, 60]\n"
EXAMPLES = Path(__file__).parents[2] / "examples/sweeps"


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in this process, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "looked_after", lambda jobs: jobs_of(jobs) and ThisProcess())


def alpine_sweep(*arguments: str) -> tuple[int, str, str]:
    runner = CliRunner()
    done = runner.invoke(command.sweep, arguments, catch_exceptions=False, standalone_mode=False)
    return done.return_value or 0, done.stdout, done.stderr


def test_a_sweep_from_file_to_answers():
    Path("small.toml").write_text(SMALL)
    status, told, _ = alpine_sweep("small.toml")
    assert status == 0
    lines = told.splitlines()
    assert lines[0].split() == [
        "case", "system.dram.backend_ns", "time_per_inference_s", "energy_per_inference_j", "score",
    ]  # fmt: skip
    assert len(lines) == 1 + 4 + 2 and lines[5].startswith("4 runs in sweeps/small; ")
    assert lines[6] == "sweeps/small/results.parquet"
    # Nothing is made again.
    assert (
        alpine_sweep("run", "small.toml")[1]
        .splitlines()[0]
        .startswith("4 runs in sweeps/small, 4 of earlier calls; ")
    )
    Path("sweeps/small/results.parquet").unlink()
    status, told, _ = alpine_sweep(
        "show", "sweeps/small", "--best", "time_s", "--plots", "pictures", "--html", "page.html",
        "--curve", "system.dram.backend_ns,time_s,case",
    )  # fmt: skip
    assert status == 0 and "sweep: lowest time_s first; 4 runs" in told
    assert Path("pictures/curve.svg").read_bytes() and "<svg" in Path("page.html").read_text()
    assert Path("sweeps/small/results.parquet").exists()


def test_a_failure_is_told_and_the_status_says_so():
    # The perceptron has no such number of images.
    Path("wrong.toml").write_text(
        FIXED.replace("lstm-256", "mlp") + "inferences = 99999\n[axes]\ncase = [1]\n"
    )
    status, told, errors = alpine_sweep("wrong.toml")
    assert status == 1
    assert "failed: inferences must be 1 to 10000, the samples of the data set, not 99999" in told
    assert errors == (
        "alpine: 1 run failed: column error says why, --retry-failed makes them again\n"
    )


def test_without_arrow_there_is_no_parquet_and_a_line_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("alpine_cosim.campaigns.sweep.parquet.find_spec", lambda name: None)
    Path("small.toml").write_text(SMALL.replace("[10, 60]", "[10]"))
    _, _, errors = alpine_sweep("small.toml")
    assert errors == (
        "alpine: results.parquet needs Arrow, which is not installed: pip install "
        "'alpine-cosim[sweep]'\n"
    )
    assert not Path("sweeps/small/results.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.toml"], r"^no.toml: No such file or directory$"),
        (["show", "nowhere"], "^nowhere is no folder of a sweep"),
        (["wrong.toml"], r"^wrong.toml: unknown entry of a sweep file 'axe': did you mean axes"),
        (["small.toml", "--jobs", "0"], "^jobs must be 1 or more, not 0$"),
        (["empty"], r"^empty is a folder, and `alpine sweep` runs a file: name a TOML file"),
        (
            ["done"],
            r"^done is a folder, and `alpine sweep` runs a file: `alpine sweep done/sweep\.toml "
            r"--out done` goes on with the sweep in it, and `alpine sweep show done` says",
        ),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str):
    Path("wrong.toml").write_text("[axe]\nseed = [1]\n")
    for file in ("small.toml", "done/sweep.toml", "empty/other"):
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).write_text(SMALL)
    with pytest.raises(AlpineError, match=message) as error:
        alpine_sweep(*arguments)
    assert "\n" not in str(error.value)


def test_a_slip_in_a_commands_name_is_no_file():
    with pytest.raises(click.UsageError, match="No such command 'shwo'"):
        alpine_sweep("shwo", "done")


@pytest.mark.parametrize("name", [path.stem for path in EXAMPLES.glob("*.toml")])
def test_examples_describe_runs(name: str):
    assert len(plan_sweep(read_definition(EXAMPLES / f"{name}.toml")).runs) > 10


def test_ctrl_c_leaves_no_process_and_the_next_call_goes_on(tmp_path: Path):
    # Runs that take long enough for Ctrl-C to meet one.
    text = FIXED + "inferences = 100\n[axes]\nseed = [0, 1, 2, 3]\n"
    Path("long.toml").write_text(text)
    process = subprocess.Popen(
        # A shell starts background jobs with SIGINT ignored.
        ["env", "--default-signal", sys.executable, "-m", "alpine_cosim", "sweep", "long.toml",
         "--jobs", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    head, first = process.stdout.readline(), process.stdout.readline()
    assert head.split()[0] == "seed" and first.split()[0] == "0"
    # As a terminal sends it: to every process of the command.
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    told = [line for line in errors.splitlines() if "running, " not in line]
    assert len(told) == 1
    kept = re.match(r"alpine: interrupted; (\d) of 4 runs are in sweeps/long, and", told[0])
    assert kept, told
    deadline = time.monotonic() + 30
    while members(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not members(process.pid)
    assert len(ResultStore(tmp_path / "sweeps/long")) == int(kept[1])
