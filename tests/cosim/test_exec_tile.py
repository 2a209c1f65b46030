# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
"""`alpine exec --system riscv-tile`: a RISC-V core whose tile stands behind CV-X-IF."""

import json
import sys
from pathlib import Path

import pytest
from tests.cosim.small_elf import EXIT, write_elf

from alpine_cosim.cli import main
from alpine_cosim.runs.tile_program import TileProgramRun
from alpine_models.isa import (
    RISCV_CUSTOM_0,
    RISCV_CUSTOM_OPCODES,
    CmOperation,
    Hint,
    cm_word_of_riscv,
    encode,
    riscv_encode,
    riscv_hint_word,
)
from alpine_models.tile import TileConfig
from alpine_platform.binaries.riscv.instruction_set import CV32E40P, tile_instructions
from alpine_platform.binaries.riscv.tile_coprocessor import TileCoreOutcome
from alpine_platform.binaries.riscv.tile_system import tile_at_frequency
from alpine_rtl.cvxif import AimcTileCvxif

FOLDER = Path(__file__).parents[1] / "riscv_tile"
LAYER, CUSTOM_1 = FOLDER / "cm_layer.elf", FOLDER / "cm_layer_custom_1.elf"
TILE = ("--system", "riscv-tile", "--tile", "64x32")
# Those of the AArch64 program and of the host build of the same layer: test_exec_aarch64.py.
CODES = "127 127 127 -3 -128 -123 \n"


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["alpine", "exec", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


@pytest.mark.parametrize(("program", "opcode"), [(LAYER, "0x0b"), (CUSTOM_1, "0x2b")])
def test_a_compiled_layer_gives_the_codes_of_the_other_builds(
    program: Path,
    opcode: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
):
    figures: list[object] = []
    for engine in ("rtl", "model"):
        file = tmp_path / engine
        options = (*TILE, "--engine", engine, "--cm-opcode", opcode, "--json", file)
        assert command(monkeypatch, *options, program) == 0
        assert capfd.readouterr() == (CODES * 3, "")
        figures.append(json.loads(file.read_text()))
    assert figures[0] == figures[1]
    found = json.loads((tmp_path / "model").read_text())
    # Three vectors of 13 in groups of 4, one of 2 before the second; outputs of 6 three times, 8
    # before the second of them; two matrices of 13 x 6.
    counts = {"queue": 13, "dequeue": 8, "process": 3, "initialize": 156, "param_read": 1}
    assert found["cm_instructions"] == counts
    (core,) = found["cores"]
    assert core["cycles"] == core["instructions"] + sum(core["stalls"].values())
    # A result is offered two cycles after the commit, that of a cell three; a product takes 100 ns,
    # 50 cycles of 500 MHz.
    assert core["stalls"]["coprocessor"] == 2 * (13 + 8) + 3 * (156 + 1) + (50 + 2) * 3
    assert found["time_s"] == pytest.approx(found["cycles"] / 500e6)
    # The instruction is at the interface in each of these cycles, and in that of its issue.
    assert found["tile_busy_cycles"] == [core["stalls"]["coprocessor"] + sum(counts.values())]
    assert sum(found["breakdown"].values()) == pytest.approx(1)
    assert 0 < found["breakdown"]["codes"] < 0.2


def test_a_waveform_shows_the_interface(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    waves = tmp_path / "waves"
    assert command(monkeypatch, *TILE, "--trace", waves, LAYER) == 0
    assert capfd.readouterr().err == f"waveform in {waves}\n"
    (file,) = waves.iterdir()
    assert file.stem == "tile0"
    assert file.stat().st_size > 1000


def words(folder: Path, *code: int) -> Path:
    data = b"".join(word.to_bytes(4, "little") for word in code)
    return write_elf(folder / "words.elf", data, symbols={"start": 0x1C000000})


def executed(path: Path, *, tiles: int = 1, **options: int) -> TileCoreOutcome:
    run = TileProgramRun(
        program=path, tiles=[TileConfig(rows=8, columns=4)] * tiles, rtl=False, **options
    )
    return run.run(output=lambda _, data: len(data))


QUEUE_AT = riscv_encode(CmOperation.QUEUE, rm=5, rn=6)
LI_T1 = 0x00000313
"""li t1, 0; an immediate is added at bit 20."""


def test_what_a_tile_refuses_and_what_is_not_there(tmp_path: Path):
    def message(*code: int, tiles: int = 1) -> str:
        outcome = executed(words(tmp_path, *code), tiles=tiles)
        assert outcome.status == 126
        assert "\n" not in outcome.message
        return outcome.message

    # Four codes from word line 5 on, of 8.
    assert message(LI_T1 | 5 << 20, QUEUE_AT) == (
        "0x1c000004 (start+0x4): tile 0 refused QUEUE: index out of range"
    )
    assert "no tile: name one by --tile" in message(QUEUE_AT, tiles=0)
    assert "aimc_end without aimc_begin" in message(riscv_hint_word(Hint.END))
    # li a0, 3
    assert message(0x00300513, riscv_hint_word(Hint.TILE), tiles=2) == (
        "0x1c000004 (start+0x4): tile 3: the core has 2, numbered from 0"
    )
    # li a0, 3; li a1, 2; lui a2, 0x1c000
    adc = (0x00300513, 0x00200593, 0x1C000637, riscv_hint_word(Hint.ADC))
    assert "ADC codes of bit lines 3 to 4: tile 0 has 4" in message(*adc)
    # Minor opcode 5 is none of the tile's, nor is a store of CORE-V of this core's.
    assert "illegal instruction .word 0x0000500b" in message(0x0000500B)
    assert message(0x0045A52B) == (
        "hart 0 at 0x1c000000 (start+0x0): illegal instruction .word 0x0045a52b "
        "(`cv.sw tp, (a1), 10` of CORE-V)"
    )
    # csrr a0, lpstart0
    assert "no such control register" in message(0xCC002573)


def test_results_reach_registers_and_exceptions_their_order(tmp_path: Path):
    """Cell (bit line 2, word line 3) is written and read again; -7 & 0xff is 249."""
    code = (
        0x00200293,  # li t0, 2
        0x00300313,  # li t1, 3
        0xFF900393,  # li t2, -7
        riscv_encode(CmOperation.INITIALIZE, rm=5, rn=6, ra=7, rd=7),
        riscv_encode(CmOperation.PARAM_READ, rm=5, rn=6, rd=10),
        0x00750533,  # add a0, a0, t2, which is now the status 0
        *EXIT,
    )
    outcome = executed(words(tmp_path, *code))
    assert (outcome.status, outcome.message) == (249, "")
    assert outcome.cm_instructions == {"initialize": 1, "param_read": 1}


def test_wrong_use_is_status_125(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    def said(*arguments: object) -> str:
        assert command(monkeypatch, *arguments) == 125
        text = capfd.readouterr().err
        assert text.startswith("alpine: ") and text.count("\n") == 1
        return text

    text = said(LAYER)
    assert "has CM instructions, the first at 0x1c0000a8 (main+0x94), and cores of imc-clu" in text
    assert "run it on --system riscv-tile" in text
    text = said(*TILE, CUSTOM_1)
    assert "instructions of opcode 0x2b, and the core has those of 0x0b: give --cm-opcode" in text
    assert "are 0x0b, 0x2b, 0x5b, 0x7b" in said(*TILE, "--cm-opcode", "0x33", LAYER)
    assert "--cores has no meaning on riscv-tile" in said(*TILE, "--cores", 2, LAYER)
    assert "--cm-opcode has no meaning on imc-cluster" in said("--cm-opcode", "0x2b", LAYER)
    assert "only engine rtl has signals" in said(*TILE, "--engine", "model", "--trace", "x", LAYER)


def test_words_of_both_instruction_sets():
    """The encoding is that of docs: R-type, funct3 the operation, x0 in the part of XZR."""
    for opcode in RISCV_CUSTOM_OPCODES:
        word = riscv_encode(CmOperation.DEQUEUE, opcode=opcode, rm=5, rd=10)
        assert word & 0x7F == opcode
        assert cm_word_of_riscv(word, opcode) == encode(CmOperation.DEQUEUE, rm=5, rd=10)
    assert cm_word_of_riscv(word, RISCV_CUSTOM_0) is None
    word = riscv_encode(CmOperation.QUEUE, rm=5)
    assert tile_instructions().disassemble(word, 0) == "cm.queue zero, t0, zero"
    assert CV32E40P.disassemble(word, 0) == "cv.lb zero, (t0), 0"
    assert tile_instructions(0x2B).disassemble(word, 0).startswith(".word")
    # slti x0, x0, 97
    assert tile_instructions().disassemble(0x06102013, 0) == "aimc.end"
    assert CV32E40P.disassemble(0x06102013, 0) == "slti zero, zero, 97"


def test_a_product_takes_the_published_time_on_every_clock():
    config = TileConfig(rows=8, columns=4)
    assert tile_at_frequency(config, 1e9) == config
    # 100 ns at 250 and at 333 MHz: 25 cycles, and 33.3 rounded up.
    assert tile_at_frequency(config, 250e6).mvm_cycles == 25
    assert tile_at_frequency(config, 333e6).mvm_cycles == 34
    with pytest.raises(ValueError, match="opcode must be one of 0x0b, 0x2b, 0x5b, 0x7b, not 3"):
        AimcTileCvxif(config=config, opcode=3)
