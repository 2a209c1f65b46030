# SPDX-License-Identifier: Apache-2.0
"""Reading a program: what an ELF file puts into memory, where it begins and what it names."""

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from alpine_models.errors import AlpineError

__all__ = ["Architecture", "Program", "Segment", "architecture_of", "load_program"]


_EXECUTABLE = 1
"""Flag of a segment that holds code."""


ADDRESS_SPACE = 1 << 32
"""Where segments lie: all of a 32-bit machine, and where programs for Linux are linked."""


class Architecture(Enum):
    """Machine and word length, as `readelf -h` names them."""

    RV32 = ("EM_RISCV", 32, "32-bit RISC-V")
    AARCH64 = ("EM_AARCH64", 64, "64-bit Arm")

    @property
    def title(self) -> str:
        """What people call it."""
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands from an address on: bytes, then zeros up to ``size``; ``executable``: code."""

    address: int
    data: bytes
    size: int
    executable: bool = False


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program as its file describes it.

    Members
    -------
    path : of the file. architecture : that it was compiled for. entry : first address.
    segments : what is loaded, in the file's order. symbols : values by name.
    functions : names of code by address.
    regions : names of `aimc_begin` by the address of its hint.
    cm_addresses : of the CM instructions of a RISC-V program, as aimclib.h names them.
    program_headers : where the file's table of segments stands in memory, and its length.
    """

    path: Path
    architecture: Architecture
    entry: int
    segments: tuple[Segment, ...]
    symbols: dict[str, int]
    functions: dict[int, str]
    regions: dict[int, str] = field(default_factory=dict[int, str])
    cm_addresses: tuple[int, ...] = ()
    program_headers: tuple[int, int] = (0, 0)

    def word(self, address: int) -> int | None:
        """Return the 32-bit word that a segment puts at an address."""
        for each in self.segments:
            offset = address - each.address
            if 0 <= offset <= len(each.data) - 4:
                return int.from_bytes(each.data[offset : offset + 4], "little")
        return None

    def function(self, address: int) -> str | None:
        """Return the name of the function that an address is in, if there is one."""
        at = bisect_right(self._starts, address) - 1
        return self.functions[self._starts[at]] if at >= 0 and self._loaded(address) else None

    def place(self, address: int) -> str:
        """Return an address with the function that it is in, if there is one."""
        starts = self._starts
        at = bisect_right(starts, address) - 1
        if at < 0 or not self._loaded(address):
            return f"{address:#010x}"
        start = starts[at]
        return f"{address:#010x} ({self.functions[start]}+{address - start:#x})"

    @cached_property
    def _starts(self) -> list[int]:
        return sorted(self.functions)

    def _loaded(self, address: int) -> bool:
        return any(0 <= address - each.address < each.size for each in self.segments)


def architecture_of(path: Path) -> Architecture | None:
    """Tell what an ELF file was compiled for; None where it is no file or of another machine."""
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            found = (elf["e_machine"], elf.elfclass)
    except Exception:  # `load_program` says what is wrong
        return None
    return next((each for each in Architecture if each.value[:2] == found), None)


def load_program(path: Path, architecture: Architecture) -> Program:
    """Read a static ELF file.

    Raises
    ------
    AlpineError
        There is no such file, or it is none, of another machine, or has to be linked further.
    """
    try:
        with path.open("rb") as file:
            return _program(path, ELFFile(file), architecture)
    except OSError as error:
        raise AlpineError(f"program {path} cannot be read: {error.strerror}") from error
    except AlpineError:
        raise
    except Exception as error:  # pyelftools meets what a damaged file says in many ways
        reason = " ".join(str(error).split()) or "it is cut off"
        raise AlpineError(
            f"program {path} is no ELF file that can be read ({reason[:100]}): name a linked "
            f"executable"
        ) from error


