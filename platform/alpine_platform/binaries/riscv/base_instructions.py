# SPDX-License-Identifier: Apache-2.0
"""RV32I, M, Zicsr, Zifencei and the machine-mode instructions.

Source: The RISC-V Instruction Set Manual, volume I (unprivileged), "RV32/64G Instruction Set
Listings", and volume II (privileged) for mret and wfi.
"""

from .instruction import Instruction

__all__ = ["ADDRESSING", "BASE_INSTRUCTIONS", "LOAD_WIDTHS", "STORE_WIDTHS"]

ADDRESSING = {"offset": 0, "post_immediate": 1, "post_register": 2, "indexed": 3}
"""Variants of loads and stores: where the address comes from, and what happens to rs1."""

LOAD_WIDTHS = {"lb": "000", "lh": "001", "lw": "010", "lbu": "100", "lhu": "101"}
STORE_WIDTHS = {"sb": "000", "sh": "001", "sw": "010"}
"""funct3 by mnemonic."""


def _register_rows() -> list[Instruction]:
    codes = {
        "add": "0000000 000", "sub": "0100000 000", "sll": "0000000 001", "slt": "0000000 010",
        "sltu": "0000000 011", "xor": "0000000 100", "srl": "0000000 101", "sra": "0100000 101",
        "or": "0000000 110", "and": "0000000 111", "mul": "0000001 000", "mulh": "0000001 001",
        "mulhsu": "0000001 010", "mulhu": "0000001 011", "div": "0000001 100",
        "divu": "0000001 101", "rem": "0000001 110", "remu": "0000001 111",
    }  # fmt: skip
    return [
        Instruction(
            name=name,
            pattern="{} rs2 rs1 {} rd 0110011".format(*code.split()),
            operation=name,
            syntax="rd, rs1, rs2",
        )
        for name, code in codes.items()
    ]


def _immediate_rows() -> list[Instruction]:
    codes = {"addi": "000", "slti": "010", "sltiu": "011", "xori": "100", "ori": "110"}
    codes["andi"] = "111"
    rows = [
        Instruction(
            name=name,
            pattern=f"imm[11:0] rs1 {code} rd 0010011",
            operation=name,
            syntax="rd, rs1, imm",
        )
        for name, code in codes.items()
    ]
    shifts = {"slli": "0000000 001", "srli": "0000000 101", "srai": "0100000 101"}
    for name, code in shifts.items():
        top, funct = code.split()
        pattern = f"{top} uimm[4:0] rs1 {funct} rd 0010011"
        rows.append(Instruction(name=name, pattern=pattern, operation=name, syntax="rd, rs1, imm"))
    return rows


def _memory_rows() -> list[Instruction]:
    loads = [
        Instruction(
            name=name,
            pattern=f"imm[11:0] rs1 {funct} rd 0000011",
            operation=name,
            syntax="rd, imm(rs1)",
        )
        for name, funct in LOAD_WIDTHS.items()
    ]
    stores = [
        Instruction(
            name=name,
            pattern=f"imm[11:5] rs2 rs1 {funct} imm[4:0] 0100011",
            operation=name,
            syntax="rs2, imm(rs1)",
        )
        for name, funct in STORE_WIDTHS.items()
    ]
    return loads + stores


def _control_rows() -> list[Instruction]:
    branches = {"beq": "000", "bne": "001", "blt": "100", "bge": "101", "bltu": "110"}
    branches["bgeu"] = "111"
    rows = [
        Instruction(
            name=name,
            pattern=f"imm[12|10:5] rs2 rs1 {funct} imm[4:1|11] 1100011",
            operation=name,
            syntax="rs1, rs2, target",
        )
        for name, funct in branches.items()
    ]
    listed = [
        ("lui", "imm[31:12] rd 0110111", "rd, upper"),
        ("auipc", "imm[31:12] rd 0010111", "rd, upper"),
        ("jal", "imm[20|10:1|11|19:12] rd 1101111", "rd, target"),
        ("jalr", "imm[11:0] rs1 000 rd 1100111", "rd, imm(rs1)"),
        ("fence", "-12 -5 000 -5 0001111", ""),
        ("fence.i", "-12 -5 001 -5 0001111", ""),
        ("ecall", "000000000000 00000 000 00000 1110011", ""),
        ("ebreak", "000000000001 00000 000 00000 1110011", ""),
        ("mret", "001100000010 00000 000 00000 1110011", ""),
        ("wfi", "000100000101 00000 000 00000 1110011", ""),
    ]
    for name, pattern, syntax in listed:
        rows.append(Instruction(name=name, pattern=pattern, operation=name, syntax=syntax))
    return rows


def _csr_rows() -> list[Instruction]:
    rows: list[Instruction] = []
    for name, funct in {"csrrw": "001", "csrrs": "010", "csrrc": "011"}.items():
        for suffix, source, bit in (("", "rs1", "0"), ("i", "zimm", "1")):
            rows.append(
                Instruction(
                    name=name + suffix,
                    pattern=f"uimm[11:0] {source} {bit}{funct[1:]} rd 1110011",
                    operation=name,
                    variant=int(bit),
                    syntax=f"rd, csr, {source}",
                )
            )
    return rows


BASE_INSTRUCTIONS = (
    *_immediate_rows(),
    *_register_rows(),
    *_memory_rows(),
    *_control_rows(),
    *_csr_rows(),
)
"""32-bit encodings of RV32IM_Zicsr_Zifencei."""
