# SPDX-License-Identifier: Apache-2.0
"""RV32C: 16-bit encodings, each of which stands for an instruction of 32 bits.

Source: The RISC-V Instruction Set Manual, volume I, "RVC Instruction Set Listings". An encoding
that another one contains comes before it; so do the reserved ones.
"""

from .instruction import RESERVED, Instruction

__all__ = ["COMPRESSED_INSTRUCTIONS"]

RA, SP = 1, 2


def _row(name: str, pattern: str, operation: str, syntax: str = "", **more: int) -> Instruction:
    return Instruction(name=name, pattern=pattern, operation=operation, syntax=syntax, **more)  # pyright: ignore[reportArgumentType]


def _reserved(pattern: str) -> Instruction:
    return Instruction(name="reserved", pattern=pattern, operation=RESERVED)


COMPRESSED_INSTRUCTIONS = (
    _reserved("000 00000000 -3 00"),
    _row("c.addi4spn", "000 uimm[5:4|9:6|2|3] rd' 00", "addi", "rd, rs1, imm", rs1=SP),
    _row("c.lw", "010 uimm[5:3] rs1' uimm[2|6] rd' 00", "lw", "rd, imm(rs1)"),
    _row("c.sw", "110 uimm[5:3] rs1' uimm[2|6] rs2' 00", "sw", "rs2, imm(rs1)"),
    _row("c.addi", "000 imm[5] rd/rs1 imm[4:0] 01", "addi", "rd, imm"),
    _row("c.jal", "001 imm[11|4|9:8|10|6|7|3:1|5] 01", "jal", "target", rd=RA),
    _row("c.li", "010 imm[5] rd imm[4:0] 01", "addi", "rd, imm"),
    _reserved("011 0 -5 00000 01"),
    _row("c.addi16sp", "011 imm[9] 00010 imm[4|6|8:7|5] 01", "addi", "rd, imm", rd=SP, rs1=SP),
    _row("c.lui", "011 imm[17] rd imm[16:12] 01", "lui", "rd, upper"),
    _row("c.srli", "100 0 00 rd'/rs1' uimm[4:0] 01", "srli", "rd, imm"),
    _row("c.srai", "100 0 01 rd'/rs1' uimm[4:0] 01", "srai", "rd, imm"),
    _row("c.andi", "100 imm[5] 10 rd'/rs1' imm[4:0] 01", "andi", "rd, imm"),
    _row("c.sub", "100 0 11 rd'/rs1' 00 rs2' 01", "sub", "rd, rs2"),
    _row("c.xor", "100 0 11 rd'/rs1' 01 rs2' 01", "xor", "rd, rs2"),
    _row("c.or", "100 0 11 rd'/rs1' 10 rs2' 01", "or", "rd, rs2"),
    _row("c.and", "100 0 11 rd'/rs1' 11 rs2' 01", "and", "rd, rs2"),
    _row("c.j", "101 imm[11|4|9:8|10|6|7|3:1|5] 01", "jal", "target"),
    _row("c.beqz", "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "beq", "rs1, target"),
    _row("c.bnez", "111 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "bne", "rs1, target"),
    _row("c.slli", "000 0 rd/rs1 uimm[4:0] 10", "slli", "rd, imm"),
    _reserved("010 -1 00000 -5 10"),
    _row("c.lwsp", "010 uimm[5] rd uimm[4:2|7:6] 10", "lw", "rd, imm(rs1)", rs1=SP),
    _reserved("100 0 00000 00000 10"),
    _row("c.jr", "100 0 rs1 00000 10", "jalr", "rs1"),
    _row("c.mv", "100 0 rd rs2 10", "add", "rd, rs2"),
    _row("c.ebreak", "100 1 00000 00000 10", "ebreak"),
    _row("c.jalr", "100 1 rs1 00000 10", "jalr", "rs1", rd=RA),
    _row("c.add", "100 1 rd/rs1 rs2 10", "add", "rd, rs2"),
    _row("c.swsp", "110 uimm[5:2|7:6] rs2 10", "sw", "rs2, imm(rs1)", rs1=SP),
)
"""16-bit encodings of RV32C."""
