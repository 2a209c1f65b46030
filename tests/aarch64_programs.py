# SPDX-License-Identifier: Apache-2.0
"""Compiles the AArch64 programs that the tests execute: `make aarch64-programs`.

They are test data, so that nothing needs a cross compiler but a change of their sources.
AARCH64_CC replaces the compiler's command.
"""

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import aarch64_loops

from alpine_models.files import write_text
from alpine_sw.library.c import INCLUDE

__all__ = ["FOLDER", "PROGRAMS", "digest", "loops_digest"]

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "aarch64"
COMPILER = f"{sys.executable} -m ziglang cc -target aarch64-linux-musl"
OPTIONS = ("-s", "-static", "-Wl,--gc-sections", "-DAIMC_TILES=2")
LINKING = ("-nostdlib", "-static", "-g", "-Wl,-z,max-page-size=4096")
"""Of the loops, which have no debugging information: with -g their symbols stay."""
SMALL, UNROLLED = "-Os", "-O3"
PROGRAMS = {
    "layer": ROOT / "tests" / "sw" / "c_programs" / "layer.c",
    "behaviour": FOLDER / "behaviour.c",
    "first": FOLDER / "first.c",
}
LEVELS = {"first": UNROLLED}
"""Of optimisation, where it is not for size."""


def digest(name: str) -> str:
    """Return what a program was made from: its source and the library."""
    texts = [PROGRAMS[name], *sorted(INCLUDE.iterdir())]
    return hashlib.sha256(b"".join(path.read_bytes() for path in texts)).hexdigest()


def loops_digest() -> str:
    """Return what the reference runs' loops were made from."""
    return hashlib.sha256(aarch64_loops.assembly().encode()).hexdigest()


def main() -> None:
    """Compile all programs and write down what they were made from."""
    compiler = shlex.split(os.environ.get("AARCH64_CC", COMPILER))
    lines: list[str] = []
    for name, source in PROGRAMS.items():
        output = FOLDER / f"{name}.elf"
        options = (LEVELS.get(name, SMALL), *OPTIONS, f"-I{INCLUDE}")
        subprocess.run([*compiler, *options, source, "-o", output], check=True)
        lines.append(f"{digest(name)}  {name}\n")
    with tempfile.TemporaryDirectory() as folder:
        source, compiled = Path(folder) / "loops.S", Path(folder) / "loops.o"
        write_text(source, aarch64_loops.assembly())
        subprocess.run([*compiler, "-g0", "-c", source, "-o", compiled], check=True)
        subprocess.run([*compiler, *LINKING, compiled, "-o", aarch64_loops.ELF], check=True)
    lines.append(f"{loops_digest()}  loops\n")
    (FOLDER / "sources.sha256").write_text("".join(lines))


if __name__ == "__main__":
    main()
