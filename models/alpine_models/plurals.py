# SPDX-License-Identifier: Apache-2.0
"""Numbers of things in sentences: 1 run, 2 runs, 1,000 runs."""

__all__ = ["counted"]


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, which takes an s unless the count is 1; thousands get commas.

    Parameters
    ----------
    count : how many.
    noun : in the singular; in a phrase its last word, as in ``written cell``.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