def _program(path: Path, elf: Any, architecture: Architecture) -> Program:
    machine, bits, title = architecture.value
    found = f"{elf.elfclass}-bit {str(elf['e_machine']).removeprefix('EM_')}"
    if elf["e_machine"] != machine or elf.elfclass != bits or not elf.little_endian:
        raise AlpineError(f"program {path} is for {found}, not for {title}: compile it for that")
    if elf["e_type"] != "ET_EXEC":
        raise AlpineError(
            f"program {path} is {elf['e_type']}, not a linked executable: link it statically, "
            f"at fixed addresses"
        )
    segments: list[Segment] = []
    for part in elf.iter_segments():
        if part["p_type"] in ("PT_INTERP", "PT_DYNAMIC"):
            raise AlpineError(f"program {path} is linked dynamically: link it with -static")
        if part["p_type"] == "PT_LOAD" and part["p_memsz"]:
            segments.append(_segment(path, part))
    symbols, functions = _symbols(elf)
    return Program(
        path=path,
        architecture=architecture,
        entry=elf["e_entry"],
        segments=tuple(segments),
        symbols=symbols,
        functions=functions,
        regions=_regions(elf),
        cm_addresses=_cm_addresses(elf),
        program_headers=_program_headers(elf),
    )


def _segment(path: Path, part: Any) -> Segment:
    code = bool(part["p_flags"] & _EXECUTABLE)
    segment = Segment(part["p_paddr"], part.data(), part["p_memsz"], code)
    if len(segment.data) != part["p_filesz"] or segment.size < len(segment.data):
        raise AlpineError(f"program {path} is cut off: copy it again")
    if segment.address + segment.size > ADDRESS_SPACE:
        raise AlpineError(
            f"program {path} has {segment.size} bytes at {segment.address:#010x}, beyond the last "
            f"address: link it elsewhere"
        )
    return segment


def _program_headers(elf: Any) -> tuple[int, int]:
    offset, count = elf["e_phoff"], elf["e_phnum"]
    for part in elf.iter_segments("PT_LOAD"):
        if part["p_offset"] <= offset < part["p_offset"] + part["p_filesz"]:
            return part["p_vaddr"] + offset - part["p_offset"], count
    return 0, count


def _regions(elf: Any) -> dict[int, str]:
    """Read what `aimc_begin` of aimc_hints.h leaves: addresses, each before a name."""
    section = elf.get_section_by_name(".aimc_regions")
    data: bytes = b"" if section is None else section.data()
    found: dict[int, str] = {}
    size = elf.elfclass // 8
    while len(data) > size:
        name, _, rest = data[size:].partition(b"\0")
        found[int.from_bytes(data[:size], "little")] = name.decode(errors="replace")
        data = rest
    return found


def _cm_addresses(elf: Any) -> tuple[int, ...]:
    """Read what aimc_intrinsics.h leaves on RISC-V: 32-bit addresses."""
    section = elf.get_section_by_name(".aimc_instructions")
    data: bytes = b"" if section is None else section.data()
    words = (int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data) - 3, 4))
    # A linker leaves 0 where it has dropped the code.
    return tuple(sorted({word for word in words if word}))


def _symbols(elf: Any) -> tuple[dict[str, int], dict[int, str]]:
    table = elf.get_section_by_name(".symtab")
    symbols: dict[str, int] = {}
    functions: dict[int, str] = {}
    for symbol in table.iter_symbols() if table is not None else ():
        kind, defined = symbol["st_info"]["type"], symbol["st_shndx"] != "SHN_UNDEF"
        if not defined or not symbol.name or kind not in ("STT_FUNC", "STT_NOTYPE", "STT_OBJECT"):
            continue
        symbols[symbol.name] = symbol["st_value"]
        named_code = kind != "STT_OBJECT" and isinstance(symbol["st_shndx"], int)
        if named_code and not symbol.name.startswith((".", "$")):
            functions.setdefault(symbol["st_value"], symbol.name)
    return symbols, functions
