# SPDX-License-Identifier: Apache-2.0
"""The coupling: verilated hardware under simulated processors, runs and their results.

`run` simulates what `run_spec` describes as a `RunSpec`, a shipped network or a program of a user's
own by its name, and gives a `RunResult`. `run_program` takes a program as Python objects, a
`ProgramSetup` or its parts, and gives a `ProgramResult`. `VerilatedModel` makes a Python object of
any hardware.

from alpine_cosim import run

result = run("mlp", system="high-power", case=1, engine="rtl", inferences=10)
"""

from alpine_models.lazy_names import lazy_names

# Not typing's, whose import takes a tenth of the time of `alpine --help`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .binding import VerilatedModel
    from .measurement.results import RunResult
    from .runs.network_run import Engine, run
    from .runs.program_run import ProgramResult, run_program
    from .spec.keywords import run_spec
    from .spec.program_setup import ProgramSetup
    from .spec.specification import RunSpec

__all__ = [
    "Engine",
    "ProgramResult",
    "ProgramSetup",
    "RunResult",
    "RunSpec",
    "VerilatedModel",
    "run",
    "run_program",
    "run_spec",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "binding": ["VerilatedModel"],
        "measurement.results": ["RunResult"],
        "runs.network_run": ["Engine", "run"],
        "runs.program_run": ["ProgramResult", "run_program"],
        "spec.keywords": ["run_spec"],
        "spec.program_setup": ["ProgramSetup"],
        "spec.specification": ["RunSpec"],
    },
)
