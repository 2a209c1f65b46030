# SPDX-License-Identifier: Apache-2.0
"""Assembles what is shipped assembled, by LLVM: `make riscv-programs`.

That is the kernels of alpine_sw.riscv, the words by which the instruction table is tested, and the
tests' own programs. Nothing else needs the compiler. RISCV_CC replaces its command.
"""

import hashlib
import os
import random
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

from alpine_models.isa import RISCV_CUSTOM_0
from alpine_platform.binaries.riscv.instruction import RESERVED, Instruction, disassembled
from alpine_platform.binaries.riscv.instructions import INSTRUCTIONS, instruction_of
from alpine_sw.library.c import INCLUDE
from alpine_sw.riscv import include_folder
from alpine_sw.riscv.command_list import command_header
from alpine_sw.riscv.kernel_calls import kernel_header, kernel_program

ROOT = Path(__file__).parent.parent
COMPILER = f"{sys.executable} -m ziglang cc"
CPU = "-mcpu=generic_rv32+m+c+zicsr+zifencei+xcvsimd+xcvmem+xcvmac+xcvalu+xcvbi+xcvelw"
WORDS = ROOT / "tests" / "platform" / "riscv_words.txt"
PROGRAMS = ROOT / "tests" / "riscv"
TILE_PROGRAMS = ROOT / "tests" / "riscv_tile"
TILE_CPU = "-mcpu=generic_rv32+m+c"
CUSTOM_1 = 0x2B
SAMPLES = 3


def compile_(sources: list[Path], output: Path, *options: str, cpu: str = CPU) -> None:
    compiler = shlex.split(os.environ.get("RISCV_CC", COMPILER))
    command = [*compiler, "-target", "riscv32-freestanding-none", cpu, "-nostdlib"]
    command += [f"-I{include_folder()}", *options, *map(str, sources), "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{output.name} does not compile:\n{done.stderr}")


def link(sources: list[Path], output: Path, *options: str) -> None:
    """Link a program for system imc-cluster, without what the compiler says of itself."""
    script = include_folder() / "imc_cluster.ld"
    compile_(sources, output, "-O2", "-g0", f"-Wl,-T,{script}", *options)


def sample(row: Instruction, draw: random.Random) -> str | None:
    """A random instruction of a row as text for the assembler, branches forward."""
    for _ in range(1000):
        word = draw.getrandbits(8 * row.size_bytes) & ~row.mask | row.match
        found = instruction_of(word)
        immediate = row.immediate.value(word)
        small_immediates = "zimm" not in row.pattern or row.registers["rs2"].value(word) < 16
        forward = "target" not in row.syntax or immediate > 0
        if found is row and forward and small_immediates and immediate != 0:
            return disassembled(row, word, 0)
        if found is row and not row.immediate.slices:
            return disassembled(row, word, 0)
    return None


def write_words() -> None:
    """Texts of all instructions that LLVM knows, with its words."""
    draw = random.Random(1)
    texts: list[str] = []
    for row in INSTRUCTIONS:
        loop = row.operation.startswith("loop_")
        if row.operation != RESERVED and not loop:
            texts += [text for _ in range(SAMPLES) if (text := sample(row, draw))]
    texts = list(dict.fromkeys(texts))
    with tempfile.TemporaryDirectory() as scratch:
        source, built = Path(scratch) / "words.S", Path(scratch) / "words.o"
        lines = [f'.section .text.i{n}, "ax"\n{text}' for n, text in enumerate(texts)]
        source.write_text(".option norelax\n.option exact\n" + "\n".join(lines) + "\n")
        compile_([source], built, "-c")
        with built.open("rb") as file:
            elf = ELFFile(file)
            words = [elf.get_section_by_name(f".text.i{n}").data() for n in range(len(texts))]
    pairs = zip(words, texts, strict=True)
    listed = [f"{int.from_bytes(word, 'little'):0{2 * len(word)}x} {text}" for word, text in pairs]
    WORDS.write_text("\n".join(listed) + "\n")


def write_digest(output: Path, sources: list[Path]) -> None:
    """Note which sources a program was made from; tests compare."""
    files = [output, *sources]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]
    output.with_suffix(".sha256").write_text("\n".join(lines) + "\n")


def write_kernels() -> None:
    """The shipped kernels."""
    output = kernel_program()
    sources = sorted(output.parent.glob("*.S"))
    with tempfile.TemporaryDirectory() as scratch:
        header = kernel_header() + command_header()
        (Path(scratch) / "kernel_parameters.h").write_text(header)
        link(sources, output, f"-I{scratch}", f"-I{output.parent}")
    write_digest(output, [*sources, output.parent / "macros.h"])


def write_tile_programs() -> None:
    """Programs for system riscv-tile, with their lines and without where they were compiled."""
    start = include_folder() / "riscv_tile.S"
    script = include_folder() / "imc_cluster.ld"
    options = ("-ffreestanding", "-Os", "-g", f"-ffile-prefix-map={ROOT}=.", f"-I{INCLUDE}")
    for source in sorted(TILE_PROGRAMS.glob("*.c")):
        for output, opcode in (
            (source.with_suffix(".elf"), RISCV_CUSTOM_0),
            (source.with_name(f"{source.stem}_custom_1.elf"), CUSTOM_1),
        ):
            compile_(
                [start, source], output, *options, f"-Wl,-T,{script}",
                f"-DAIMC_RISCV_OPCODE={opcode:#x}", cpu=TILE_CPU,
            )  # fmt: skip
            write_digest(output, [start, source, *sorted(INCLUDE.iterdir())])


def main() -> None:
    write_words()
    write_kernels()
    write_tile_programs()
    start = include_folder() / "crt0.S"
    for source in sorted([*PROGRAMS.glob("*.c"), *PROGRAMS.glob("*.S")]):
        sources = [start, source] if source.suffix == ".c" else [source]
        output = source.with_suffix(".elf")
        link(sources, output)
        write_digest(output, sources)


if __name__ == "__main__":
    main()
