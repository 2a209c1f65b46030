# SPDX-License-Identifier: Apache-2.0
"""What every field of a configuration states: meaning, unit, range and source."""

from dataclasses import Field, field, fields
from enum import StrEnum
from typing import Any

from .quantities import shown, unit_of

__all__ = ["OBSERVED", "REFERENCE", "TABLE_I", "Checked", "check", "described", "range_text"]

REFERENCE = "reference configuration (gem5 MinorCPU with ALPINE's parameters)"
TABLE_I = "ALPINE, Table I"
OBSERVED = "reference observations"

Number = int | float


def described(
    text: str,
    *,
    source: str,
    minimum: Number | None = None,
    maximum: Number | None = None,
    power_of_two: bool = False,
    default: Any = None,
) -> Any:
    """Declare a field: what it is, where its value comes from and between what it may lie.

    Fields that are numbers have a minimum and a maximum; they are in the unit that the field's name
    ends with (`quantities.unit_of`).
    """
    metadata = {
        "text": text,
        "source": source,
        "minimum": minimum,
        "maximum": maximum,
        "power_of_two": power_of_two,
    }
    if default is None:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


class Checked:
    """Base of all configurations: every field is of its declared kind and within its range.

    A part that a configuration may lack is None.
    """

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if not isinstance(value, Checked | tuple | None):
                check(item, value)


def check(item: Field[Any], value: Any) -> None:
    """Check a field's value.

    Raises
    ------
    ValueError
        The value is of another kind or out of range; the message begins with the field's name.
    """
    kind: Any = item.type
    if kind is bool:
        right, wanted = isinstance(value, bool), "true or false"
    elif issubclass(kind, StrEnum):
        right, wanted = isinstance(value, kind), range_text(item)
    elif kind is int:
        right = isinstance(value, int) and not isinstance(value, bool)
        wanted = "a whole number"
    elif kind is float:
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        wanted = "a number"
    else:
        right, wanted = isinstance(value, kind) and value != "", "a text"
    if not right:
        raise ValueError(f"{item.name} must be {wanted}, not {shown(value, '')}")
    low, high = item.metadata.get("minimum"), item.metadata.get("maximum")
    if low is None or high is None:
        return
    # Of NaN neither comparison holds.
    right = low <= value <= high
    if right and item.metadata["power_of_two"]:
        right = int(value).bit_count() == 1
    if not right:
        raise ValueError(
            f"{item.name} must be {range_text(item)}, not {shown(value, unit_of(item.name))}"
        )


def range_text(item: Field[Any]) -> str:
    """Say what a field may be, as in ``1 MHz to 100 GHz``."""
    kind: Any = item.type
    if kind is bool:
        return "true or false"
    if issubclass(kind, StrEnum):
        return " or ".join(kind)
    low, high = item.metadata.get("minimum"), item.metadata.get("maximum")
    if low is None or high is None:
        return "a text"
    unit = unit_of(item.name)
    first, last = shown(low, unit), shown(high, unit)
    if unit and first.endswith(" " + unit) and last.endswith(" " + unit):
        first = first.removesuffix(" " + unit)
    power = ", a power of two" if item.metadata["power_of_two"] else ""
    return f"{first} to {last}{power}"
