# SPDX-License-Identifier: Apache-2.0
"""The C++ header of the instruction table and of the register maps beside it."""

import re
from collections.abc import Iterable, Iterator

from alpine_models.isa import RISCV_FUNCT3, Hint, riscv_hint_word, riscv_operands

from .base_instructions import ADDRESSING
from .core_v_instructions import CORE_V_INSTRUCTIONS, OPERAND_2
from .csr import CSRS, Csr, slow_csrs
from .event_unit import BARRIER_STRIDE, BARRIERS, BarrierRegister, EventLine, EventRegister
from .instruction import RESERVED, Instruction, RegisterField
from .instructions import INSTRUCTIONS
from .stops import EventWait, Stall, Stop

__all__ = ["HEADER_NAME", "decoder_header"]

HEADER_NAME = "instructions.hpp"
"""Name under which native sources include it."""

UNDECODED = "undecoded"
OFF_LOAD = "off_load"
"""Operation of what a coprocessor executes."""
OF_CORE_V = {(row.mask, row.match) for row in CORE_V_INSTRUCTIONS}
MOST_SLICES = 8
SIMD = "simd_"


def decoder_header() -> str:
    """Return the text of the header."""
    lines = [
        "// Made by alpine_platform.binaries.riscv.decoder_header from the instruction table.",
        "",
        "#pragma once",
        "",
        "#include <cstdint>",
        "",
        "namespace alpine::riscv {",
        "",
        *_operations(),
        "",
        *_codes("Stop", Stop),
        *_codes("Stall", Stall),
        f"constexpr int kStalls = {len(Stall)};",
        *_codes("Wait", EventWait),
        *_codes("EventRegister", EventRegister),
        *_codes("BarrierRegister", BarrierRegister),
        *_codes("EventLine", EventLine),
        f"constexpr uint32_t kBarriers = {BARRIERS}, kBarrierStride = {BARRIER_STRIDE:#x};",
        *_codes("Csr", Csr),
        *_csr_tests(),
        "",
        *(f"constexpr int kAddressing{_camel(n)} = {v};" for n, v in ADDRESSING.items()),
        *(f"constexpr int kOperand2{_camel(n)} = {v};" for n, v in OPERAND_2.items()),
        "",
        "struct RegisterField { uint8_t low, width, base; };",
        "struct Slice { uint8_t low, width, to; };",
        "struct Encoding {",
        "    uint32_t mask, match;",
        "    Op op;",
        "    uint8_t bytes, variant;",
        "    bool core_v;",
        "    RegisterField rd, rs1, rs2;",
        "    bool reads_rd, reads_rs1, reads_rs2, writes_rd;",
        "    int slices, sign_bits;",
        f"    Slice slice[{MOST_SLICES}];",
        "};",
        "constexpr Encoding kEncodings[] = {",
        *map(_row, INSTRUCTIONS),
        "};",
        "",
        *_off_loaded(),
        "",
        "}  // namespace alpine::riscv",
        "",
    ]
    return "\n".join(lines)


def _operations() -> Iterator[str]:
    """Operations in the table's order, those on lanes last."""
    names = dict.fromkeys([UNDECODED, RESERVED, OFF_LOAD, *(row.operation for row in INSTRUCTIONS)])
    ordered = sorted(names, key=lambda name: name.startswith(SIMD))
    yield "enum class Op : uint16_t {"
    yield from (f"    k{_camel(name)}," for name in ordered)
    yield "};"
    first = next(name for name in ordered if name.startswith(SIMD))
    yield f"constexpr Op kFirstSimd = Op::k{_camel(first)};"


def _off_loaded() -> Iterator[str]:
    """What the minor opcodes of CM instructions read and write, and the hints' words."""
    yield "struct OffLoaded { bool reads_rs1, reads_rs2, reads_rd, writes_rd; };"
    yield "constexpr OffLoaded kOffLoaded[] = {"
    for operation in sorted(RISCV_FUNCT3, key=RISCV_FUNCT3.__getitem__):
        flags = ", ".join(str(each).lower() for each in riscv_operands(operation))
        yield f"    {{{flags}}},  // {operation.name}"
    yield "};"
    words = ", ".join(f"{riscv_hint_word(hint):#x}" for hint in Hint)
    yield f"constexpr uint32_t kHints[] = {{{words}}};"


def _codes(name: str, codes: Iterable[object]) -> Iterator[str]:
    yield f"enum class {name} : uint32_t {{"
    for code in codes:
        yield f"    k{_camel(code.name.lower())} = {int(code):#x},"  # pyright: ignore
    yield "};"


def _csr_tests() -> Iterator[str]:
    numbers = {"exists": [int(each) for each in CSRS], "slow": slow_csrs()}
    for name, listed in numbers.items():
        yield f"inline bool csr_{name}(uint32_t number) {{"
        yield "    switch (number) {"
        yield "        " + " ".join(f"case {number:#x}:" for number in listed) + " return true;"
        yield "        default: return false;"
        yield "    }"
        yield "}"


def _row(row: Instruction) -> str:
    places = row.registers
    names = {name for token, _, _ in row.fields for name in token.replace("'", "").split("/")}
    writes = "rd" in names or row.rd != 0
    immediate = row.immediate
    slices = ", ".join(f"{{{part.low}, {part.width}, {part.to}}}" for part in immediate.slices)
    parts = [
        f"{row.mask:#x}",
        f"{row.match:#x}",
        f"Op::k{_camel(row.operation)}",
        str(row.size_bytes),
        str(row.variant),
        str((row.mask, row.match) in OF_CORE_V).lower(),
        *(_field(places[name]) for name in ("rd", "rs1", "rs2")),
        *(str(bool(each)).lower() for each in (*row.operands_read, writes)),
        str(len(immediate.slices)),
        str(immediate.bits if immediate.signed else 0),
        f"{{{slices}}}",
    ]
    return f"    {{{', '.join(parts)}}},  // {row.name}"


def _field(place: RegisterField) -> str:
    return f"{{{place.low}, {place.width}, {place.base}}}"


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_.]", name))
