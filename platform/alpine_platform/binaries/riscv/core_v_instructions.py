# SPDX-License-Identifier: Apache-2.0
"""CORE-V extensions of CV32E40P version 2, without bit manipulation and complex arithmetic.

Source: CV32E40P User Manual (OpenHW Group), chapter "CORE-V Instruction Set Custom Extensions".
LLVM knows them as xcvmem, xcvelw, xcvalu, xcvbi, xcvmac and xcvsimd; of the hardware loops
(xcvhwlp) it knows the encodings by ``.insn`` alone.
"""

from .base_instructions import ADDRESSING, LOAD_WIDTHS, STORE_WIDTHS
from .instruction import Instruction

__all__ = ["CORE_V_INSTRUCTIONS", "OPERAND_2"]

OPERAND_2 = {"vector": 0, "scalar_h": 1, "scalar_b": 2, "immediate_h": 3, "immediate_b": 4}
"""Variants of SIMD instructions: where the second operand comes from; h has lanes of 16 bits, b
of 8."""


def _memory_rows() -> list[Instruction]:
    rows: list[Instruction] = []
    for name, funct in LOAD_WIDTHS.items():
        # Bit 3 of funct7 is that of an unsigned load, bits 1:0 are the width.
        code = f"{funct[0]}{{}}{funct[1:]}"
        for mode, pattern, syntax in (
            ("post_immediate", f"imm[11:0] rs1 {funct} rd 0001011", "rd, (rs1), imm"),
            ("post_register", f"000{code.format(0)} rs2 rs1 011 rd 0101011", "rd, (rs1), rs2"),
            ("indexed", f"000{code.format(1)} rs2 rs1 011 rd 0101011", "rd, rs2(rs1)"),
        ):
            rows.append(_memory_row(name, mode, pattern, syntax))
    for name, funct in STORE_WIDTHS.items():
        store = f"imm[11:5] rs2 rs1 {funct} imm[4:0] 0101011"
        for mode, pattern, syntax in (
            ("post_immediate", store, "rs2, (rs1), imm"),
            ("post_register", f"00100{funct[1:]} rs2 rs1 011 rs3 0101011", "rs2, (rs1), rs3"),
            ("indexed", f"00101{funct[1:]} rs2 rs1 011 rs3 0101011", "rs2, rs3(rs1)"),
        ):
            rows.append(_memory_row(name, mode, pattern, syntax))
    rows.append(
        Instruction(
            name="cv.elw",
            pattern="imm[11:0] rs1 011 rd 0001011",
            operation="elw",
            syntax="rd, imm(rs1)",
        )
    )
    return rows


def _memory_row(name: str, mode: str, pattern: str, syntax: str) -> Instruction:
    return Instruction(
        name=f"cv.{name}",
        pattern=pattern,
        operation=name,
        variant=ADDRESSING[mode],
        syntax=syntax,
    )


def _loop_rows() -> list[Instruction]:
    rows: list[Instruction] = []
    for code, name in enumerate(["starti", "start", "endi", "end", "counti", "count"]):
        by_immediate = name.endswith("i")
        operands = "uimm[11:0] 00000" if by_immediate else "000000000000 rs1"
        rows.append(
            Instruction(
                name=f"cv.{name}",
                pattern=f"{operands} 100 {code:04b} loop 0101011",
                operation=f"loop_{name.removesuffix('i') if by_immediate else name}",
                variant=int(by_immediate),
                syntax=f"loop, {'imm' if by_immediate else 'rs1'}",
            )
        )
    for name, operand, code in (("setupi", "zimm", "0110"), ("setup", "rs1", "0111")):
        rows.append(
            Instruction(
                name=f"cv.{name}",
                pattern=f"uimm[11:0] {operand} 100 {code} loop 0101011",
                operation=f"loop_{name}",
                syntax="loop, imm, zimm" if operand == "zimm" else "loop, rs1, imm",
            )
        )
    return rows


