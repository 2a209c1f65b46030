# SPDX-License-Identifier: Apache-2.0
"""The command line as a person meets it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from tests.cosim.shared_builds import link_shared_builds

from alpine_cosim.cli import cli, main
from alpine_models import __version__

ROOT = Path(__file__).parents[2]
SMALL_RUN = Path(__file__).with_name("small_run.py")


def alpine(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alpine_cosim", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", **environment},
    )


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process, which has imported what a process of its own takes seconds for.

    What is left out is what the command makes of signals.
    """
    monkeypatch.setattr("alpine_cosim.cli.heed_interrupts", lambda: None)
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["alpine", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        status = ended.value.code
        assert isinstance(status, int)
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return command


def test_version_and_help():
    assert alpine("--version").stdout.strip() == f"alpine, version {__version__}"
    assert "Example: alpine run mlp" in alpine("--help").stdout
    for command in ("run", "verilog", "doctor"):
        assert "--help" in alpine(command, "--help").stdout


def help_of(command: click.Command, *names: str) -> Iterator[tuple[str, str]]:
    yield " ".join(names), command.get_help(click.Context(command))
    for name, other in getattr(command, "commands", {}).items():
        yield from help_of(other, *names, name)


def test_files_in_the_examples_of_help_exist():
    named = {
        path: command
        for command, text in help_of(cli)
        for path in re.findall(r"examples/[\w/]+\.\w+", text)
    }
    assert "examples/02_own_program.py" in named
    assert {path: of for path, of in named.items() if not Path(ROOT, path).exists()} == {}


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
        (["run"], "nothing to run: name a network"),
        (["run", "mlp", "--set", "l2.assoc=4"], "did you mean l2.associativity"),
        (["run", "mlp", "--set", "core.frequency_hz"], "is not NAME=VALUE"),
        (["run", "mlp", "--config", "no.toml"], "no.toml: No such file"),
        (["kernel", "mvn", "--size", "8x8"], "unknown kernel 'mvn': did you mean mvm?"),
        (["kernel", "mvm"], "kernel mvm needs a size: --size OUTxIN"),
        (["kernel"], "name a kernel; alpine kernel --list shows them"),
        (["kernel", "mvm", "--size", "8"], "kernel mvm takes a size OUTxIN, not 8"),
        (["kernel", "mvm", "--size", "8xa"], "--size 8xa: must be whole numbers joined by x"),
        (["system", "describe", "highpower"], "did you mean high-power"),
        (["verilog", "--rows", "0", "--cols", "4", "--out", "x"], "rows must be a positive"),
        (["verilog", "--system", "imc-cluster", "--tiles", "3", "--out", "x"],
         "--tiles belongs to a tile: leave it out with --system"),
        (["run", "mlp", "--tile-rows", "64"], "no option tile_rows, only onnx: leave it out"),
        (
            ["verilog", "--rows", "4", "--cols", "4", "--tiles", "0", "--out", "x"],
            "Invalid value for '--tiles'",
        ),
        (["run", "mlp", "--engine", "model", "--inferences", "1", "--json", "no/where.json"],
         "no/where.json cannot be written"),
        (["run", "mlp", "--device", "pcm", "--verify", "-2"], "verify margin -2 is refused"),
        (["study", "time", "--verify=-2"], "verify margin -2 is refused"),
        (["faults", "mlp", "--device", "pcm", "--verify", "-1e3"], "verify margin -1e3 is refused"),
        (["run", "mlp", "--timeline", "."], "file . cannot be written: it is a folder"),
        (["run", "mlp", "--tile-verilog", str(Path(__file__).with_name("timed_programs.py"))],
         "has no module aimc_tile"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_status_2(here: Command, arguments: list[str], message: str):
    done = here(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["--version"], ["kernel", "--list"], ["run", "--help"]])
def test_an_output_that_takes_nothing_is_one_line(command: list[str]):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "alpine_cosim", *command],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("alpine: standard output or a file cannot be written (No space")
    assert done.stderr.count("\n") == 1


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
    done = subprocess.run(
        [sys.executable, str(SMALL_RUN), "run", "mlp", "--case", "2", "--inferences", "1"],
        env={
            **os.environ,
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "ALPINE_CACHE_DIR": str(tmp_path / "cache"),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "failed with exit status 1: error: broken compiler" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "cache").glob("*.tmp"))


