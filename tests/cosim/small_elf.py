# SPDX-License-Identifier: Apache-2.0
"""Small ELF files out of words, and their runs without a command around them."""

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from alpine_cosim.runs.core_library import core_library
from alpine_platform.binaries.elf import Architecture, load_program
from alpine_platform.binaries.outcome import ProgramOutcome
from alpine_platform.binaries.riscv.bare_metal import BareMetalRun
from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster

__all__ = ["EXIT", "L2", "execute", "words_run", "write_elf"]

L2 = 0x1C000000
EXIT = (0x05D00893, 0x00000073)
"""li a7, 93; ecall"""
RISCV = 243


def write_elf(
    path: Path,
    code: bytes,
    *,
    base: int = L2,
    machine: int = RISCV,
    symbols: Mapping[str, int] | None = None,
) -> Path:
    """Write an executable of one segment that begins with its entry."""
    names, table = b"\0", struct.pack("<IIIBBH", 0, 0, 0, 0, 0, 0)
    for name, value in (symbols or {}).items():
        table += struct.pack("<IIIBBH", len(names), value, 0, 0x10, 0, 1)
        names += name.encode() + b"\0"
    sections = b"\0.text\0.symtab\0.strtab\0"
    at = 52 + 32
    offsets = [at, at + len(code), at + len(code) + len(table)]
    strings = offsets[2] + len(names)
    headers = strings + len(sections)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH", 2, machine, 1, base, 52, headers, 0, 52, 32, 1, 40, 5, 4
    )
    program = struct.pack("<IIIIIIII", 1, at, base, base, len(code), len(code), 7, 4096)
    rows = [
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (1, 1, 6, base, offsets[0], len(code), 0, 0, 4, 0),
        (7, 2, 0, 0, offsets[1], len(table), 3, 1, 4, 16),
        (15, 3, 0, 0, offsets[2], len(names), 0, 0, 1, 0),
        (15, 3, 0, 0, strings, len(sections), 0, 0, 1, 0),
    ]
    section_headers = b"".join(struct.pack("<10I", *row) for row in rows)
    path.write_bytes(header + program + code + table + names + sections + section_headers)
    return path


def execute(
    path: Path, *arguments: str, cores: int = 1, max_cycles: int | None = 100_000
) -> tuple[ProgramOutcome, bytes, BareMetalRun]:
    """What came of a program, what it wrote, and the machine as it was left."""
    written: list[bytes] = []

    def output(descriptor: int, data: bytes) -> int:
        written.append(data)
        return len(data)

    run = BareMetalRun(
        load_program(path, Architecture.RV32),
        arguments=arguments,
        config=imc_cluster(cores),
        library=core_library(),
        output=output,
    )
    return run.run(max_cycles=max_cycles), b"".join(written), run


def words_run(folder: Path, words: Iterable[int], **options: int) -> ProgramOutcome:
    """What came of a program of 32-bit words at the beginning of L2."""
    code = b"".join(word.to_bytes(4, "little") for word in words)
    path = write_elf(folder / "words.elf", code, symbols={"start": L2})
    return execute(path, **options)[0]
