# SPDX-License-Identifier: Apache-2.0
"""What is made from the register maps for people and C programs: a header and a page."""

from collections.abc import Iterator

from alpine_models.files import deliver
from alpine_models.hwpe_registers import CONTEXT_OFFSETS, DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_models.isa import OPCODES, OPERANDS, RISCV_CUSTOM_0, RISCV_FUNCT3
from alpine_models.register_map import Access, Register, RegisterMap
from alpine_models.registers import (
    ACCELERATOR_REGISTERS,
    MAX_TILES,
    PAGE_REGISTERS,
    PAGE_WINDOWS,
    TILE_PAGE_BYTES,
    TILE_REGISTERS,
)

__all__ = [
    "c_header",
    "cluster_c_header",
    "cluster_python_header",
    "encoding_page",
    "register_page",
]

MAPS = (TILE_REGISTERS, ACCELERATOR_REGISTERS, PAGE_REGISTERS)
CLUSTER_MAPS = (IMA_REGISTERS, DEPTHWISE_REGISTERS)

ACCESS_NAMES = {
    Access.READ_ONLY: "read only",
    Access.READ_WRITE: "read, write",
    Access.WRITE_ONE_TO_CLEAR: "read, write 1 to clear",
    Access.WRITE_ONE: "write 1",
    Access.COMMAND: "write",
}


def c_header() -> str:
    """Return a C header with the offset of every register and window and the place of every field.

    It holds macros only, so that assembler and linker scripts can include it too.
    """
    lines = [
        "/* Registers of the analog in-memory computing tile and accelerator.",
        " * Made from alpine_models.registers; change it there. */",
        "#ifndef AIMC_REGISTERS_H",
        "#define AIMC_REGISTERS_H",
        "",
        f"#define AIMC_MAX_TILES {MAX_TILES}",
        f"#define AIMC_TILE_PAGE_BYTES {TILE_PAGE_BYTES:#x}",
        "/* Address of the page of tile k. */",
        "#define AIMC_TILE_PAGE(k) (((k) + 1) * AIMC_TILE_PAGE_BYTES)",
        *(f"#define AIMC_{w.name.upper()}_WINDOW {w.offset:#x}" for w in PAGE_WINDOWS),
    ]
    for registers in MAPS:
        lines += ["", f"/* {registers.title}. */"]
        for register in registers.registers:
            lines += _c_register(registers, register)
    return "\n".join([*lines, "", "#endif", ""])


def cluster_c_header() -> str:
    """Return a C header like `c_header` for the accelerators of the IMC cluster."""
    lines = [
        "/* Registers of the IMC cluster's accelerators.",
        " * Made from alpine_models.hwpe_registers; change it there. */",
        "#ifndef IMC_CLUSTER_REGISTERS_H",
        "#define IMC_CLUSTER_REGISTERS_H",
    ]
    for registers in CLUSTER_MAPS:
        lines += ["", f"/* {registers.title}. */"]
        for register in registers.registers:
            lines += _c_register(registers, register)
    return "\n".join([*lines, "", "#endif", ""])


def cluster_python_header() -> str:
    """Return a Python module with the same numbers under the same names."""
    lines = [
        '"""Registers of the IMC cluster\'s accelerators.',
        "",
        "Made from alpine_models.hwpe_registers; change it there.",
        '"""',
    ]
    for registers in CLUSTER_MAPS:
        lines += ["", f"# {registers.title}."]
        for register in registers.registers:
            for line in _c_register(registers, register):
                _, name, value = line.split()
                lines.append(f"{name} = {value.rstrip('u')}")
    return "\n".join([*lines, ""])


def _c_register(registers: RegisterMap, register: Register) -> Iterator[str]:
    prefix = registers.name.upper()
    yield f"#define {prefix}_{register.name.upper()} {register.offset:#x}"
    for field in register.fields:
        if field.name != "value":
            name = f"{prefix}_{register.signal_name(field).upper()}"
            yield f"#define {name}_SHIFT {field.low}"
            yield f"#define {name}_MASK {field.mask:#x}u"


