# SPDX-License-Identifier: Apache-2.0
"""The table of RISC-V instructions says what LLVM's assembler says (tests/riscv_programs.py)."""

from pathlib import Path

import pytest

from alpine_platform.binaries.riscv.instructions import INSTRUCTIONS, disassemble, instruction_of

WORDS = Path(__file__).parent / "riscv_words.txt"


def test_every_word_of_the_assembler_is_disassembled_to_its_text():
    lines = [line.split(" ", 1) for line in WORDS.read_text().splitlines()]
    assert [f"{word} {disassemble(int(word, 16), 0)}" for word, _ in lines] == [
        f"{word} {text}" for word, text in lines
    ]
    named = {text.split()[0] for _, text in lines}
    missing = {row.name for row in INSTRUCTIONS} - named - {"reserved"}
    # Hardware loops, which LLVM does not know.
    assert all(name.startswith("cv.") for name in missing) and len(missing) == 8, missing


@pytest.mark.parametrize(
    ("word", "text"),
    [
        # CV32E40P manual, "Hardware Loops operations encoding": funct3 100, opcode 010 1011.
        (0x00A0_40AB, "cv.starti 1, 10"),
        (0x0005_412B, "cv.start 0, a0"),
        (0x0050_422B, "cv.endi 0, 5"),
        (0x0005_C3AB, "cv.end 1, a1"),
        (0x0640_442B, "cv.counti 0, 100"),
        (0x0006_452B, "cv.count 0, a2"),
        (0x0643_C62B, "cv.setupi 0, 100, 7"),
        (0x0076_47AB, "cv.setup 1, a2, 7"),
    ],
)
def test_hardware_loops(word: int, text: str):
    assert disassemble(word, 0) == text


@pytest.mark.parametrize(
    "word",
    [
        0x0000,  # all zeros
        0x6281,  # c.lui with immediate 0
        0x4002,  # c.lwsp to x0
        0x8002,  # c.jr to x0
        0x9C01,  # c.subw, of RV64
        0x1006,  # c.slli by 32 or more
        0x0000_3003,  # ld, of RV64
        0xFFFF_FFFF,
    ],
)
def test_reserved_words_are_none(word: int):
    assert instruction_of(word) is None


def test_instructions_of_missing_extensions_are_named():
    assert disassemble(0x00B5_2553, 0) == ".word 0x00b52553 (of extension F)"
    assert disassemble(0x1005_202F, 0) == ".word 0x1005202f (of extension A)"
