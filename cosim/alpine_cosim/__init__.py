"""The coupling: verilated tiles under simulated processors, run sessions and their results.

from alpine_cosim import run

result = run("mlp", system="high-power", case=1, engine="rtl", inferences=10)
"""

from .programs import ProgramResult, run_program
from .results import RunResult
from .session import Engine, run

__all__ = ["Engine", "ProgramResult", "RunResult", "run", "run_program"]
