# SPDX-License-Identifier: Apache-2.0
"""Children of tests in which no lines are counted."""

import os

__all__ = ["untraced"]


def untraced() -> dict[str, str]:
    """The environment without what makes coverage count lines, and import modules of its own."""
    return {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
