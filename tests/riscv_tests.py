# SPDX-License-Identifier: Apache-2.0
"""Builds the official tests of RISC-V's instructions and runs them through `alpine exec`.

python tests/riscv_tests.py FOLDER

FOLDER is a clone of riscv-software-src/riscv-tests with its submodule env. The environment is `p`
(one hart, no virtual memory). `make riscv-tests SOURCE=FOLDER` installs the compiler, which nothing
else needs, and does the same. RISCV_CC replaces its command.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

SUITES = ("rv32ui", "rv32um", "rv32uc")
COMPILER = f"{sys.executable} -m ziglang cc"
TARGET = ("-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m+a+f+d+c+zicsr+zifencei")
MAX_CYCLES = "1000000"


def linker_script(folder: Path, scratch: Path) -> Path:
    """The environment's script with numbers for two names that LLVM's linker does not know."""
    text = (folder / "env" / "p" / "link.ld").read_text()
    script = scratch / "link.ld"
    script.write_text(text.replace("SHF_ALLOC", "0x2").replace("SHF_EXECINSTR", "0x4"))
    return script


def build(source: Path, folder: Path, script: Path, output: Path) -> None:
    compiler = shlex.split(os.environ.get("RISCV_CC", COMPILER))
    includes = [f"-I{folder / 'env' / 'p'}", f"-I{folder / 'isa' / 'macros' / 'scalar'}"]
    command = [*compiler, *TARGET, "-nostdlib", "-static", *includes]
    linking = [f"-Wl,-T,{script}", str(source), "-o", str(output)]
    done = subprocess.run([*command, *linking], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{source} does not compile:\n{done.stderr}")


def main() -> None:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "env" / "p" / "link.ld").exists():
        sys.exit("name a clone of riscv-software-src/riscv-tests with its submodule env")
    folder = Path(sys.argv[1])
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        script = linker_script(folder, Path(scratch))
        for suite in SUITES:
            sources = sorted((folder / "isa" / suite).glob("*.S"))
            for source in sources:
                program = Path(scratch) / f"{suite}-{source.stem}"
                build(source, folder, script, program)
                command = [sys.executable, "-m", "alpine_cosim", "exec"]
                command += ["--system", "imc-cluster", "--max-cycles", MAX_CYCLES, str(program)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    failed.append(f"{program.name}: {done.returncode} {done.stderr.strip()}")
            print(f"{suite}: {len(sources)} tests")
    print("\n".join(failed) or "all pass")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
