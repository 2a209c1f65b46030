# SPDX-License-Identifier: Apache-2.0
"""Errors that a person can cause and correct."""

__all__ = ["AlpineError"]


class AlpineError(Exception):
    """A person's mistake, told in one line: the thing, the value and the remedy."""
