# SPDX-License-Identifier: Apache-2.0
"""Numbers in words: times, energies, factors and their deviations."""

__all__ = ["MISSING", "NOTABLE", "deviation", "energy", "share", "time", "times"]

MISSING = "-"
NOTABLE = 0.2
"""Deviation from the paper beyond which the report looks for a reason."""


def times(factor: float | None) -> str:
    """A factor: two significant digits, one decimal at most."""
    if factor is None:
        return MISSING
    return f"{factor:.1f}x" if abs(factor) < 100 else f"{factor:.0f}x"


def deviation(ours: float | None, theirs: float) -> str:
    """A factor with its deviation from the printed one."""
    return MISSING if ours is None else f"{times(ours)} ({ours / theirs - 1:+.0%})"


def share(fraction: float | None) -> str:
    """A fraction in percent."""
    return MISSING if fraction is None else f"{fraction:.1%}"


def time(seconds: float | None) -> str:
    """Seconds in the unit that suits them."""
    return MISSING if seconds is None else _scaled(seconds, "s")


def energy(joules: float | None) -> str:
    """Joules in the unit that suits them."""
    return MISSING if joules is None else _scaled(joules, "J")


def _scaled(value: float, unit: str) -> str:
    # Rounded first, so that 0.9996 s is not 1e+03 ms.
    value = float(f"{value:.3g}")
    for scale, prefix in ((1.0, ""), (1e-3, "m"), (1e-6, "u")):
        if abs(value) >= scale:
            return f"{value / scale:.3g} {prefix}{unit}"
    return f"{value / 1e-9:.3g} n{unit}"
