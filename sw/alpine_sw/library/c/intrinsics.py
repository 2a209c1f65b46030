# SPDX-License-Identifier: Apache-2.0
"""The CM instructions as inline assembly of C, written from the instruction table.

`python -m alpine_sw.library.c.intrinsics` rewrites `include/aimc_intrinsics.h`; a test says when
the file and `alpine_models.isa` differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alpine_models import isa
from alpine_models.files import write_text
from alpine_models.isa import CmOperation
from alpine_sw.library.c import INCLUDE

__all__ = ["HEADER", "header_text"]

HEADER = INCLUDE / "aimc_intrinsics.h"
"""The file that is written."""

_REGISTERS = {"rm": 9, "ra": 10, "rn": 11, "rd": 12}
"""AArch64 registers of the operands: temporaries that no call has to preserve (AAPCS64)."""


@dataclass(frozen=True, kw_only=True)
class _Intrinsic:
    """One C function.

    Members
    -------
    name : what programs call.
    operation : its instruction.
    operands : C parameter of every operand that is a register; the others are XZR or x0.
    does : its comment.
    """

    name: str
    operation: CmOperation
    operands: Mapping[str, str]
    does: str


_INTRINSICS = (
    _Intrinsic(
        name="aimc_queue_group",
        operation=CmOperation.QUEUE,
        operands={"rm": "codes"},
        does="Queue four DAC codes, the first in the lowest byte, where the last call ended.",
    ),
    _Intrinsic(
        name="aimc_queue_codes",
        operation=CmOperation.QUEUE,
        operands={"rm": "codes", "ra": "count"},
        does="Queue one to four DAC codes where the last call ended.",
    ),
    _Intrinsic(
        name="aimc_queue_codes_at",
        operation=CmOperation.QUEUE,
        operands={"rm": "codes", "ra": "count", "rn": "index"},
        does="Queue one to four DAC codes from word line `index` on.",
    ),
    _Intrinsic(
        name="aimc_dequeue_codes",
        operation=CmOperation.DEQUEUE,
        operands={"rm": "count"},
        does="Return one to four ADC codes, the first in the lowest byte, from where the last call "
        "ended.",
    ),
    _Intrinsic(
        name="aimc_dequeue_codes_at",
        operation=CmOperation.DEQUEUE,
        operands={"rm": "count", "rn": "index"},
        does="Return one to four ADC codes from bit line `index` on.",
    ),
    _Intrinsic(
        name="aimc_process_vector",
        operation=CmOperation.PROCESS,
        operands={},
        does="Multiply, digitise, clear the input memory and both counters; return the status.",
    ),
    _Intrinsic(
        name="aimc_initialize_cell",
        operation=CmOperation.INITIALIZE,
        operands={"rm": "column", "rn": "row", "ra": "weight"},
        does="Program one cell; return the status: 0, or 3 beyond the tile.",
    ),
    _Intrinsic(
        name="aimc_read_cell",
        operation=CmOperation.PARAM_READ,
        operands={"rm": "column", "rn": "row"},
        does="Return the weight of one cell.",
    ),
)


def header_text() -> str:
    """Return the text of `HEADER`."""
    functions = "\n".join(_function(intrinsic) for intrinsic in _INTRINSICS)
    return f"""{_OPENING}
{functions}
#endif
"""


def _function(intrinsic: _Intrinsic) -> str:
    returns = "rd" in isa.OPERANDS[intrinsic.operation]
    kind = "uint64_t" if returns else "void"
    parameters = ", ".join(f"uint64_t {name}" for name in intrinsic.operands.values()) or "void"
    return f"""/* {intrinsic.does} */
static inline {kind} {intrinsic.name}({parameters})
{{
#if defined(__aarch64__)
{_aarch64(intrinsic, returns=returns)}
#else
{_riscv(intrinsic, returns=returns)}
#endif
}}
"""


def _aarch64(intrinsic: _Intrinsic, *, returns: bool) -> str:
    """The body with fixed registers: the assembler does not know the instruction."""
    used = [*intrinsic.operands, *(["rd"] if returns else [])]
    word = isa.encode(intrinsic.operation, **{name: _REGISTERS[name] for name in used})
    declarations = [
        f'register uint64_t {name} __asm__("x{_REGISTERS[name]}") = {value};'
        for name, value in intrinsic.operands.items()
    ]
    if returns:
        declarations.append(f'register uint64_t rd __asm__("x{_REGISTERS["rd"]}");')
    read = ", ".join(f'"r"({name})' for name in intrinsic.operands)
    written = '"=r"(rd)' if returns else ""
    statement = f'__asm__ volatile(".inst 0x{word:08x}" : {written} : {read});'
    return _lines(declarations, statement, returns)


def _riscv(intrinsic: _Intrinsic, *, returns: bool) -> str:
    """The body in R-type form, whose registers the compiler chooses.

    The count of a queue and the weight of an initialisation stand in the destination's field.
    """
    asked = dict(intrinsic.operands)
    places = {name: f"%[{name}]" for name in asked}
    declarations = [
        f"unsigned long {name} = (unsigned long){value};" for name, value in asked.items()
    ]
    outputs: list[str] = []
    destination = places.pop("ra", "x0")
    if returns:
        declarations += [] if "ra" in asked else ["unsigned long rd;"]
        outputs = ['[ra] "+r"(ra)'] if "ra" in asked else ['[rd] "=r"(rd)']
        destination = "%[ra]" if "ra" in asked else "%[rd]"
    inputs = [f'[{name}] "r"({name})' for name in asked if not (name == "ra" and returns)]
    funct3 = isa.RISCV_FUNCT3[intrinsic.operation]
    statement = (
        f'__asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", {funct3}, '
        f'0, {destination}, {places.get("rm", "x0")}, {places.get("rn", "x0")}" '
        f": {', '.join(outputs)} : {', '.join(inputs)});"
    )
    return _lines(declarations, statement, returns, "ra" if "ra" in asked else "rd")


def _lines(declarations: Sequence[str], statement: str, returns: bool, result: str = "rd") -> str:
    ending = [f"return {result};"] if returns else []
    return "\n".join(f"    {line}" for line in (*declarations, statement, *ending))


_OPENING = f"""/* SPDX-License-Identifier: Apache-2.0
 *
 * The CM instructions as C functions. Written by `python -m alpine_sw.library.c.intrinsics` from
 * the table that the hardware's decoder is made from; do not edit.
 */
#ifndef AIMC_INTRINSICS_H
#define AIMC_INTRINSICS_H

#include <stdint.h>

#if !defined(__aarch64__) && !defined(__riscv)
#error "CM instructions exist for AArch64 and RISC-V; -DAIMC_CHECKER builds for other machines"
#endif

/* Major opcode of the RISC-V form: custom-0 unless the core uses it for something else. */
#ifndef AIMC_RISCV_OPCODE
#define AIMC_RISCV_OPCODE 0x{isa.RISCV_CUSTOM_0:02x}
#endif
/* The simulator finds the instructions by their addresses, in a section that is not loaded: on a
   core that uses their opcode otherwise the words are none of ours. */
#define AIMC_RISCV_MARK "1: .pushsection .aimc_instructions\\n.word 1b\\n.popsection\\n"
#define AIMC_AS_TEXT(number) #number
#define AIMC_TEXT_OF(macro) AIMC_AS_TEXT(macro)

/* Numbers of the hints to the simulator. */
{"".join(f"#define AIMC_HINT_{hint.name} {hint.value}" + chr(10) for hint in isa.Hint)}"""


if __name__ == "__main__":
    write_text(HEADER, header_text())
    print(HEADER.name)
