# SPDX-License-Identifier: Apache-2.0
"""What the `alpine` command tells the shell."""

from enum import IntEnum

from .interruption import INTERRUPTED

__all__ = ["ExitStatus"]


class ExitStatus(IntEnum):
    """Exit statuses besides 0."""

    FAILED = 1
    """Something was left undone that is no fault of the person."""
    USAGE_ERROR = 2
    """The person asked for something that cannot be."""
    WRONG_OUTPUTS = 3
    """A run came to its end, and its outputs differ from the golden reference."""
    INTERRUPTED = INTERRUPTED
    """Ctrl-C, as shells say it."""
