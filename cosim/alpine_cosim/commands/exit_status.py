# SPDX-License-Identifier: Apache-2.0
"""What the `alpine` command tells the shell."""

from enum import IntEnum

from alpine_models.errors import AlpineError

from .interruption import INTERRUPTED

__all__ = ["ExecUseError", "ExitStatus"]


class ExitStatus(IntEnum):
    """Exit statuses besides 0."""

    FAILED = 1
    """Something was left undone that is no fault of the person."""
    USAGE_ERROR = 2
    """The person asked for something that cannot be."""
    WRONG_OUTPUTS = 3
    """A run came to its end, and its outputs differ from the golden reference."""
    EXEC_USAGE_ERROR = 125
    """The same of `alpine exec`, whose smaller statuses are those of the program."""
    INTERRUPTED = INTERRUPTED
    """Ctrl-C, as shells say it."""


class ExecUseError(AlpineError):
    """Wrong use of `alpine exec`, told in one line."""
