# SPDX-License-Identifier: Apache-2.0
"""Checks of what a person passes to a model."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal

from alpine_models.errors import AlpineError

from .plan import TraceFormat
from .ports import Port
from .scalar_types import number_of

__all__ = ["checked_plus_arguments", "cycle_count", "reset_level", "trace_format"]

LONGEST = 1 << 62


def cycle_count(value: Any) -> int:
    """Return a number of cycles or femtoseconds after checking that it can be run."""
    number = number_of(value, what="the number of cycles")
    if not 0 <= number <= LONGEST:
        raise ValueError(f"{number} cannot be run: from 0 to {LONGEST}")
    return number


def trace_format(trace: TraceFormat | str | None) -> TraceFormat | None:
    """Return the waveform format of a name, or None."""
    if trace is None:
        return None
    try:
        return TraceFormat(trace)
    except ValueError:
        known = " or ".join(each.value for each in TraceFormat)
        raise AlpineError(f"trace={trace!r} is no waveform format: {known}") from None


def reset_level(
    name: str, active: Literal["high", "low"] | None, ports: Sequence[Port]
) -> Literal["high", "low"]:
    """Return the level at which a reset acts, with a warning where its name says another."""
    if active not in (None, "high", "low"):
        raise AlpineError(f"reset_active={active!r} is no level: high or low")
    exists = name in {port.name for port in ports}
    if active is None and exists and name.lower().endswith(("n", "_ni")):
        warnings.warn(
            f"reset {name} is taken as active high, though its name ends like one that is active "
            f"low: pass reset_active='low' or 'high'",
            stacklevel=3,
        )
    return active or "high"


def checked_plus_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return plus-arguments after checking that they are for the design."""
    for text in arguments:
        if not text.startswith("+") or text.startswith("+verilator+"):
            raise AlpineError(f"plus-argument {text!r} is none of a design's: write +NAME=VALUE")
    return tuple(arguments)