def _scalar_rows() -> list[Instruction]:
    rows: list[Instruction] = []
    two = {
        "sle": "0101001", "sleu": "0101010", "min": "0101011", "minu": "0101100",
        "max": "0101101", "maxu": "0101110", "clipr": "0111010", "clipur": "0111011",
    }  # fmt: skip
    for name, top in two.items():
        pattern = f"{top} rs2 rs1 011 rd 0101011"
        rows.append(_scalar_row(name, pattern, "rd, rs1, rs2"))
    one = {"abs": "0101000", "exths": "0110000", "exthz": "0110001", "extbs": "0110010"}
    one["extbz"] = "0110011"
    for name, top in one.items():
        rows.append(_scalar_row(name, f"{top} 00000 rs1 011 rd 0101011", "rd, rs1"))
    for name, top in {"clip": "0111000", "clipu": "0111001"}.items():
        pattern = f"{top} uimm[4:0] rs1 011 rd 0101011"
        rows.append(_scalar_row(name, pattern, "rd, rs1, imm"))
    for name, top in {"mac": "1001000", "msu": "1001001"}.items():
        pattern = f"{top} rs2 rs1 011 rd 0101011"
        rows.append(_scalar_row(name, pattern, "rd, rs1, rs2", reads_rd=True))
    for name, bit in {"beqimm": "0", "bneimm": "1"}.items():
        pattern = f"imm[12|10:5] zimm rs1 11{bit} imm[4:1|11] 0001011"
        rows.append(_scalar_row(name, pattern, "rs1, zimm, target"))
    return rows + _rounding_rows()


def _rounding_rows() -> list[Instruction]:
    """Sums and 16-bit products with a shift, and with rounding before it."""
    rows: list[Instruction] = []
    for name, funct in {"add": "010", "sub": "011"}.items():
        for code, suffix in enumerate(("", "u", "r", "ur")):
            letters = {"": "n", "u": "un", "r": "rn", "ur": "urn"}[suffix]
            pattern = f"{code:02b} uimm[4:0] rs2 rs1 {funct} rd 1011011"
            rows.append(
                _scalar_row(
                    f"{name}{letters}", pattern, "rd, rs1, rs2, imm",
                    operation=f"{name}_shifted", variant=code,
                )
            )  # fmt: skip
    for name, functs in {"mul": ("100", "101"), "mac": ("110", "111")}.items():
        for code in range(4):
            for sign, funct in zip("su", functs, strict=True):
                rounding = "r" if code & 2 else ""
                high = "hh" if code & 1 else ""
                rows.append(
                    _scalar_row(
                        f"{name}{high}{sign}{rounding}n",
                        f"{code:02b} uimm[4:0] rs2 rs1 {funct} rd 1011011",
                        "rd, rs1, rs2, imm",
                        operation=f"{name}_halves",
                        # Bit 2: unsigned.
                        variant=code | ("su".index(sign) << 2),
                        reads_rd=name == "mac",
                    )
                )
    return rows


def _scalar_row(
    name: str,
    pattern: str,
    syntax: str,
    *,
    operation: str | None = None,
    variant: int = 0,
    reads_rd: bool = False,
) -> Instruction:
    return Instruction(
        name=f"cv.{name}",
        pattern=pattern,
        operation=operation or f"cv_{name}",
        syntax=syntax,
        variant=variant,
        reads_rd=reads_rd,
    )


LANE_CODES = {
    "add": "00000", "sub": "00001", "avg": "00010", "avgu": "00011", "min": "00100",
    "minu": "00101", "max": "00110", "maxu": "00111", "srl": "01000", "sra": "01001",
    "sll": "01010", "or": "01011", "xor": "01100", "and": "01101", "dotup": "10000",
    "dotusp": "10001", "dotsp": "10010", "sdotup": "10011", "sdotusp": "10100",
    "sdotsp": "10101",
}  # fmt: skip
COMPARISON_CODES = {
    "cmpeq": "00000", "cmpne": "00001", "cmpgt": "00010", "cmpge": "00011", "cmplt": "00100",
    "cmple": "00101", "cmpgtu": "00110", "cmpgeu": "00111", "cmpltu": "01000", "cmpleu": "01001",
}  # fmt: skip
ZERO_EXTENDED = ("avgu", "minu", "maxu", "srl", "sra", "sll", "dotup", "sdotup")
"""Of which the immediate is unsigned, beside the unsigned comparisons."""
SHIFT_BITS = {"h": "imm[0] 00 uimm[3:1]", "b": "imm[0] 000 uimm[2:1]"}
"""Immediates of shifts: those bits of the six that no lane has are 0."""


