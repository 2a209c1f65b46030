# SPDX-License-Identifier: Apache-2.0
"""`alpine exec`: programs run, and what is said of those that do not."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cosim.small_elf import EXIT, execute, words_run, write_elf
from tests.random_inputs import examples, seed

from alpine_cosim.cli import main
from alpine_models.errors import AlpineError
from alpine_platform.binaries.outcome import Ending, ProgramOutcome

PROGRAMS = Path(__file__).parent.parent / "riscv"
HELLO = PROGRAMS / "hello.elf"
FOR_EVER = 0x0000006F  # j .
NOP = 0x00000013


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The status that `alpine exec` exits with."""
    monkeypatch.setattr(sys, "argv", ["alpine", "exec", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_a_program_prints_takes_arguments_and_exits(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    figures = tmp_path / "figures.json"
    options = ("--system", "imc-cluster", "--cores", 8, "--json", figures)
    status = command(monkeypatch, *options, HELLO, "abc", "--cores", "x")
    # Each hart adds its number to the length of what stands behind the program: 3 + 7 + 1.
    assert status == 8 * 11 + sum(range(8))
    assert capfd.readouterr() == ("hart 0 of 08\n", "")
    found = json.loads(figures.read_text())
    assert found["status"] == status
    assert found["ended_by"] == "exit"
    assert len(found["cores"]) == 8
    for core in found["cores"]:
        assert core["cycles"] == core["instructions"] + sum(core["stalls"].values())
        assert core["ipc"] == core["instructions"] / core["cycles"]
    assert found["cycles"] == max(core["cycles"] for core in found["cores"])


def test_registers_at_the_start(tmp_path: Path):
    # beqz a0, 8; j .; mv a0, a1: hart 0 exits with the number of cores, the others spin.
    words = (0x00050463, FOR_EVER, 0x00058513, *EXIT)
    code = b"".join(word.to_bytes(4, "little") for word in words)
    outcome, _, run = execute(write_elf(tmp_path / "words.elf", code), cores=4)
    assert outcome.status == 4
    for hart in range(4):
        registers = run.machine.registers(hart)
        assert registers[2] == 0x10000000 + (512 << 10) - 1024 * hart
        assert registers[10] == (4 if hart == 0 else hart)
        assert registers[11] == 4


def failing(tmp_path: Path, *words: int, **options: int) -> ProgramOutcome:
    outcome = words_run(tmp_path, words, **options)
    assert outcome.status == 126
    assert "\n" not in outcome.message
    return outcome


def test_programs_that_are_stopped(tmp_path: Path):
    def message(*words: int) -> str:
        outcome = failing(tmp_path, *words)
        assert outcome.ended_by is Ending.ERROR
        return outcome.message

    assert message(NOP, 0x00B52553) == (
        "hart 0 at 0x1c000004 (start+0x4): illegal instruction .word 0x00b52553 (of extension F)"
    )
    text = message(0x7C051573)
    assert "csrrw a0, 0x7c0, a0: no such control register" in text
    text = message(0x00002503)  # lw a0, 0(zero)
    assert "`lw a0, 0(zero)` loads 4 bytes at 0x00000000: nothing is mapped there" in text
    assert "TCDM 0x10000000 to 0x1007ffff" in text
    assert "no IMA is attached" in message(0x102017B7, 0x00A7A023)  # lui a5; sw a0, 0(a5)
    assert "aligned words" in message(0x102007B7, 0x00078503)  # lui a5; lb a0, 0(a5)
    assert "ebreak" in message(0x00100073)
    assert "ecall with a7 = 0 is not served" in message(0x00000073)
    assert "there is no memory to execute from" in message(0x00000067)  # jr zero


def test_a_program_without_end_takes_what_it_was_given(tmp_path: Path):
    outcome = failing(tmp_path, FOR_EVER, max_cycles=1000)
    assert outcome.ended_by is Ending.LIMIT
    assert outcome.cycles == 1000
    assert "1000 cycles" in outcome.message


def test_a_deadlock_says_who_waits(tmp_path: Path):
    # hart 1 exits, hart 0 and 2 wait at barrier 2: lui t0, event unit; cv.elw x0, 0x128(t0).
    words = (0xFFF50313, 0x00030863, 0x102002B7, 0x1282B00B, FOR_EVER, *EXIT)
    outcome = failing(tmp_path, *words, cores=3)
    assert outcome.ended_by is Ending.ERROR
    assert outcome.message == (
        "deadlock: hart 0 at 0x1c00000c (start+0xc) waits at barrier 2 for hart 1; hart 1 has "
        "exited; hart 2 at 0x1c00000c (start+0xc) waits at barrier 2 for hart 1"
    )


def test_wrong_use_is_status_125(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    def said(*arguments: object) -> str:
        assert command(monkeypatch, *arguments) == 125
        text = capfd.readouterr().err
        assert text.startswith("alpine: ")
        assert text.count("\n") == 1
        return text

    foreign = write_elf(tmp_path / "arm.elf", bytes(4), machine=183)
    assert "is for 32-bit AARCH64, not for 32-bit RISC-V" in said(foreign)
    assert "No such file" in said(tmp_path / "absent.elf")
    assert "is no ELF file" in said(Path(__file__))
    beyond = write_elf(tmp_path / "beyond.elf", bytes(64), base=0x10080000 - 16)
    assert "48 more than fit into TCDM" in said(beyond)
    huge = write_elf(tmp_path / "huge.elf", bytes(4), base=0xFFFFFFFE)
    assert "beyond the last address" in said(huge)
    image = bytearray(write_elf(tmp_path / "large.elf", bytes(4), base=0x80000000).read_bytes())
    image[52 + 20 : 52 + 24] = (0x60000000).to_bytes(4, "little")  # p_memsz
    (tmp_path / "large.elf").write_bytes(image)
    assert "make its segments smaller" in said(tmp_path / "large.elf")
    (tmp_path / "short.elf").write_bytes(HELLO.read_bytes()[:300])
    assert "\n" not in said(tmp_path / "short.elf").strip()
    assert "in IMA" in said(write_elf(tmp_path / "ima.elf", bytes(4), base=0x10201000))
    assert "unknown system" in said("--system", "vax", HELLO)
    assert "at most 16" in said("--cores", 17, HELLO)
    assert "--cores" in said("--cores", 0, HELLO)
    assert "No such option" in said("--core", HELLO)
    assert "PROGRAM" in said()


@pytest.mark.random
def test_damaged_files_are_refused_or_run(tmp_path: Path):
    """What is refused is told in one line, and whatever else a file says is executed."""
    draw, whole = random.Random(seed(5)), HELLO.read_bytes()
    refused = 0
    for _ in range(examples(40)):
        damaged = bytearray(whole[: draw.choice((len(whole), draw.randrange(len(whole))))])
        for _ in range(draw.randrange(6)):
            if damaged:
                damaged[draw.randrange(min(len(damaged), 200))] = draw.randrange(256)
        path = tmp_path / "damaged.elf"
        path.write_bytes(damaged)
        try:
            assert "\n" not in execute(path, max_cycles=2000)[0].message
        except AlpineError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 10


def test_elsewhere_is_plain_memory_and_tohost_ends_a_run(tmp_path: Path):
    # auipc a0, 0; li a1, 7; sw a1, 16(a0); j .; tohost
    words = (0x00000517, 0x00700593, 0x00B52823, FOR_EVER, 0)
    code = b"".join(word.to_bytes(4, "little") for word in words)
    path = write_elf(tmp_path / "host.elf", code, base=0x80000000, symbols={"tohost": 0x80000010})
    outcome = execute(path)[0]
    assert (outcome.status, outcome.ended_by) == (7 >> 1, Ending.EXIT)


def test_interrupt_is_one_line_and_leaves_the_figures(tmp_path: Path):
    figures = tmp_path / "figures.json"
    # auipc a1, 0; li a2, 1; li a0, 1; li a7, 64; ecall: writes its own first byte; then j .
    words = (0x00000597, 0x00100613, 0x00100513, 0x04000893, 0x00000073, FOR_EVER)
    code = b"".join(word.to_bytes(4, "little") for word in words)
    program = write_elf(tmp_path / "loop.elf", code)
    child = subprocess.Popen(
        [sys.executable, "-m", "alpine_cosim", "exec", "--json", figures, program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.read(1) == b"\x97"
    child.send_signal(signal.SIGINT)
    _, said = child.communicate()
    assert child.returncode == 130
    assert said == b"alpine: interrupted\n"
    assert json.loads(figures.read_text())["ended_by"] == "interrupt"


def test_the_folder_of_the_header_is_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    assert command(monkeypatch, "--include", "imc-cluster") == 0
    folder = Path(capfd.readouterr().out.strip())
    names = {path.name for path in folder.iterdir()}
    assert {"alpine_imc_cluster.h", "crt0.S", "imc_cluster.ld"} <= names


def test_exceptions_go_to_the_handler_that_a_program_has():
    """RISC-V privileged architecture, mcause: 11 call, 2 illegal, 5 and 7 accesses, 3 ebreak."""
    outcome, _, run = execute(PROGRAMS / "traps.elf")
    assert (outcome.status, outcome.ended_by) == (17 >> 1, Ending.EXIT)
    words = run.machine.read(run.program.symbols["noted"], 4 * 4 * 8)
    found = [tuple(int.from_bytes(words[at + 4 * n : at + 4 * n + 4], "little") for n in range(4))
             for at in range(0, len(words), 16)]  # fmt: skip
    # In the handler MPP is 3, MPIE what MIE was, MIE 0.
    inside = 0x1880
    assert found == [
        (11, 0, inside, 0),
        (2, 0xFFFFFFFF, inside, 4),
        (5, 0, inside, 8),
        (7, 4, inside, 12),
        (3, run.program.symbols["first"] + 16, inside, 16),
        (2, 0xF1401073, inside, 20),
        (2, 0x7C002573, inside, 24),
        (5, 0x10200000, inside, 32),
    ]
    # mret has set MIE again.
    assert run.machine.registers(0)[18] == 0x1888
