# SPDX-License-Identifier: Apache-2.0
"""Simulated time: integer femtoseconds, and clocks whose edges are multiples of their period."""

from alpine_models.errors import AlpineError

__all__ = ["FS_PER_S", "LAST_FS", "ceil_to_edge", "check_time", "cycles_until", "period_fs"]

FS_PER_S = 10**15
"""Femtoseconds in a second."""

LAST_FS = 1 << 62
"""Longest simulated time, 77 minutes: compiled models count femtoseconds in 64-bit integers, and
what is under way at this time ends before they overflow."""


def period_fs(frequency_hz: float) -> int:
    """Return the period of a clock in femtoseconds, rounded to the nearest one.

    2.3 GHz gives 434 783 fs: 1.2 parts per million off, which no figure of the project can show.

    Raises
    ------
    ValueError
        The frequency is not positive or its period is below one femtosecond.
    """
    if not 0 < frequency_hz <= FS_PER_S:
        raise ValueError(f"frequency_hz must be above 0 and at most 1e15, not {frequency_hz!r}")
    return round(FS_PER_S / frequency_hz)


def check_time(time_fs: int) -> None:
    """Raise an `AlpineError` where simulated time goes beyond what the models can count."""
    if time_fs > LAST_FS:
        raise AlpineError(
            f"simulated time passes {LAST_FS / FS_PER_S:,.0f} s, the longest that can be counted in"
            " femtoseconds: run fewer inferences, or set faster clocks"
        )


def cycles_until(time_fs: int, period: int) -> int:
    """Number of the first clock edge at or after a time; edge 0 is at time 0."""
    return -(-time_fs // period)


def ceil_to_edge(time_fs: int, period: int) -> int:
    """Time of the first clock edge at or after a time."""
    return cycles_until(time_fs, period) * period
