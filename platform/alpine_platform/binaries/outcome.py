# SPDX-License-Identifier: Apache-2.0
"""What came of a program's execution."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["INTERRUPTED_STATUS", "STOPPED_STATUS", "CoreOutcome", "Ending", "ProgramOutcome"]

STOPPED_STATUS = 126
"""Exit status of a program that the simulator stopped."""

INTERRUPTED_STATUS = 130
"""Exit status of one that a person stopped, as shells say it."""


class Ending(Enum):
    """Why a program ended, as the JSON names it."""

    EXIT = "exit"
    """It exited."""
    ERROR = "error"
    """It did what no handler of its own takes, or waits for ever."""
    LIMIT = "limit"
    """It took the cycles that it was given."""
    INTERRUPT = "interrupt"
    """A person stopped it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreOutcome:
    """What one core did.

    Members
    -------
    instructions : that were executed. cycles : until it, or the run, ended.
    stalls : cycles in which it began none, by cause; with the instructions they are the cycles.
    """

    instructions: int
    cycles: int
    stalls: dict[str, int]

    @property
    def ipc(self) -> float:
        """Instructions per cycle, those asleep included."""
        return self.instructions / self.cycles if self.cycles else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramOutcome:
    """What a program did.

    Members
    -------
    cycles : from start to end. ended_by : see there.
    status : the program's exit status, or the simulator's where it stopped the program.
    message : what went wrong, in one line, or "".
    cores : one entry for each.
    """

    cycles: int
    status: int
    ended_by: Ending
    message: str = ""
    cores: tuple[CoreOutcome, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they are written to a file."""
        return {
            "cycles": self.cycles,
            "status": self.status,
            "ended_by": self.ended_by.value,
            "message": self.message or None,
            "cores": [
                {
                    "instructions": core.instructions,
                    "cycles": core.cycles,
                    "ipc": core.ipc,
                    "stalls": core.stalls,
                }
                for core in self.cores
            ],
        }