def _simd_rows() -> list[Instruction]:
    rows: list[Instruction] = []
    groups = [(name, f"{code} 0") for name, code in LANE_CODES.items()]
    groups += [(name, f"{code} 1") for name, code in COMPARISON_CODES.items()]
    for name, code in groups:
        for lane, last in (("h", "0"), ("b", "1")):
            unsigned = name in ZERO_EXTENDED or (name.startswith("cmp") and name.endswith("u"))
            six = f"{'u' * unsigned}imm[0|5:1]"
            if name in ("srl", "sra", "sll"):
                six = f"u{SHIFT_BITS[lane]}"
            for infix, source, funct, operand in (
                ("", "0 rs2", "00", "vector"),
                (".sc", "0 rs2", "10", f"scalar_{lane}"),
                (".sci", six, "11", f"immediate_{lane}"),
            ):
                rows.append(
                    Instruction(
                        name=f"cv.{name}{infix}.{lane}",
                        pattern=f"{code} {source} rs1 {funct}{last} rd 1111011",
                        operation=f"simd_{name}_{lane}",
                        variant=OPERAND_2[operand],
                        reads_rd=name.startswith("sdot"),
                        syntax=f"rd, rs1, {'imm' if infix == '.sci' else 'rs2'}",
                    )
                )
    return rows + _lane_rows()


SHUFFLED = 8
"""Variants of shuffles by an immediate hold the highest lane's index beside this bit."""


def _lane_rows() -> list[Instruction]:
    """Instructions that move lanes, and absolute values."""
    listed: list[tuple[str, str, str]] = [
        ("abs.h", "01110 0 0 00000 rs1 000", "rs1"),
        ("abs.b", "01110 0 0 00000 rs1 001", "rs1"),
        ("extract.h", "10111 0 uimm[0] 00000 rs1 000", "rs1, imm"),
        ("extract.b", "10111 0 uimm[0] 0000 uimm[1] rs1 001", "rs1, imm"),
        ("extractu.h", "10111 0 uimm[0] 00000 rs1 010", "rs1, imm"),
        ("extractu.b", "10111 0 uimm[0] 0000 uimm[1] rs1 011", "rs1, imm"),
        ("insert.h", "10111 0 uimm[0] 00000 rs1 100", "rs1, imm"),
        ("insert.b", "10111 0 uimm[0] 0000 uimm[1] rs1 101", "rs1, imm"),
        ("shuffle.h", "11000 0 0 rs2 rs1 000", "rs1, rs2"),
        ("shuffle.sci.h", "11000 0 uimm[0] 0000 uimm[1] rs1 110", "rs1, imm"),
        ("shuffle.b", "11000 0 0 rs2 rs1 001", "rs1, rs2"),
        ("shuffle2.h", "11100 0 0 rs2 rs1 000", "rs1, rs2"),
        ("shuffle2.b", "11100 0 0 rs2 rs1 001", "rs1, rs2"),
        ("pack", "11110 0 0 rs2 rs1 000", "rs1, rs2"),
        ("pack.h", "11110 0 1 rs2 rs1 000", "rs1, rs2"),
        ("packhi.b", "11111 0 1 rs2 rs1 001", "rs1, rs2"),
        ("packlo.b", "11111 0 0 rs2 rs1 001", "rs1, rs2"),
    ]
    rows = [
        Instruction(
            name=f"cv.{name}",
            pattern=f"{pattern} rd 1111011",
            operation=f"simd_{name.replace('.', '_')}",
            reads_rd=name.startswith(("insert", "shuffle2", "packhi", "packlo")),
            syntax=f"rd, {operands}",
        )
        for name, pattern, operands in listed
    ]
    rows += [
        Instruction(
            name=f"cv.shufflei{lane}.sci.b",
            pattern=f"110{lane:02b} 0 uimm[0|5:1] rs1 111 rd 1111011",
            operation="simd_shuffle_immediate",
            variant=SHUFFLED | lane,
            syntax="rd, rs1, imm",
        )
        for lane in range(4)
    ]
    return rows


CORE_V_INSTRUCTIONS = (*_memory_rows(), *_loop_rows(), *_scalar_rows(), *_simd_rows())
"""32-bit encodings beyond the standard ones."""
