# SPDX-License-Identifier: Apache-2.0
"""The coupling: verilated tiles under simulated processors, run sessions and their results.

from alpine_cosim import run

result = run("mlp", system="high-power", case=1, engine="rtl", inferences=10)
"""

# Not typing's, whose import takes a tenth of the time of --help.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .measurement.results import RunResult
    from .runs.network_run import Engine, run
    from .runs.program_run import ProgramResult, run_program

__all__ = ["Engine", "ProgramResult", "RunResult", "run", "run_program"]

_MODULES = {
    "Engine": "runs.network_run",
    "ProgramResult": "runs.program_run",
    "RunResult": "measurement.results",
    "run": "runs.network_run",
    "run_program": "runs.program_run",
}


def __getattr__(name: str) -> "Any":
    """Import a public name where it is used first: `alpine --help` needs none of what they need."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
