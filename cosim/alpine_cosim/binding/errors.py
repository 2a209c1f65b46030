# SPDX-License-Identifier: Apache-2.0
"""What a simulated design did that ends or interrupts its simulation."""

from alpine_models.errors import AlpineError

__all__ = ["ModelError", "SimulationFinished", "SimulationStopped"]


class ModelError(AlpineError):
    """A model was used where it cannot be: after `close`, or by two threads at once."""


class SimulationFinished(AlpineError):
    """The design had called ``$finish`` before the call; nothing moves any more."""


class SimulationStopped(AlpineError):
    """The design called ``$stop``, ``$error`` or ``$fatal``, failed an assertion, or cannot go on.

    Members
    -------
    file : str, of the statement; empty where none is to blame.
    line : int.
    reason : str, what the design or Verilator's runtime said.
    """

    def __init__(self, reason: str, file: str = "", line: int = 0):
        # Pickling makes exceptions anew from their arguments.
        super().__init__(reason, file, line)
        self.reason, self.file, self.line = reason, file, line

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"the design stopped: {place}{self.reason}"
