# SPDX-License-Identifier: Apache-2.0
"""Times as people write them: 25s, 90min, 1day, 2 years."""

import re

from .errors import AlpineError

__all__ = ["duration_s", "duration_text"]

YEAR_S = 365.25 * 86400
_UNITS = {
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "week": 7 * 86400.0,
    "month": YEAR_S / 12,
    "year": YEAR_S,
}
_PATTERN = re.compile(r"\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)\s*([a-z]*)\s*", re.IGNORECASE)


def duration_s(text: str) -> float:
    """Return the seconds of a number and a unit; without one the number is in seconds.

    Units are s, min, h, hour, d, day, week, month (a twelfth of a year) and year (365.25 days),
    singular or plural.

    Raises
    ------
    AlpineError
        The text is none, or negative.
    """
    match = _PATTERN.fullmatch(text)
    if match is not None:
        number, unit = float(match[1]), match[2].lower()
        for name in (unit or "s", unit.removesuffix("s")):
            if name in _UNITS:
                return number * _UNITS[name]
    raise AlpineError(
        f"time {text!r} is not understood: give a number of 0 or more and a unit, as in 25s, "
        f"90min, 1hour, 1day, 2weeks, 6months or 1year"
    )


def duration_text(seconds: float) -> str:
    """Return a duration in the largest unit of which it holds one or more."""
    for unit in ("year", "month", "week", "day", "hour", "min", "s"):
        count = seconds / _UNITS[unit]
        if count >= 1.0 or unit == "s":
            plural = "s" if len(unit) > 3 and f"{count:.3g}" != "1" else ""
            return f"{count:.3g} {unit}{plural}"
    raise AssertionError("unreachable")
