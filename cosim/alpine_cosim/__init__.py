"""The coupling: verilated tiles under simulated processors, run sessions and their results.

from alpine_cosim import run

result = run("mlp", system="high-power", case=1, engine="rtl", inferences=10)
"""

# Not typing's, whose import takes a tenth of the time of --help.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .programs import ProgramResult, run_program
    from .results import RunResult
    from .session import Engine, run

__all__ = ["Engine", "ProgramResult", "RunResult", "run", "run_program"]

_MODULES = {
    "Engine": "session",
    "ProgramResult": "programs",
    "RunResult": "results",
    "run": "session",
    "run_program": "programs",
}


def __getattr__(name: str) -> "Any":
    """Import a public name where it is used first: `alpine --help` needs none of what they need."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
