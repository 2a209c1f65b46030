"""The command line as a person meets it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alpine_models import __version__


def alpine(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alpine_cosim", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", **environment},
    )


def test_version_and_help():
    assert alpine("--version").stdout.strip() == f"alpine, version {__version__}"
    assert "Example: alpine run mlp" in alpine("--help").stdout
    for command in ("run", "verilog", "doctor"):
        assert "--help" in alpine(command, "--help").stdout


def test_run_prints_a_table_and_writes_json(tmp_path: Path):
    target = tmp_path / "result.json"
    done = alpine(
        "run", "mlp", "--engine", "model", "--inferences", "3", "--json", str(target)
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "outputs equal golden" in done.stdout
    assert json.loads(target.read_text())["outputs_equal_golden"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "mpl"], "unknown network 'mpl': did you mean mlp?"),
        (["run", "mlp", "--inferences", "many"], "'many' is not a valid integer"),
        (["run", "mlp", "--colour"], "No such option"),
        (["walk"], "No such command 'walk'"),
        (["run"], "Missing argument 'NETWORK'"),
        (["verilog", "--rows", "0", "--cols", "4", "--out", "x"], "rows must be a positive"),
        (["run", "mlp", "--engine", "model", "--inferences", "1", "--json", "no/where.json"],
         "no/where.json cannot be written"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_status_2(arguments: list[str], message: str):
    done = alpine(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert "Traceback" not in done.stderr


def test_cache_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = alpine("run", "mlp", "--inferences", "1", ALPINE_CACHE_DIR=str(tmp_path / "file"))
    assert done.returncode == 2
    assert "set ALPINE_CACHE_DIR" in done.stderr


def test_compiler_that_fails_is_named(tmp_path: Path):
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\n[ \"$1\" = -dumpfullversion ] && echo 1.0 x && exit 0\n"
                        "echo 'error: broken compiler' >&2; exit 1\n")  # fmt: skip
    compiler.chmod(0o755)
    done = alpine(
        "run", "mlp", "--inferences", "1",
        PATH=f"{tmp_path}:{os.environ['PATH']}", ALPINE_CACHE_DIR=str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.returncode == 2
    assert "failed with exit status 1: error: broken compiler" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "cache").glob("*.tmp"))


def test_interrupted_build_leaves_nothing_and_the_next_run_works(tmp_path: Path):
    command = [sys.executable, "-m", "alpine_cosim", "run", "mlp", "--inferences", "1"]
    environment = {**os.environ, "ALPINE_CACHE_DIR": str(tmp_path)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("*.tmp"))
    done = alpine("run", "mlp", "--engine", "model", "--inferences", "1")
    assert done.returncode == 0, done.stderr


def test_verilog_command_writes_what_it_names(tmp_path: Path):
    done = alpine("verilog", "--rows", "7", "--cols", "3", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "aimc_tile.v").read_text()
    assert str(tmp_path / "out" / "aimc_tile.v") in done.stdout
    for port in ("cm_req_valid", "[55:0] xb_dac", "[23:0] xb_adc", "cm_rsp_status"):
        assert port in text


def test_doctor_says_what_is_missing(tmp_path: Path):
    assert "Everything needed is here" in alpine("doctor").stdout
    python = tmp_path / "python3"
    python.symlink_to(sys.executable)
    done = alpine("doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "missing g++: apt-get install g++" in done.stdout
    assert "missing perl: apt-get install perl" in done.stdout
