# SPDX-License-Identifier: Apache-2.0
"""Numbers with units as people write them: 2.3GHz, 64kB, 14.16 ns."""

import re
import reprlib
from decimal import Decimal
from enum import StrEnum

__all__ = ["parse_quantity", "shown", "unit_of"]

POWERS = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}
PREFIXES = {"Hz": "kMG", "s": "fpnum", "J": "fpnum", "W": "um"}
"""Prefixes that are known before each unit."""
SIZES = {"B": 0, "kB": 10, "MB": 20, "GB": 30, "TB": 40, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}
"""Powers of two: prefixes of memory sizes are binary, as in gem5 and in the paper's table."""

SUFFIXES = {
    "_hz": "Hz",
    "_bytes": "B",
    "_ns": "ns",
    "_pj_per_cycle": "pJ/cycle",
    "_pj_per_byte": "pJ/B",
    "_pj_per_access": "pJ",
    "_tops_per_w": "TOPS/W",
    "_half_cycles": "half cycles",
    "_cycles": "cycles",
    "_s": "s",
    "_w": "W",
}
PATTERN = re.compile(r"([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z/][A-Za-z/ ]*)?")


def unit_of(name: str) -> str:
    """Return the unit that a field's name ends with; empty for a count or a factor."""
    return next((unit for suffix, unit in SUFFIXES.items() if name.endswith(suffix)), "")


def parse_quantity(text: str, unit: str) -> float:
    """Return a number that may have a unit, in the field's own unit.

    Prefixes are those of the SI (f to G), of sizes in bytes binary: 64kB and 64KiB are 65536.

    Raises
    ------
    ValueError
        The text is no number with such a unit; the message says how to write it.
    """
    match = PATTERN.fullmatch(text.strip())
    factor = match and factors(unit).get((match[2] or unit).strip())
    if not match or factor is None:
        hint = f", in {unit} or with one of the units {', '.join(factors(unit))}" if unit else ""
        raise ValueError(f"must be a number{hint}, not {text!r}")
    # Decimal, because 2.3e9 is a whole number of hertz and 2.3 is no binary fraction.
    number = Decimal(match[1].replace("_", "")) * factor
    return int(number) if abs(number) < 1 << 63 and number == int(number) else float(number)


def factors(unit: str) -> dict[str, Decimal]:
    """Return how many of a unit its multiples are."""
    if unit == "B":
        return {name: Decimal(1 << shift) for name, shift in SIZES.items()}
    base = {"ns": "s", "pJ": "J"}.get(unit, unit)
    if base not in PREFIXES:
        return {unit: Decimal(1)}
    own = POWERS[unit.removesuffix(base)]
    return {
        prefix + base: Decimal(10) ** (POWERS[prefix] - own) for prefix in (*PREFIXES[base], "")
    }


def shown(value: object, unit: str) -> str:
    """Write a number with its unit, large ones with a prefix: ``64 kB``, ``1 GHz``.

    Switches and choices are written as in TOML, anything else as Python writes it, shortened.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum):
        return str(value)
    if not isinstance(value, (int, float)):
        return reprlib.repr(value)
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    if isinstance(value, int) and abs(value) >= 1 << 63:
        # It may be too large for a float.
        text = f"{Decimal(value):.6g}"
    if unit == "Hz" and 1e3 <= value < 1e12:
        power = next(power for power in (9, 6, 3) if value >= 10**power)
        text, unit = f"{value / 10**power:.6g}", {9: "GHz", 6: "MHz", 3: "kHz"}[power]
    if unit == "B" and isinstance(value, int) and value >= 1024:
        shift = next(shift for shift in (30, 20, 10) if value >= 1 << shift)
        if value % (1 << shift) == 0 and value < 1 << 50:
            text, unit = str(value >> shift), {30: "GB", 20: "MB", 10: "kB"}[shift]
    return f"{text} {unit}".rstrip()