def test_interrupted_build_leaves_nothing_and_the_next_run_works(tmp_path: Path):
    # Everything but the model is taken from the user's cache, as after other runs.
    link_shared_builds(tmp_path)
    # A shell starts background jobs with SIGINT ignored; this one must react to it.
    command = ["env", "--default-signal=INT", sys.executable, str(SMALL_RUN)]
    result = tmp_path / "result.json"
    command += ["run", "mlp", "--case", "2", "--inferences", "1", "--json", str(result)]
    environment = {**os.environ, "ALPINE_CACHE_DIR": str(tmp_path)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("model-*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("*.tmp"))
    assert not [entry for entry in tmp_path.glob("model-*") if entry.is_dir()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(result.read_text())["outputs_equal_golden"] is True
    assert [entry for entry in tmp_path.glob("model-*") if entry.is_dir()]


@pytest.mark.parametrize("wait_s", [0.3, 0.7, 1.2])
def test_an_interrupt_is_one_line_whatever_is_being_done(tmp_path: Path, wait_s: float):
    # Imports at first, then the hardware's elaboration, then Yosys in a child of Amaranth's.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "alpine_cosim", "verilog"]
    command += ["--rows", "256", "--cols", "256", "--out", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(wait_s)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors == "alpine: interrupted; nothing half-written was left behind\n"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_verilog_command_writes_what_it_names(here: Command, tmp_path: Path):
    done = here("verilog", "--rows", "7", "--cols", "3", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "aimc_tile.v").read_text()
    assert str(tmp_path / "out" / "aimc_tile.v") in done.stdout
    for port in ("cm_req_valid", "[55:0] xb_dac", "[23:0] xb_adc", "cm_rsp_status"):
        assert port in text


def test_accelerator_has_the_tiles_that_are_asked_for(here: Command, tmp_path: Path):
    options = ("--rows", "6", "--cols", "5", "--tiles", "2", "--out", str(tmp_path))
    done = here("verilog", *options)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "aimc_axi_with_crossbar.v").read_text()
    assert len(re.findall(r"aimc_crossbar\s*#\(", text)) == 2


def test_kernels_are_listed_with_sizes_and_styles(here: Command):
    done = here("kernel", "--list")
    rows = {cells[0]: cells[1:] for line in done.stdout.splitlines() if (cells := row_of(line))}
    assert rows["pool"] == ["ROWSxCOLUMNSxCHANNELS", "neon, scalar"]
    assert rows["mm"] == ["OUTxINxCOUNT", ""]


def test_a_file_that_cannot_be_written_is_refused_before_the_run(here: Command):
    done = here("run", "mlp", "--engine", "model", "--inferences", "1", "--json", "no/where.json")
    assert done.stdout == ""


def row_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│").split("│")] if "│" in line else []


def test_kernel_command_times_one_kernel(here: Command, tmp_path: Path):
    target = tmp_path / "mvm.json"
    done = here("kernel", "mvm", "--size", "64x256", "--style", "neon1", "--json", str(target))
    assert done.returncode == 0, done.stderr
    figures = json.loads(target.read_text())
    # 64 rows of 256 / 16 iterations with 9 instructions, and about 9 more per row and call.
    assert figures["instructions"] == pytest.approx(64 * (16 * 9 + 9), rel=0.03)
    # One NEON unit: five operations per iteration at one a cycle at least.
    assert figures["cycles"] > 64 * 16 * 5
    assert figures["memory"]["l2_misses"] == 0


def test_system_command_draws_every_number_with_its_source():
    text = " ".join(alpine("system", "describe", "low-power", COLUMNS="200").stdout.split())
    assert "frequency_hz = 800 MHz core clock (1 MHz to 100 GHz) <ALPINE, Table I>" in text
    assert "l2" in text


def test_settings_reach_the_system_and_the_result(here: Command, tmp_path: Path):
    (tmp_path / "slow.toml").write_text("[core]\nfrequency_hz = 1e9\n")
    target, timeline = tmp_path / "result.json", tmp_path / "timeline.json"
    done = here(
        "run", "mlp", "--engine", "model", "--inferences", "2", "--profile",
        "--config", str(tmp_path / "slow.toml"), "--set", "tile_clock.frequency_hz=5e8",
        "--json", str(target), "--timeline", str(timeline),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(target.read_text())
    assert result["settings"] == {"core.frequency_hz": 1e9, "tile_clock.frequency_hz": 5e8}
    assert result["stats"]["cores"]["0"]["instructions"] == result["instructions"]
    assert "Host time of the inferences" in done.stdout
    events = json.loads(timeline.read_text())["traceEvents"]
    longest = max(event.get("ts", 0) + event.get("dur", 0) for event in events)
    # Microseconds, of which one multiplication may round.
    assert longest >= result["time_s"] * 1e6 * (1 - 1e-12)


def test_doctor_prints_paths_as_they_are(tmp_path: Path):
    cache = tmp_path / "a [x] b"
    done = alpine("doctor", ALPINE_CACHE_DIR=str(cache), COLUMNS="400")
    assert str(cache) in done.stdout
    (tmp_path / "[x]").write_text("")
    done = alpine("doctor", ALPINE_CACHE_DIR=str(tmp_path / "[x]"), COLUMNS="400")
    assert f"missing cache directory {tmp_path / '[x]'} cannot be written" in done.stdout


def test_doctor_says_what_is_missing(tmp_path: Path):
    assert "Everything needed is here" in alpine("doctor").stdout
    python = tmp_path / "python3"
    python.symlink_to(sys.executable)
    done = alpine("doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "missing g++: apt-get install g++" in done.stdout
    assert "missing perl: apt-get install perl" in done.stdout


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (["run", "--nonsense"], "alpine run --help"),
        (["sweep", "nonsense"], "alpine sweep --help"),
        (["nonsense"], "alpine --help"),
    ],
)
def test_mistakes_of_typing_name_the_help_of_their_command(typed, asked, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["alpine", *typed])
    monkeypatch.setattr("alpine_cosim.cli.heed_interrupts", lambda: None)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and told.endswith(f"see `{asked}`\n")
