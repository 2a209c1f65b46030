# SPDX-License-Identifier: Apache-2.0
"""AArch64 programs of `alpine exec`: what they compute, what they see of Linux, what stops them."""

import io
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.aarch64_loops import ELF
from tests.aarch64_programs import FOLDER, PROGRAMS, digest

from alpine_cosim.cli import main
from alpine_models.isa import CmOperation, decode
from alpine_platform.binaries.aarch64 import cm_program, recording
from alpine_platform.binaries.elf import Architecture, load_program

LAYER, BEHAVIOUR, FIRST = (FOLDER / f"{name}.elf" for name in ("layer", "behaviour", "first"))
# layer.c prints the codes of one layer four times, once as values: see test_c_library.py, which
# compares its host build with the library in Python.
CODES = "127 127 127 -3 -128 -123"


@dataclass(frozen=True)
class Done:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run_exec(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["alpine", "exec", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        with pytest.raises(SystemExit) as left:
            main()
        return Done(int(left.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture
def behave(run_exec: Callable[..., Done]) -> Callable[..., Done]:
    return lambda *arguments: run_exec("--engine", "model", "--tile", "64x32+8x8", *arguments)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_programs_belong_to_their_sources(name: str):
    assert f"{digest(name)}  {name}" in (FOLDER / "sources.sha256").read_text().splitlines(), (
        "make aarch64-programs"
    )


@pytest.mark.parametrize("engine", ["rtl", "model"])
def test_a_compiled_layer_gives_the_codes_of_the_host_build(
    engine: str, tmp_path: Path, run_exec: Callable[..., Done]
):
    figures = tmp_path / "figures.json"
    done = run_exec("--tile", "40x24", "--engine", engine, "--json", figures, LAYER)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [lines[i].strip() for i in (0, 2, 3)] == [CODES] * 3
    counted = json.loads(figures.read_text())
    # Three matrices of 13 x 6. In groups of four: three vectors of 13 by index, one behind two
    # codes; outputs of 6 three times, and 8 and 6 once.
    assert counted["cm_instructions"] == {
        "queue": 3 * 4 + 1 + 4,
        "dequeue": 3 * 2 + 2 + 2,
        "process": 4,
        "initialize": 3 * 13 * 6,
    }
    assert (counted["status"], counted["ended_by"]) == (0, "exit")
    # 2.3 GHz, whose period is rounded to femtoseconds.
    assert counted["time_s"] == pytest.approx(counted["cycles"] / 2.3e9, rel=1e-5)
    classes = counted["instructions_by_class"]
    assert sum(classes.values()) == counted["instructions"]
    # Parameters and cells are written through the unit of CM_QUEUE.
    assert [classes[f"cm_{name}"] for name in ("queue", "dequeue", "process")] == [251, 10, 4]
    assert sum(counted["breakdown"].values()) == pytest.approx(1)
    assert counted["breakdown"]["codes"] > 0
    assert 0 < counted["energy_j"] == pytest.approx(sum(counted["energy_parts_j"].values()))
    # Each of the 261 transfers keeps the tile busy for a cycle at least, each product for 100.
    assert counted["tile_busy_cycles"][0] >= 261 + 4 * 100


def test_times_are_those_of_every_run_and_engine(tmp_path: Path, run_exec: Callable[..., Done]):
    files = [tmp_path / name for name in ("rtl", "model", "again")]
    for file, engine in zip(files, ("rtl", "model", "model"), strict=True):
        run_exec("--tile", "40x24", "--engine", engine, "--json", file, LAYER)
    figures = [json.loads(file.read_text()) for file in files]
    assert figures[0] == figures[1] == figures[2]
    run_exec(
        "--system", "low-power", "--tile", "40x24", "--engine", "model", "--json", files[0], LAYER
    )
    slower = json.loads(files[0].read_text())
    assert slower["instructions"] == figures[0]["instructions"]
    assert slower["time_s"] > 2 * figures[0]["time_s"]


def test_cells_that_wait_for_no_answer_are_timed_as_the_tile_takes_them(
    tmp_path: Path, run_exec: Callable[..., Done]
):
    """The compiler unrolls the programming of cells, so that no instruction stands between them."""
    files = [tmp_path / name for name in ("rtl", "model")]
    for file in files:
        done = run_exec("--tile", "40x24", "--engine", file.name, "--json", file, FIRST)
        assert (done.returncode, done.stdout, done.stderr) == (0, "14 18\n", "")
    figures = [json.loads(file.read_text()) for file in files]
    assert figures[0] == figures[1]
    assert figures[0]["cm_instructions"]["initialize"] == 3 * 2


def test_instructions_answered_at_once_take_the_time_of_those_that_ask_the_tile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_exec: Callable[..., Done]
):
    files = [tmp_path / name for name in ("recorded", "asked", "often emptied")]
    options = ("--tile", "40x24", "--engine", "model")
    run_exec(*options, "--json", files[0], LAYER)
    with monkeypatch.context() as changed:
        # Each product and each cell stops the program, and is given to the tile by itself.
        changed.setattr(cm_program, "ANSWERED_AT_ONCE", (CmOperation.QUEUE,))
        run_exec(*options, "--json", files[1], LAYER)
    with monkeypatch.context() as changed:
        # Room for one part: every part's end empties the memory.
        changed.setattr(recording, "ROOM", recording.LONGEST)
        run_exec(*options, "--json", files[2], LAYER)
    recorded, asked, emptied = (json.loads(file.read_text()) for file in files)
    assert recorded == asked
    assert recorded == emptied


def test_a_refused_cell_is_told_where_it_is_programmed(run_exec: Callable[..., Done]):
    done = run_exec("--tile", "14x14", "--engine", "model", LAYER)
    # The matrix begins at word line 2 and bit line 8: the first row's sixth cell is the last that
    # is there, the thirteenth row's first the first that is not.
    assert done.returncode == 126
    assert done.stdout == ""
    place, told = done.stderr.removeprefix("alpine: ").split(": ", 1)
    assert told == "tile 0 refused INITIALIZE: index out of range\n"
    program = load_program(LAYER, Architecture.AARCH64)
    [code] = [each for each in program.segments if each.executable]
    at = int(place.split()[0], 16) - code.address
    word = int.from_bytes(code.data[at : at + 4], "little")
    assert decode(word).operation is CmOperation.INITIALIZE


def test_instructions_are_as_many_as_the_processor_counts(
    tmp_path: Path, behave: Callable[..., Done]
):
    figures = tmp_path / "figures.json"
    behave("--json", figures, LAYER)
    # The stripped program is measured from its entry on. Unicorn counts the limit by itself.
    count = json.loads(figures.read_text())["instructions"]
    assert behave("--max-instructions", count, LAYER).returncode == 0
    done = behave("--max-instructions", count - 1, LAYER)
    assert done.returncode == 126
    assert f"stopped after {count - 1} instructions" in done.stderr


@pytest.mark.parametrize("engine", ["rtl", "model"])
def test_what_stands_before_a_region_is_executed_without_timing(
    engine: str, tmp_path: Path, run_exec: Callable[..., Done]
):
    files = [tmp_path / name for name in ("whole", "forwarded")]
    options = ("--tile", "40x24", "--engine", engine)
    whole = run_exec(*options, "--json", files[0], LAYER)
    done = run_exec(*options, "--fast-forward", "codes", "--json", files[1], LAYER)
    assert done == whole
    figures = [json.loads(file.read_text()) for file in files]
    assert figures[1]["cm_instructions"] == figures[0]["cm_instructions"]
    classes = figures[1]["instructions_by_class"]
    # Of 251 queues and cells, those of the first matrix, 13 x 6, stand before the region.
    assert [classes[f"cm_{name}"] for name in ("queue", "dequeue", "process")] == [173, 10, 4]
    for name in ("instructions", "time_s"):
        assert figures[1][name] < figures[0][name]
    assert figures[1]["breakdown"]["codes"] > figures[0]["breakdown"]["codes"]


def test_a_region_that_never_begins_leaves_no_times(tmp_path: Path, behave: Callable[..., Done]):
    figures = tmp_path / "figures.json"
    done = behave("--fast-forward", "roi", "--json", figures, BEHAVIOUR, "second")
    told = "alpine: region roi never began, so that nothing was timed\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 30", told)
    assert json.loads(figures.read_text())["time_s"] is None
    done = behave("--fast-forward", "nowhere", LAYER)
    assert done.returncode == 125
    assert done.stderr == f"alpine: region nowhere: {LAYER} has codes\n"


def test_every_instruction_that_is_timed_has_a_line(tmp_path: Path, run_exec: Callable[..., Done]):
    figures, listing = tmp_path / "figures.json", tmp_path / "instructions.txt"
    files = ("--json", figures, "--instruction-trace", listing)
    done = run_exec("--tile", "40x24", "--engine", "model", *files, LAYER)
    assert done.returncode == 0, done.stderr
    counted, lines = json.loads(figures.read_text()), listing.read_text().splitlines()
    assert len(lines) == counted["instructions"]
    program = load_program(LAYER, Architecture.AARCH64)
    assert int(lines[0].split(":")[0], 16) == program.entry
    assert lines[-1].endswith(": svc #0")
    told = Counter(line.split(": ")[1].split()[0] for line in lines)
    for name, count in counted["cm_instructions"].items():
        assert told[f"CM_{name.upper()}"] == count
    # aimc_initialize_cell: column in x9, row in x11, weight in x10, status to x12.
    cells = {line.split(": ")[1] for line in lines if "CM_INITIALIZE" in line}
    assert cells == {"CM_INITIALIZE rm=x9, ra=x10, rn=x11, rd=x12"}
    # The processor goes from each line to the next, but for branches.
    places = [int(line.split()[0].rstrip(":"), 16) for line in lines]
    jumps = [
        line.split(": ")[1].split()[0].split(".")[0]
        for line, here, following in zip(lines, places, places[1:], strict=False)
        if following != here + 4
    ]
    assert set(jumps) <= {"b", "bl", "blr", "br", "ret", "cbz", "cbnz", "tbz", "tbnz"}
    assert "CM_PROCESS rd=x12" in listing.read_text()


def test_a_table_tells_what_a_program_took(tmp_path: Path, run_exec: Callable[..., Done]):
    figures = tmp_path / "figures.json"
    options = ("--tile", "40x24", "--engine", "model")
    done = run_exec(*options, "--table", "--json", figures, LAYER)
    counted = json.loads(figures.read_text())
    assert done.stderr.startswith("layer.elf on high-power, engine model")
    told = dict(re.findall(r"^. +(\S.*?) +. +(\S+)", done.stderr, re.MULTILINE))
    assert told["time"] == f"{counted['time_s'] * 1e6:,.2f}"
    assert told["instructions"] == f"{counted['instructions']:,}"
    assert told["CM queue"] == "251"
    assert told["codes"] == f"{counted['breakdown']['codes']:.1%}"
    assert run_exec(*options, LAYER).stderr == ""


def test_ctrl_c_leaves_the_times_so_far(tmp_path: Path):
    figures = tmp_path / "figures.json"
    child = subprocess.Popen(
        [sys.executable, "-m", "alpine_cosim", "exec", "--json", figures, BEHAVIOUR, "endless"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not running(child.pid):
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate()
    assert child.returncode == 130, told
    assert told.startswith("behaviour.elf on high-power, engine rtl ")
    assert told.endswith("alpine: interrupted\n")
    counted = json.loads(figures.read_text())
    assert (counted["ended_by"], counted["status"]) == ("interrupt", 130)
    assert counted["instructions"] > 1000
    # The loop is one instruction, a branch to itself.
    assert counted["instructions_by_class"]["branch"] > 0.9 * counted["instructions"]


def running(pid: int) -> bool:
    """Whether a process has the one that executes instructions, for long enough."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        try:
            words = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
            command = Path(f"/proc/{child}/cmdline").read_text()
        except OSError:
            continue
        # Ticks of 10 ms in user mode: it is past its imports.
        if "aarch64.worker" in command and int(words[11]) > 60:
            return True
    return False


def test_times_are_counted_from_main_on(tmp_path: Path, behave: Callable[..., Done]):
    figures = tmp_path / "figures.json"
    # Twelve instructions to `main` (one to jump there), one in it, 67 of the first iteration, 66 of
    # the second; the third is cut off, and counts as nothing.
    limit = ("--max-instructions", 12 + 1 + 67 + 66 + 10)
    assert behave("--json", figures, *limit, ELF, "00").returncode == 126
    assert json.loads(figures.read_text())["instructions"] == 1 + 67 + 66


@pytest.mark.parametrize(("system", "frequency_ghz"), [("high-power", 2.3), ("low-power", 0.8)])
def test_clocks_tell_simulated_time(
    system: str, frequency_ghz: float, run_exec: Callable[..., Done]
):
    done = run_exec("--system", system, BEHAVIOUR, "clock")
    # A thousand times a load, an addition and a store that the next load waits for.
    assert 2 * 1000 / frequency_ghz < int(done.stdout) < 20 * 1000 / frequency_ghz
    assert run_exec("--system", system, BEHAVIOUR, "clock").stdout == done.stdout


GOOD = {
    ("arguments", "a b", "--json"): "arguments;a b;--json;",
    ("environment",): "hello",
    ("heap",): "7",
    ("input",): "-1",
    ("second",): "0 30",
    ("read", "notes.txt"): "two\nlines\n",
}


@pytest.mark.parametrize("arguments", GOOD, ids=" ".join)
def test_a_program_sees_what_its_person_gives_it(
    arguments: tuple[str, ...], tmp_path: Path, behave: Callable[..., Done]
):
    (tmp_path / "notes.txt").write_text("two\nlines\n")
    done = behave("--env", "GREETING=hello", "--files", tmp_path, BEHAVIOUR, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, GOOD[arguments], "")


def test_the_programs_status_and_both_streams_pass_through(behave: Callable[..., Done]):
    assert behave(BEHAVIOUR, "status").returncode == 42
    done = behave(BEHAVIOUR, "errors")
    assert (done.stdout, done.stderr) == ("", "to standard error\n")


def test_a_program_reads_nothing_outside_the_folder_and_writes_nothing(
    tmp_path: Path, behave: Callable[..., Done]
):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_text("no")
    (inside / "link").symlink_to(tmp_path / "secret")
    for name in ("../secret", str(tmp_path / "secret"), "link"):
        done = behave("--files", inside, BEHAVIOUR, "read", name)
        assert (done.returncode, done.stdout) == (1, ""), name
    assert behave("--files", inside, BEHAVIOUR, "write", "new").returncode == 0
    assert [path.name for path in inside.iterdir()] == ["link"]


BAD = {
    "null": "read from 0x0, where there is no memory (null pointer)",
    "stack": "stack overflow: the stack has 8 MiB",
    "illegal": "illegal instruction 0x00000000",
    "call": "system call 999 is not one that programs have",
    "thread": "the program starts a thread: programs have one so far",
    "abort": "the program ended itself by signal 6",
    "endless": "stopped after 3000000 instructions",
    "unbegun": "aimc_end without aimc_begin",
    "twice": "region roi begins a second time: it is measured once",
    "beyond": "tile 0 refused QUEUE: index out of range",
}


@pytest.mark.parametrize("what", BAD)
def test_what_stops_a_program_is_one_line_and_status_126(
    what: str, tmp_path: Path, behave: Callable[..., Done]
):
    figures = tmp_path / "figures.json"
    limit = ("--max-instructions", 3_000_000) if what == "endless" else ()
    # "beyond" asks for word lines 62 to 65 of 64.
    done = behave("--json", figures, *limit, BEHAVIOUR, what)
    assert (done.returncode, done.stderr.count("\n")) == (126, 1), done.stderr
    assert done.stderr.startswith("alpine: ")
    assert done.stderr.endswith(f"{BAD[what]}\n")
    ended_by = json.loads(figures.read_text())["ended_by"]
    assert ended_by == ("limit" if what == "endless" else "error")


def test_a_cm_instruction_needs_a_tile(run_exec: Callable[..., Done]):
    done = run_exec(BEHAVIOUR, "cm")
    assert done.returncode == 126
    assert "the core has no tile: name one by --tile" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--tile", "64"), "--tile 64: write ROWSxCOLUMNS, such as 64x32, joined by +"),
        (("--engine", "cocotb"), "engine"),
        (("--engine", "model", "--trace", "w", "--tile", "8x8"), "only engine rtl has signals"),
        (("--trace", "w"), "--trace without --tile: name the tile whose signals are written"),
        (("--files", "nowhere"), "--files nowhere: there is no such folder"),
        (("--env", "NAME"), "--env NAME: write NAME=VALUE"),
        (("--cores", "2"), "--cores has no meaning on high-power: leave it out"),
        (("--system", "imc-cluster", "--seed", "1"), "--seed has no meaning on imc-cluster"),
        (("--system", "imc-cluster"), "not for 32-bit RISC-V"),
    ],
)
def test_wrong_use_is_one_line_and_status_125(
    options: tuple[str, ...], message: str, run_exec: Callable[..., Done]
):
    done = run_exec(*options, BEHAVIOUR)
    assert (done.returncode, done.stderr.count("\n")) == (125, 1), done.stderr
    assert message in done.stderr


def test_a_waveform_shows_the_programs_products(tmp_path: Path, run_exec: Callable[..., Done]):
    done = run_exec("--tile", "40x24", "--trace", tmp_path / "waves", LAYER)
    assert done.returncode == 0, done.stderr
    [wave] = (tmp_path / "waves").iterdir()
    assert wave.stat().st_size > 1000
