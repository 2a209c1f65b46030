# SPDX-License-Identifier: Apache-2.0
"""Names that a person chooses from, and what to say when they mistype one."""

import difflib
from collections.abc import Iterable
from typing import Any

from .errors import AlpineError

__all__ = ["choose"]


def choose(kind: str, name: Any, known: Iterable[str]) -> str:
    """Return ``name`` if it is known; a script can pass anything in its place.

    Raises
    ------
    AlpineError
        It is not; the message lists near names, or all of them when none is near.
    """
    names = list(known)
    near: list[str] = []
    if isinstance(name, str):
        if name in names:
            return name
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(names)}"
    raise AlpineError(f"unknown {kind} {name!r}: {hint}")
