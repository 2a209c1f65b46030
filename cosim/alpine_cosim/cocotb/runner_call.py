# SPDX-License-Identifier: Apache-2.0
"""One call of cocotb's own runner, in a child process that carries the environment it needs.

Nothing of this process's environment or working directory changes.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alpine_cosim.binding.compiler import QUICK, optimisation
from alpine_cosim.binding.toolchain import Toolchain
from alpine_models.children import child
from alpine_models.errors import AlpineError
from alpine_models.files import write_text

__all__ = ["LOG_NAME", "MAKE_VARIABLES", "CocotbTestError", "RunnerCall", "first_error", "with_log"]

MAKE_VARIABLES = {
    # The pip wheel's verilated.mk was written on a machine whose compiler needed none of these.
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_LDLIBS_THREADS": "-pthread",
    "CFG_CXXFLAGS_STD_NEWEST": "-std=gnu++20",
    "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
    "OPT_GLOBAL": QUICK,
}

LOG_NAME = "log.txt"
"""Name of the file to which the child's output goes, in the folder of the call."""
TELLING = re.compile(r"^%(Warning|Error)|^\w+(Error|Exception): |\berror: ")
"""What Verilator, Python and compilers begin the line with that names the problem."""


class CocotbTestError(AlpineError):
    """A cocotb test failed, or the simulation around it did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunnerCall:
    """A method of cocotb's runner with what it is given.

    Members
    -------
    action : name of the method, ``build`` or ``test``.
    arguments : what JSON can hold of its keyword arguments.
    directory : folder to work in.
    waves : whether waveforms are compiled in, or written.
    timeout_s : host seconds after which it is ended.
    what : the call in words, for messages.
    product : what it makes. What counts is whether this was made: the simulator's exit status is 0
        after some crashes and not 0 after a failed test.
    python_path : directories to import modules from, before this process's own.
    make_variables : of make, beyond `MAKE_VARIABLES`.
    """

    action: str
    arguments: Mapping[str, Any]
    directory: Path
    waves: bool
    timeout_s: float
    what: str
    product: Path
    python_path: Sequence[Path] = ()
    make_variables: Mapping[str, str] = field(default_factory=dict[str, str])

    def make(self) -> None:
        """Call the method; end all of its processes with it.

        Raises
        ------
        CocotbTestError
            It made nothing, or took too long.
        """
        job, log = self.directory / f"{self.action}.json", self.directory / LOG_NAME
        write_text(job, json.dumps({"action": self.action, "arguments": self.arguments}))
        # As a file, for it needs nothing of this package, whose import takes a second; with -P, so
        # that its directory does not get onto the simulator's module path.
        command = [sys.executable, "-P", str(Path(__file__).with_name("child.py")), str(job)]
        with (
            log.open("w") as output,
            child(
                command,
                cwd=self.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                status = process.wait(self.timeout_s)
            except subprocess.TimeoutExpired:
                raise CocotbTestError(
                    f"{self.what} took longer than {self.timeout_s:g} s and was ended; allow it "
                    "more time"
                ) from None
        if not self.product.exists():
            raise with_log(
                f"{self.what} failed with exit status {status}: {first_error(log)}; "
                f"check the tools with `alpine doctor`",
                log,
            )

    def _environment(self) -> dict[str, str]:
        variables = {**MAKE_VARIABLES, "OPT_FAST": optimisation(), **self.make_variables}
        environment = {
            **Toolchain.find().environment,
            "MAKEFLAGS": " ".join(f"{name}={value}" for name, value in variables.items()),
            # The runner lets this one override its argument.
            "WAVES": str(int(self.waves)),
            "PYTHONPATH": os.pathsep.join([*map(str, self.python_path), *filter(None, sys.path)]),
        }
        # Under this variable the runner would report to pytest instead of to its caller.
        environment.pop("PYTEST_CURRENT_TEST", None)
        return environment


def with_log(message: str, log: Path) -> CocotbTestError:
    """Return an error that has a log for its note."""
    error = CocotbTestError(message)
    error.add_note(f"log:\n{log.read_text(errors='replace')}")
    return error


def first_error(log: Path) -> str:
    """Return the first line of a log that names a problem, else its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    telling = [line for line in lines if TELLING.search(line)]
    return next(iter(telling or lines[-1:]), "no message")[:300]
