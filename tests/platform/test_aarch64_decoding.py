# SPDX-License-Identifier: Apache-2.0
"""What AArch64 instructions split into; their words are those of LLVM's assembler."""

import pytest

from alpine_platform.binaries.aarch64.decoding import block_operations, instruction_class
from alpine_platform.cores.machine_code import MachineOperation

EXPECTED = {
    (0x91000420, "add x0,x1,#1"): ["ALU x0 <- x1"],
    (0xF1000442, "subs x2,x2,#1"): ["ALU x2 <- x2"],
    (0x54000001, "b.ne ."): ["ALU - <- flags CLOSING"],
    (0xAD400460, "ldp q0,q1,[x3]"): [
        "ALU address <- x3",
        "MEMORY v0 <- address LOAD 0 32",
        "MEMORY v1 <- address LOAD 16 +",
    ],
    (0x3CC10482, "ldr q2,[x4],#16"): ["MEMORY v2 <- x4 LOAD 0 16", "ALU x4 <- x4"],
    (0x4E606820, "sadalp v0.4s,v1.8h"): ["FLOAT v0 <- v1 v0"],
    (0x0E23C041, "smull v1.8h,v2.8b,v3.8b"): ["FLOAT v1 <- v2 v3"],
    (0x4E229420, "mla v0.16b,v1.16b,v2.16b"): ["FLOAT v0 <- v1 v2 v0"],
    (0xA9BF7BFD, "stp x29,x30,[sp,#-16]!"): [
        "ALU address <- sp",
        "MEMORY - <- x29 address STORE 0 16",
        "MEMORY - <- x30 address STORE 8 +",
        "ALU sp <- sp",
    ],
    (0x3D800020, "str q0,[x1]"): ["MEMORY - <- v0 x1 STORE 0 16", "MEMORY - <- v0 x1 STORE 8 +"],
    (0x4D40C840, "ld1r {v0.4s},[x2]"): ["MEMORY v0 <- x2 LOAD 0 4"],
    (0xEB01001F, "cmp x0,x1"): ["ALU flags <- x0 x1"],
    (0x9A820020, "csel x0,x1,x2,eq"): ["ALU x0 <- x1 x2 flags"],
    (0xB4000040, "cbz x0,#8"): ["ALU - <- x0 CLOSING"],
    (0xD65F03C0, "ret"): ["ALU - <- x30 TAKEN"],
    (0x1F020C20, "fmadd s0,s1,s2,s3"): ["FLOAT v0 <- v1 v2 v3"],
    (0x4F829020, "fmul v0.4s,v1.4s,v2.s[0]"): ["FLOAT v0 <- v1 v2"],
    (0x4F821020, "fmla v0.4s,v1.4s,v2.s[0]"): ["FLOAT v0 <- v1 v2 v0"],
    (0x1E220020, "scvtf s0,w1"): ["FLOAT v0 <- x1"],
    (0x1E380020, "fcvtzs w0,s1"): ["FLOAT x0 <- v1"],
    (0x1E2E1000, "fmov s0,#1.0"): ["FLOAT v0 <-"],
    (0x1E212000, "fcmp s0,s1"): ["FLOAT flags <- v0 v1"],
    (0x0E013C20, "umov w0,v1.b[0]"): ["FLOAT x0 <- v1"],
    (0xC85F7C20, "ldxr x0,[x1]"): ["MEMORY x0 <- x1 LOAD 0 8"],
    (0xC8027C20, "stxr w2,x0,[x1]"): ["MEMORY - <- x0 x1 STORE 0 8", "ALU x2 <-"],
    (0x9B020C20, "madd x0,x1,x2,x3"): ["MULTIPLY x0 <- x1 x2 x3"],
    (0x9AC20C20, "sdiv x0,x1,x2"): ["DIVIDE x0 <- x1 x2"],
    (0xF2800020, "movk x0,#1"): ["ALU x0 <- x0"],
    (0x90000000, "adrp x0,#4096"): ["ALU x0 <-"],
    (0xF8627820, "ldr x0,[x1,x2,lsl #3]"): ["MEMORY x0 <- x1 x2 LOAD 0 8"],
    (0x0F08A420, "sxtl v0.8h,v1.8b"): ["FLOAT v0 <- v1"],
    (0x4E214820, "sqxtn2 v0.16b,v1.8h"): ["FLOAT v0 <- v1 v0"],
    (0xD53BD040, "mrs x0, tpidr_el0"): ["ALU x0 <-"],
    (0x38C01C20, "ldrsb w0,[x1,#1]!"): ["MEMORY x0 <- x1 LOAD 0 1", "ALU x1 <- x1"],
    (0x4EB1B820, "addv s0,v1.4s"): ["FLOAT v0 <- v1"],
    (0x4F000400, "movi v0.4s,#0"): ["FLOAT v0 <-"],
    (0x4E040C20, "dup v0.4s,w1"): ["FLOAT v0 <- x1"],
    (0x4E0C1C20, "ins v0.s[1],w1"): ["FLOAT v0 <- x1 v0"],
    (0x4CDFA0E4, "ld1 {v4.16b,v5.16b},[x7],#32"): [
        "MEMORY v4 <- x7 LOAD 0 32",
        "MEMORY v5 <- x7 LOAD 16 +",
        "ALU x7 <- x7",
    ],
    (0x29410440, "ldp w0,w1,[x2,#8]"): ["ALU address <- x2", "MEMORY x0 <- address LOAD 0 8"],
    (0xBC1FCC83, "str s3,[x4,#-4]!"): ["MEMORY - <- v3 x4 STORE 0 4", "ALU x4 <- x4"],
    (0x1E220C20, "fcsel s0,s1,s2,eq"): ["FLOAT v0 <- v1 v2 flags"],
    (0x1E222820, "fadd s0,s1,s2"): ["FLOAT v0 <- v1 v2"],
    (0x4E616820, "fcvtn2 v0.4s,v1.2d"): ["FLOAT v0 <- v1 v0"],
    (0xF8210062, "ldadd x1,x2,[x3]"): ["MEMORY x2 <- x3 LOAD 0 8", "MEMORY - <- x1 x3 STORE 0 8"],
    (0x58000045, "ldr x5,8"): ["MEMORY x5 <- LOAD 0 8"],
    (0xD63F0060, "blr x3"): ["ALU x30 <- x3 TAKEN"],
    (0x36180041, "tbz x1,#3,8"): ["ALU - <- x1 CLOSING"],
    (0xD4000001, "svc #0"): ["ALU - <-"],
}
"""Word and text of an instruction: its operations, as unit, register written, arrow, registers
read; of accesses the offset and how many bytes the instruction moves, or + for further ones."""


