# SPDX-License-Identifier: Apache-2.0
"""What a launching process asks of the simulator's process: a function to call there.

Both sides meet in a directory that a plusarg names; what is asked and what comes of it is pickled.
"""

import importlib
import pickle
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpine_cosim.hardware.hardware_kind import HardwareKind
from alpine_models.errors import AlpineError
from alpine_models.files import write_bytes

__all__ = ["PLUSARG", "Job", "outcome"]

PLUSARG = "alpine_job"
"""Name of the plusarg with the directory."""
JOB, OUTCOME = "job.pickle", "outcome.pickle"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A function to call inside the simulation.

    Members
    -------
    module, function : its names.
    arguments : its keyword arguments besides the hardware.
    kind, configuration : the simulated hardware.
    period_fs : of its clock.
    """

    module: str
    function: str
    arguments: Mapping[str, Any]
    kind: HardwareKind
    configuration: Any
    period_fs: int

    def leave(self, directory: Path) -> None:
        """Write the job for the simulator's process."""
        write_bytes(directory / JOB, pickle.dumps(self))

    @classmethod
    def find(cls, directory: Path) -> "Job":
        """Read the job that the launching process left."""
        return pickle.loads((directory / JOB).read_bytes())

    def carry_out(self, hardware: object, directory: Path) -> None:
        """Import the function, call it, and leave what it returned or raised."""
        try:
            function = getattr(importlib.import_module(self.module), self.function)
            told = pickle.dumps((True, function(hardware, **self.arguments)))
        except Exception as error:
            told = _pickled_error(error)
        write_bytes(directory / OUTCOME, told)


def outcome(directory: Path) -> Any:
    """Return what the job's function returned, or raise what it raised."""
    returned, value = pickle.loads((directory / OUTCOME).read_bytes())
    if returned:
        return value
    raise value


def _pickled_error(error: Exception) -> bytes:
    if not isinstance(error, AlpineError):
        # The other process's frames are all that tells where a bug is.
        error.add_note("".join(traceback.format_exception(error)))
    try:
        text = pickle.dumps((False, error))
        pickle.loads(text)
    except Exception:
        return pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return text