def register_page() -> str:
    """Return the documentation page of all registers, in Markdown."""
    lines = [
        "# Registers",
        "",
        "This page is made from `alpine_models.registers` by",
        "`python -m alpine_rtl.register_files`.",
        "",
        "Registers are 32 bits wide. On the tile's register port an access lasts one cycle and its",
        "result is valid in the next one: `csr_rdata`, and `csr_error` for an illegal address or a",
        "refused write, which changes nothing. On the accelerator's bus an unmapped address",
        "answers DECERR and a refused access SLVERR; registers take whole words only.",
        "",
        "The accelerator's address space begins with its own registers. The page of tile k begins",
        f"at (k + 1) * {TILE_PAGE_BYTES:#x}: first the tile's registers, then cell access, then",
        "the windows.",
        "",
        "| window | offset | reads | writes | what it is |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{w.name}` | `{w.offset:#07x}` | {_yes(w.readable)} | {_yes(w.writable)} "
        f"| {w.description} |"
        for w in PAGE_WINDOWS
    ]
    for registers in MAPS:
        lines += _map_section(registers)
    lines += [
        "",
        "## Accelerators of the IMC cluster",
        "",
        "`alpine verilog --system imc-cluster` writes them. An access is accepted where",
        "`cfg_valid` and `cfg_ready` are high, and answered at the earliest in the next cycle;",
        "writes answer 0.",
        "A wrong access reads 0, changes nothing and sets `status.error`, which keeps the first.",
        f"Each of two contexts has its own registers at {CONTEXT_OFFSETS.start:#x} to",
        f"{CONTEXT_OFFSETS.stop - 4:#x}; reads and writes of them, and `trigger`, go to the oldest",
        "context that is acquired and not triggered. Strides are two's complement; addresses wrap",
        "at 2**32. Registers are described in `alpine_models.hwpe_registers`.",
    ]
    for registers in CLUSTER_MAPS:
        lines += _map_section(registers)
    return "\n".join([*lines, "", encoding_page()])


def _map_section(registers: RegisterMap) -> Iterator[str]:
    yield from ("", f"## {registers.title}", "")
    yield "| offset | register | bits | access | reset | what it is |"
    yield "|---|---|---|---|---|---|"
    for register in registers.registers:
        yield from _rows(register)


def _yes(flag: bool) -> str:
    return "yes" if flag else "refused"


def _rows(register: Register) -> Iterator[str]:
    offset, name = f"`{register.offset:#05x}`", f"`{register.name}`"
    if register.fields[0].name != "value":
        yield f"| {offset} | {name} | | | | {register.description} |"
        offset = ""
    for field in register.fields:
        high = field.low + field.width - 1
        bits = str(high) if high == field.low else f"{high}:{field.low}"
        reset = "configuration" if field.reset is None else f"{field.reset:#x}"
        whole = field.name == "value"
        label = name if whole else f"`{register.name}.{field.name}`"
        text = register.description if whole else field.description
        yield f"| {offset} | {label} | {bits} | {ACCESS_NAMES[field.access]} | {reset} | {text} |"


def encoding_page() -> str:
    """Return both encodings of the CM instructions, in Markdown."""
    lines = [
        "## Instruction encodings",
        "",
        "AArch64: `opcode[31:21] Rm[20:16] rw[15] Ra[14:10] Rn[9:5] Rd[4:0]`. RISC-V: R-type with",
        f"opcode `{RISCV_CUSTOM_0:#04x}` (custom-0) and funct7 0; Rm is rs1, Rn is rs2, Ra and Rd",
        "are both in the rd field, where CV-X-IF reads rs3. So the register with the weight of",
        "CM_INITIALIZE receives its status. x0 stands for XZR, also where that selects a streaming",
        "form.",
        "",
        "| instruction | opcode | rw | funct3 | registers |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| CM_{operation.name} | `{int(opcode):#05x}` | {rw} | {RISCV_FUNCT3[operation]} "
        f"| {', '.join(OPERANDS[operation])} |"
        for operation, (opcode, rw) in OPCODES.items()
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    deliver(register_page())