def register(number: int | None) -> str:
    if number is None:
        return "-"
    names = {31: "sp", 66: "address", 67: "flags"}
    return names.get(number, f"x{number}" if number < 31 else f"v{number - 32}")


def shown(operation: MachineOperation) -> str:
    """An operation in one line."""
    text = f"{operation.unit.name} {register(operation.dest)}"
    text = f"{text} <- {' '.join(map(register, operation.sources))}".strip()
    if operation.memory:
        text += f" {operation.memory.name} {operation.offset} {operation.span or '+'}"
    return text + (f" {operation.branch.name}" if operation.branch else "")


@pytest.mark.parametrize(("word", "text"), EXPECTED, ids=str)
def test_an_instruction_splits_into_its_operations(word: int, text: str):
    assert [shown(each) for each in block_operations([word])[0]] == EXPECTED[word, text]


def test_what_is_written_beside_a_result_is_ready_with_it():
    subs, branch, pair, use = 0xF1000442, 0x54000001, 0xA9400460, 0x91000421
    instructions = block_operations([subs, branch, pair, use])
    # b.ne waits for x2, which subs writes; add x1, x1, #1 for x0, which came with x1.
    assert instructions[1][0].sources == (2,)
    assert instructions[3][0].sources == (0,)
    # In a block of its own the flags are a register.
    assert block_operations([branch])[0][0].sources == (67,)


def test_instructions_are_counted_by_class():
    words = {0xF1000442: "alu", 0x54000001: "branch", 0xA9400460: "load", 0x9BC27C20: "multiply"}
    for word, name in words.items():
        assert instruction_class(block_operations([word])[0]) == name
